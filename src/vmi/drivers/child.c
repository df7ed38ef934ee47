/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a copy of this process, and ending it. */
#include "vmi/drivers/child.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t
gt_child_copy (void)
{
  sigset_t all, old;
  pid_t pid;

  sigfillset (&all);
  (void) pthread_sigmask (SIG_SETMASK, &all, &old);
  pid = (pid_t) syscall (SYS_clone, CLONE_FILES, NULL, NULL, NULL, NULL);
  if (pid != 0) {
    (void) pthread_sigmask (SIG_SETMASK, &old, NULL);
  }
  return pid;
}

void
gt_child_stand_apart (void)
{
  (void) setsid ();
  (void) prctl (PR_SET_NAME, "gt-shared");
}

void
gt_child_kill (pid_t child)
{
  (void) kill (child, SIGKILL);
  while (waitpid (child, NULL, __WCLONE) < 0 && errno == EINTR) {
  }
}
