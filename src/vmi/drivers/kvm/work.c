/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the helper does to a VMM: placing the code there, and taking it out again. */
#include "vmi/drivers/kvm/work.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "vmi/drivers/kvm/code.h"
#include "vmi/drivers/kvm/divert.h"

#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 1u
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define NAME_BELOW  2048 /* the stack, where the name of the memfd stands for the call */
#define BEGIN_TRIES 100
#define OUT_TRIES   2000
#define PAUSE_NS    2000000
#define IS_ERROR(n) ((n) < 0 && (n) > -4096)
#define SET_DEBUG   0x4048ae9bul

static void
fail (GtHelperFailure *ret, GtHelperStep step, int error)
{
  if (ret->error == 0) {
    *ret = (GtHelperFailure){ step, error };
  }
}

static void
pause_briefly (void)
{
  struct timespec time = { 0, PAUSE_NS };

  (void) nanosleep (&time, NULL);
}

/* Stops the VMM and has one of its threads ready to issue calls. */
static gboolean
stop_and_begin (GtGrip *grip, gboolean want_run, GtHelperFailure *ret)
{
  int error = 0;

  for (guint i = 0; i < BEGIN_TRIES; i++) {
    error = gt_grip_stop (grip);
    if (error != 0) {
      fail (ret, GT_HELPER_STOP, error);
      return FALSE;
    }
    error = want_run && gt_grip_find_run (grip) == 0 ? EAGAIN : gt_grip_begin (grip);
    if (error == 0) {
      return TRUE;
    }
    gt_grip_release (grip);
    if (error != EAGAIN) {
      break;
    }
    pause_briefly ();
  }
  fail (ret, want_run ? GT_HELPER_PLACE : GT_HELPER_BEGIN, error);
  return FALSE;
}

static gboolean
end_and_release (GtGrip *grip, GtHelperFailure *ret)
{
  int error = gt_grip_end (grip);

  if (error != 0) {
    fail (ret, GT_HELPER_LOST, error);
  }
  gt_grip_release (grip);
  return error == 0;
}

static long
call (GtGrip *grip, long number, guint64 a, guint64 b, guint64 c, guint64 d, guint64 e, guint64 f,
      GtHelperFailure *ret)
{
  guint64 args[6] = { a, b, c, d, e, f };
  gboolean lost = FALSE;
  long result = gt_grip_call (grip, number, args, &lost);

  if (lost) {
    fail (ret, GT_HELPER_LOST, ESRCH);
  }
  return result;
}

/* A memfd of the VMM's, open here as well. */
static long
make_memfd (GtKvmWork *work, guint64 size, int *ret_local, GtHelperFailure *ret)
{
  GtGrip *grip = &work->grip;
  guint64 name = (grip->saved.rsp - NAME_BELOW) & ~15ull;
  char path[64];
  long fd;

  *ret_local = -1;
  if (!gt_grip_write (grip, name, GT_KVM_MEMFD, sizeof GT_KVM_MEMFD)) {
    fail (ret, GT_HELPER_WRITE, errno);
    return -1;
  }
  fd = call (grip, SYS_memfd_create, name, MFD_CLOEXEC, 0, 0, 0, 0, ret);
  if (fd < 0) {
    fail (ret, GT_HELPER_MEMFD, (int) -fd);
    return -1;
  }
  (void) snprintf (path, sizeof path, "/proc/%d/fd/%ld", (int) grip->pid, fd);
  *ret_local = open (path, O_RDWR | O_CLOEXEC);
  if (*ret_local < 0 || ftruncate (*ret_local, (off_t) size) < 0) {
    fail (ret, GT_HELPER_MEMFD, errno);
  }
  return fd;
}

static struct gt_vmm *
map_here (int fd, guint64 size, GtHelperFailure *ret)
{
  struct gt_vmm *vmm = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

  if (vmm == MAP_FAILED) {
    fail (ret, GT_HELPER_MEMFD, errno);
    return NULL;
  }
  return vmm;
}

/* The code's pages and the data's, at the plan's base or, where that is 0, anywhere. What is there
 * is known by the memfd's name from the first moment on. */
static gboolean
map_there (GtKvmWork *work, long fd, struct gt_vmm *vmm, GtHelperFailure *ret)
{
  const struct gt_vmm *plan = (const struct gt_vmm *) (const void *) work->plan;
  guint64 data_size = gt_vmm_data_size (plan->capacity), size = GT_VMM_CODE_SIZE + data_size;
  guint64 place = plan->base != 0 ? MAP_FIXED_NOREPLACE : 0;
  GtGrip *grip = &work->grip;
  long base, result;

  base =
      call (grip, SYS_mmap, plan->base, size, PROT_READ, MAP_SHARED | place, (guint64) fd, 0, ret);
  if (IS_ERROR (base)) {
    fail (ret, GT_HELPER_MAP, (int) -base);
    return FALSE;
  }
  vmm->base = (guint64) base;
  vmm->size = size;
  vmm->version = GT_VMM_VERSION;
  __atomic_store_n (&vmm->magic, GT_VMM_MAGIC, __ATOMIC_SEQ_CST);
  work->data = (guint64) base;
  result = call (grip, SYS_mmap, (guint64) base, GT_VMM_CODE_SIZE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, (guint64) -1, 0, ret);
  if (result == base) {
    result = call (grip, SYS_mmap, (guint64) base + GT_VMM_CODE_SIZE, data_size,
                   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, (guint64) fd, 0, ret);
  }
  if (IS_ERROR (result)) {
    fail (ret, GT_HELPER_MAP, (int) -result);
    return FALSE;
  }
  work->data = (guint64) base + GT_VMM_CODE_SIZE;
  if (!gt_grip_write (grip, (guint64) base, gt_vmm_code, gt_vmm_code_size)) {
    fail (ret, GT_HELPER_WRITE, errno);
    return FALSE;
  }
  result = call (grip, SYS_mprotect, (guint64) base, GT_VMM_CODE_SIZE, PROT_READ | PROT_EXEC, 0, 0,
                 0, ret);
  if (result != 0) {
    fail (ret, GT_HELPER_MAP, (int) -result);
  }
  return result == 0;
}

static void
fill_in (const GtKvmWork *work, struct gt_vmm *vmm)
{
  struct gt_vmm *plan = (struct gt_vmm *) (void *) (guintptr) work->plan;

  plan->magic = vmm->magic;
  plan->version = vmm->version;
  plan->base = vmm->base;
  plan->size = vmm->size;
  memcpy (vmm, plan, sizeof *plan + plan->n_vcpus * sizeof plan->vcpus[0]);
}

void
gt_kvm_work_install (GtKvmWork *work, int *ret_fd, GtHelperFailure *ret)
{
  struct gt_vmm *plan = (struct gt_vmm *) (void *) work->plan, *vmm = NULL;
  guint64 data_size = gt_vmm_data_size (plan->capacity);
  GtGrip *grip = &work->grip;
  int local = -1;
  long fd;

  if (!stop_and_begin (grip, plan->mode == GT_VMM_MODE_SITE && plan->site == 0, ret)) {
    return;
  }
  if (plan->mode == GT_VMM_MODE_SITE && !gt_divert_plan (grip, plan)) {
    fail (ret, GT_HELPER_PLACE, ENOENT);
  }
  fd = ret->error == 0 ? make_memfd (work, data_size, &local, ret) : -1;
  if (ret->error == 0) {
    vmm = map_here (local, data_size, ret);
  }
  if (vmm && map_there (work, fd, vmm, ret)) {
    fill_in (work, vmm);
    if (!gt_divert_on (grip, vmm)) {
      fail (ret, GT_HELPER_WRITE, errno);
    }
  }
  if (fd >= 0) {
    (void) call (grip, SYS_close, (guint64) fd, 0, 0, 0, 0, 0, ret);
  }
  if (ret->error != 0 && vmm && vmm->base != 0) {
    (void) gt_divert_off (grip, vmm);
    (void) call (grip, SYS_munmap, vmm->base, vmm->size, 0, 0, 0, 0, ret);
    work->data = 0;
  }
  (void) end_and_release (grip, ret);
  if (vmm) {
    (void) munmap (vmm, data_size);
  }
  if (ret->error == 0) {
    *ret_fd = local;
  } else if (local >= 0) {
    (void) close (local);
  }
}

void
gt_kvm_work_kick (GtKvmWork *work, GtHelperFailure *ret)
{
  int error = gt_grip_stop (&work->grip);

  if (error != 0) {
    fail (ret, GT_HELPER_STOP, error);
    return;
  }
  gt_grip_release (&work->grip);
}

#define AT(work, member) ((work)->data + offsetof (struct gt_vmm, member))

static guint64
vcpu_at (const GtKvmWork *work, guint i)
{
  return work->data + sizeof (struct gt_vmm) + i * sizeof (struct gt_vmm_vcpu);
}

/* KVM is told what the VMM alone wants. Every thread stands, so that none is in KVM. */
static void
disarm (GtKvmWork *work, const struct gt_vmm *vmm, GtHelperFailure *ret)
{
  GtGrip *grip = &work->grip;

  for (guint i = 0; i < vmm->n_vcpus; i++) {
    guint64 scratch = AT (work, scratch);
    struct gt_vmm_vcpu vcpu;
    long result;

    if (!gt_grip_read (grip, vcpu_at (work, i), &vcpu, sizeof vcpu) || !vcpu.armed ||
        !gt_grip_write (grip, scratch, &vcpu.vmm, sizeof vcpu.vmm)) {
      continue;
    }
    result = call (grip, SYS_ioctl, (guint64) vcpu.fd, SET_DEBUG, scratch, 0, 0, 0, ret);
    /* The descriptor may be gone, with its vCPU. */
    if (result == 0 && vcpu.run != 0) {
      (void) gt_grip_write (grip, vcpu.run + offsetof (struct kvm_run, kvm_valid_regs), &vcpu.valid,
                            sizeof vcpu.valid);
    }
  }
}

/* Every thread stands. */
static gboolean
is_empty (const GtKvmWork *work, const struct gt_vmm *vmm)
{
  const GtGrip *grip = &work->grip;
  guint32 others = 0;

  if (!gt_grip_read (grip, AT (work, others), &others, sizeof others) || others != 0) {
    return FALSE;
  }
  for (guint i = 0; i < vmm->n_vcpus; i++) {
    struct gt_vmm_vcpu vcpu;

    if (!gt_grip_read (grip, vcpu_at (work, i), &vcpu, sizeof vcpu) || vcpu.inside) {
      return FALSE;
    }
  }
  return !gt_grip_is_inside (grip, vmm->base, vmm->base + GT_VMM_CODE_SIZE) &&
         !(vmm->mode == GT_VMM_MODE_SITE && gt_grip_is_inside (grip, vmm->cave, vmm->cave + 5));
}

/* Nobody comes in any more: waits until those who are inside are out, and unmaps it. Being stopped
 * brings vCPUs that are in KVM out of it. */
static void
unmap (GtKvmWork *work, const struct gt_vmm *vmm, GtHelperFailure *ret)
{
  for (guint i = 0; i < OUT_TRIES && ret->error == 0; i++) {
    GtGrip *grip = &work->grip;
    gboolean empty;
    long result;

    if (!stop_and_begin (grip, FALSE, ret)) {
      return;
    }
    empty = is_empty (work, vmm);
    if (empty) {
      if (!gt_divert_finish (grip, vmm)) {
        fail (ret, GT_HELPER_WRITE, errno);
      }
      result = call (grip, SYS_munmap, vmm->base, vmm->size, 0, 0, 0, 0, ret);
      if (result != 0) {
        fail (ret, GT_HELPER_MAP, (int) -result);
      }
    }
    (void) end_and_release (grip, ret);
    if (empty) {
      work->data = 0;
      return;
    }
    pause_briefly ();
  }
  fail (ret, GT_HELPER_INSIDE, ETIMEDOUT);
}

static gboolean
is_whole (const struct gt_vmm *vmm, guint64 data)
{
  return vmm->magic == GT_VMM_MAGIC && vmm->version == GT_VMM_VERSION &&
         vmm->n_vcpus <= GT_VMM_MAX_VCPUS &&
         (data == vmm->base + GT_VMM_CODE_SIZE || (data == vmm->base && !vmm->installed));
}

void
gt_kvm_work_remove (GtKvmWork *work, guint64 data, GtHelperFailure *ret)
{
  static const guint32 yes = 1;
  GtGrip *grip = &work->grip;
  struct gt_vmm vmm;

  work->data = data;
  if (!gt_grip_read (grip, data, &vmm, sizeof vmm)) {
    /* The VMM is gone, and all with it. */
    work->data = 0;
    return;
  }
  if (!is_whole (&vmm, data)) {
    fail (ret, GT_HELPER_MAP, EINVAL);
    return;
  }
  if (!stop_and_begin (grip, FALSE, ret)) {
    return;
  }
  if (vmm.installed) {
    (void) gt_grip_write (grip, AT (work, leaving), &yes, sizeof yes);
    disarm (work, &vmm, ret);
    if (!gt_divert_off (grip, &vmm)) {
      fail (ret, GT_HELPER_WRITE, errno);
    }
  }
  if (end_and_release (grip, ret) && ret->error == 0) {
    unmap (work, &vmm, ret);
  }
}

void
gt_kvm_work_close (GtKvmWork *work, int fd, GtHelperFailure *ret)
{
  if (stop_and_begin (&work->grip, FALSE, ret)) {
    (void) call (&work->grip, SYS_close, (guint64) fd, 0, 0, 0, 0, 0, ret);
    (void) end_and_release (&work->grip, ret);
  }
}
