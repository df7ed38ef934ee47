/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What kinds print with: the program's memory as it was copied, and values in strace's grammar. */
#ifndef GT_PRINTER_H
#define GT_PRINTER_H

#include "decode/decode.h"
#include "decode/kind.h"
#include "decode/shape.h"
#include "decode/text.h"

G_BEGIN_DECLS

/* One call that is being printed. */
struct GtPrinter {
  GString *out;
  const GtCallShape *shape;
  const GTEvent *enter;  /* NULL only while a result without its entry is printed */
  const GTEvent *leave;  /* NULL: it has not returned */
  const GTEvent *memory; /* the event whose captures are looked at; NULL: none are to be had */
  const GtDecodeOptions *options;
  gboolean is_32; /* a 32-bit program's call */
  guint arg;      /* the argument that is being printed; GT_LINUX_MAX_ARGS: the result */
};

/* ---- Memory ---- */

/* @size bytes of the program's memory at @address, as they were at the argument's moment, or NULL
 * where they were not copied. Not aligned. */
const guint8 *gt_printer_memory (const GtPrinter *printer, guint64 address, gsize size);
/* The same, into @to. */
gboolean gt_printer_fetch (const GtPrinter *printer, guint64 address, void *to, gsize size);
/* How many bytes were copied from @address on; 0 when none. */
gsize gt_printer_copied (const GtPrinter *printer, guint64 address);
/* What was copied from exactly @address on; for a string, or with @size 0, that may be no bytes. */
const GTCapture *gt_printer_capture (const GtPrinter *printer, guint64 address);
/* How many elements the argument that is printed has at @address, and whether these were not all.
 * FALSE when that is not known. */
gboolean
gt_printer_count (const GtPrinter *printer, guint64 address, guint *ret_n, gboolean *ret_more);
/* What was copied of descriptor @fd: GT_CAPTURE_FD, GT_CAPTURE_SOCKET, GT_CAPTURE_DEVICE or
 * GT_CAPTURE_PIDFD; or NULL. */
const GTCapture *gt_printer_of_fd (const GtPrinter *printer, guint64 what, gint32 fd);
/* The value of argument @arg; 0 when it has none. */
guint64 gt_printer_arg (const GtPrinter *printer, gint arg);
/* How many bytes of the buffer that an argument is mean something: as many as argument `other`
 * says, and where the kernel fills it, as the result says. FALSE where it has filled none. */
gboolean
gt_printer_buffer_size (const GtPrinter *printer, const GtArgSpec *spec, guint64 *ret_size);
/* Whether the call has returned, and with success. */
gboolean gt_printer_succeeded (const GtPrinter *printer);
/* Sets whose memory is looked at next: the entry's or, with @at_leave, the return's. */
void gt_printer_look (GtPrinter *printer, gboolean at_leave);

/* Numbers of a structure in the program's memory, one after the other. */
typedef struct {
  const guint8 *at;
  gboolean is_32;
} GtCursor;

guint64 gt_cursor_unsigned (GtCursor *cursor, gsize size); /* 1, 2, 4 or 8 bytes */
gint64 gt_cursor_signed (GtCursor *cursor, gsize size);
guint64 gt_cursor_word (GtCursor *cursor); /* unsigned long, a pointer, size_t */
gint64 gt_cursor_long (GtCursor *cursor);  /* long */
void gt_cursor_skip (GtCursor *cursor, gsize size);

/* ---- Values ---- */

/* "NULL" or "0x7ffc0": what is printed for memory that could not be read. */
void gt_print_pointer (GtPrinter *printer, guint64 value);
/* "O_RDWR|O_CLOEXEC|0x4000", "0", "0x80 /" "* X_??? *" "/". */
void gt_print_flags (GtPrinter *printer, const GtNames *names, guint64 value);
/* "SEEK_SET", "0x63 /" "* SEEK_??? *" "/". */
void gt_print_enum (GtPrinter *printer, const GtNames *names, guint64 value);
/* The name of exactly this value, or NULL. */
const char *gt_names_find (const GtNames *names, guint64 value);
/* The string that was copied from @address; its address when it could not be. Whole. */
void gt_print_path (GtPrinter *printer, guint64 address);
/* The same, at most as much as the user wants to see of a buffer. */
void gt_print_string (GtPrinter *printer, guint64 address);
/* A buffer of @size bytes at @address, as much of it as the user wants to see. */
void gt_print_buffer (GtPrinter *printer, guint64 address, guint64 size);
/* Bytes that are at hand: quoted, cut to what the user wants to see. */
void gt_print_bytes (GtPrinter *printer, const guint8 *bytes, gsize size);
void gt_print_text (GtPrinter *printer, const char *text);
void gt_print_signed (GtPrinter *printer, gint64 value);
void gt_print_unsigned (GtPrinter *printer, guint64 value);
void gt_print_hex (GtPrinter *printer, guint64 value);
void gt_print_octal (GtPrinter *printer, guint64 value);
void gt_print_printf (GtPrinter *printer, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* A descriptor, with its path where the user wants paths. */
void gt_print_fd (GtPrinter *printer, gint32 fd);

/* "</etc/passwd>", where the user wants paths and this one is known. */
void gt_print_fd_path (GtPrinter *printer, gint32 fd);

/* "{", then "name=" with ", " before all but the first; the caller prints the value, and "}". */
void gt_print_member (GtPrinter *printer, const char *name);

/* "[1, 2]": calls @func for each of @n elements of @size bytes at @address; what was not copied is
 * "..." or, when nothing was, the address. */
typedef void (*GtElementFunc) (GtPrinter *printer, GtCursor cursor, gpointer user_data);
void gt_print_array (GtPrinter *printer, guint64 address, guint64 n, gsize size, GtElementFunc func,
                     gpointer user_data);

/* Another kind's form of a value, e.g. for an argument whose kind depends on another one. */
void gt_print_as (GtPrinter *printer, const GtKind *kind, const GtNames *names, guint64 value);

G_END_DECLS

#endif
