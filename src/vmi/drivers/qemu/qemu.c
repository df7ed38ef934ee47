/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver for unmodified QEMU: control by monitor and debug stub, memory from the process. */
#include "vmi/drivers/driver.h"
#include "vmi/drivers/qemu/control.h"
#include "vmi/drivers/qemu/hits.h"
#include "vmi/drivers/qemu/ram.h"
#include "vmi/drivers/qemu/spec.h"

#include <unistd.h>

/* Where physical addresses end when nothing tells: x86-64's own bound. */
#define MAX_PA (1ull << 52)

typedef struct {
  GtDriver parent;
  GtQemuProcess *process; /* NULL when only a stub is known */
  GtQemuControl *control;
  int lock;
  GtQemuHits hits;
  GtQemuRam *ram; /* NULL: memory goes through the stub */
} GtQemuDriver;

static GtQemuDriver *
self (GtDriver *driver)
{
  return (GtQemuDriver *) driver;
}

static void
qemu_close (GtDriver *driver)
{
  GtQemuDriver *qemu = self (driver);

  if (qemu->hits.kvm) {
    (void) gt_qemu_hits_close (&qemu->hits, NULL);
  }
  gt_qemu_control_free (qemu->control);
  gt_qemu_ram_free (qemu->ram);
  gt_qemu_process_free (qemu->process);
  if (qemu->lock >= 0) {
    (void) close (qemu->lock);
  }
  g_free (qemu->parent.name);
  g_free (qemu);
}

static gboolean
qemu_read (GtDriver *driver, const GtPaVec *vec, gsize n)
{
  GtQemuDriver *qemu = self (driver);

  return qemu->ram ? gt_qemu_ram_transfer (qemu->ram, vec, n, FALSE)
                   : gt_qemu_control_transfer (qemu->control, vec, n, FALSE);
}

static gboolean
qemu_write (GtDriver *driver, const GtPaVec *vec, gsize n)
{
  GtQemuDriver *qemu = self (driver);

  return qemu->ram ? gt_qemu_ram_transfer (qemu->ram, vec, n, TRUE)
                   : gt_qemu_control_transfer (qemu->control, vec, n, TRUE);
}

static gboolean
qemu_write_code_pa (GtDriver *driver, const GtPaVec *vec, gsize n)
{
  GtQemuDriver *qemu = self (driver);

  return qemu->ram && gt_qemu_control_sees_writes (qemu->control)
             ? gt_qemu_ram_transfer (qemu->ram, vec, n, TRUE)
             : gt_qemu_control_transfer (qemu->control, vec, n, TRUE);
}

static void *
qemu_map (GtDriver *driver, addr_t pa, gsize len)
{
  GtQemuDriver *qemu = self (driver);

  return qemu->ram ? gt_qemu_ram_map (qemu->ram, pa, len) : NULL;
}

static addr_t
qemu_max_pa (GtDriver *driver)
{
  GtQemuDriver *qemu = self (driver);

  return qemu->ram ? gt_qemu_ram_max_pa (qemu->ram) : MAX_PA;
}

static guint64
qemu_ram_size (GtDriver *driver)
{
  GtQemuDriver *qemu = self (driver);

  return qemu->ram ? gt_qemu_ram_size (qemu->ram) : 0;
}

static gboolean
qemu_next_ram (GtDriver *driver, addr_t pa, addr_t *ret_start, addr_t *ret_end)
{
  GtQemuDriver *qemu = self (driver);

  return qemu->ram && gt_qemu_ram_next (qemu->ram, pa, ret_start, ret_end);
}

static guint
qemu_n_vcpus (GtDriver *driver)
{
  return gt_qemu_control_n_vcpus (self (driver)->control);
}

static gboolean
qemu_get_regs (GtDriver *driver, guint vcpu, x86_registers_t *ret, GError **error)
{
  GtQemuDriver *qemu = self (driver);

  return (qemu->hits.kvm && gt_kvm_traps_get_regs (qemu->hits.kvm, vcpu, ret)) ||
         gt_qemu_control_get_regs (qemu->control, vcpu, ret, error);
}

static gboolean
qemu_set_regs (GtDriver *driver, guint vcpu, const x86_registers_t *regs, GError **error)
{
  GtQemuDriver *qemu = self (driver);

  return (qemu->hits.kvm && gt_kvm_traps_set_regs (qemu->hits.kvm, vcpu, regs)) ||
         gt_qemu_control_set_regs (qemu->control, vcpu, regs, error);
}

static gboolean
qemu_pause (GtDriver *driver, GError **error)
{
  return gt_qemu_control_pause (self (driver)->control, error);
}

static gboolean
qemu_resume (GtDriver *driver, GError **error)
{
  return gt_qemu_control_resume (self (driver)->control, error);
}

static gboolean
qemu_hold (GtDriver *driver, GError **error)
{
  return gt_qemu_control_hold (self (driver)->control, error);
}

static gboolean
qemu_release (GtDriver *driver, GError **error)
{
  return gt_qemu_control_release (self (driver)->control, error);
}

static gboolean
qemu_run_to (GtDriver *driver, const addr_t *addrs, guint n_addrs, guint timeout_ms,
             guint *ret_vcpu, addr_t *ret_addr, GError **error)
{
  return gt_qemu_control_run_to (self (driver)->control, addrs, n_addrs, timeout_ms, ret_vcpu,
                                 ret_addr, error);
}

static gboolean
qemu_write_code (GtDriver *driver, addr_t va, const void *buf, gsize len, GError **error)
{
  return gt_qemu_control_write_code (self (driver)->control, va, buf, len, error);
}

static void
qemu_life (GtDriver *driver, gboolean ask, GtLife *ret)
{
  GtQemuDriver *qemu = self (driver);

  gt_qemu_control_life (qemu->control, ask, ret);
  if (ret->state == GT_LIFE_RUNS &&
      (gt_qemu_control_is_gone (qemu->control) || (qemu->ram && !gt_qemu_ram_alive (qemu->ram)))) {
    ret->state = GT_LIFE_GONE;
  }
}

static gboolean
qemu_alive (GtDriver *driver)
{
  GtQemuDriver *qemu = self (driver);

  return !gt_qemu_control_is_gone (qemu->control) && (!qemu->ram || gt_qemu_ram_alive (qemu->ram));
}

static gboolean
qemu_traps_open (GtDriver *driver, GError **error)
{
  return gt_qemu_hits_open (&self (driver)->hits, error);
}

static gboolean
qemu_traps_close (GtDriver *driver, GError **error)
{
  return gt_qemu_hits_close (&self (driver)->hits, error);
}

static gboolean
qemu_traps_set (GtDriver *driver, const GtTrap *trap, gboolean on, GError **error)
{
  return gt_qemu_hits_set (&self (driver)->hits, trap, on, error);
}

static gboolean
qemu_traps_step (GtDriver *driver, guint vcpu, gboolean on, GError **error)
{
  return gt_qemu_hits_step (&self (driver)->hits, vcpu, on, error);
}

static gboolean
qemu_traps_wait (GtDriver *driver, guint timeout_ms, GtHit *ret, gboolean *ret_any, GError **error)
{
  return gt_qemu_hits_wait (&self (driver)->hits, timeout_ms, ret, ret_any, error);
}

static guint
qemu_traps_n_pending (GtDriver *driver)
{
  return gt_qemu_hits_n_pending (&self (driver)->hits);
}

static gboolean
qemu_traps_go (GtDriver *driver, guint vcpu, GError **error)
{
  return gt_qemu_hits_go (&self (driver)->hits, vcpu, error);
}

static gboolean
qemu_traps_set_int3 (GtDriver *driver, addr_t handler, addr_t iret, GError **error)
{
  return gt_qemu_hits_set_int3 (&self (driver)->hits, handler, iret, error);
}

static gboolean
qemu_traps_step_once (GtDriver *driver, guint vcpu, GError **error)
{
  return gt_qemu_hits_step_once (&self (driver)->hits, vcpu, error);
}

static const GtTrapOps qemu_traps = {
  .open = qemu_traps_open,
  .close = qemu_traps_close,
  .set = qemu_traps_set,
  .step = qemu_traps_step,
  .wait = qemu_traps_wait,
  .n_pending = qemu_traps_n_pending,
  .go = qemu_traps_go,
  .set_int3 = qemu_traps_set_int3,
  .step_once = qemu_traps_step_once,
};

static const GtDriverOps qemu_ops = {
  .kind = "qemu",
  .mode = VMI_KVM,
  .close = qemu_close,
  .read = qemu_read,
  .write = qemu_write,
  .write_code_pa = qemu_write_code_pa,
  .map = qemu_map,
  .max_pa = qemu_max_pa,
  .ram_size = qemu_ram_size,
  .next_ram = qemu_next_ram,
  .n_vcpus = qemu_n_vcpus,
  .get_regs = qemu_get_regs,
  .set_regs = qemu_set_regs,
  .pause = qemu_pause,
  .resume = qemu_resume,
  .hold = qemu_hold,
  .release = qemu_release,
  .run_to = qemu_run_to,
  .write_code = qemu_write_code,
  .traps = &qemu_traps,
  .life = qemu_life,
  .alive = qemu_alive,
};

/* The physical map comes from the monitor and the memory from the process: both or neither. */
static gboolean
open_ram (GtQemuDriver *qemu, GtQemuMonitor *monitor, GError **error)
{
  GArray *ranges;

  if (!monitor || !qemu->process) {
    return TRUE;
  }
  ranges = gt_qemu_physmap_read (monitor, error);
  if (!ranges) {
    return FALSE;
  }
  qemu->ram = gt_qemu_ram_open (qemu->process, ranges, error);
  return qemu->ram != NULL;
}

GtDriver *
gt_qemu_driver_open (const char *spec, gboolean alone, GError **error)
{
  g_autoptr (GtQemuReach) reach = gt_qemu_reach (spec, alone, error);
  GtQemuDriver *qemu;
  GtQemuMonitor *monitor;

  if (!reach) {
    return NULL;
  }
  qemu = g_new0 (GtQemuDriver, 1);
  qemu->lock = reach->lock;
  reach->lock = -1;
  qemu->parent.ops = &qemu_ops;
  qemu->parent.name = g_steal_pointer (&reach->name);
  qemu->process = g_steal_pointer (&reach->process);
  qemu->parent.id = qemu->process ? (guint64) qemu->process->pid : 0;
  monitor = g_steal_pointer (&reach->monitor);
  qemu->control = gt_qemu_control_new (monitor, qemu->process, reach->stub);
  qemu->hits = (GtQemuHits){ .control = qemu->control, .pid = (GPid) qemu->parent.id };
  if (!open_ram (qemu, monitor, error) || !gt_qemu_control_start (qemu->control, error)) {
    qemu_close (&qemu->parent);
    return NULL;
  }
  return &qemu->parent;
}
