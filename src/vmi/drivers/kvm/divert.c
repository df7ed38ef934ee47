/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two ways into a VMM's KVM_RUN: the slot that holds the address of libc's ioctl(), which is data;
 * or the `syscall` instruction, which becomes a short jump to filler between two functions, and
 * that a long one to the code. Both are written at once as far as any thread can see.
 */
#include "vmi/drivers/kvm/divert.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REACH     120        /* of a short jump, with room to spare */
#define FAR       0x7f000000 /* of a long one */
#define CAVE      5
#define MAPS      4096
#define MARGIN    0x100000ull /* to what is mapped already: it may grow */
#define SHORT_JMP 0xeb
#define LONG_JMP  0xe9

/* What compilers and linkers fill the gaps between functions with. */
static const struct {
  guint8 len;
  guint8 code[11];
} fillers[] = {
  { 5, { 0x0f, 0x1f, 0x44, 0x00, 0x00 } },
  { 6, { 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 } },
  { 7, { 0x0f, 0x1f, 0x80, 0, 0, 0, 0 } },
  { 8, { 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0 } },
  { 9, { 0x66, 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0 } },
  { 10, { 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0 } },
  { 5, { 0xcc, 0xcc, 0xcc, 0xcc, 0xcc } },
  { 5, { 0x90, 0x90, 0x90, 0x90, 0x90 } },
};

static gboolean
is_filler (const guint8 *code)
{
  for (guint i = 0; i < G_N_ELEMENTS (fillers); i++) {
    if (memcmp (code, fillers[i].code, fillers[i].len) == 0) {
      return TRUE;
    }
  }
  return FALSE;
}

/* Instructions that nothing runs on from: a jump or a return stands before true filler. */
static gboolean
ends_flow (const guint8 *code)
{
  return code[-1] == 0xc3 || code[-5] == LONG_JMP || code[-2] == SHORT_JMP || code[-1] == 0xcc ||
         (code[-2] == 0x0f && code[-1] == 0x0b);
}

static guint64
find_cave (const GtGrip *grip, guint64 site)
{
  guint8 code[2 * REACH + 32];
  guint64 start = site - REACH - 8;

  if (!gt_grip_read (grip, start, code, sizeof code)) {
    return 0;
  }
  for (guint64 at = site + 2; at + CAVE <= site + REACH; at++) {
    if (is_filler (code + (at - start)) && ends_flow (code + (at - start))) {
      return at;
    }
  }
  for (guint64 at = site - CAVE; at >= site - REACH; at--) {
    if (is_filler (code + (at - start)) && ends_flow (code + (at - start))) {
      return at;
    }
  }
  return 0;
}

static guint64
distance (guint64 a, guint64 b)
{
  return a > b ? a - b : b - a;
}

static void
consider (guint64 hole, guint64 end, guint64 size, guint64 near, guint64 *best)
{
  guint64 places[2] = { hole + MARGIN, (end - size - MARGIN) & ~0xfffull };

  if (end <= hole || end - hole < size + 2 * MARGIN) {
    return;
  }
  for (guint i = 0; i < 2; i++) {
    guint64 now = MAX (distance (places[i], near), distance (places[i] + size, near));

    if (now < FAR && (*best == 0 || now < distance (*best, near))) {
      *best = places[i];
    }
  }
}

static int
hex (char c)
{
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A hole of @size in the address space within reach of @near; 0: none. */
static guint64
find_hole (const GtGrip *grip, guint64 near, guint64 size)
{
  guint64 number = 0, start = 0, last = 0x10000, best = 0;
  gboolean in_range = TRUE; /* at a line's "START-END" */
  char path[64], buf[MAPS];
  gssize n;
  int fd;

  (void) snprintf (path, sizeof path, "/proc/%d/maps", (int) grip->pid);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  while (fd >= 0 && (n = read (fd, buf, sizeof buf)) > 0) {
    for (gssize i = 0; i < n; i++) {
      if (in_range && hex (buf[i]) >= 0) {
        number = number << 4 | (guint64) hex (buf[i]);
      } else if (in_range && buf[i] == '-') {
        start = number;
        number = 0;
      } else if (in_range) {
        consider (last, start, size, near, &best);
        last = number;
        number = 0;
        in_range = FALSE;
      }
      in_range |= buf[i] == '\n';
    }
  }
  if (fd >= 0) {
    (void) close (fd);
  }
  return best;
}

gboolean
gt_divert_plan (const GtGrip *grip, struct gt_vmm *plan)
{
  guint64 size = GT_VMM_CODE_SIZE + gt_vmm_data_size (plan->capacity);
  guint64 seen = gt_grip_find_run (grip);

  plan->site = seen != 0 ? seen : plan->site;
  plan->cave = plan->site == 0 ? 0 : find_cave (grip, plan->site);
  plan->back = plan->site + 2;
  plan->base = plan->cave == 0 ? 0 : find_hole (grip, plan->site, size);
  return plan->base != 0 && gt_grip_read (grip, plan->cave, plan->cave_old, sizeof plan->cave_old);
}

static gboolean
write_jumps (const GtGrip *grip, const struct gt_vmm *vmm)
{
  gint64 there = (gint64) (vmm->base + GT_VMM_ENTRY_SITE) - (gint64) (vmm->cave + CAVE);
  gint32 far = (gint32) there;
  guint8 near[2] = { SHORT_JMP, (guint8) (vmm->cave - (vmm->site + 2)) }, jump[CAVE] = { LONG_JMP };

  memcpy (jump + 1, &far, sizeof far);
  return there == far && gt_grip_write (grip, vmm->cave, jump, sizeof jump) &&
         gt_grip_write (grip, vmm->site, near, sizeof near);
}

gboolean
gt_divert_on (const GtGrip *grip, struct gt_vmm *vmm)
{
  guint64 entry = vmm->base + GT_VMM_ENTRY_GOT;

  __atomic_store_n (&vmm->installed, 1, __ATOMIC_SEQ_CST);
  if (vmm->mode == GT_VMM_MODE_SITE) {
    return write_jumps (grip, vmm);
  }
  return gt_grip_write (grip, vmm->slot, &entry, sizeof entry);
}

gboolean
gt_divert_off (const GtGrip *grip, const struct gt_vmm *vmm)
{
  static const guint8 syscall_code[2] = { 0x0f, 0x05 };
  guint64 now;

  if (vmm->mode == GT_VMM_MODE_SITE) {
    return gt_grip_write (grip, vmm->site, syscall_code, sizeof syscall_code);
  }
  /* Somebody may have put something else there since. */
  return gt_grip_read (grip, vmm->slot, &now, sizeof now) &&
         (now != vmm->base + GT_VMM_ENTRY_GOT ||
          gt_grip_write (grip, vmm->slot, &vmm->real, sizeof vmm->real));
}

gboolean
gt_divert_finish (const GtGrip *grip, const struct gt_vmm *vmm)
{
  return vmm->mode != GT_VMM_MODE_SITE || gt_grip_write (grip, vmm->cave, vmm->cave_old, CAVE);
}
