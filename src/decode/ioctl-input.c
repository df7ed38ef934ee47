/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands of ioctl with a length or an axis in their number, and what input devices answer. */
#include <linux/input.h>

#include "decode-tables.h"
#include "decode/ioctl.h"

enum { NR_BITS = 0x20, NR_BITS_END = 0x40, NR_AXES = 0x40, NR_AXES_END = 0x80, NR_SET_AXES = 0xc0 };

/* ---- Names ---- */

/* Those whose number says their length. */
static const struct {
  guint8 direction, type, nr;
  const char *name;
} sized[] = {
  { _IOC_READ, 'E', 0x06, "EVIOCGNAME" },
  { _IOC_READ, 'E', 0x07, "EVIOCGPHYS" },
  { _IOC_READ, 'E', 0x08, "EVIOCGUNIQ" },
  { _IOC_READ, 'E', 0x09, "EVIOCGPROP" },
  { _IOC_READ, 'E', 0x0a, "EVIOCGMTSLOTS" },
  { _IOC_READ, 'E', 0x18, "EVIOCGKEY" },
  { _IOC_READ, 'E', 0x19, "EVIOCGLED" },
  { _IOC_READ, 'E', 0x1a, "EVIOCGSND" },
  { _IOC_READ, 'E', 0x1b, "EVIOCGSW" },
  { _IOC_READ, 'H', 0x04, "HIDIOCGRAWNAME" },
  { _IOC_READ, 'H', 0x05, "HIDIOCGRAWPHYS" },
  { _IOC_READ, 'H', 0x06, "HIDIOCSFEATURE" },
  { _IOC_READ, 'H', 0x08, "HIDIOCGRAWUNIQ" },
  { _IOC_READ, 'H', 0x12, "HIDIOCGPHYS" },
  { _IOC_READ | _IOC_WRITE, 'H', 0x06, "HIDIOCSFEATURE" },
  { _IOC_READ | _IOC_WRITE, 'H', 0x07, "HIDIOCGFEATURE" },
  { _IOC_READ, 'U', 0x2c, "UI_GET_SYSNAME" },
  { _IOC_READ, 'j', 0x13, "JSIOCGNAME" },
  { _IOC_WRITE, 'k', 0x00, "SPI_IOC_MESSAGE" },
};

/* "EV_KEY", "0x6 /" "* EV_??? *" "/": but no comment inside of one. */
static void
append_code (GString *out, const GtPrinter *printer, const GtNames *names, guint code)
{
  const char *name = gt_names_find (names, code);

  if (name != NULL) {
    g_string_append (out, name);
    return;
  }
  gt_text_hex (out, code);
  if (printer->options->constants == GT_CONSTANTS_NAMES) {
    g_string_append_printf (out, " /* %s */", names->unknown);
  }
}

static void
append_axis (GString *out, const GtPrinter *printer, const char *name, guint axis)
{
  g_string_append (out, name);
  g_string_append_c (out, '(');
  append_code (out, printer, &gt_names_input_abs, axis);
  g_string_append_c (out, ')');
}

static void
append_bits (GString *out, const GtPrinter *printer, guint type, guint size)
{
  gt_text_literal (out, "EVIOCGBIT(");
  if (type == 0) {
    gt_text_literal (out, "0");
  } else {
    append_code (out, printer, &gt_names_input_ev, type);
  }
  gt_text_literal (out, ", ");
  gt_text_unsigned (out, size);
  gt_text_literal (out, ")");
}

static gboolean
append_event_device (GString *out, const GtPrinter *printer, guint32 number)
{
  guint nr = _IOC_NR (number), direction = _IOC_DIR (number);

  if (_IOC_TYPE (number) != 'E') {
    return FALSE;
  }
  if (direction == _IOC_READ && nr >= NR_BITS && nr < NR_BITS_END) {
    append_bits (out, printer, nr - NR_BITS, _IOC_SIZE (number));
  } else if (direction == _IOC_READ && nr >= NR_AXES && nr < NR_AXES_END) {
    append_axis (out, printer, "EVIOCGABS", nr - NR_AXES);
  } else if (direction == _IOC_WRITE && nr >= NR_SET_AXES) {
    append_axis (out, printer, "EVIOCSABS", nr - NR_SET_AXES);
  } else {
    return FALSE;
  }
  return TRUE;
}

/* The old mixers' channels. */
static gboolean
append_mixer (GString *out, guint32 number)
{
  guint direction = _IOC_DIR (number);

  if (_IOC_TYPE (number) != 'M' || (direction != _IOC_READ && direction != _IOC_WRITE)) {
    return FALSE;
  }
  g_string_append_printf (out, "MIXER_%s(%u)", direction == _IOC_READ ? "READ" : "WRITE",
                          _IOC_NR (number));
  return TRUE;
}

gboolean
gt_ioctl_append_input (GString *out, const GtPrinter *printer, guint32 number)
{
  for (guint i = 0; i < G_N_ELEMENTS (sized); i++) {
    if (_IOC_NR (number) == sized[i].nr && _IOC_TYPE (number) == sized[i].type &&
        _IOC_DIR (number) == sized[i].direction) {
      g_string_append_printf (out, "%s(%u)", sized[i].name, _IOC_SIZE (number));
      return TRUE;
    }
  }
  return append_event_device (out, printer, number) || append_mixer (out, number);
}

/* ---- What devices answer: the result says how many bytes ---- */

static const GtNames *
names_of_bits (guint type, guint *ret_max)
{
  static const struct {
    guint type, max;
    const GtNames *names;
  } kinds[] = {
    { 0, EV_MAX, &gt_names_input_ev },
    { EV_KEY, KEY_MAX, &gt_names_input_key },
    { EV_REL, REL_MAX, &gt_names_input_rel },
    { EV_ABS, ABS_MAX, &gt_names_input_abs },
    { EV_MSC, MSC_MAX, &gt_names_input_msc },
    { EV_SW, SW_MAX, &gt_names_input_sw },
    { EV_LED, LED_MAX, &gt_names_input_led },
    { EV_SND, SND_MAX, &gt_names_input_snd },
    { EV_REP, REP_MAX, &gt_names_input_rep },
    { EV_FF, FF_MAX, &gt_names_input_ff },
    { EV_FF_STATUS, FF_STATUS_MAX, &gt_names_input_ff_status },
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    if (kinds[i].type == type) {
      *ret_max = kinds[i].max;
      return kinds[i].names;
    }
  }
  return NULL;
}

static void
print_set_bits (GtPrinter *printer, const GtNames *names, const guint8 *bytes, guint n)
{
  const guint n_short = 4;
  guint shown = 0;

  gt_print_text (printer, "[");
  for (guint i = 0; i < n; i++) {
    if ((bytes[i / 8] >> i % 8 & 1) == 0) {
      continue;
    }
    gt_print_text (printer, shown > 0 ? " " : "");
    if (shown == n_short && !printer->options->verbose) {
      gt_print_text (printer, "...");
      break;
    }
    gt_print_enum (printer, names, i);
    shown++;
  }
  gt_print_text (printer, "]");
}

/* The words that have the bits. */
static void
print_words (GtPrinter *printer, const guint8 *bytes, gsize size)
{
  gsize word = printer->is_32 ? 4 : 8;
  GtCursor cursor = { bytes, printer->is_32 };

  gt_print_text (printer, "[");
  for (gsize i = 0; i + word <= size; i += word) {
    gt_print_text (printer, i > 0 ? ", " : "");
    gt_text_hex (printer->out, gt_cursor_word (&cursor));
  }
  gt_print_text (printer, "]");
}

static void
print_bits (GtPrinter *printer, const GtNames *names, guint max, guint64 address)
{
  gsize word = printer->is_32 ? 4 : 8;
  guint64 size = (guint64) MAX (printer->leave->retval, 0);
  gsize rounded = (gsize) MIN ((size + word - 1) / word * word, 1024);
  const guint8 *bytes = gt_printer_memory (printer, address, rounded);
  GtConstants constants = printer->options->constants;

  if (bytes == NULL || size == 0) {
    gt_print_pointer (printer, address);
    return;
  }
  if (constants != GT_CONSTANTS_NUMBERS) {
    print_set_bits (printer, names, bytes, (guint) MIN (8 * size, max));
  }
  gt_print_text (printer, constants == GT_CONSTANTS_BOTH ? " /* " : "");
  if (constants != GT_CONSTANTS_NAMES) {
    print_words (printer, bytes, rounded);
  }
  gt_print_text (printer, constants == GT_CONSTANTS_BOTH ? " */" : "");
}

static void
print_axis (GtPrinter *printer, guint64 address)
{
  const guint8 *memory = gt_printer_memory (printer, address, sizeof (struct input_absinfo));
  GtCursor cursor = { memory, printer->is_32 };

  if (memory == NULL) {
    gt_print_pointer (printer, address);
    return;
  }
  gt_print_text (printer, "{");
  gt_member_unsigned (printer, "value", &cursor, 4);
  gt_member_unsigned (printer, "minimum", &cursor, 4);
  if (printer->options->verbose) {
    gt_member_unsigned (printer, "maximum", &cursor, 4);
    gt_member_unsigned (printer, "fuzz", &cursor, 4);
    gt_member_unsigned (printer, "flat", &cursor, 4);
    gt_member_unsigned (printer, "resolution", &cursor, 4);
  } else {
    gt_print_text (printer, ", ...");
  }
  gt_print_text (printer, "}");
}

static void
print_slots (GtPrinter *printer, guint64 address, guint size)
{
  const guint8 *memory = size >= 4 ? gt_printer_memory (printer, address, size) : NULL;
  GtCursor cursor = { memory, printer->is_32 };

  if (memory == NULL) {
    gt_print_pointer (printer, address);
    return;
  }
  gt_print_text (printer, "{");
  gt_member_enum (printer, "code", &cursor, 4, &gt_names_input_mt);
  gt_print_member (printer, "values");
  gt_print_text (printer, "[");
  for (guint i = 1; i < size / 4; i++) {
    gt_print_text (printer, i > 1 ? ", " : "");
    if (i > printer->options->string_limit && !printer->options->verbose) {
      gt_print_text (printer, "...");
      break;
    }
    gt_text_signed (printer->out, gt_cursor_signed (&cursor, 4));
  }
  gt_print_text (printer, "]}");
}

static void
print_string (GtPrinter *printer, guint64 address)
{
  gsize size = (gsize) CLAMP (printer->leave->retval, 0, 0x3fff);
  gsize there = MIN (gt_printer_copied (printer, address), size);
  const guint8 *data = gt_printer_memory (printer, address, there > 0 ? there : 1);

  if (size == 0 && address != 0) {
    gt_text_literal (printer->out, "\"\"");
  } else if (data != NULL) {
    gsize shown = MIN (there, printer->options->string_limit);

    gt_text_quoted_as (printer->out, data, shown, shown < size, printer->options->hex_strings);
  } else {
    gt_print_pointer (printer, address);
  }
}

static void
print_answer (GtPrinter *printer, guint nr, guint32 number, guint64 value)
{
  static const guint state_types[] = { EV_KEY, EV_LED, EV_SND, EV_SW };
  const GtNames *names = NULL;
  gint32 word;
  guint max = 0;

  if (nr >= NR_AXES) {
    print_axis (printer, value);
  } else if (nr == NR_BITS + EV_PWR && gt_printer_fetch (printer, value, &word, sizeof word)) {
    gt_print_printf (printer, "[%d]", word);
  } else if (nr >= NR_BITS) {
    names = names_of_bits (nr - NR_BITS, &max);
  } else if (nr >= 0x18) {
    names = names_of_bits (state_types[nr - 0x18], &max);
  } else if (nr == 0x0a) {
    print_slots (printer, value, _IOC_SIZE (number));
  } else if (nr == 0x09) {
    names = &gt_names_input_prop;
    max = INPUT_PROP_MAX;
  } else {
    print_string (printer, value);
  }
  if (names != NULL) {
    print_bits (printer, names, max, value);
  } else if (nr >= NR_BITS && nr < NR_BITS_END && nr != NR_BITS + EV_PWR) {
    gt_print_pointer (printer, value);
  }
}

gboolean
gt_ioctl_print_input (GtPrinter *printer, guint32 number, guint64 value)
{
  guint nr = _IOC_NR (number), direction = _IOC_DIR (number);
  gboolean is_get =
      direction == _IOC_READ && ((nr >= 0x06 && nr <= 0x0a) || (nr >= 0x18 && nr <= 0x1b) ||
                                 (nr >= NR_BITS && nr < NR_AXES_END));
  gboolean is_set = direction == _IOC_WRITE && nr >= NR_SET_AXES;

  if (_IOC_TYPE (number) != 'E' || (direction != _IOC_READ && direction != _IOC_WRITE)) {
    return FALSE;
  }
  gt_printer_look (printer, is_get);
  if (is_set) {
    print_axis (printer, value);
  } else if (is_get && gt_printer_succeeded (printer)) {
    print_answer (printer, nr, number, value);
  } else {
    gt_print_pointer (printer, value);
  }
  return TRUE;
}

/* ---- Rows ---- */

static void
print_id (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_print_text (printer, "{");
  gt_member_unsigned (printer, "bustype", &cursor, 2);
  gt_member_unsigned (printer, "vendor", &cursor, 2);
  gt_member_unsigned (printer, "product", &cursor, 2);
  gt_member_unsigned (printer, "version", &cursor, 2);
  gt_print_text (printer, "}");
}

static void
print_repeat (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  guint delay = (guint) gt_cursor_unsigned (&cursor, 4);

  gt_print_printf (printer, "[%u, %u]", delay, (guint) gt_cursor_unsigned (&cursor, 4));
}

static void
print_key_code (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gt_print_printf (printer, "[%u, ", (guint) gt_cursor_unsigned (&cursor, 4));
  gt_print_enum (printer, &gt_names_input_key, gt_cursor_unsigned (&cursor, 4));
  gt_print_text (printer, "]");
}

static void
print_key_entry (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  const guint n_codes = 32;

  gt_print_text (printer, "{");
  gt_member_unsigned (printer, "flags", &cursor, 1);
  gt_member_unsigned (printer, "len", &cursor, 1);
  if (printer->options->verbose) {
    gt_member_unsigned (printer, "index", &cursor, 2);
    gt_member_enum (printer, "keycode", &cursor, 4, &gt_names_input_key);
    gt_print_member (printer, "scancode");
    for (guint i = 0; i < n_codes; i++) {
      gt_print_text (printer, i > 0 ? ", " : "[");
      gt_text_hex (printer->out, gt_cursor_unsigned (&cursor, 1));
    }
    gt_print_text (printer, "]");
  } else {
    gt_print_text (printer, ", ...");
  }
  gt_print_text (printer, "}");
}

static const GtIoctl rows[] = {
  GT_IOCTL_ROW_OUT (EVIOCGID, 8, 8, print_id, NULL),
  GT_IOCTL_ROW_OUT (EVIOCGREP, 8, 8, print_repeat, NULL),
  GT_IOCTL_ROW_IN (EVIOCSREP, 8, 8, print_repeat, NULL),
  GT_IOCTL_ROW_OUT (EVIOCGKEYCODE, 8, 8, print_key_code, NULL),
  GT_IOCTL_ROW_IN (EVIOCSKEYCODE, 8, 8, print_key_code, NULL),
  GT_IOCTL_ROW_OUT (EVIOCGKEYCODE_V2, 40, 40, print_key_entry, NULL),
  GT_IOCTL_ROW_IN (EVIOCSKEYCODE_V2, 40, 40, print_key_entry, NULL),
};
const GtIoctlTable gt_ioctls_input = { rows, G_N_ELEMENTS (rows) };
