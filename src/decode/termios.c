/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands of ioctl give terminals, and those that any descriptor may have. */
#include "decode/ioctl.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>

#include "decode-tables.h"

/* struct termios has 19 control characters, the old struct termio the first 8 of them. */
enum { TERMIO_CHARS = 8, TERMIOS_CHARS = 19, TERMIO_SIZE = 18, TERMIOS_SIZE = 36 };

/* A number that stands for some bits; in a list of flags, with a bar behind it. */
static void
print_choice (GtPrinter *printer, const GtNames *names, guint32 value)
{
  gt_print_enum (printer, names, value);
  gt_text_literal (printer->out, "|");
}

/* Flags behind such numbers: nothing when there are none. */
static void
print_rest (GtPrinter *printer, const GtNames *names, guint32 value)
{
  if (value != 0) {
    gt_print_flags (printer, names, value);
  }
}

static void
print_output_flags (GtPrinter *printer, guint32 flags)
{
  const guint32 delays = NLDLY | CRDLY | TABDLY | BSDLY | VTDLY | FFDLY;

  print_choice (printer, &gt_names_termios_nl, flags & NLDLY);
  print_choice (printer, &gt_names_termios_cr, flags & CRDLY);
  print_choice (printer, &gt_names_termios_tab, flags & TABDLY);
  print_choice (printer, &gt_names_termios_bs, flags & BSDLY);
  print_choice (printer, &gt_names_termios_vt, flags & VTDLY);
  print_choice (printer, &gt_names_termios_ff, flags & FFDLY);
  /* Unknown bits alone are no name's fault. */
  if ((flags & ~delays & 0xffff) == 0 && (flags & ~delays) != 0) {
    gt_text_hex (printer->out, flags & ~delays);
  } else {
    print_rest (printer, &gt_names_termios_output, flags & ~delays);
  }
}

static void
print_control_flags (GtPrinter *printer, guint32 flags)
{
  const guint32 others = CBAUD | CIBAUD | CSIZE;

  print_choice (printer, &gt_names_termios_baud, flags & CBAUD);
  if ((flags & CIBAUD) != 0) {
    gt_print_enum (printer, &gt_names_termios_baud, (flags & CIBAUD) >> IBSHIFT);
    gt_text_literal (printer->out, "<<");
    gt_print_enum (printer, &gt_names_termios_ibshift, IBSHIFT);
    gt_text_literal (printer->out, "|");
  }
  print_choice (printer, &gt_names_termios_size, flags & CSIZE);
  print_rest (printer, &gt_names_termios_control, flags & ~others);
}

/* "[VINTR]=0x3, [17]=0" */
static void
print_chars (GtPrinter *printer, GtCursor *cursor, guint n)
{
  gt_print_member (printer, "c_cc");
  gt_text_literal (printer->out, "[");
  for (guint i = 0; i < n; i++) {
    const char *name = gt_names_find (&gt_names_termios_chars, i);
    GtConstants constants = printer->options->constants;

    gt_print_text (printer, i > 0 ? ", [" : "[");
    if (name == NULL) {
      gt_text_unsigned (printer->out, i);
    } else if (constants == GT_CONSTANTS_NAMES) {
      gt_print_text (printer, name);
    } else {
      gt_print_enum (printer, &gt_names_termios_chars, i);
    }
    gt_text_literal (printer->out, "]=");
    gt_text_hex (printer->out, gt_cursor_unsigned (cursor, 1));
  }
  gt_text_literal (printer->out, "]");
}

/* The flags are as wide as @size says; the speeds stand behind the characters of the new one. */
static void
print_modes (GtPrinter *printer, GtCursor cursor, gsize size, guint n_chars, gboolean has_speeds)
{
  gt_print_text (printer, "{");
  gt_print_member (printer, "c_iflag");
  print_rest (printer, &gt_names_termios_input, (guint32) gt_cursor_unsigned (&cursor, size));
  gt_print_member (printer, "c_oflag");
  print_output_flags (printer, (guint32) gt_cursor_unsigned (&cursor, size));
  gt_print_member (printer, "c_cflag");
  print_control_flags (printer, (guint32) gt_cursor_unsigned (&cursor, size));
  gt_print_member (printer, "c_lflag");
  print_rest (printer, &gt_names_termios_local, (guint32) gt_cursor_unsigned (&cursor, size));
  if (printer->options->verbose) {
    gt_member_enum (printer, "c_line", &cursor, 1, &gt_names_line_discipline);
    print_chars (printer, &cursor, n_chars);
    if (has_speeds) {
      gt_member_unsigned (printer, "c_ispeed", &cursor, 4);
      gt_member_unsigned (printer, "c_ospeed", &cursor, 4);
    }
  } else {
    gt_text_literal (printer->out, ", ...");
  }
  gt_text_literal (printer->out, "}");
}

static void
print_termio (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  print_modes (printer, cursor, 2, TERMIO_CHARS, FALSE);
}

static void
print_termios (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  print_modes (printer, cursor, 4, TERMIOS_CHARS, FALSE);
}

static void
print_termios2 (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  print_modes (printer, cursor, 4, TERMIOS_CHARS, TRUE);
}

static void
print_window (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_print_text (printer, "{");
  gt_member_unsigned (printer, "ws_row", &cursor, 2);
  gt_member_unsigned (printer, "ws_col", &cursor, 2);
  gt_member_unsigned (printer, "ws_xpixel", &cursor, 2);
  gt_member_unsigned (printer, "ws_ypixel", &cursor, 2);
  gt_print_text (printer, "}");
}

/* One character that is as if typed. */
static void
print_typed (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_text_quoted_as (printer->out, cursor.at, 1, FALSE, printer->options->hex_strings);
}

static const GtIoctl rows[] = {
  GT_IOCTL_ROW_OUT (TCGETS, TERMIOS_SIZE, TERMIOS_SIZE, print_termios, NULL),
  GT_IOCTL_ROW_OUT (TIOCGWINSZ, 8, 8, print_window, NULL),
  GT_IOCTL_ROW_IN (TIOCSWINSZ, 8, 8, print_window, NULL),
  GT_IOCTL_ROW_OUT (FIONREAD, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_IN (FIONBIO, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_IN (FIOASYNC, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_NONE (FIOCLEX),
  GT_IOCTL_ROW_NONE (FIONCLEX),
  GT_IOCTL_ROW_IN (TCSETS, TERMIOS_SIZE, TERMIOS_SIZE, print_termios, NULL),
  GT_IOCTL_ROW_IN (TCSETSW, TERMIOS_SIZE, TERMIOS_SIZE, print_termios, NULL),
  GT_IOCTL_ROW_IN (TCSETSF, TERMIOS_SIZE, TERMIOS_SIZE, print_termios, NULL),
  GT_IOCTL_ROW_OUT (TIOCGLCKTRMIOS, TERMIOS_SIZE, TERMIOS_SIZE, print_termios, NULL),
  GT_IOCTL_ROW_IN (TIOCSLCKTRMIOS, TERMIOS_SIZE, TERMIOS_SIZE, print_termios, NULL),
  GT_IOCTL_ROW_OUT (TCGETS2, sizeof (struct termios2), sizeof (struct termios2), print_termios2,
                    NULL),
  GT_IOCTL_ROW_IN (TCSETS2, sizeof (struct termios2), sizeof (struct termios2), print_termios2,
                   NULL),
  GT_IOCTL_ROW_IN (TCSETSW2, sizeof (struct termios2), sizeof (struct termios2), print_termios2,
                   NULL),
  GT_IOCTL_ROW_IN (TCSETSF2, sizeof (struct termios2), sizeof (struct termios2), print_termios2,
                   NULL),
  GT_IOCTL_ROW_OUT (TCGETA, TERMIO_SIZE, TERMIO_SIZE, print_termio, NULL),
  GT_IOCTL_ROW_IN (TCSETA, TERMIO_SIZE, TERMIO_SIZE, print_termio, NULL),
  GT_IOCTL_ROW_IN (TCSETAW, TERMIO_SIZE, TERMIO_SIZE, print_termio, NULL),
  GT_IOCTL_ROW_IN (TCSETAF, TERMIO_SIZE, TERMIO_SIZE, print_termio, NULL),
  GT_IOCTL_ROW_VALUE (TCXONC, gt_ioctl_value_enum, &gt_names_termios_flow),
  GT_IOCTL_ROW_VALUE (TCFLSH, gt_ioctl_value_enum, &gt_names_termios_flush),
  GT_IOCTL_ROW_VALUE (TCSBRK, gt_ioctl_value_int, NULL),
  GT_IOCTL_ROW_VALUE (TCSBRKP, gt_ioctl_value_int, NULL),
  GT_IOCTL_ROW_VALUE (TIOCSCTTY, gt_ioctl_value_int, NULL),
  GT_IOCTL_ROW_OUT (TIOCGPGRP, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_IN (TIOCSPGRP, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_OUT (TIOCGSID, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_OUT (TIOCGETD, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_IN (TIOCSETD, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_OUT (TIOCOUTQ, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_OUT (TIOCGSOFTCAR, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_IN (TIOCSSOFTCAR, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_IN (TIOCPKT, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_OUT (TIOCGPTN, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_IN (TIOCSPTLCK, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_OUT (TIOCGEXCL, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_OUT (TIOCGDEV, 4, 4, gt_ioctl_int, NULL),
  GT_IOCTL_ROW_OUT (TIOCMGET, 4, 4, gt_ioctl_flags, &gt_names_termios_modem),
  GT_IOCTL_ROW_IN (TIOCMSET, 4, 4, gt_ioctl_flags, &gt_names_termios_modem),
  GT_IOCTL_ROW_IN (TIOCMBIS, 4, 4, gt_ioctl_flags, &gt_names_termios_modem),
  GT_IOCTL_ROW_IN (TIOCMBIC, 4, 4, gt_ioctl_flags, &gt_names_termios_modem),
  GT_IOCTL_ROW_IN (TIOCSTI, 1, 1, print_typed, NULL),
  GT_IOCTL_ROW_NONE (TIOCEXCL),
  GT_IOCTL_ROW_NONE (TIOCNXCL),
  GT_IOCTL_ROW_NONE (TIOCNOTTY),
  GT_IOCTL_ROW_NONE (TIOCCONS),
  GT_IOCTL_ROW_NONE (TIOCVHANGUP),
  GT_IOCTL_ROW_NONE (TIOCSBRK),
  GT_IOCTL_ROW_NONE (TIOCCBRK),
  GT_IOCTL_ROW_NONE (TIOCSSERIAL),
};
const GtIoctlTable gt_ioctls_termios = { rows, G_N_ELEMENTS (rows) };
