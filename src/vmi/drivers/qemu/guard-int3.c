/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A vCPU that executed a breakpoint instruction of ours when we were killed stands at the guest's
 * handler, or will at once. The guest does not know of that instruction: the vCPU goes back to
 * where it was.
 */
#include "vmi/drivers/qemu/guard-int3.h"

#include <string.h>

#include "vmi/drivers/qemu/guard-talk.h"

#define INT3_INSN 0xcc
#define USER_RPL  3
#define MAX_TEXT  128

/* What the processor pushed. */
typedef struct {
  guint64 rip, cs, rflags, rsp, ss;
} Frame;

static const char digits[] = "0123456789abcdef";

/* Appends a number, in hexadecimal. */
static char *
put_number (char *text, guint64 value)
{
  int shift = 60;

  while (shift > 0 && value >> shift == 0) {
    shift -= 4;
  }
  for (; shift >= 0; shift -= 4) {
    *text++ = digits[value >> shift & 15];
  }
  *text = '\0';
  return text;
}

/* Appends a value's eight bytes, the lowest first. */
static char *
put_bytes (char *text, guint64 value)
{
  for (guint i = 0; i < sizeof value; i++, value >>= 8) {
    *text++ = digits[value >> 4 & 15];
    *text++ = digits[value & 15];
  }
  *text = '\0';
  return text;
}

static char *
put_text (char *text, const char *more)
{
  gsize len = strlen (more);

  memcpy (text, more, len + 1);
  return text + len;
}

static int
digit (char c)
{
  const char *found = c != '\0' ? strchr (digits, c) : NULL;

  return found ? (int) (found - digits) : -1;
}

static gboolean
get_bytes (const char *text, void *ret, gsize len)
{
  guint8 *bytes = ret;

  for (gsize i = 0; i < len; i++) {
    int high = digit (text[2 * i]), low = high < 0 ? -1 : digit (text[2 * i + 1]);

    if (low < 0) {
      return FALSE;
    }
    bytes[i] = (guint8) (high << 4 | low);
  }
  return TRUE;
}

static gboolean
read_register (int fd, guint number, guint64 *ret)
{
  char payload[MAX_TEXT], answer[MAX_TEXT];

  put_number (put_text (payload, "p"), number);
  *ret = 0;
  /* The flags have four bytes only. */
  return gt_guard_ask (fd, payload, answer, sizeof answer) &&
         get_bytes (answer, ret, MIN (strlen (answer) / 2, sizeof *ret));
}

static void
write_register (int fd, guint number, guint64 value)
{
  char payload[MAX_TEXT];

  put_bytes (put_text (put_number (put_text (payload, "P"), number), "="), value);
  gt_guard_send (fd, payload);
}

static gboolean
read_memory (int fd, guint64 va, void *ret, gsize len)
{
  char payload[MAX_TEXT], answer[MAX_TEXT];

  put_number (put_text (put_number (put_text (payload, "m"), va), ","), len);
  return gt_guard_ask (fd, payload, answer, sizeof answer) && get_bytes (answer, ret, len);
}

static void
write_memory (int fd, guint64 va, guint64 value)
{
  char payload[MAX_TEXT];

  put_bytes (put_text (put_number (put_text (payload, "M"), va), ",8:"), value);
  gt_guard_send (fd, payload);
}

static void
bring_back_one (int fd, const GtGuardInt3 *int3)
{
  guint64 rip, rsp;
  guint8 insn;
  Frame frame;

  if (!read_register (fd, int3->rip, &rip) || rip != int3->handler ||
      !read_register (fd, int3->rsp, &rsp) || !read_memory (fd, rsp, &frame, sizeof frame) ||
      !read_memory (fd, frame.rip - 1, &insn, 1) || insn == INT3_INSN) {
    return;
  }
  if ((frame.cs & USER_RPL) == USER_RPL) {
    write_memory (fd, rsp, frame.rip - 1);
    write_register (fd, int3->rip, int3->iret);
  } else {
    write_register (fd, int3->rip, frame.rip - 1);
    write_register (fd, int3->rsp, frame.rsp);
    write_register (fd, int3->eflags, frame.rflags);
  }
}

void
gt_guard_int3_bring_back (int fd, const GtGuardInt3 *int3)
{
  const char *thread = int3->threads;

  gt_guard_send (fd, "Qqemu.PhyMemMode:0");
  for (guint i = 0; i < int3->n_threads; i++, thread += strlen (thread) + 1) {
    char payload[MAX_TEXT];

    put_text (put_text (payload, "Hg"), thread);
    gt_guard_send (fd, payload);
    bring_back_one (fd, int3);
  }
}
