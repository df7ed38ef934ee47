/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* perf_event_open with attributes of all sizes and kinds. */
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>

#include "marks.h"

int
main (void)
{
  begin ();

  struct perf_event_attr a = { 0 };

  syscall (SYS_perf_event_open, &a, 0, -1, -1, 0l);
  a.size = sizeof a;
  a.type = 0;
  a.config = 0;
  syscall (SYS_perf_event_open, &a, 0, -1, -1, 8l);
  memset (&a, 0xff, sizeof a);
  a.size = sizeof a;
  a.type = 3;
  a.config = 0x10203;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 0xffl);
  a.type = 5;
  a.bp_type = 3;
  a.size = 64;
  a.freq = 0;
  a.precise_ip = 1;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 1l);
  a.type = 2;
  a.config = 5;
  a.size = 72;
  a.watermark = 0;
  a.precise_ip = 2;
  a.branch_sample_type = 0x3;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 2l);
  a.type = 1;
  a.config = 3;
  a.size = 80;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 4l);
  a.type = 4;
  a.config = 3;
  a.size = 88;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 4l);
  a.type = 77;
  a.config = 3;
  a.size = 96;
  a.sample_type = 0;
  a.read_format = 3;
  a.clockid = 1;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 4l);
  a.size = 104;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 4l);
  a.size = 112;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 4l);
  a.size = 120;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 4l);
  a.size = 128;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 4l);
  a.size = 200;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 4l);
  a.size = 30;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 4l);
  a.size = 68;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 4l);
  memset (&a, 0, sizeof a);
  a.type = 0;
  a.config = 0x1200000001;
  a.size = 136;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 4l);
  a.type = 0;
  a.config = 17;
  a.size = 136;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 4l);
  a.type = 3;
  a.config = 0x50505;
  a.size = 136;
  syscall (SYS_perf_event_open, &a, -1, 0, 5, 4l);
  syscall (SYS_perf_event_open, (void *) 8, -1, 0, 5, 4l);

  a.type = PERF_TYPE_BREAKPOINT;
  a.bp_type = 4;
  a.bp_addr = 0x1234;
  a.bp_len = 8;
  syscall (SYS_perf_event_open, &a, 1, 0, -1, 0l);
  a.bp_type = 0;
  syscall (SYS_perf_event_open, &a, 1, 0, -1, 0l);
  a.bp_type = 9;
  syscall (SYS_perf_event_open, &a, 1, 0, -1, 0l);
  end ();
  return 0;
}
