/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timers, groups, capabilities, and what is known of the system. */
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/reboot.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>

#include "marks.h"

#define BAD ((void *) -1L)

static char buf[4096];

static void
intervals (void)
{
  struct itimerval span = { { 0, 5 }, { 1000, 0 } }, none = { { 0, 0 }, { 0, 0 } };
  struct itimerspec exact = { { 0, 5 }, { 1000, 0 } };
  int timer = 0;
  /* As the kernel has it. */
  struct {
    void *value;
    int signal, notify, tid;
    char rest[44];
  } event = { (void *) 0x1234, 10, 0, 0, "" };

  syscall (SYS_setitimer, ITIMER_VIRTUAL, &span, buf);
  syscall (SYS_setitimer, ITIMER_VIRTUAL, &none, NULL);
  syscall (SYS_getitimer, ITIMER_PROF, buf);
  syscall (SYS_getitimer, 7, buf);
  syscall (SYS_setitimer, ITIMER_REAL, BAD, buf);
  syscall (SYS_timer_create, CLOCK_MONOTONIC, NULL, &timer);
  syscall (SYS_timer_settime, timer, 0, &exact, NULL);
  syscall (SYS_timer_settime, timer, TIMER_ABSTIME | 2, &none, NULL);
  syscall (SYS_timer_gettime, timer, BAD);
  syscall (SYS_timer_getoverrun, timer);
  syscall (SYS_timer_delete, timer);
  syscall (SYS_timer_delete, 99);
  syscall (SYS_timer_create, CLOCK_REALTIME, &event, &timer);
  event.notify = 1;
  syscall (SYS_timer_create, CLOCK_BOOTTIME, &event, &timer);
  event.notify = 4;
  event.tid = 99999999;
  syscall (SYS_timer_create, 77, &event, &timer);
  event.notify = 2;
  syscall (SYS_timer_create, CLOCK_REALTIME, &event, BAD);
  event.notify = 9;
  syscall (SYS_timer_create, CLOCK_REALTIME, &event, &timer);
  syscall (SYS_timer_create, CLOCK_REALTIME, BAD, &timer);
  timer = syscall (SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  syscall (SYS_timerfd_create, 99, 3);
  syscall (SYS_timerfd_settime, timer, TFD_TIMER_ABSTIME, &exact, NULL);
  syscall (SYS_timerfd_settime, timer, 6, &none, buf);
  /* What an armed timer has left differs each time. */
  exact.it_value.tv_sec = 0;
  syscall (SYS_timerfd_settime, timer, 0, &exact, NULL);
  syscall (SYS_timerfd_gettime, timer, buf);
  syscall (SYS_timerfd_gettime, -1, buf);
}

static void
identities (void)
{
  const unsigned groups[3] = { 0, 5, -1 };
  struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct data[2] = { { 1 << CAP_CHOWN | 1 << CAP_KILL, 0, 2 },
                                            { 1, 0x80000000, 0 } };

  syscall (SYS_getgroups, 0, NULL);
  syscall (SYS_setgroups, 3, groups);
  syscall (SYS_setgroups, 2, groups);
  syscall (SYS_getgroups, 10, buf);
  syscall (SYS_getgroups, 1, buf);
  syscall (SYS_setgroups, 3, BAD);
  syscall (SYS_setgroups, -1, groups);
  syscall (SYS_setgroups, 0, groups);
  syscall (SYS_capget, &head, NULL);
  syscall (SYS_capset, &head, data);
  head.pid = 99999999;
  syscall (SYS_capget, &head, data);
  head.version = _LINUX_CAPABILITY_VERSION_1;
  syscall (SYS_capset, &head, data);
  head.version = _LINUX_CAPABILITY_VERSION_2;
  syscall (SYS_capset, &head, NULL);
  head.version = 5;
  syscall (SYS_capset, &head, data);
  syscall (SYS_capset, BAD, data);
}

static void
stacks (void)
{
  stack_t stack = { buf, 0, 4096 };

  syscall (SYS_sigaltstack, NULL, buf);
  syscall (SYS_sigaltstack, &stack, NULL);
  stack.ss_flags = 0x80000000 | SS_DISABLE;
  syscall (SYS_sigaltstack, &stack, buf);
  stack.ss_flags = SS_ONSTACK | 8;
  syscall (SYS_sigaltstack, &stack, NULL);
  syscall (SYS_sigaltstack, BAD, NULL);
}

static void
facts (void)
{
  long when = 0;

  syscall (SYS_uname, buf);
  syscall (SYS_uname, BAD);
  syscall (SYS_sysinfo, BAD);
  syscall (SYS_times, BAD);
  syscall (SYS_time, BAD);
  (void) when;
  syscall (SYS_getcpu, NULL, NULL, NULL);
  syscall (SYS_getcpu, BAD, NULL, NULL);
  syscall (SYS_ustat, 5, BAD);
  syscall (SYS_sysfs, 3, 0, 0);
  syscall (SYS_sysfs, 1, "none");
  syscall (SYS_sysfs, 1, "proc", 4, 5);
  syscall (SYS_sysfs, 2, 99, buf);
  syscall (SYS_syslog, 8, NULL, -1);
  syscall (SYS_syslog, 3, BAD, 5);
  syscall (SYS_syslog, 77, NULL, 1);
  syscall (SYS_reboot, 1, 2, LINUX_REBOOT_CMD_CAD_OFF);
  syscall (SYS_reboot, LINUX_REBOOT_MAGIC1, 2, LINUX_REBOOT_CMD_RESTART2, "word");
  syscall (SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2A, 77);
  syscall (SYS_iopl, 5);
  syscall (SYS_ioperm, 70000, 2, 1);
  syscall (SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);
  syscall (SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE (IOPRIO_CLASS_BE, 4));
  syscall (SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);
  syscall (SYS_ioprio_set, 7, 1, 0x8005);
  syscall (SYS_modify_ldt, 0, NULL, 0);
  syscall (SYS_modify_ldt, 99, buf, 16);
  syscall (SYS_acct, "/none/such");
  syscall (SYS_kcmp, 99999999, 1, 0, 3, 4);
  syscall (SYS_kcmp, 99999999, 1, 1, 3, 4);
  syscall (SYS_kcmp, 99999999, 1, 99, 3, 4);
}

static void
clocks (void)
{
  struct timex change;

  memset (&change, 0, sizeof change);
  change.modes = 0x4000;
  syscall (SYS_adjtimex, &change);
  change.modes = ADJ_OFFSET | ADJ_NANO;
  syscall (SYS_clock_adjtime, 77, &change);
  syscall (SYS_adjtimex, BAD);
}

static void
signal_fds (void)
{
  unsigned long set = 1UL << (SIGINT - 1) | 1UL << (SIGCHLD - 1);

  syscall (SYS_signalfd, -1, &set, 8);
  syscall (SYS_signalfd4, -1, &set, 8, SFD_CLOEXEC | SFD_NONBLOCK);
  syscall (SYS_signalfd4, 99, &set, 8, 3);
  syscall (SYS_signalfd4, -1, BAD, 8, 0);
  syscall (SYS_signalfd4, -1, &set, 4, 0);
}

int
main (void)
{
  begin ();
  intervals ();
  identities ();
  stacks ();
  facts ();
  clocks ();
  signal_fds ();
  end ();
  return 0;
}
