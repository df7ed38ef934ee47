/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What plain.S needs to know of a record; probe.c makes sure that it agrees with shared.h. */
#ifndef GT_GUESTCODE_PLAIN_H
#define GT_GUESTCODE_PLAIN_H

#define PLAIN_TSC         8
#define PLAIN_TASK        16
#define PLAIN_IDS         24 /* tid, tgid */
#define PLAIN_WHAT        32 /* number, vCPU, flags, slot */
#define PLAIN_FLAGS       38
#define PLAIN_COMM        40
#define PLAIN_ARGS        56
#define PLAIN_ENTRY_SIZE  104
#define PLAIN_RETURN_SIZE 64
#define PLAIN_RING_SIZE   (4 << 20)
#define PLAIN_KILLED      2

#endif
