/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tracer's side of the hook: placing it, keeping it alive, asking it. */
#include "vmi/drivers/kvm/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <guestrace/gt-error.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vmi/drivers/kvm/code.h"
#include "vmi/drivers/kvm/helper.h"
#include "vmi/drivers/kvm/import.h"
#include "vmi/drivers/kvm/leftover.h"
#include "vmi/drivers/kvm/site.h"

#define SPARE_VCPUS    16 /* that may be added later */
#define BEAT_US        100000
#define PATIENCE_MS    2000
#define APPLY_TRIES    10
#define APPLY_LOOKS    50
#define APPLY_PAUSE_US 2000
#define BOUNCE_US      2000

typedef struct {
  gboolean taken;
  struct gt_vmm_hit hit; /* a copy, which the VMM cannot change */
} Taken;

struct GtKvmHook {
  GtKvmVmm *vmm;
  int mem;
  GtKvmHelper *helper;
  struct gt_vmm *data;
  gsize size;
  guint capacity;
  GThread *heart;
  gint beating;
  guint64 at; /* the data's address in the VMM */
  guint next; /* the vCPU to look at first */
  Taken *taken;
};

G_STATIC_ASSERT (offsetof (struct gt_vmm, back) == 32); /* vmmcode.lds */

static guint64
ticks (void)
{
  return __builtin_ia32_rdtsc ();
}

static guint64
ticks_in (guint64 us)
{
  static const struct timespec pause = { 0, 5000000 };
  gint64 start = g_get_monotonic_time (), end;
  guint64 from = ticks (), to;

  (void) nanosleep (&pause, NULL);
  end = g_get_monotonic_time ();
  to = ticks ();
  return (to - from) * us / (guint64) MAX (end - start, 1);
}

static gpointer
beat (gpointer user_data)
{
  GtKvmHook *hook = user_data;

  while (g_atomic_int_get (&hook->beating)) {
    __atomic_store_n (&hook->data->heartbeat, ticks (), __ATOMIC_RELEASE);
    g_usleep (BEAT_US);
  }
  return NULL;
}

static gboolean
set_failure (const GtKvmHook *hook, const GtHelperFailure *failure, GError **error)
{
  GPid pid = hook->vmm->pid;
  gboolean refused = failure->error == EPERM || failure->error == EACCES;
  g_autofree char *why = NULL;

  switch (failure->step) {
  case GT_HELPER_STOP:
    why = refused ? gt_kvm_vmm_why_refused (pid) : g_strdup (g_strerror (failure->error));
    g_set_error (error, GT_ERROR, refused ? GT_ERROR_PERMISSION : GT_ERROR_FAILED,
                 "the VMM (process %d) cannot be traced: %s", (int) pid, why);
    break;
  case GT_HELPER_BEGIN:
    g_set_error (error, GT_ERROR, GT_ERROR_BUSY,
                 "no thread of the VMM (process %d) was found waiting in a system call; try again",
                 (int) pid);
    break;
  case GT_HELPER_PLACE:
    g_set_error (
        error, GT_ERROR, GT_ERROR_UNSUPPORTED,
        "there is no way into KVM_RUN of the VMM (process %d): it calls ioctl() through no table, "
        "and there is no room for a jump near the system call; trace through its monitor instead",
        (int) pid);
    break;
  case GT_HELPER_INSIDE:
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                 "a thread of the VMM (process %d) stays in guestrace's code, which therefore was "
                 "left there, unused; it goes with the VMM",
                 (int) pid);
    break;
  case GT_HELPER_MEMFD:
  case GT_HELPER_MAP:
  case GT_HELPER_WRITE:
    g_set_error (
        error, GT_ERROR, GT_ERROR_FAILED,
        "the VMM (process %d) would not take the code that serves breakpoints in it (%s): %s",
        (int) pid,
        failure->step == GT_HELPER_MEMFD ? "memfd_create"
        : failure->step == GT_HELPER_MAP ? "mmap"
                                         : "/proc/PID/mem",
        g_strerror (failure->error));
    break;
  case GT_HELPER_LOST:
  default:
    g_set_error (error, GT_ERROR, GT_ERROR_GUEST_GONE, "the VMM (process %d) went away: %s",
                 (int) pid, g_strerror (failure->error));
    break;
  }
  return FALSE;
}

static void
fill_vcpu (struct gt_vmm *to, guint i, const GtKvmVcpu *from, int mem)
{
  struct gt_vmm_vcpu *vcpu = &to->vcpus[i];
  guint64 valid = 0;

  memset (vcpu, 0, sizeof *vcpu);
  vcpu->fd = from->fd;
  vcpu->run = from->run;
  if (pread (mem, &valid, sizeof valid,
             (off_t) (from->run + offsetof (struct kvm_run, kvm_valid_regs))) == sizeof valid) {
    vcpu->valid = valid;
  }
  vcpu->generation = to->generation - 1;
  to->by_fd[(guint32) from->fd % GT_VMM_BY_FD] = (guint16) (i + 1);
}

static gboolean
fill_plan (GtKvmHook *hook, GError **error)
{
  struct gt_vmm *plan = gt_kvm_helper_plan (hook->helper);
  guint64 ms = ticks_in (1000);

  plan->slot = gt_kvm_import_find (hook->mem, hook->vmm->pid, "ioctl");
  plan->mode = plan->slot != 0 ? GT_VMM_MODE_GOT : GT_VMM_MODE_SITE;
  plan->site = plan->slot != 0 ? 0 : gt_kvm_site_find (hook->mem, hook->vmm->pid);
  if (plan->slot != 0 &&
      pread (hook->mem, &plan->real, sizeof plan->real, (off_t) plan->slot) != sizeof plan->real) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                 "cannot read the memory of the VMM (process %d): %s", (int) hook->vmm->pid,
                 g_strerror (errno));
    return FALSE;
  }
  plan->heartbeat = ticks ();
  plan->patience = ms * PATIENCE_MS;
  plan->bounce = ms * BOUNCE_US / 1000;
  plan->unknown_fd = -1;
  plan->generation = 1;
  plan->capacity = hook->capacity;
  plan->n_vcpus = hook->vmm->vcpus->len;
  for (guint i = 0; i < plan->n_vcpus; i++) {
    const GtKvmVcpu *vcpu = &g_array_index (hook->vmm->vcpus, GtKvmVcpu, i);

    if (vcpu->run == 0) {
      g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                   "the VMM (process %d) has not mapped what it shares with KVM of vCPU %u; let "
                   "the guest boot first",
                   (int) hook->vmm->pid, vcpu->id);
      return FALSE;
    }
    fill_vcpu (plan, i, vcpu, hook->mem);
  }
  return TRUE;
}

static gboolean
install (GtKvmHook *hook, GError **error)
{
  GtHelperFailure failure;
  int fd = -1;

  if (!fill_plan (hook, error)) {
    return FALSE;
  }
  if (!gt_kvm_helper_install (hook->helper, &fd, &failure)) {
    return set_failure (hook, &failure, error);
  }
  hook->size = gt_vmm_data_size (hook->capacity);
  hook->data = mmap (NULL, hook->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  (void) close (fd);
  if (hook->data == MAP_FAILED) {
    hook->data = NULL;
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "cannot map what is shared with the VMM: %s",
                 g_strerror (errno));
    return FALSE;
  }
  hook->at = hook->data->base + GT_VMM_CODE_SIZE;
  hook->beating = 1;
  hook->heart = g_thread_new ("gt-vmm-heart", beat, hook);
  return TRUE;
}

GtKvmHook *
gt_kvm_hook_open (GPid pid, gboolean lenient, GError **error)
{
  g_autoptr (GtKvmVmm) vmm = gt_kvm_vmm_read (pid, error);
  g_autofree char *path = g_strdup_printf ("/proc/%d/mem", (int) pid);
  GtKvmHook *hook;

  if (!vmm) {
    return NULL;
  }
  if (vmm->filtered && !lenient) {
    g_set_error (
        error, GT_ERROR, GT_ERROR_UNSUPPORTED,
        "a seccomp filter rules the VMM (process %d), and might kill it for what placing code "
        "in it takes; trace it through its monitor, or run it without the filter",
        (int) pid);
    return NULL;
  }
  hook = g_new0 (GtKvmHook, 1);
  hook->vmm = g_steal_pointer (&vmm);
  hook->capacity = MIN (hook->vmm->vcpus->len + SPARE_VCPUS, GT_VMM_MAX_VCPUS);
  hook->taken = g_new0 (Taken, hook->capacity);
  hook->mem = open (path, O_RDWR | O_CLOEXEC);
  if (hook->mem < 0) {
    GtHelperFailure failure = { GT_HELPER_STOP, errno };

    (void) set_failure (hook, &failure, error);
    (void) gt_kvm_hook_close (hook, NULL);
    return NULL;
  }
  hook->helper = gt_kvm_helper_new (pid, hook->mem);
  if (!hook->helper) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "cannot start a helper process: %s",
                 g_strerror (errno));
  }
  if (!hook->helper || !gt_kvm_leftover_remove (pid, hook->mem, hook->helper, error) ||
      !install (hook, error)) {
    (void) gt_kvm_hook_close (hook, NULL);
    return NULL;
  }
  return hook;
}

gboolean
gt_kvm_hook_close (GtKvmHook *hook, GError **error)
{
  GtHelperFailure failure = { GT_HELPER_LOST, 0 };
  gboolean ok = TRUE;

  if (hook->heart) {
    /* It beats until nobody is in the code any more. */
    ok = gt_kvm_helper_remove (hook->helper, hook->at, &failure) ||
         set_failure (hook, &failure, error);
    g_atomic_int_set (&hook->beating, 0);
    (void) g_thread_join (hook->heart);
  }
  gt_kvm_helper_free (hook->helper);
  if (hook->data) {
    (void) munmap (hook->data, hook->size);
  }
  if (hook->mem >= 0) {
    (void) close (hook->mem);
  }
  gt_kvm_vmm_free (hook->vmm);
  g_free (hook->taken);
  g_free (hook);
  return ok;
}

guint
gt_kvm_hook_n_vcpus (const GtKvmHook *hook)
{
  return MIN (hook->data->n_vcpus, hook->capacity);
}

/* Whether every vCPU's KVM knows the traps as they are now, or will before it enters the guest: one
 * that stands at a hit, and one that the VMM has. */
static gboolean
is_up_to_date (const GtKvmHook *hook)
{
  guint32 generation = hook->data->generation;

  for (guint i = 0; i < gt_kvm_hook_n_vcpus (hook); i++) {
    const struct gt_vmm_vcpu *vcpu = &hook->data->vcpus[i];

    if (__atomic_load_n (&vcpu->inside, __ATOMIC_SEQ_CST) &&
        __atomic_load_n (&vcpu->generation, __ATOMIC_SEQ_CST) != generation &&
        __atomic_load_n (&vcpu->hit.state, __ATOMIC_SEQ_CST) == GT_VMM_FREE) {
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
check_errors (const GtKvmHook *hook, GError **error)
{
  for (guint i = 0; i < gt_kvm_hook_n_vcpus (hook); i++) {
    const struct gt_vmm_vcpu *vcpu = &hook->data->vcpus[i];

    if (vcpu->error != 0) {
      g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                   "KVM would not set breakpoints in vCPU %u: %s", i,
                   vcpu->error == -1 ? "no reason is known" : g_strerror (-vcpu->error));
      return FALSE;
    }
    if (vcpu->lost > 0) {
      g_set_error (error, GT_ERROR, GT_ERROR_BUSY,
                   "vCPU %u has four breakpoints, and the VMM's own debugger leaves %u too few of "
                   "them; end that debugger's or trace less",
                   i, vcpu->lost);
      return FALSE;
    }
  }
  return TRUE;
}

/* The traps have changed: makes every vCPU that is in the guest come out of it. */
static gboolean
apply (GtKvmHook *hook, GError **error)
{
  GtHelperFailure failure;

  (void) __atomic_add_fetch (&hook->data->generation, 1, __ATOMIC_SEQ_CST);
  for (guint i = 0; i < APPLY_TRIES && !is_up_to_date (hook); i++) {
    if (!gt_kvm_helper_kick (hook->helper, &failure)) {
      return set_failure (hook, &failure, error);
    }
    for (guint k = 0; k < APPLY_LOOKS && !is_up_to_date (hook); k++) {
      g_usleep (k == 0 ? 100 : APPLY_PAUSE_US);
    }
  }
  if (!is_up_to_date (hook)) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                 "a vCPU of the VMM (process %d) does not come out of the guest to have its "
                 "breakpoints changed",
                 (int) hook->vmm->pid);
    return FALSE;
  }
  return check_errors (hook, error);
}

gboolean
gt_kvm_hook_set (GtKvmHook *hook, const struct gt_vmm_trap *trap, guint *ret_index, GError **error)
{
  struct gt_vmm *data = hook->data;

  for (guint i = 0; i < GT_VMM_N_DEBUG; i++) {
    if (data->traps[i].used) {
      continue;
    }
    data->traps[i] = *trap;
    __atomic_store_n (&data->traps[i].used, 1, __ATOMIC_SEQ_CST);
    data->wanted = 1;
    *ret_index = i;
    if (!apply (hook, error)) {
      (void) gt_kvm_hook_clear (hook, i, NULL);
      return FALSE;
    }
    return TRUE;
  }
  g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
               "a vCPU on KVM has four breakpoints, and all are in use");
  return FALSE;
}

gboolean
gt_kvm_hook_clear (GtKvmHook *hook, guint index, GError **error)
{
  __atomic_store_n (&hook->data->traps[index].used, 0, __ATOMIC_SEQ_CST);
  return apply (hook, error);
}

gboolean
gt_kvm_hook_step (GtKvmHook *hook, guint vcpu, gboolean on, GError **error)
{
  hook->data->vcpus[vcpu].step = (guint32) on;
  return apply (hook, error);
}

guint
gt_kvm_hook_n_reported (const GtKvmHook *hook)
{
  guint n = 0;

  for (guint i = 0; i < gt_kvm_hook_n_vcpus (hook); i++) {
    n += __atomic_load_n (&hook->data->vcpus[i].hit.state, __ATOMIC_ACQUIRE) == GT_VMM_REPORTED;
  }
  return n;
}

static gboolean
change_state (struct gt_vmm_hit *hit, guint32 from, guint32 to)
{
  return __atomic_compare_exchange_n (&hit->state, &from, to, FALSE, __ATOMIC_ACQ_REL,
                                      __ATOMIC_ACQUIRE);
}

gboolean
gt_kvm_hook_take (GtKvmHook *hook, guint *ret_vcpu, guint *ret_kind, guint64 *ret_va)
{
  guint n = gt_kvm_hook_n_vcpus (hook);

  for (guint i = 0; i < n; i++) {
    guint vcpu = (hook->next + i) % n;
    struct gt_vmm_hit *hit = &hook->data->vcpus[vcpu].hit;

    if (!change_state (hit, GT_VMM_REPORTED, GT_VMM_TAKEN)) {
      continue;
    }
    hook->taken[vcpu] = (Taken){ TRUE, *hit };
    hook->taken[vcpu].hit.changed = 0;
    hook->next = vcpu + 1;
    *ret_vcpu = vcpu;
    *ret_kind = hit->kind;
    *ret_va = hook->taken[vcpu].hit.regs.rip;
    if (hit->kind == GT_VMM_HIT_TRAP) {
      *ret_va = hook->data->traps[hook->taken[vcpu].hit.trap % GT_VMM_N_DEBUG].va;
    }
    return TRUE;
  }
  return FALSE;
}

gboolean
gt_kvm_hook_get_regs (GtKvmHook *hook, guint vcpu, x86_registers_t *ret)
{
  const struct gt_vmm_regs *regs = &hook->taken[vcpu].hit.regs;
  const struct gt_vmm_sregs *sregs = &hook->taken[vcpu].hit.sregs;

  if (vcpu >= hook->capacity || !hook->taken[vcpu].taken) {
    return FALSE;
  }
  *ret = (x86_registers_t){
    .rax = regs->rax,
    .rbx = regs->rbx,
    .rcx = regs->rcx,
    .rdx = regs->rdx,
    .rsi = regs->rsi,
    .rdi = regs->rdi,
    .rsp = regs->rsp,
    .rbp = regs->rbp,
    .r8 = regs->r8,
    .r9 = regs->r9,
    .r10 = regs->r10,
    .r11 = regs->r11,
    .r12 = regs->r12,
    .r13 = regs->r13,
    .r14 = regs->r14,
    .r15 = regs->r15,
    .rip = regs->rip,
    .rflags = regs->rflags,
    .cr0 = sregs->cr0,
    .cr2 = sregs->cr2,
    .cr3 = sregs->cr3,
    .cr4 = sregs->cr4,
    .msr_efer = sregs->efer,
    .fs_base = sregs->fs_base,
    .gs_base = sregs->gs_base,
    .idtr_base = sregs->idt_base,
    .idtr_limit = sregs->idt_limit,
    .gdtr_base = sregs->gdt_base,
    .gdtr_limit = sregs->gdt_limit,
    .cs_sel = sregs->cs,
    .ds_sel = sregs->ds,
    .es_sel = sregs->es,
    .fs_sel = sregs->fs,
    .gs_sel = sregs->gs,
    .ss_sel = sregs->ss,
  };
  return TRUE;
}

gboolean
gt_kvm_hook_set_regs (GtKvmHook *hook, guint vcpu, const x86_registers_t *regs)
{
  if (vcpu >= hook->capacity || !hook->taken[vcpu].taken) {
    return FALSE;
  }
  hook->taken[vcpu].hit.changed = 1;
  hook->taken[vcpu].hit.regs =
      (struct gt_vmm_regs){ regs->rax, regs->rbx, regs->rcx, regs->rdx, regs->rsi, regs->rdi,
                            regs->rsp, regs->rbp, regs->r8,  regs->r9,  regs->r10, regs->r11,
                            regs->r12, regs->r13, regs->r14, regs->r15, regs->rip, regs->rflags };
  return TRUE;
}

void
gt_kvm_hook_go (GtKvmHook *hook, guint vcpu)
{
  struct gt_vmm_hit *to = &hook->data->vcpus[vcpu].hit;
  const struct gt_vmm_hit *hit = &hook->taken[vcpu].hit;

  if (vcpu < hook->capacity && hook->taken[vcpu].taken) {
    hook->taken[vcpu].taken = FALSE;
    to->regs = hit->regs;
    to->changed = hit->changed;
    (void) change_state (to, GT_VMM_TAKEN, GT_VMM_ANSWERED);
  }
}

guint
gt_kvm_hook_drain (GtKvmHook *hook, struct gt_vmm_record *records, guint n)
{
  guint done = 0;

  for (guint i = 0; i < gt_kvm_hook_n_vcpus (hook); i++) {
    struct gt_vmm_vcpu *vcpu = &hook->data->vcpus[i];
    const struct gt_vmm_record *ring =
        (const struct gt_vmm_record *) (const void *) ((const char *) hook->data +
                                                       gt_vmm_ring (hook->capacity, i));
    guint64 head = __atomic_load_n (&vcpu->head, __ATOMIC_ACQUIRE), tail = vcpu->tail;

    if (head - tail > GT_VMM_RING) {
      tail = head; /* not of our code's making */
    }
    for (; tail != head && done < n; tail++) {
      records[done++] = ring[tail % GT_VMM_RING];
    }
    __atomic_store_n (&vcpu->tail, tail, __ATOMIC_RELEASE);
  }
  return done;
}

/* vCPUs that have come since. */
static void
add_vcpus (GtKvmHook *hook)
{
  g_autoptr (GtKvmVmm) now = gt_kvm_vmm_read (hook->vmm->pid, NULL);
  struct gt_vmm *data = hook->data;

  for (guint i = 0; now && i < now->vcpus->len && data->n_vcpus < hook->capacity; i++) {
    const GtKvmVcpu *vcpu = &g_array_index (now->vcpus, GtKvmVcpu, i);
    gboolean known = FALSE;

    for (guint k = 0; k < data->n_vcpus && !known; k++) {
      known = data->vcpus[k].fd == vcpu->fd;
    }
    if (!known && vcpu->run != 0) {
      guint n = data->n_vcpus;

      fill_vcpu (data, n, vcpu, hook->mem);
      __atomic_store_n (&data->n_vcpus, n + 1, __ATOMIC_RELEASE);
    }
  }
}

gboolean
gt_kvm_hook_check (GtKvmHook *hook, GError **error)
{
  if (hook->data->unknown_fd >= 0) {
    hook->data->unknown_fd = -1;
    add_vcpus (hook);
  }
  return check_errors (hook, error);
}

struct gt_vmm *
gt_kvm_hook_data (GtKvmHook *hook)
{
  return hook->data;
}
