/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call's name and result as text. */
#include "decode/decode.h"

#include <string.h>

#include "decode/printer.h"

/* What the kernel keeps to itself: the program never sees these numbers. */
static const struct {
  gint64 number;
  const char *text;
} restarts[] = {
  { 512, "ERESTARTSYS (To be restarted if SA_RESTART is set)" },
  { 513, "ERESTARTNOINTR (To be restarted)" },
  { 514, "ERESTARTNOHAND (To be restarted if no handler)" },
  { 516, "ERESTART_RESTARTBLOCK (Interrupted by signal)" },
};

void
gt_decode_name (GString *out, const GtLinuxCall *call, gint nr)
{
  if (call != NULL && call->name != NULL) {
    gt_text_name (out, call->name, strlen (call->name));
  } else if (nr == -1) {
    gt_text_literal (out, "syscall_?");
  } else {
    /* As the kernel sees it: extended to 64 bits. */
    gt_text_literal (out, "syscall_");
    gt_text_hex (out, (guint64) (gint64) nr);
  }
}

void
gt_decode_args (GString *out, const GtLinuxCall *call, const GTEvent *enter, const GTEvent *leave,
                const GtDecodeOptions *options)
{
  GtCallShape shape;

  gt_call_shape (call, &shape);
  gt_shape_args (out, &shape, enter, leave, options);
}

void
gt_decode_result (GString *out, const GtLinuxCall *call, const GTEvent *leave,
                  const GtDecodeOptions *options)
{
  GtCallShape shape;

  gt_call_shape (call, &shape);
  gt_shape_result (out, &shape, NULL, leave, options);
}

static void
append_error (GString *out, gint64 number)
{
  const char *name = strerrorname_np ((int) number);

  for (guint i = 0; i < G_N_ELEMENTS (restarts); i++) {
    if (restarts[i].number == number) {
      gt_text_literal (out, "? ");
      g_string_append (out, restarts[i].text);
      return;
    }
  }
  gt_text_literal (out, "-1 ");
  if (name == NULL) {
    gt_text_literal (out, "(errno ");
    gt_text_signed (out, number);
    g_string_append_c (out, ')');
    return;
  }
  g_string_append (out, name);
  gt_text_literal (out, " (");
  g_string_append (out, strerrordesc_np ((int) number));
  g_string_append_c (out, ')');
}

void
gt_shape_result (GString *out, const GtCallShape *shape, const GTEvent *enter, const GTEvent *leave,
                 const GtDecodeOptions *options)
{
  GtPrinter printer = { out, shape, enter, leave, leave, options, shape->is_32, GT_LINUX_MAX_ARGS };

  if ((leave->flags & GT_EVENT_KILLED) != 0) {
    g_string_append_c (out, '?');
  } else if (leave->retval < 0 && leave->retval >= -GT_ERRNO_MAX) {
    append_error (out, -leave->retval);
  } else {
    shape->result.kind->print (&printer, &shape->result, (guint64) leave->retval);
  }
}
