/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* perf_event_open with attributes of all sizes and kinds. */
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>

#include "marks.h"

static struct perf_event_attr attr;

static void
call (unsigned size, long flags)
{
  attr.size = size;
  syscall (SYS_perf_event_open, &attr, -1, 0, 5, flags);
}

static void
kinds (void)
{
  syscall (SYS_perf_event_open, &attr, 0, -1, -1, 0l);
  attr.size = sizeof attr;
  syscall (SYS_perf_event_open, &attr, 0, -1, -1, 8l);
  memset (&attr, 0xff, sizeof attr);
  attr.type = PERF_TYPE_HW_CACHE;
  attr.config = 0x10203;
  call (sizeof attr, 0xffl);
  attr.type = PERF_TYPE_BREAKPOINT;
  attr.bp_type = 3;
  attr.freq = 0;
  attr.precise_ip = 1;
  call (64, 1l);
  attr.type = PERF_TYPE_TRACEPOINT;
  attr.config = 5;
  attr.watermark = 0;
  attr.precise_ip = 2;
  attr.branch_sample_type = 0x3;
  call (72, 2l);
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = 3;
  call (80, 4l);
  attr.type = PERF_TYPE_RAW;
  call (88, 4l);
}

static void
sizes (void)
{
  static const unsigned all[] = { 96, 104, 112, 120, 128, 200, 30, 68 };

  attr.type = 77;
  attr.sample_type = 0;
  attr.read_format = 3;
  attr.clockid = 1;
  for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
    call (all[i], 4l);
  }
}

static void
configurations (void)
{
  memset (&attr, 0, sizeof attr);
  attr.config = 0x1200000001;
  call (136, 4l);
  attr.config = 17;
  call (136, 4l);
  attr.type = PERF_TYPE_HW_CACHE;
  attr.config = 0x50505;
  call (136, 4l);
  syscall (SYS_perf_event_open, (void *) 8, -1, 0, 5, 4l);
}

static void
breakpoints (void)
{
  static const unsigned all[] = { 4, 0, 9 };

  attr.type = PERF_TYPE_BREAKPOINT;
  attr.bp_addr = 0x1234;
  attr.bp_len = 8;
  for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
    attr.bp_type = all[i];
    syscall (SYS_perf_event_open, &attr, 1, 0, -1, 0l);
  }
}

int
main (void)
{
  begin ();
  kinds ();
  sizes ();
  configurations ();
  breakpoints ();
  end ();
  return 0;
}
