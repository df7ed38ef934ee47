/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* io_uring's operations in the event stream. */
#include <guestrace/gt-error.h>
#include <linux/io_uring.h>
#include <string.h>

#include "loop/loop-internal.h"
#include "loop/loop-private.h"

GtUring *
gt_loop_get_uring (GTLoop *loop)
{
  if (!loop->uring && loop->linux_os) {
    loop->uring = gt_uring_new (loop->linux_os);
  }
  return loop->uring;
}

static gboolean
tell_engine (GTLoop *loop, GError **error)
{
  struct gt_uring_config config = *gt_uring_layout (loop->uring);

  G_STATIC_ASSERT (sizeof config.wanted == sizeof loop->streamed_uring);
  memcpy (config.wanted, loop->streamed_uring, sizeof config.wanted);
  config.data_limit = loop->wants.string_limit;
  return loop->engine->ops->set_uring (loop->engine, &config, error);
}

/**
 * gt_loop_stream_uring:
 * @loop: a loop
 * @operation: (nullable): an operation as io_uring calls it, without its prefix and in lower case:
 *   "openat" for IORING_OP_OPENAT; %NULL for all
 * @error: (nullable): why it failed
 *
 * Adds an operation of io_uring to the event stream: #GT_EVENT_URING_SUBMIT and
 * #GT_EVENT_URING_COMPLETE. What programs do this way makes no system call of its own, so that
 * gt_loop_stream() does not show it. Threads that were chosen by process or command are chosen here
 * too; callbacks are not called for operations. An operation whose program asked for no result
 * (IOSQE_CQE_SKIP_SUCCESS) has no completion when it succeeds.
 *
 * The kernel reports operations where nothing can wait: a part of the room for events is kept for
 * them, and a program that is about to submit waits until that part is free. A batch that fills it
 * all the same loses events, which gt_loop_get_stats() counts.
 *
 * Returns: %FALSE with #GT_ERROR_NO_FUNCTION when the kernel has no such operation, with
 *   #GT_ERROR_UNSUPPORTED when it has no io_uring or does not report what it does
 */
gboolean
gt_loop_stream_uring (GTLoop *loop, const char *operation, GError **error)
{
  gint opcode = -1;

  g_return_val_if_fail (loop != NULL, FALSE);
  if (!gt_loop_get_uring (loop)) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                         "operations of io_uring are not shown: the guest's kernel has none, or "
                         "does not describe them");
    return FALSE;
  }
  if (operation) {
    opcode = gt_uring_by_name (loop->uring, operation);
    if (opcode < 0) {
      g_set_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION,
                   "the guest's kernel %s has no operation \"%s\" of io_uring",
                   gt_linux_release (loop->linux_os), operation);
      return FALSE;
    }
  }
  for (gint i = 0; i < GT_URING_OPS; i++) {
    loop->streamed_uring[i] = loop->streamed_uring[i] || opcode < 0 || opcode == i;
  }
  if (!tell_engine (loop, error)) {
    memset (loop->streamed_uring, 0, sizeof loop->streamed_uring);
    return FALSE;
  }
  return TRUE;
}

void
gt_loop_update_uring (GTLoop *loop)
{
  if (loop->uring) {
    tell_engine (loop, NULL);
  }
}

/**
 * gt_loop_operation_name:
 * @loop: a loop
 * @number: the number of a #GT_EVENT_URING_SUBMIT
 *
 * Returns: (transfer none) (nullable): the operation's name ("openat"); %NULL when the guest's
 *   kernel has none of that number
 */
const char *
gt_loop_operation_name (GTLoop *loop, gint number)
{
  g_return_val_if_fail (loop != NULL, NULL);
  return gt_loop_get_uring (loop) ? gt_uring_name (loop->uring, number) : NULL;
}

void
gt_loop_dispatch_uring (GTLoop *loop, const GTEvent *event)
{
  GTEvent shown = *event;

  if (event->type == GT_EVENT_URING_SUBMIT) {
    loop->stats.operations++;
    if (loop->uring && !(event->flags & GT_EVENT_REJECTED)) {
      gt_uring_clean_args (loop->uring, event->number, shown.args);
      shown.op_flags &= ~(guint32) IOSQE_ASYNC;
    }
  }
  if (loop->event_func) {
    loop->event_func (loop, &shown, loop->event_data);
  }
}
