/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting for a guest that is not there yet, or has not booted. As soon as its kernel is in memory
 * it is made to stand; what it is can be found out then already. It runs on to the last function
 * that its kernel calls before the start of the first program, and stands there until it is traced.
 */
#include <guestrace/gt-error.h>

#include "loop/loop-internal.h"
#include "vmi/open.h"

#define POLL_US          30000
#define GUEST_POLL_US    150000
#define RUN_STEP_MS      500
#define CONNECT_PATIENCE 50 /* polls in which a QEMU that has just begun may refuse us */
#define FAILURES_MAX     40 /* of a kernel that is there and cannot be understood */
#define FAILURE_POLL_US  250000

#define CR0_PG   (1ull << 31)
#define EFER_LMA (1ull << 10)

/* Called by the kernel's first thread, in process context, since 5.8. */
#define LAST_FUNCTION "do_sysctl_args"

typedef struct {
  GTWaitFlags flags;
  GTWaitFunc func;
  gpointer user_data;
} Wait;

static gboolean
go_on (const Wait *wait, const char *what, gulong pause_us, GError **error)
{
  if (wait->func && !wait->func (what, wait->user_data)) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_FAILED, "waiting was given up");
    return FALSE;
  }
  g_usleep (pause_us);
  return TRUE;
}

/* A QEMU that has just been started may have no monitor yet. */
static vmi_instance_t
open_guest (const Wait *wait, const char *name, GError **error)
{
  guint patience = CONNECT_PATIENCE;

  for (;;) {
    g_autoptr (GError) cause = NULL;
    vmi_instance_t vmi = gt_vmi_open_bare (name, &cause);
    gboolean absent = g_error_matches (cause, GT_ERROR, GT_ERROR_NO_GUEST);
    gboolean early = g_error_matches (cause, GT_ERROR, GT_ERROR_NO_ACCESS) && patience > 0;

    if (vmi) {
      return vmi;
    }
    if (!(wait->flags & GT_WAIT_FOR_GUEST) || !(absent || early)) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }
    patience = absent ? CONNECT_PATIENCE : patience - 1;
    if (!go_on (wait, absent ? "the guest to be there" : "the guest's QEMU", GUEST_POLL_US,
                error)) {
      return NULL;
    }
  }
}

static gboolean
set_gone (vmi_instance_t vmi, GError **error)
{
  g_autofree char *name = vmi_get_name (vmi);

  g_set_error (error, GT_ERROR, GT_ERROR_GUEST_GONE, "the guest \"%s\" ended before it had booted",
               name);
  return FALSE;
}

/* The guest is held and booting: lets it run until it is about to start its first program. */
static gboolean
run_to_first (const Wait *wait, vmi_instance_t vmi, guint *ret_vcpu, GError **error)
{
  addr_t place = gt_linux_symbol (gt_vmi_linux (vmi), LAST_FUNCTION), where;

  while (place != 0) {
    g_autoptr (GError) cause = NULL;

    if (gt_vmi_run_to (vmi, &place, 1, RUN_STEP_MS, ret_vcpu, &where, &cause)) {
      gt_vmi_refresh (vmi);
      return TRUE;
    }
    if (!g_error_matches (cause, GT_ERROR, GT_ERROR_FAILED)) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
    if (!go_on (wait, "the guest's first program", 0, error)) {
      return FALSE;
    }
  }
  g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
               "the guest's kernel %s lacks %s, by which the start of its first program is known",
               gt_linux_release (gt_vmi_linux (vmi)), LAST_FUNCTION);
  return FALSE;
}

/* Spares the search of page tables, for as long as there are none. */
static gboolean
runs_64_bit (vmi_instance_t vmi)
{
  guint n = vmi_get_num_vcpus (vmi);

  for (guint i = 0; i < n; i++) {
    x86_registers_t regs;

    if (gt_vmi_get_regs (vmi, i, &regs, NULL) && (regs.cr0 & CR0_PG) &&
        (regs.msr_efer & EFER_LMA)) {
      return TRUE;
    }
  }
  return FALSE;
}

/* TRUE when there may be a kernel by now; @ret_what: what else is being waited for. */
static gboolean
look (vmi_instance_t vmi, const char **ret_what, gboolean *ret_gone)
{
  GtLife life;

  gt_vmi_life (vmi, FALSE, &life);
  *ret_gone = life.state == GT_LIFE_GONE || life.state == GT_LIFE_QUIT ||
              life.state == GT_LIFE_KILLED || life.state == GT_LIFE_POWERED_OFF ||
              life.state == GT_LIFE_REBOOTED || !gt_vmi_alive (vmi);
  *ret_what = "the guest's kernel";
  if (*ret_gone) {
    return FALSE;
  }
  if (runs_64_bit (vmi) && gt_linux_is_mapped (vmi)) {
    return TRUE;
  }
  gt_vmi_life (vmi, TRUE, &life);
  if (life.state == GT_LIFE_NOT_STARTED || life.state == GT_LIFE_PAUSED) {
    *ret_what = "the guest to be let run (\"cont\" in QEMU's monitor)";
  }
  return FALSE;
}

static GTLoop *
loop_at_first (vmi_instance_t vmi, guint vcpu, GError **error)
{
  GTLoop *loop = gt_loop_new_on (vmi, error);

  if (loop) {
    loop->engine->ops->expect_first (loop->engine, vcpu);
  }
  return loop;
}

/* What the guest runs is known. Takes @vmi over. */
static GTLoop *
settle (const Wait *wait, vmi_instance_t vmi, gboolean held, GError **error)
{
  GtLinux *linux_os = gt_vmi_linux (vmi);
  guint vcpu;

  if (!held) {
    if (!gt_linux_is_booting (linux_os)) {
      return gt_loop_new_on (vmi, error);
    }
    if (!gt_vmi_hold (vmi, error)) {
      gt_vmi_close (vmi);
      return NULL;
    }
  }
  if (!gt_linux_is_booting (linux_os)) {
    (void) gt_vmi_release (vmi, NULL);
    gt_vmi_refresh (vmi);
    return gt_loop_new_on (vmi, error);
  }
  if (!run_to_first (wait, vmi, &vcpu, error)) {
    gt_vmi_close (vmi);
    return NULL;
  }
  return loop_at_first (vmi, vcpu, error);
}

/* The kernel that the guest has in memory has crashed: nothing more will come of it. */
static gboolean
wait_for_restart (const Wait *wait, vmi_instance_t vmi, GError **error)
{
  const char *what;
  gboolean gone;

  while (look (vmi, &what, &gone)) {
    if (!go_on (wait, "the guest to start anew: its kernel has crashed", POLL_US, error)) {
      return FALSE;
    }
  }
  return !gone || set_gone (vmi, error);
}

static GTLoop *
wait_for_kernel (const Wait *wait, vmi_instance_t vmi, GError **error)
{
  for (guint failures = 0;;) {
    g_autoptr (GError) cause = NULL;
    const char *what;
    gboolean gone;

    if (look (vmi, &what, &gone)) {
      if (!gt_vmi_hold (vmi, error)) {
        break;
      }
      if (gt_vmi_find_out (vmi, &cause)) {
        return settle (wait, vmi, TRUE, error);
      }
      (void) gt_vmi_release (vmi, NULL);
      if (++failures > FAILURES_MAX) {
        g_propagate_error (error, g_steal_pointer (&cause));
        break;
      }
    } else if (gone) {
      (void) set_gone (vmi, error);
      break;
    }
    if (!go_on (wait, what, cause ? FAILURE_POLL_US : POLL_US, error)) {
      break;
    }
  }
  gt_vmi_close (vmi);
  return NULL;
}

/**
 * gt_loop_new_waiting:
 * @guest_name: as for gt_loop_new_full()
 * @flags: what else to wait for
 * @func: (nullable): told what is being waited for; may end it
 * @user_data: for @func
 * @error: (nullable): why it failed
 *
 * The same as gt_loop_new_full(), but waits for a guest that has not booted yet. Such a guest is
 * made to stand where its kernel is about to start the first program, until gt_loop_run(),
 * gt_loop_attach() or gt_loop_free(): a trace has every call of every program then, beginning with
 * that execve.
 *
 * Returns: (transfer full) (nullable): a loop, or %NULL on failure
 */
GTLoop *
gt_loop_new_waiting (const char *guest_name, GTWaitFlags flags, GTWaitFunc func, gpointer user_data,
                     GError **error)
{
  return gt_loop_new_profiled (guest_name, NULL, flags, func, user_data, error);
}

/* The guest may run nothing that is known, so far. */
static GTLoop *
find_out (const Wait *wait, vmi_instance_t vmi, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (!gt_vmi_find_out (vmi, &cause)) {
    if ((wait->flags & GT_WAIT_NEVER) || !g_error_matches (cause, GT_ERROR, GT_ERROR_UNKNOWN_OS)) {
      g_propagate_error (error, g_steal_pointer (&cause));
      gt_vmi_close (vmi);
      return NULL;
    }
    return wait_for_kernel (wait, vmi, error);
  }
  if (wait->flags & GT_WAIT_NEVER) {
    return gt_loop_new_on (vmi, error);
  }
  if (!gt_linux_has_panicked (gt_vmi_linux (vmi))) {
    return settle (wait, vmi, FALSE, error);
  }
  if (!wait_for_restart (wait, vmi, error)) {
    gt_vmi_close (vmi);
    return NULL;
  }
  gt_vmi_forget (vmi);
  return wait_for_kernel (wait, vmi, error);
}

/**
 * gt_loop_new_profiled:
 * @guest_name: as for gt_loop_new_full()
 * @profile: (nullable): the path of a symbol file of the guest's kernel, in the JSON format of
 *   Volatility 3 (ISF), compressed by xz or not: as `guestrace profile` and dwarf2json write it
 * @flags: as for gt_loop_new_waiting(), or %GT_WAIT_NEVER
 * @func: (nullable): told what is being waited for; may end it
 * @user_data: for @func
 * @error: (nullable): why it failed
 *
 * The same as gt_loop_new_waiting(). What the guest's kernel does not tell of itself, for want of
 * symbols (CONFIG_KALLSYMS, CONFIG_KALLSYMS_ALL) or types (CONFIG_DEBUG_INFO_BTF), is taken from
 * @profile. What the kernel has itself goes first.
 *
 * Returns: (transfer full) (nullable): a loop, or %NULL on failure: #GT_ERROR_INVALID when
 *   @profile cannot be used or is of another kernel
 */
GTLoop *
gt_loop_new_profiled (const char *guest_name, const char *profile, GTWaitFlags flags,
                      GTWaitFunc func, gpointer user_data, GError **error)
{
  const Wait wait = { flags, func, user_data };
  vmi_instance_t vmi;

  g_return_val_if_fail (guest_name != NULL, NULL);
  vmi = open_guest (&wait, guest_name, error);
  if (!vmi) {
    return NULL;
  }
  if (profile && !gt_vmi_use_profile (vmi, profile, error)) {
    gt_vmi_close (vmi);
    return NULL;
  }
  return find_out (&wait, vmi, error);
}
