/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For C tests under with-guest: runs shell lines inside the guest. */
#ifndef GT_TEST_GUEST_COMMAND_H
#define GT_TEST_GUEST_COMMAND_H

#include <guestrace/guestrace.h>

/* The guest's name, from with-guest. */
const char *guest_name (void);

/* Runs @line in the guest and waits; its output, without the last line end. Fails the test when the
 * line cannot be run. Free with g_free(). */
char *guest_sh (const char *line);

/* Runs @loop while @line runs in the guest, quits it afterwards; returns the line's output. */
char *run_loop_during (GTLoop *loop, const char *line);

/* A loop on the guest. */
GTLoop *open_loop (void);
/* gt_loop_set_cb_full(), which does not fail. */
void
set_cb (GTLoop *loop, const char *function, GTSyscallFunc entry, GTSysretFunc leave, void *data);

#endif
