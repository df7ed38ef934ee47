/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which threads were chosen: of each kind that was asked for, one has to fit. */
#include "engine/trap/chosen.h"

#include <string.h>

void
gt_chosen_init (GtChosen *chosen)
{
  chosen->pids = g_array_new (FALSE, FALSE, sizeof (vmi_pid_t));
  chosen->comms = g_ptr_array_new_with_free_func (g_free);
  chosen->uids = g_array_new (FALSE, FALSE, sizeof (guint32));
}

void
gt_chosen_clear (GtChosen *chosen)
{
  g_clear_pointer (&chosen->pids, g_array_unref);
  g_clear_pointer (&chosen->comms, g_ptr_array_unref);
  g_clear_pointer (&chosen->uids, g_array_unref);
}

gboolean
gt_chosen_is_all (const GtChosen *chosen)
{
  return chosen->pids->len + chosen->comms->len + chosen->uids->len == 0;
}

static gboolean
has_pid (const GtChosen *chosen, const GTEvent *event)
{
  for (guint i = 0; i < chosen->pids->len; i++) {
    vmi_pid_t pid = g_array_index (chosen->pids, vmi_pid_t, i);

    if (pid == event->pid || pid == event->tid) {
      return TRUE;
    }
  }
  return chosen->pids->len == 0;
}

static gboolean
has_comm (const GtChosen *chosen, const GTEvent *event)
{
  for (guint i = 0; i < chosen->comms->len; i++) {
    /* The kernel keeps the first 15 bytes. */
    if (strncmp (chosen->comms->pdata[i], event->comm, sizeof event->comm - 1) == 0) {
      return TRUE;
    }
  }
  return chosen->comms->len == 0;
}

/* The real user, as the probe has it. */
static gboolean
has_uid (const GtChosen *chosen, vmi_instance_t vmi, const GtLinux *linux_os, const GTEvent *event)
{
  gsize cred_at, uid_at;
  addr_t cred;
  guint32 uid;

  if (chosen->uids->len == 0) {
    return TRUE;
  }
  if (!gt_linux_offset (linux_os, "task_struct", "cred", &cred_at) ||
      !gt_linux_offset (linux_os, "cred", "uid", &uid_at) ||
      vmi_read_addr_va (vmi, event->thread + cred_at, 0, &cred) != VMI_SUCCESS ||
      vmi_read_32_va (vmi, cred + uid_at, 0, &uid) != VMI_SUCCESS) {
    return FALSE;
  }
  for (guint i = 0; i < chosen->uids->len; i++) {
    if (g_array_index (chosen->uids, guint32, i) == uid) {
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
gt_chosen_has (const GtChosen *chosen, vmi_instance_t vmi, const GtLinux *linux_os,
               const GTEvent *event)
{
  return has_pid (chosen, event) && has_comm (chosen, event) &&
         has_uid (chosen, vmi, linux_os, event);
}
