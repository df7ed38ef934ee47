/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Injections carried out: the loop's callbacks on the calls that they name. */
#include <guestrace/gt-guest.h>
#include <string.h>

#include "cli/callset.h"
#include "cli/inject.h"
#include "engine/engine.h"

gboolean
gt_inject_check (const GtLinux *linux_os, const GPtrArray *injections, GError **error)
{
  g_autofree GtCallSet *set = g_new (GtCallSet, 1);

  for (guint i = 0; i < injections->len; i++) {
    const GtInjection *injection = g_ptr_array_index (injections, i);

    if (!gt_call_set_parse (set, linux_os, injection->set, error)) {
      return FALSE;
    }
  }
  return TRUE;
}

/* What both moments have in common. */
static void
apply (vmi_event_t *event, const GtInjection *injection, gboolean at_return)
{
  for (guint i = 0; i < GT_INJECT_ARGS; i++) {
    GBytes *bytes = injection->pokes[at_return][i];
    guint64 address;

    if (bytes != NULL && gt_guest_get_arg (event, i, &address)) {
      gsize size;
      gconstpointer data = g_bytes_get_data (bytes, &size);

      (void) gt_guest_poke (event, address, data, size);
    }
  }
  if (injection->delay_us[at_return] > 0) {
    (void) gt_guest_delay (event, (guint64) injection->delay_us[at_return]);
  }
}

static void *
on_enter (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  GTAbi abi = gt_guest_get_abi (event);
  guint index = gt_call_index (abi, gt_guest_get_number (event));
  const GtInjection *injection =
      gt_inject_enter (user_data, gt_guest_get_thread (event), (vmi_pid_t) tid, index);

  if (injection == NULL) {
    return NULL;
  }
  apply (event, injection, FALSE);
  if (injection->signal != 0) {
    (void) gt_guest_send_signal (event, injection->signal);
  }
  if (injection->forces) {
    gt_guest_force_return (event, injection->value);
  }
  return (void *) injection;
}

static void
on_leave (vmi_instance_t vmi, vmi_event_t *event, vmi_pid_t pid, gt_tid_t tid, void *user_data)
{
  const GtInjection *injection = user_data;

  if (injection != NULL) {
    apply (event, injection, TRUE);
  }
}

static void
start_call (GTLoop *loop, GtInject *inject, const GtLinuxCall *call, const GtInjection *injection)
{
  gt_inject_set (inject, gt_call_index (call->abi, call->nr), injection);
  if (call->function != NULL) {
    (void) gt_loop_set_cb_full (loop, call->function, on_enter, on_leave, inject, NULL);
  }
}

static void
start_injection (GTLoop *loop, GtInject *inject, const GtLinux *linux_os,
                 const GtInjection *injection)
{
  g_autofree GtCallSet *set = g_new (GtCallSet, 1);

  if (!gt_call_set_parse (set, linux_os, injection->set, NULL)) {
    return;
  }
  for (guint i = 0; i < GT_CALL_SET_ABIS * GT_CALL_SET_NUMBERS; i++) {
    GTAbi abi = (GTAbi) (i / GT_CALL_SET_NUMBERS);
    gint nr = (gint) (i % GT_CALL_SET_NUMBERS);
    const GtLinuxCall *call = gt_linux_abi_call (linux_os, abi, nr);

    if (call != NULL && gt_call_set_has (set, abi, nr)) {
      start_call (loop, inject, call, injection);
    }
  }
}

GtInject *
gt_inject_start (GTLoop *loop, const GtLinux *linux_os, const GPtrArray *injections)
{
  GtInject *inject = injections->len > 0 ? gt_inject_new () : NULL;

  for (guint i = 0; i < injections->len; i++) {
    start_injection (loop, inject, linux_os, g_ptr_array_index (injections, i));
  }
  return inject;
}
