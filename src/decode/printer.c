/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What kinds print with. */
#include "decode/printer.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "decode/socketname.h"

/* ---- Memory ---- */

const GTCapture *
gt_printer_capture (const GtPrinter *printer, guint64 address)
{
  const GTEvent *event = printer->memory;

  for (guint i = 0; event != NULL && i < event->n_captures; i++) {
    const GTCapture *capture = &event->captures[i];

    if (capture->address == address && capture->error == 0) {
      return capture;
    }
  }
  return NULL;
}

const guint8 *
gt_printer_memory (const GtPrinter *printer, guint64 address, gsize size)
{
  const GTEvent *event = printer->options->addresses ? NULL : printer->memory;

  for (guint i = 0; event != NULL && i < event->n_captures; i++) {
    const GTCapture *capture = &event->captures[i];

    if (capture->error == 0 && address >= capture->address &&
        address - capture->address < capture->size &&
        size <= capture->size - (address - capture->address)) {
      return capture->data + (address - capture->address);
    }
  }
  return NULL;
}

gboolean
gt_printer_fetch (const GtPrinter *printer, guint64 address, void *to, gsize size)
{
  const guint8 *memory = gt_printer_memory (printer, address, size);

  if (memory != NULL) {
    memcpy (to, memory, size);
  }
  return memory != NULL;
}

gsize
gt_printer_copied (const GtPrinter *printer, guint64 address)
{
  const GTEvent *event = printer->memory;
  gsize most = 0;

  for (guint i = 0; event != NULL && i < event->n_captures; i++) {
    const GTCapture *capture = &event->captures[i];

    if (capture->error == 0 && address >= capture->address &&
        address - capture->address < capture->size) {
      most = MAX (most, capture->size - (gsize) (address - capture->address));
    }
  }
  return most;
}

gboolean
gt_printer_count (const GtPrinter *printer, guint64 address, guint *ret_n, gboolean *ret_more)
{
  const GTEvent *event = printer->memory;

  for (guint i = 0; event != NULL && i < event->n_captures; i++) {
    const GTCapture *capture = &event->captures[i];
    guint32 n;

    if (capture->address == (address | GT_CAPTURE_COUNT) && capture->arg == printer->arg &&
        capture->error == 0 && capture->size >= sizeof n) {
      memcpy (&n, capture->data, sizeof n);
      *ret_n = n;
      *ret_more = capture->cut;
      return TRUE;
    }
  }
  return FALSE;
}

guint64
gt_printer_arg (const GtPrinter *printer, gint arg)
{
  return arg >= 0 && arg < GT_LINUX_MAX_ARGS && printer->enter != NULL ? printer->enter->args[arg]
                                                                       : 0;
}

gboolean
gt_printer_succeeded (const GtPrinter *printer)
{
  return printer->leave != NULL && (printer->leave->flags & GT_EVENT_KILLED) == 0 &&
         (printer->leave->retval >= 0 || printer->leave->retval < -GT_ERRNO_MAX);
}

gboolean
gt_printer_buffer_size (const GtPrinter *printer, const GtArgSpec *spec, guint64 *ret_size)
{
  *ret_size = spec->other >= 0 ? gt_printer_arg (printer, spec->other) : G_MAXUINT64;
  if (spec->moment != GT_OUT) {
    return TRUE;
  }
  if (!gt_printer_succeeded (printer)) {
    return FALSE;
  }
  *ret_size = MIN (*ret_size, (guint64) MAX (printer->leave->retval, 0));
  return TRUE;
}

void
gt_printer_look (GtPrinter *printer, gboolean at_leave)
{
  gboolean has_left = printer->leave != NULL && (printer->leave->flags & GT_EVENT_KILLED) == 0;

  printer->memory = at_leave ? (has_left ? printer->leave : NULL) : printer->enter;
}

guint64
gt_cursor_unsigned (GtCursor *cursor, gsize size)
{
  guint64 value = 0;

  memcpy (&value, cursor->at, MIN (size, sizeof value));
  cursor->at += size;
  return value;
}

gint64
gt_cursor_signed (GtCursor *cursor, gsize size)
{
  guint bits = 8 * (guint) MIN (size, sizeof (gint64));

  return (gint64) (gt_cursor_unsigned (cursor, size) << (64 - bits)) >> (64 - bits);
}

guint64
gt_cursor_word (GtCursor *cursor)
{
  return gt_cursor_unsigned (cursor, cursor->is_32 ? 4 : 8);
}

gint64
gt_cursor_long (GtCursor *cursor)
{
  return gt_cursor_signed (cursor, cursor->is_32 ? 4 : 8);
}

void
gt_cursor_skip (GtCursor *cursor, gsize size)
{
  cursor->at += size;
}

/* ---- Values ---- */

void
gt_print_pointer (GtPrinter *printer, guint64 value)
{
  gt_text_pointer (printer->out, printer->is_32 ? (guint32) value : value);
}

void
gt_print_text (GtPrinter *printer, const char *text)
{
  gt_text_bytes (printer->out, text, strlen (text));
}

void
gt_print_signed (GtPrinter *printer, gint64 value)
{
  gt_text_signed (printer->out, value);
}

void
gt_print_unsigned (GtPrinter *printer, guint64 value)
{
  gt_text_unsigned (printer->out, value);
}

void
gt_print_hex (GtPrinter *printer, guint64 value)
{
  gt_text_hex (printer->out, value);
}

void
gt_print_octal (GtPrinter *printer, guint64 value)
{
  gt_text_octal (printer->out, value);
}

void
gt_print_printf (GtPrinter *printer, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_string_append_vprintf (printer->out, format, args);
  va_end (args);
}

const GTCapture *
gt_printer_of_fd (const GtPrinter *printer, guint64 what, gint32 fd)
{
  const GTEvent *event = printer->memory;

  for (guint i = 0; event != NULL && i < event->n_captures; i++) {
    if (event->captures[i].address == (what | (guint32) fd)) {
      return &event->captures[i];
    }
  }
  return NULL;
}

/* What was copied of descriptor @fd, where the user wants to see that: GT_FDS_. */
static const GTCapture *
wanted_of_fd (const GtPrinter *printer, guint wanted, guint64 what, gint32 fd)
{
  return printer->options->fds & wanted ? gt_printer_of_fd (printer, what, fd) : NULL;
}

/* More of a socket than its number. */
static gboolean
print_socket (GtPrinter *printer, gint32 fd, const GTCapture *path)
{
  const GTCapture *socket = wanted_of_fd (printer, GT_FDS_SOCKET, GT_CAPTURE_SOCKET, fd);
  gsize start = printer->out->len;

  if (socket == NULL || socket->error != 0) {
    return FALSE;
  }
  gt_print_text (printer, "<");
  if (!gt_print_socket (printer, socket, path->data, path->size)) {
    g_string_truncate (printer->out, start);
    return FALSE;
  }
  gt_print_text (printer, ">");
  return TRUE;
}

/* "<pid:321>" in place of the path. */
static gboolean
print_pidfd (GtPrinter *printer, gint32 fd)
{
  const GTCapture *capture = wanted_of_fd (printer, GT_FDS_PIDFD, GT_CAPTURE_PIDFD, fd);
  guint32 pid;

  if (capture == NULL || capture->size != sizeof pid) {
    return FALSE;
  }
  memcpy (&pid, capture->data, sizeof pid);
  gt_print_printf (printer, "<pid:%u>", pid);
  return TRUE;
}

/* "<char 1:3>" before the closing bracket of the path. */
static void
print_device (GtPrinter *printer, const GTCapture *capture)
{
  GTDevice device;

  memcpy (&device, capture->data, sizeof device);
  g_string_truncate (printer->out, printer->out->len - 1);
  gt_print_printf (printer, "<%s %u:%u>>", S_ISBLK (device.mode) ? "block" : "char", device.major,
                   device.minor);
}

/* Not inside of the brackets, as the kernel has it behind the path of a file that is gone. */
static const char deleted[] = " (deleted)";

void
gt_print_fd_path (GtPrinter *printer, gint32 fd)
{
  const GTCapture *path = wanted_of_fd (printer, GT_FDS_ALL, GT_CAPTURE_FD, fd);
  const GTCapture *device = wanted_of_fd (printer, GT_FDS_DEVICE, GT_CAPTURE_DEVICE, fd);
  gsize size = path != NULL ? path->size : 0, tail = sizeof deleted - 1;
  gboolean gone;

  if (size == 0 || print_socket (printer, fd, path) || print_pidfd (printer, fd)) {
    return;
  }
  if (device != NULL && device->size != sizeof (GTDevice)) {
    device = NULL;
  }
  if (device == NULL && !(printer->options->fds & GT_FDS_PATH)) {
    return;
  }
  gone = size > tail && memcmp (path->data + size - tail, deleted, tail) == 0;
  gt_text_path (printer->out, path->data, gone ? size - tail : size);
  if (device != NULL) {
    print_device (printer, device);
  }
  gt_print_text (printer, gone ? "(deleted)" : "");
}

void
gt_print_fd (GtPrinter *printer, gint32 fd)
{
  gt_text_signed (printer->out, fd);
  gt_print_fd_path (printer, fd);
}

/* A string that the kernel has kept, but not where the program had it, has no address. */
void
gt_print_path (GtPrinter *printer, guint64 address)
{
  const GTCapture *capture = gt_printer_capture (printer, address);

  if (capture == NULL || (address == 0 && !capture->is_string)) {
    gt_print_pointer (printer, address);
  } else {
    gt_text_quoted_as (printer->out, capture->data, capture->size, capture->cut,
                       printer->options->hex_strings);
  }
}

void
gt_print_bytes (GtPrinter *printer, const guint8 *bytes, gsize size)
{
  gsize shown = MIN (size, printer->options->string_limit);

  gt_text_quoted_as (printer->out, bytes, shown, shown < size, printer->options->hex_strings);
}

void
gt_print_string (GtPrinter *printer, guint64 address)
{
  const GTCapture *capture = gt_printer_capture (printer, address);
  gsize shown;

  if (capture == NULL || address == 0) {
    gt_print_pointer (printer, address);
    return;
  }
  shown = MIN (capture->size, printer->options->string_limit);
  gt_text_quoted_as (printer->out, capture->data, shown, capture->cut || shown < capture->size,
                     printer->options->hex_strings);
}

void
gt_print_buffer (GtPrinter *printer, guint64 address, guint64 size)
{
  const GTCapture *capture = gt_printer_capture (printer, address);
  gsize there, shown;

  if (capture == NULL || address == 0) {
    gt_print_pointer (printer, address);
    return;
  }
  there = (gsize) MIN (capture->size, size);
  shown = MIN (there, printer->options->string_limit);
  gt_text_quoted_as (printer->out, capture->data, shown,
                     shown < there || (capture->cut && shown < size),
                     printer->options->hex_strings);
}

void
gt_print_member (GtPrinter *printer, const char *name)
{
  GString *out = printer->out;

  if (out->len > 0 && out->str[out->len - 1] != '{') {
    gt_text_literal (out, ", ");
  }
  gt_text_bytes (out, name, strlen (name));
  g_string_append_c (out, '=');
}

void
gt_print_array (GtPrinter *printer, guint64 address, guint64 n, gsize size, GtElementFunc func,
                gpointer user_data)
{
  gsize there = gt_printer_copied (printer, address) / size;
  const guint8 *memory = there > 0 ? gt_printer_memory (printer, address, there * size) : NULL;

  if (n == 0 && address != 0) {
    gt_text_literal (printer->out, "[]");
    return;
  }
  if (memory == NULL) {
    gt_print_pointer (printer, address);
    return;
  }
  g_string_append_c (printer->out, '[');
  for (guint64 i = 0; i < n; i++) {
    GtCursor cursor = { memory + i * size, printer->is_32 };

    if (i > 0) {
      gt_text_literal (printer->out, ", ");
    }
    /* Abbreviated as strace does: so many elements as bytes of a string. */
    if (i >= there || (i >= printer->options->string_limit && !printer->options->verbose)) {
      gt_text_literal (printer->out, "...");
      break;
    }
    func (printer, cursor, user_data);
  }
  g_string_append_c (printer->out, ']');
}

void
gt_print_as (GtPrinter *printer, const GtKind *kind, const GtNames *names, guint64 value)
{
  GtArgSpec spec = { kind, names, GT_IN, -1, -1 };

  kind->print (printer, &spec, value);
}
