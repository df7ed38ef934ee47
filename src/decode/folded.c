/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that stand for many: include/uapi/linux/net.h and ipc.h say which, net/socket.c and
 * ipc/syscall.c what their arguments are, arch/x86/entry/syscalls/syscall_32.tbl has the numbers.
 */
#include "decode/folded.h"

#include <string.h>

enum { NR_IPC = 117, NR_SOCKETCALL = 102, ARGUMENTS = 6 };

#define ROW(nr, ...)                                                                               \
  {                                                                                                \
    GT_INDEX_I386 + (nr), __VA_ARGS__                                                              \
  }

/* accept, send and recv have no call of their own there: they are what accept4, sendto and recvfrom
 * are without the last arguments. */
static const struct gt_subcall sockets[] = {
  [1] = ROW (359, 3, { 0 }),  /* socket */
  [2] = ROW (361, 3, { 0 }),  /* bind */
  [3] = ROW (362, 3, { 0 }),  /* connect */
  [4] = ROW (363, 2, { 0 }),  /* listen */
  [5] = ROW (364, 3, { 0 }),  /* accept: accept4 */
  [6] = ROW (367, 3, { 0 }),  /* getsockname */
  [7] = ROW (368, 3, { 0 }),  /* getpeername */
  [8] = ROW (360, 4, { 0 }),  /* socketpair */
  [9] = ROW (369, 4, { 0 }),  /* send: sendto */
  [10] = ROW (371, 4, { 0 }), /* recv: recvfrom */
  [11] = ROW (369, 6, { 0 }), /* sendto */
  [12] = ROW (371, 6, { 0 }), /* recvfrom */
  [13] = ROW (373, 2, { 0 }), /* shutdown */
  [14] = ROW (366, 5, { 0 }), /* setsockopt */
  [15] = ROW (365, 5, { 0 }), /* getsockopt */
  [16] = ROW (370, 3, { 0 }), /* sendmsg */
  [17] = ROW (372, 3, { 0 }), /* recvmsg */
  [18] = ROW (364, 4, { 0 }), /* accept4 */
  [19] = ROW (337, 5, { 0 }), /* recvmmsg */
  [20] = ROW (345, 4, { 0 }), /* sendmmsg */
};

/* ipc (call, first, second, third, ptr, fifth). ptr leads to what semctl's and msgrcv's own calls
 * have as arguments. semop is what semtimedop_time64 is without the last argument. Those are left
 * as they are that have no call of their own (semtimedop, with its times of 32 bits), or another
 * result (shmat). */
static const struct gt_subcall ipcs[] = {
  [1] = ROW (420, 3, { 1, 4, 2 }),                                  /* semop: semtimedop_time64 */
  [2] = ROW (393, 3, { 1, 2, 3 }),                                  /* semget */
  [3] = ROW (394, 4, { 1, 2, 3, GT_FROM (4, 0) }),                  /* semctl */
  [11] = ROW (400, 4, { 1, 4, 2, 3 }),                              /* msgsnd */
  [12] = ROW (401, 5, { 1, GT_FROM (4, 0), 2, GT_FROM (4, 1), 3 }), /* msgrcv */
  [13] = ROW (399, 2, { 1, 2 }),                                    /* msgget */
  [14] = ROW (402, 3, { 1, 2, 4 }),                                 /* msgctl */
  [22] = ROW (398, 1, { 4 }),                                       /* shmdt */
  [23] = ROW (395, 3, { 1, 2, 3 }),                                 /* shmget */
  [24] = ROW (396, 3, { 1, 2, 4 }),                                 /* shmctl */
};
G_STATIC_ASSERT (G_N_ELEMENTS (sockets) <= GT_SUBCALLS_MAX);
G_STATIC_ASSERT (G_N_ELEMENTS (ipcs) <= GT_SUBCALLS_MAX);

static const GtFolded all[] = {
  { NR_SOCKETCALL, 1, G_N_ELEMENTS (sockets), sockets },
  { NR_IPC, 0, G_N_ELEMENTS (ipcs), ipcs },
};

const GtFolded *
gt_folded_find (GTAbi abi, gint number)
{
  for (guint i = 0; abi == GT_ABI_I386 && i < G_N_ELEMENTS (all); i++) {
    if (all[i].number == number) {
      return &all[i];
    }
  }
  return NULL;
}

void
gt_folded_plan (const GtFolded *folded, struct gt_step steps[GT_STEPS_MAX])
{
  memset (steps, 0, GT_STEPS_MAX * sizeof *steps);
  steps[0].op = GT_STEP_SUBCALLS;
  steps[0].arg = folded->array;
  steps[0].count = folded->n;
  steps[0].limit = GT_INDEX_I386 + (guint) folded->number;
  memcpy (steps + 1, folded->rows, folded->n * sizeof *folded->rows);
}

const GtFolded *
gt_folded_around (guint index)
{
  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    for (guint j = 0; j < all[i].n; j++) {
      if (all[i].rows[j].index != 0 && all[i].rows[j].index == index) {
        return &all[i];
      }
    }
  }
  return NULL;
}

/* The words come first; the rest is what the call that is meant has copied. */
void
gt_folded_open (GTEvent *event)
{
  const GtFolded *folded = gt_folded_find (event->abi, event->number);
  const GTCapture *words = event->captures;
  guint32 arguments[ARGUMENTS] = { 0 };
  guint32 which = (guint32) event->args[0];

  memcpy (arguments, words->data, MIN (words->size, sizeof arguments));
  event->captures++;
  event->n_captures--;
  if (event->type != GT_EVENT_SYSCALL || folded == NULL || which >= folded->n ||
      folded->rows[which].index == 0) {
    return;
  }
  event->number = folded->rows[which].index - GT_INDEX_I386;
  for (guint i = 0; i < ARGUMENTS; i++) {
    event->args[i] = arguments[i];
  }
}
