/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which engine shows a loop the guest's system calls. */
#include <guestrace/gt-error.h>

#include "engine/trap/calls.h"
#include "loop/functions.h"
#include "loop/loop-internal.h"

void
gt_loop_make_engine (GTLoop *loop, GTEngineKind wanted)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&loop->no_probe, g_free);
  if (wanted == GT_ENGINE_AUTO) {
    wanted = GT_ENGINE_PROBE;
    if (!gt_probe_engine_can (loop->linux_os, &error)) {
      wanted = GT_ENGINE_TRAP;
      loop->no_probe = g_strdup (error->message);
    }
  }
  loop->engine = wanted == GT_ENGINE_TRAP
                     ? gt_trap_calls_new (loop->vmi, loop->linux_os, loop->traps, &loop->chosen)
                     : gt_probe_engine_new (loop->vmi, loop->linux_os);
  loop->engine_kind = wanted;
}

/**
 * gt_loop_set_engine:
 * @loop: a loop that nothing has been asked of yet
 * @engine: how it is to see the guest's calls
 * @error: (nullable): why it failed
 *
 * With %GT_ENGINE_TRAP nothing is written to the guest: system calls are seen by breakpoints, at
 * each of which the whole guest stands for a part of a millisecond; doc/engines.md has what that
 * can do and what not. With %GT_ENGINE_AUTO, as a loop begins, the probe sees them if the guest's
 * kernel has what that needs, or else breakpoints do: gt_loop_get_engine() tells. The probe serves
 * functions that implement no system call as well, if it can; the others have breakpoints, see
 * gt_loop_get_function_engine().
 *
 * Returns: %FALSE with #GT_ERROR_INVALID when it is too late
 */
gboolean
gt_loop_set_engine (GTLoop *loop, GTEngineKind engine, GError **error)
{
  g_return_val_if_fail (loop != NULL, FALSE);
  if (loop->source || loop->n_active > 0 || loop->n_held > 0 || gt_loop_n_functions (loop) > 0 ||
      !gt_chosen_is_all (&loop->chosen)) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_INVALID,
                         "the engine has to be chosen before anything is asked of the loop");
    return FALSE;
  }
  loop->engine->ops->free (loop->engine);
  gt_loop_make_engine (loop, engine);
  return TRUE;
}

/**
 * gt_loop_get_engine:
 * @loop: a loop
 * @ret_why: (nullable) (out) (transfer none): why it is %GT_ENGINE_TRAP although nobody asked for
 *   that, a sentence that says what the guest's kernel lacks; else %NULL; valid as long as the loop
 *
 * Returns: what shows the loop the guest's system calls, %GT_ENGINE_PROBE or %GT_ENGINE_TRAP
 */
GTEngineKind
gt_loop_get_engine (GTLoop *loop, const char **ret_why)
{
  g_return_val_if_fail (loop != NULL, GT_ENGINE_AUTO);
  if (ret_why) {
    *ret_why = loop->no_probe;
  }
  return loop->engine_kind;
}
