/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpf: all commands, with attributes of all sizes. */
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>

#include "marks.h"

static union bpf_attr attr;

static void
call (int command, unsigned size)
{
  syscall (SYS_bpf, command, &attr, size);
}

/* None of the structures makes sense: nothing is loaded or pinned. Statistics would be switched on,
 * for which the kernel changes its code, and QEMU's emulation may be late to notice. */
static void
patterns (void)
{
  for (int command = 0; command <= BPF_PROG_BIND_MAP; command++) {
    if (command == BPF_ENABLE_STATS) {
      continue;
    }
    memset (&attr, 0, sizeof attr);
    call (command, sizeof attr);
    for (unsigned size = 0; size < 136; size += size < 32 ? 4 : 12) {
      memset (&attr, 0x11, sizeof attr);
      call (command, size);
    }
  }
  syscall (SYS_bpf, BPF_MAP_CREATE, (void *) 8, 40);
  syscall (SYS_bpf, 99, &attr, 40);
}

/* Each code there is, valid or not. */
static struct bpf_insn code[256];

static void
names (void)
{
  for (unsigned int i = 0; i < 256; i++) {
    code[i].code = (unsigned char) i;
    code[i].dst_reg = i & 0xf;
    code[i].src_reg = i >> 4;
    code[i].off = (short) (100 - i);
    code[i].imm = (int) (i * 0x1234567);
  }
  memset (&attr, 0, sizeof attr);
  attr.map_type = 99;
  attr.map_flags = BPF_F_RDONLY;
  strcpy (attr.map_name, "some_name");
  call (BPF_MAP_CREATE, sizeof attr);
  memset (&attr, 0, sizeof attr);
  attr.prog_type = 99;
  attr.insn_cnt = 256;
  attr.insns = (unsigned long) code;
  attr.license = (unsigned long) "GPL";
  attr.kern_version = 0x060102;
  strcpy (attr.prog_name, "a_program");
  call (BPF_PROG_LOAD, sizeof attr);
  attr.insn_cnt = 0;
  call (BPF_PROG_LOAD, sizeof attr);
  attr.insn_cnt = 2;
  attr.insns = 0x1000;
  call (BPF_PROG_LOAD, sizeof attr);
  memset (&attr, 0, sizeof attr);
  attr.pathname = (unsigned long) "/sys/fs/bpf/none";
  attr.bpf_fd = -1;
  call (BPF_OBJ_PIN, sizeof attr);
  call (BPF_OBJ_GET, 16);
  memset (&attr, 0, sizeof attr);
  attr.btf = (unsigned long) "no types";
  attr.btf_size = 8;
  call (BPF_BTF_LOAD, sizeof attr);
  memset (&attr, 0, sizeof attr);
  attr.raw_tracepoint.name = (unsigned long) "sched_none";
  call (BPF_RAW_TRACEPOINT_OPEN, sizeof attr);
}

int
main (void)
{
  begin ();
  patterns ();
  names ();
  end ();
  return 0;
}
