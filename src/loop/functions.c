/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Callbacks on any function of the guest's kernel. They look the same as those on system calls. The
 * engine that shows those serves them if it can; else the trap engine does, at each of whose
 * breakpoints the whole guest stands.
 */
#include "loop/functions.h"

#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi/open.h"

#define MANY 16 /* functions of one name that are listed */

typedef struct {
  GtFunctionCallback callback; /* its name is interned: callbacks may have it when it is removed */
  gboolean is_probed;          /* the engine for system calls serves it */
  char *no_probe;              /* why not, if that was tried */
} Function;

static void
free_function (gpointer data)
{
  Function *function = data;

  g_free (function->no_probe);
  g_free (function);
}

/* "0x" and the address of a function of the kernel's. */
static addr_t
find_by_address (GTLoop *loop, const char *text, GError **error)
{
  guint64 address;

  if (!g_ascii_string_to_unsigned (text + 2, 16, 0, G_MAXUINT64, &address, NULL) ||
      !gt_linux_is_text (loop->linux_os, address) ||
      gt_linux_symbol_at (loop->linux_os, address) == NULL) {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION,
                 "no function of the guest's kernel %s begins at %s",
                 gt_linux_release (loop->linux_os), text);
    return 0;
  }
  return address;
}

static void
say_several (const GTLoop *loop, const char *name, const addr_t *addresses, guint n, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < n; i++) {
    g_string_append_printf (list, "%s0x%" G_GINT64_MODIFIER "x", i == 0 ? "" : ", ",
                            (guint64) addresses[i]);
  }
  g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
               "the guest's kernel %s has several functions named \"%s\": say which by its "
               "address, one of %s",
               gt_linux_release (loop->linux_os), name, list->str);
}

/* A module's, or none. */
static addr_t
find_elsewhere (GTLoop *loop, const char *name, GError **error)
{
  addr_t address = gt_linux_module_function (loop->linux_os, name);

  if (address != 0) {
    return address;
  }
  if (gt_linux_symbol (loop->linux_os, name) != 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION,
                 "\"%s\" of the guest's kernel %s is no function: it is not in the kernel's code",
                 name, gt_linux_release (loop->linux_os));
  } else {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION,
                 "the guest's kernel %s has no function \"%s\", nor has a module that is loaded",
                 gt_linux_release (loop->linux_os), name);
  }
  return 0;
}

addr_t
gt_loop_find_function (GTLoop *loop, const char *name, GError **error)
{
  addr_t found[MANY];
  guint n;

  if (g_str_has_prefix (name, "0x")) {
    return find_by_address (loop, name, error);
  }
  n = gt_linux_functions (loop->linux_os, name, found, G_N_ELEMENTS (found));
  if (n > 1) {
    say_several (loop, name, found, n, error);
    return 0;
  }
  return n == 1 ? found[0] : find_elsewhere (loop, name, error);
}

static void
run_callback (GTLoop *loop, GtFunctionThread *thread, const GtFunctionCallback *function)
{
  const GTEvent *event = &thread->event;
  GtCallbackContext context = { .loop = loop,
                                .event = event,
                                .held = &thread->held,
                                .abi = function->abi,
                                .number = function->number,
                                .function = function->number < 0 ? function->name : NULL,
                                .at_breakpoint = TRUE };
  gt_tid_t tid = (gt_tid_t) event->tid;
  vmi_event_t vmi_event;

  if (function->number >= 0 &&
      !gt_linux_pt_regs (loop->linux_os, thread->held.regs.gs_base, &thread->held.pt_regs)) {
    return;
  }
  gt_loop_begin_callback (&context, &vmi_event);
  if (thread->held.at_entry) {
    thread->data =
        function->syscall_cb (loop->vmi, &vmi_event, event->pid, tid, function->user_data);
  } else {
    function->sysret_cb (loop->vmi, &vmi_event, event->pid, tid, thread->data);
  }
  gt_loop_end_callback (&context);
}

static void
take_thread (GtFunctionThread *thread, gpointer user_data)
{
  GTLoop *loop = user_data;
  const Function *known = g_hash_table_lookup (loop->functions, &thread->function);
  const GtFunctionCallback *function = known ? &known->callback : NULL;
  gboolean at_entry = thread->held.at_entry;

  if (!function || g_atomic_int_get (&loop->quit) ||
      (at_entry && !thread->is_chosen &&
       !gt_chosen_has (&loop->chosen, loop->vmi, loop->linux_os, &thread->event))) {
    return;
  }
  if (at_entry) {
    thread->awaited = function->sysret_cb != NULL;
  }
  if (at_entry ? function->syscall_cb != NULL : function->sysret_cb != NULL) {
    run_callback (loop, thread, function);
  }
}

static gboolean
set_probe (GTLoop *loop, addr_t address, gboolean on, GError **error)
{
  const GtEngineOps *ops = loop->engine->ops;

  return ops->set_function (loop->engine, address, on ? take_thread : NULL, loop, error);
}

static gboolean
set_trap (GTLoop *loop, const GtFunctionCallback *callback, gboolean on, GError **error)
{
  if (!gt_trap_engine_set (loop->traps, callback->address, on ? take_thread : NULL, loop, error)) {
    g_prefix_error (error, "\"%s\" cannot have a breakpoint: ", callback->name);
    return FALSE;
  }
  return TRUE;
}

/* Has one of the engines serve @function. */
static gboolean
choose_engine (GTLoop *loop, Function *function, GError **error)
{
  const GtFunctionCallback *callback = &function->callback;
  g_autoptr (GError) local = NULL;

  g_clear_pointer (&function->no_probe, g_free);
  function->is_probed =
      loop->engine->ops->set_function != NULL && set_probe (loop, callback->address, TRUE, &local);
  if (function->is_probed) {
    loop->functions_changed = TRUE;
    g_info ("the probe serves %s", callback->name);
    return TRUE;
  }
  function->no_probe = local ? g_strdup (local->message) : NULL;
  g_info ("breakpoints serve %s%s%s", callback->name, local ? ": " : "",
          local ? local->message : "");
  return set_trap (loop, callback, TRUE, error);
}

static void
count_probed (GTLoop *loop)
{
  GHashTableIter iter;
  gpointer value;

  loop->n_probed = 0;
  g_hash_table_iter_init (&iter, loop->functions);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    loop->n_probed += ((const Function *) value)->is_probed;
  }
}

static void
remove_function (GTLoop *loop, const GtFunctionCallback *callback)
{
  const Function *known = g_hash_table_lookup (loop->functions, &callback->address);

  if (known && known->is_probed) {
    loop->functions_changed = TRUE;
    (void) set_probe (loop, callback->address, FALSE, NULL);
  } else if (known) {
    (void) set_trap (loop, callback, FALSE, NULL);
  }
  g_hash_table_remove (loop->functions, &callback->address);
}

/* What it had before is no reason to choose anew: its calls may be under way. */
gboolean
gt_loop_set_function (GTLoop *loop, const GtFunctionCallback *callback, GError **error)
{
  Function *function = g_hash_table_lookup (loop->functions, &callback->address);
  gboolean ok = TRUE;

  if (!callback->syscall_cb && !callback->sysret_cb) {
    remove_function (loop, callback);
  } else if (function) {
    function->callback = *callback;
    function->callback.name = g_intern_string (callback->name);
  } else {
    function = g_new0 (Function, 1);
    function->callback = *callback;
    function->callback.name = g_intern_string (callback->name);
    ok = choose_engine (loop, function, error);
    if (ok) {
      g_hash_table_insert (loop->functions, &function->callback.address, function);
    } else {
      free_function (function);
    }
  }
  count_probed (loop);
  return ok;
}

/* The guest may have begun to trace some of them itself. */
static gboolean
choose_again (GTLoop *loop, GError **error)
{
  GHashTableIter iter;
  gpointer value;
  gboolean ok = TRUE;

  g_hash_table_iter_init (&iter, loop->functions);
  while (ok && g_hash_table_iter_next (&iter, NULL, &value)) {
    ok = !((Function *) value)->is_probed || choose_engine (loop, value, error);
  }
  count_probed (loop);
  return ok;
}

gboolean
gt_loop_functions_enter (GTLoop *loop, GError **error)
{
  if (!choose_again (loop, error) || !gt_loop_detach_functions (loop, error) ||
      !loop->engine->ops->attach (loop->engine, error)) {
    return FALSE;
  }
  loop->functions_changed = FALSE;
  return TRUE;
}

/**
 * gt_loop_get_function_engine:
 * @loop: a loop
 * @kernel_func: a function of the guest's kernel that gt_loop_set_cb() set a callback on
 * @ret_why: (nullable) (out) (transfer none): why it is %GT_ENGINE_TRAP although nobody asked for
 *   that; else %NULL; valid until the function's callbacks are removed
 *
 * Which engine serves a function that implements no system call: the probe, which holds the one
 * thread that came to it, or breakpoints, at which the whole guest stands. It may become the latter
 * when the loop runs: when the guest has begun to trace that function itself.
 *
 * Returns: %GT_ENGINE_PROBE or %GT_ENGINE_TRAP; %GT_ENGINE_AUTO when it has no callback
 */
GTEngineKind
gt_loop_get_function_engine (GTLoop *loop, const char *kernel_func, const char **ret_why)
{
  const Function *found = NULL;
  GHashTableIter iter;
  gpointer value;

  g_return_val_if_fail (loop != NULL && kernel_func != NULL, GT_ENGINE_AUTO);
  g_hash_table_iter_init (&iter, loop->functions);
  while (!found && g_hash_table_iter_next (&iter, NULL, &value)) {
    const Function *function = value;

    found = strcmp (function->callback.name, kernel_func) == 0 ? function : NULL;
  }
  if (ret_why) {
    *ret_why = found ? found->no_probe : NULL;
  }
  return !found ? GT_ENGINE_AUTO : found->is_probed ? GT_ENGINE_PROBE : GT_ENGINE_TRAP;
}

void
gt_loop_init_functions (GTLoop *loop)
{
  gt_chosen_init (&loop->chosen);
  loop->traps = gt_trap_engine_new (loop->vmi, loop->linux_os);
  loop->functions = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, free_function);
}

void
gt_loop_clear_functions (GTLoop *loop)
{
  g_clear_pointer (&loop->traps, gt_trap_engine_free);
  g_clear_pointer (&loop->functions, g_hash_table_unref);
  gt_chosen_clear (&loop->chosen);
}

guint
gt_loop_n_functions (const GTLoop *loop)
{
  return g_hash_table_size (loop->functions);
}

gboolean
gt_loop_attach_functions (GTLoop *loop, GError **error)
{
  if (!gt_trap_engine_is_wanted (loop->traps)) {
    return gt_loop_detach_functions (loop, error);
  }
  return gt_trap_engine_is_attached (loop->traps) || gt_trap_engine_attach (loop->traps, error);
}

gboolean
gt_loop_detach_functions (GTLoop *loop, GError **error)
{
  return gt_trap_engine_detach (loop->traps, error);
}

gint
gt_loop_poll_functions (GTLoop *loop, GError **error)
{
  return gt_trap_engine_is_attached (loop->traps) ? gt_trap_engine_poll (loop->traps, error) : 0;
}
