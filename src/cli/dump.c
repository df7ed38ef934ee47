/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data of calls in hexadecimal and as text, sixteen bytes a line. */
#include "cli/dump.h"

#include "cli/status.h"
#include "decode/text.h"

enum { DATA_ARG = 1, ROW = 16, HALF = 8 };

gboolean
gt_fd_set_has (const GtFdSet *set, gint32 fd)
{
  return gt_fds_have (set->fds, fd) != set->inverted;
}

gboolean
gt_fd_set_is_empty (const GtFdSet *set)
{
  return !set->inverted && set->fds->len == 0;
}

static void
append_row (GString *out, const guint8 *data, gsize at, gsize size)
{
  gsize n = MIN (size - at, (gsize) ROW);

  g_string_append_printf (out, " | %05" G_GSIZE_MODIFIER "x ", at);
  for (gsize i = 0; i < ROW; i++) {
    gt_text_literal (out, " ");
    if (i == HALF) {
      gt_text_literal (out, " ");
    }
    if (i < n) {
      g_string_append_printf (out, "%02x", data[at + i]);
    } else {
      gt_text_literal (out, "  ");
    }
  }
  gt_text_literal (out, "  ");
  for (gsize i = 0; i < ROW; i++) {
    guint8 byte = i < n ? data[at + i] : ' ';

    g_string_append_c (out, byte >= ' ' && byte < 0x7f ? (char) byte : '.');
  }
  gt_text_literal (out, " |\n");
}

/* @wanted bytes, of which only some may have been copied. */
static void
append_data (GString *out, const GTCapture *capture, guint64 wanted)
{
  gsize size = (gsize) MIN (wanted, capture->size);

  for (gsize at = 0; at < size; at += ROW) {
    append_row (out, capture->data, at, size);
  }
  if (size < wanted) {
    g_string_append_printf (out, " | %" G_GUINT64_FORMAT " bytes more\n", wanted - size);
  }
}

/* The buffers that an array of them leads to; @left bytes in all. The array itself is there, too.
 */
static void
append_buffers (GString *out, const GTEvent *event, guint64 array, guint64 left)
{
  for (guint i = 0; i < event->n_captures && left > 0; i++) {
    const GTCapture *capture = &event->captures[i];
    gsize size = (gsize) MIN (capture->size, left);

    if (capture->arg != DATA_ARG || capture->address == array || capture->error != 0) {
      continue;
    }
    g_string_append_printf (out, " * %" G_GSIZE_MODIFIER "u bytes in buffer %u\n", size,
                            capture->index);
    append_data (out, capture, size);
    left -= size;
  }
}

void
gt_dump_append (GString *out, const GtFdSet *read, const GtFdSet *written, const GtCallInfo *info,
                const GTEvent *enter, const GTEvent *leave)
{
  const GtArgSpec *spec = &info->shape.args[DATA_ARG];
  gboolean filled = spec->moment != GT_IN;
  const GTEvent *event = filled ? leave : enter;

  if (enter == NULL || leave == NULL || leave->retval <= 0 || info->shape.n_args <= DATA_ARG ||
      info->shape.args[0].kind != &gt_kind_fd ||
      !gt_fd_set_has (filled ? read : written, (gint32) enter->args[0])) {
    return;
  }
  if (spec->kind == &gt_kind_iovec) {
    append_buffers (out, event, enter->args[DATA_ARG], (guint64) leave->retval);
    return;
  }
  for (guint i = 0; spec->kind == &gt_kind_buf && i < event->n_captures; i++) {
    if (event->captures[i].arg == DATA_ARG && event->captures[i].error == 0 &&
        event->captures[i].address == enter->args[DATA_ARG]) {
      append_data (out, &event->captures[i], (guint64) leave->retval);
      return;
    }
  }
}
