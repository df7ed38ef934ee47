/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Callbacks on functions of the guest's kernel that implement no system call; with the trap
 * engine for all, on those that do as well. */
#ifndef GT_LOOP_FUNCTIONS_H
#define GT_LOOP_FUNCTIONS_H

#include "loop/loop-internal.h"

G_BEGIN_DECLS

/* A function of the guest's kernel that can have a callback, by its name or its address; 0, with
 * the reason, when there is none, or several of that name. */
addr_t gt_loop_find_function (GTLoop *loop, const char *name, GError **error);

typedef struct {
  addr_t address;
  const char *name;
  GTAbi abi;   /* of the system call that it implements */
  gint number; /* -1: none */
  GTSyscallFunc syscall_cb;
  GTSysretFunc sysret_cb;
  void *user_data;
} GtFunctionCallback;

/* In place of what was set on the function; without callbacks: nothing. */
gboolean gt_loop_set_function (GTLoop *loop, const GtFunctionCallback *callback, GError **error);
void gt_loop_init_functions (GTLoop *loop);
void gt_loop_clear_functions (GTLoop *loop);

/* How many have callbacks. */
guint gt_loop_n_functions (const GTLoop *loop);
/* Brings the engine for system calls into the guest, with those that it serves; if it is there, it
 * gets what has changed of them. The trap engine is not there after it. */
gboolean gt_loop_functions_enter (GTLoop *loop, GError **error);
/* The trap engine is in the guest after it if there are any, and else is not. */
gboolean gt_loop_attach_functions (GTLoop *loop, GError **error);
gboolean gt_loop_detach_functions (GTLoop *loop, GError **error);
/* As GtEngineOps: poll. */
gint gt_loop_poll_functions (GTLoop *loop, GError **error);

G_END_DECLS

#endif
