/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records to events. Lengths in a record are the guest's word and are checked here. */
#include "engine/probe/events.h"

#include <errno.h>
#include <string.h>

/* Places of registers in struct pt_regs, arch/x86/include/asm/ptrace.h */
enum { PT_R11 = 6, PT_R10, PT_R9, PT_R8, PT_AX, PT_CX, PT_DX, PT_SI, PT_DI };

#define KERNEL_CS 0x10
#define KERNEL_SS 0x18

G_STATIC_ASSERT (GT_CAPTURE_FD == GT_FD_ADDRESS);
G_STATIC_ASSERT (GT_CAPTURE_COUNT == GT_COUNT_ADDRESS);
G_STATIC_ASSERT (GT_CAPTURE_SOCKET == GT_SOCKET_ADDRESS);
G_STATIC_ASSERT (sizeof (GTSocket) == sizeof (struct gt_socket));
G_STATIC_ASSERT (GT_CAPTURE_DEVICE == GT_DEVICE_ADDRESS);
G_STATIC_ASSERT (GT_CAPTURE_IP == GT_IP_ADDRESS);
G_STATIC_ASSERT (GT_CAPTURE_PIDFD == GT_PIDFD_ADDRESS);
G_STATIC_ASSERT (sizeof (GTDevice) == sizeof (struct gt_device));

guint
gt_probe_captures (const guint8 *data, gsize size, GTCapture captures[GT_MAX_CAPTURES])
{
  guint n = 0;

  while (n < GT_MAX_CAPTURES && size >= sizeof (struct gt_captured)) {
    const struct gt_captured *item = (gconstpointer) data;
    gsize used = sizeof *item + (item->size > 0 ? ((gsize) item->size + 7) / 8 * 8 : 0);

    if (used > size) {
      break;
    }
    captures[n++] = (GTCapture){
      .arg = item->arg,
      .index = item->index,
      .is_string = item->op == GT_STEP_STRING,
      .cut = item->cut,
      .error = item->size < 0 ? item->size : 0,
      .address = item->address,
      .size = item->size > 0 ? (gsize) item->size : 0,
      .data = data + sizeof *item,
    };
    if (item->op == GT_STEP_END) {
      captures[n - 1].error = -EFAULT; /* there is room for it, but it could not be read */
      captures[n - 1].size = 0;
    }
    data += used;
    size -= used;
  }
  return n;
}

static gboolean
is_uring (const struct gt_record *record)
{
  guint type = record->head & 0xffff;

  return type == GT_RECORD_URING_SUBMIT || type == GT_RECORD_URING_COMPLETE;
}

/* Their records begin alike, which the caller has read. */
static void
read_uring (const struct gt_uring_record *record, gsize size, GTEvent *event,
            GTCapture captures[GT_MAX_CAPTURES])
{
  gboolean submit = (record->head & 0xffff) == GT_RECORD_URING_SUBMIT;
  gsize head = submit ? sizeof *record : GT_URING_COMPLETE_SIZE;

  event->type = submit ? GT_EVENT_URING_SUBMIT : GT_EVENT_URING_COMPLETE;
  event->flags = record->flags & GT_RECORD_REJECTED ? GT_EVENT_REJECTED : 0;
  event->number = record->nr;
  event->abi = GT_ABI_X86_64;
  event->gap = (guint32) record->lost;
  event->op_flags = record->op_flags;
  event->request = record->request;
  event->ring = record->ring;
  event->user_data = record->user_data;
  event->retval = submit ? 0 : record->result;
  for (guint i = 0; i < G_N_ELEMENTS (event->args); i++) {
    event->args[i] = submit ? record->args[i] : 0;
  }
  event->n_captures = gt_probe_captures ((const guint8 *) record + head, size - head, captures);
  event->captures = captures;
}

static const GTEventType task_types[GT_RECORD_TYPES] = {
  [GT_RECORD_SIGNAL] = GT_EVENT_SIGNAL,
  [GT_RECORD_EXIT] = GT_EVENT_EXIT,
  [GT_RECORD_FORK] = GT_EVENT_FORK,
  [GT_RECORD_EXEC] = GT_EVENT_EXEC,
};

static GTEventType
task_type (const struct gt_record *record)
{
  guint type = record->head & 0xffff;

  return type < GT_RECORD_TYPES ? task_types[type] : 0;
}

static void
read_task (const struct gt_record *record, gsize size, GTEvent *event,
           GTCapture captures[GT_MAX_CAPTURES])
{
  event->type = task_type (record);
  event->flags = 0;
  event->number = record->nr;
  event->abi = GT_ABI_X86_64;
  event->gap = 0;
  event->retval = 0;
  memcpy (event->args, record->args, sizeof event->args);
  event->n_captures =
      gt_probe_captures ((const guint8 *) record + sizeof *record, size - sizeof *record, captures);
  event->captures = captures;
}

#define X32_BIT   0x40000000
#define MAX_ERRNO 4095

GTAbi
gt_probe_abi (GTAbi abi, gint32 nr)
{
  return abi == GT_ABI_X86_64 && nr > 0 && (nr & X32_BIT) ? GT_ABI_X32 : abi;
}

static GTAbi
abi_of (const struct gt_record *record)
{
  return gt_probe_abi (record->flags & GT_RECORD_I386 ? GT_ABI_I386 : GT_ABI_X86_64, record->nr);
}

/* A 32-bit program sees the lower half: an address, a number, or a failure. */
gint64
gt_probe_value (GTAbi abi, guint64 value)
{
  gint32 narrow = (gint32) value;

  if (abi != GT_ABI_I386) {
    return (gint64) value;
  }
  return narrow < 0 && narrow >= -MAX_ERRNO ? narrow : (gint64) (guint32) narrow;
}

void
gt_probe_event_from_record (const struct gt_record *record, gsize size, const GtGuestClock *clock,
                            GTEvent *event, GTCapture captures[GT_MAX_CAPTURES])
{
  gboolean entry = (record->head & 0xffff) == GT_RECORD_ENTRY;
  gsize head = entry ? sizeof *record : GT_RECORD_RETURN_SIZE;
  guint64 gap;

  event->type = entry ? GT_EVENT_SYSCALL : GT_EVENT_SYSRET;
  event->flags = record->flags & GT_RECORD_KILLED ? GT_EVENT_KILLED : 0;
  event->time = gt_guest_clock_time (clock, record->tsc);
  event->vcpu = record->vcpu;
  event->pid = (vmi_pid_t) record->tgid;
  event->tid = (vmi_pid_t) record->tid;
  event->thread = record->task;
  memcpy (event->comm, record->comm, sizeof event->comm);
  event->comm[sizeof event->comm - 1] = '\0';
  if (is_uring (record)) {
    read_uring ((gconstpointer) record, size, event, captures);
    return;
  }
  if (task_type (record) != 0) {
    read_task (record, size, event, captures);
    return;
  }
  event->number = record->nr;
  event->abi = abi_of (record);
  event->retval = entry ? 0 : gt_probe_value (event->abi, record->args[0]);
  for (guint i = 0; i < G_N_ELEMENTS (event->args); i++) {
    event->args[i] = entry ? record->args[i] : 0;
  }
  event->gap = 0;
  if ((record->flags & GT_RECORD_GAP) && size >= head + sizeof gap) {
    size -= sizeof gap;
    memcpy (&gap, (const guint8 *) record + size, sizeof gap);
    event->gap = (guint32) gap;
  }
  event->n_captures = gt_probe_captures ((const guint8 *) record + head, size - head, captures);
  event->captures = captures;
}

void
gt_probe_common_regs (const struct gt_state *state, const struct gt_control *control,
                      x86_registers_t *regs)
{
  memset (regs, 0, sizeof *regs);
  regs->cr0 = state->cr0;
  regs->cr4 = state->cr4;
  regs->msr_efer = state->msr_efer;
  regs->msr_star = state->msr_star;
  regs->msr_lstar = state->msr_lstar;
  regs->cs_sel = KERNEL_CS;
  regs->ss_sel = KERNEL_SS;
  regs->rflags = control->rflags;
  regs->cr3 = control->cr3;
  regs->fs_base = control->fs_base;
  regs->gs_base = control->gs_base;
  regs->shadow_gs = control->kernel_gs_base;
}

void
gt_probe_held_regs (const struct gt_hold *hold, const struct gt_state *state, gint nr,
                    gboolean at_entry, x86_registers_t *regs)
{
  gt_probe_common_regs (state, &hold->control, regs);
  regs->rip = hold->rip;
  regs->rsp = hold->rsp;
  regs->rbp = hold->rbp;
  regs->rbx = hold->rbx;
  regs->r12 = hold->r12;
  regs->r13 = hold->r13;
  regs->r14 = hold->r14;
  regs->r15 = hold->r15;
  if (at_entry) {
    /* The functions take one argument, struct pt_regs *; the dispatcher has the number in RSI. */
    regs->rdi = hold->regs;
    regs->rsi = (guint64) (gint64) nr;
    regs->rax = hold->pt_regs[PT_AX];
  } else {
    regs->rax = hold->pt_regs[PT_AX];
    regs->rdi = hold->pt_regs[PT_DI];
    regs->rsi = hold->pt_regs[PT_SI];
  }
  regs->rdx = hold->pt_regs[PT_DX];
  regs->rcx = hold->pt_regs[PT_CX];
  regs->r8 = hold->pt_regs[PT_R8];
  regs->r9 = hold->pt_regs[PT_R9];
  regs->r10 = hold->pt_regs[PT_R10];
  regs->r11 = hold->pt_regs[PT_R11];
}
