/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of a guest while it is traced: the VMM tells of most of it. A kernel that panicked
 * tells nobody, so the variable in which it notes that is looked at.
 */
#include "engine/life.h"

#include <guestrace/gt-error.h>

#include "vmi/drivers/driver.h"
#include "vmi/open.h"

#define MAX_CPUS     8192 /* a reset machine's memory may hold anything */
#define DYING_ROUNDS 20
#define STEP_US      10000
#define WAIT_STEP_US 50000

void
gt_guest_life_init (GtGuestLife *life, vmi_instance_t vmi, const GtLinux *linux_os)
{
  addr_t va = gt_linux_symbol (linux_os, "panic_cpu");
  GtLife before;

  *life = (GtGuestLife){ .vmi = vmi };
  if (va == 0 || vmi_translate_kv2p (vmi, va, &life->panic_pa) != VMI_SUCCESS) {
    life->panic_pa = 0;
  }
  /* What happened before is not this trace's business. */
  gt_vmi_life (vmi, FALSE, &before);
  life->stands = before.state == GT_LIFE_PAUSED;
}

static gboolean
has_panicked (const GtGuestLife *life)
{
  gint32 cpu;
  GtPaVec vec = { life->panic_pa, &cpu, sizeof cpu };

  return life->panic_pa != 0 && gt_vmi_read_pa_vec (life->vmi, &vec, 1) && cpu >= 0 &&
         cpu < MAX_CPUS;
}

static const char *
phrase (GtGuestLife *life, GtLifeState state)
{
  gboolean panicked = has_panicked (life);

  switch (state) {
  case GT_LIFE_RESET:
    return panicked ? "crashed (kernel panic) and rebooted" : "rebooted";
  case GT_LIFE_REBOOTED:
    return panicked ? "crashed (kernel panic) and rebooted, upon which its QEMU ends (-no-reboot)"
                    : "rebooted, upon which its QEMU ends (-no-reboot)";
  case GT_LIFE_PANICKED:
    return "crashed (kernel panic)";
  case GT_LIFE_POWERED_OFF:
    return "was shut down";
  case GT_LIFE_QUIT:
    return "is gone: its QEMU was told to quit";
  case GT_LIFE_KILLED:
    return "is gone: its QEMU was ended by a signal";
  case GT_LIFE_MIGRATED:
    return "was migrated: it does not run here any more";
  case GT_LIFE_GONE:
    return panicked ? "crashed (kernel panic), and its QEMU ended" : "is gone: its QEMU ended";
  case GT_LIFE_RUNS:
  case GT_LIFE_PAUSED:
  case GT_LIFE_NOT_STARTED:
  case GT_LIFE_FROZEN:
  default:
    return panicked ? "crashed (kernel panic)" : NULL;
  }
}

static const char *
look (GtGuestLife *life, GtLife *ret_now)
{
  gt_vmi_life (life->vmi, FALSE, ret_now);
  life->stood |= ret_now->stood;
  life->tells = ret_now->tells;
  life->stands = ret_now->state == GT_LIFE_PAUSED || ret_now->state == GT_LIFE_FROZEN ||
                 ret_now->state == GT_LIFE_NOT_STARTED;
  if (!life->end) {
    life->end = phrase (life, ret_now->state);
  }
  life->reaches = ret_now->state == GT_LIFE_RUNS || ret_now->state == GT_LIFE_PANICKED ||
                  ret_now->state == GT_LIFE_MIGRATED;
  return life->end;
}

const char *
gt_guest_life_look (GtGuestLife *life)
{
  GtLife now;

  return look (life, &now);
}

const char *
gt_guest_life_end (GtGuestLife *life)
{
  /* A VMM that ends loses its memory some moments before it says why, or is dead. */
  for (guint i = 0; i < DYING_ROUNDS; i++) {
    GtLife now;
    const char *end = look (life, &now);

    if (end) {
      return end;
    }
    g_usleep (STEP_US);
  }
  return NULL;
}

const char *
gt_guest_life_explain (GtGuestLife *life)
{
  const char *end = gt_guest_life_end (life);

  if (end) {
    return end;
  }
  if (!life->tells) {
    return "rebooted, or was put back to an earlier state: its kernel is not the one that was "
           "being "
           "traced";
  }
  if (life->stood) {
    return "was put back to an earlier state (loadvm), from before this trace";
  }
  return "runs another kernel (kexec) than the one that was being traced";
}

void
gt_guest_life_fail (const GtGuestLife *life, const char *end, GError **error)
{
  g_autofree char *name = vmi_get_name (life->vmi);

  g_set_error (error, GT_ERROR, GT_ERROR_GUEST_GONE, "the guest \"%s\" %s", name, end);
}

gboolean
gt_guest_life_wait (GtGuestLife *life, gint64 patience_us)
{
  gint64 deadline = g_get_monotonic_time () + patience_us;

  for (;;) {
    GtLife now;

    gt_vmi_life (life->vmi, TRUE, &now);
    if (now.state != GT_LIFE_PAUSED && now.state != GT_LIFE_FROZEN &&
        now.state != GT_LIFE_MIGRATED) {
      return TRUE;
    }
    if (g_get_monotonic_time () > deadline) {
      return FALSE;
    }
    g_usleep (WAIT_STEP_US);
  }
}
