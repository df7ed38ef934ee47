/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What QEMU tells of the guest's life: its events, its status, and the state of its process. */
#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi/drivers/qemu/control-private.h"

#define STATUS_LINE "VM status: "

gboolean
gt_qemu_process_is_stopped (const GtQemuProcess *process)
{
  g_autofree char *path = NULL, *text = NULL;
  const char *state;

  if (!process) {
    return FALSE;
  }
  path = g_strdup_printf ("/proc/%d/stat", (int) process->pid);
  if (!g_file_get_contents (path, &text, NULL, NULL)) {
    return FALSE;
  }
  /* Behind the program's name, which is in brackets and may hold any character. */
  state = strrchr (text, ')');
  return state && state[1] == ' ' && (state[2] == 'T' || state[2] == 't');
}

gboolean
gt_qemu_process_check_answers (const GtQemuProcess *process, GError **error)
{
  if (!gt_qemu_process_is_stopped (process)) {
    return TRUE;
  }
  g_set_error (error, GT_ERROR, GT_ERROR_NO_ACCESS,
               "the guest's QEMU (process %d) is stopped by a signal and answers nobody; let it go "
               "on first (kill -CONT %d)",
               (int) process->pid, (int) process->pid);
  return FALSE;
}

static GtLifeState
from_shutdown (const char *reason)
{
  static const struct {
    const char *reason;
    GtLifeState state;
  } rows[] = {
    { "guest-shutdown", GT_LIFE_POWERED_OFF },
    { "guest-reset", GT_LIFE_REBOOTED },
    { "guest-panic", GT_LIFE_PANICKED },
    { "host-qmp-quit", GT_LIFE_QUIT },
    { "host-ui", GT_LIFE_QUIT },
    { "host-signal", GT_LIFE_KILLED },
    { "host-qmp-system-reset", GT_LIFE_REBOOTED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (strcmp (rows[i].reason, reason) == 0) {
      return rows[i].state;
    }
  }
  return GT_LIFE_GONE;
}

static GtLifeState
from_status (const char *text)
{
  static const struct {
    const char *status;
    GtLifeState state;
  } rows[] = {
    { "running", GT_LIFE_RUNS },
    { "paused (postmigrate)", GT_LIFE_MIGRATED },
    { "paused (prelaunch)", GT_LIFE_NOT_STARTED },
    { "paused (inmigrate)", GT_LIFE_NOT_STARTED },
    { "paused (shutdown)", GT_LIFE_POWERED_OFF },
    { "paused (guest-panicked)", GT_LIFE_PANICKED },
  };
  const char *status = strstr (text, STATUS_LINE);

  for (guint i = 0; status && i < G_N_ELEMENTS (rows); i++) {
    if (g_str_has_prefix (status + strlen (STATUS_LINE), rows[i].status)) {
      return rows[i].state;
    }
  }
  return status ? GT_LIFE_PAUSED : GT_LIFE_RUNS;
}

static GtLifeState
ask_status (GtQemuControl *control)
{
  g_autofree char *text = gt_qemu_monitor_command (control->monitor, -1, "info status", NULL);

  return text ? from_status (text) : GT_LIFE_RUNS;
}

/* What its events say; nothing is asked. */
static GtLifeState
from_news (const GtQemuNews *news)
{
  if (news->panicked) {
    return GT_LIFE_PANICKED;
  }
  if (news->shutdown) {
    return from_shutdown (news->shutdown);
  }
  if (news->closed) {
    return GT_LIFE_GONE;
  }
  return news->reset ? GT_LIFE_RESET : GT_LIFE_RUNS;
}

void
gt_qemu_control_life (GtQemuControl *control, gboolean ask, GtLife *ret)
{
  G_GNUC_UNUSED g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&control->lock);
  GtQemuNews news = { 0 };

  *ret = (GtLife){ GT_LIFE_RUNS, FALSE, control->monitor != NULL };
  if (control->monitor) {
    gt_qemu_monitor_take_news (control->monitor, &news);
    ret->tells = gt_qemu_monitor_has_news (control->monitor);
  }
  ret->state = from_news (&news);
  ret->stood = news.resumed;
  g_free (news.shutdown);
  if (ret->state != GT_LIFE_RUNS) {
    return;
  }
  if (gt_qemu_process_is_stopped (control->process)) {
    ret->state = GT_LIFE_FROZEN;
  } else if (control->monitor && control->holds == 0 && control->pauses == 0 &&
             (ask || news.stopped)) {
    ret->state = ask_status (control);
  }
}
