/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events with any arguments and captures, as lines; and texts that quote a guest. */
#include "calls.h"
#include "cli/dump.h"
#include "cli/line.h"
#include "decode/folded.h"
#include "decode/text.h"
#include "fuzz.h"

enum { CAPTURES_MAX = 40 };

/* What the guest tells beside memory: paths and sockets of descriptors, counts, folded arguments.
 */
static guint64
marked_address (guint8 which, guint64 value)
{
  static const guint64 marks[] = { GT_CAPTURE_FD, GT_CAPTURE_COUNT, GT_CAPTURE_SOCKET };

  return which % 4 == 3 ? GT_WORDS_ADDRESS
                        : marks[which % 4] | (which & 8 ? value : (guint32) value);
}

static void
take_event (FuzzInput *input, GTEventType type, GTEvent *event, GTCapture *captures)
{
  *event = (GTEvent){ .type = type, .captures = captures };
  event->flags = fuzz_u8 (input);
  event->abi = event->flags & 0x80 ? GT_ABI_I386 : GT_ABI_X86_64;
  event->number = (gint32) (fuzz_u8 (input) % 2 ? fuzz_u16 (input) % 512 : fuzz_u32 (input));
  event->time = (gint64) fuzz_u64 (input);
  event->tid = (vmi_pid_t) fuzz_u32 (input);
  fuzz_take (input, event->comm, sizeof event->comm);
  for (guint i = 0; i < G_N_ELEMENTS (event->args); i++) {
    event->args[i] = fuzz_u8 (input) % 2 ? fuzz_u64 (input) : fuzz_u8 (input);
  }
  event->retval = (gint64) (fuzz_u8 (input) % 2 ? fuzz_u64 (input) : -(guint64) fuzz_u8 (input));
  event->n_captures = fuzz_u8 (input) % CAPTURES_MAX;
  for (guint i = 0; i < event->n_captures; i++) {
    captures[i] = (GTCapture){ .arg = fuzz_u8 (input) % 8, .index = fuzz_u8 (input) };
    captures[i].is_string = fuzz_u8 (input) % 2;
    captures[i].cut = fuzz_u8 (input) % 2;
    captures[i].address = fuzz_u8 (input) % 2 ? fuzz_u64 (input) : event->args[captures[i].arg % 6];
    if (captures[i].index >= 0xe0) {
      captures[i].address = marked_address (captures[i].index, event->args[captures[i].arg % 6]);
    }
    captures[i].error = fuzz_u8 (input) % 8 == 0 ? -14 : 0;
    if (captures[i].error == 0) {
      captures[i].data = fuzz_bytes (input, fuzz_u8 (input), &captures[i].size);
    }
  }
}

static void
check_message (FuzzInput *input)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *text = fuzz_string (input);

  gt_text_message (out, text);
  fuzz_check (g_utf8_validate (out->str, (gssize) out->len, NULL), "a message is UTF-8");
  for (const char *c = out->str; *c != '\0'; c = g_utf8_next_char (c)) {
    fuzz_check (g_unichar_isprint (g_utf8_get_char (c)), "a message is printable");
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  FuzzInput input = { data, size };
  GTCapture enter_captures[CAPTURES_MAX], leave_captures[CAPTURES_MAX];
  g_autoptr (GString) out = g_string_new (NULL);
  guint8 kind = fuzz_u8 (&input);
  const GtLineOptions options = {
    .decode = { .string_limit = kind / 4,
                .fds = (kind & 2 ? GT_FDS_PATH : 0) | (kind & 8 ? GT_FDS_ALL : 0),
                .verbose = kind & 4,
                .addresses = kind % 64 == 63,
                .constants = (GtConstants) (kind / 8 % 3),
                .hex_strings = (GtHexStrings) (kind / 16 % 3) },
    .clock = GT_CLOCK_TIME,
    .durations = TRUE,
  };
  g_autoptr (GArray) none = g_array_new (FALSE, FALSE, sizeof (gint32));
  const GtFdSet all = { .inverted = TRUE, .fds = none };
  GTEvent enter, leave;
  GtLineStyle style;

  if (kind % 4 == 3) {
    check_message (&input);
    return 0;
  }
  gt_line_style_init (&style, &options);
  take_event (&input, GT_EVENT_SYSCALL, &enter, enter_captures);
  take_event (&input, GT_EVENT_SYSRET, &leave, leave_captures);
  if (gt_folded_is_told (&enter) && enter.captures[0].error == 0) {
    gt_folded_open (&enter);
  }
  gt_line_append (out, &style, gt_call_table_get (fuzz_calls (), enter.abi, enter.number),
                  kind % 4 == 1 ? NULL : &enter, kind % 4 == 2 ? NULL : &leave);
  fuzz_check_printable (out->str, out->len);
  fuzz_check (memchr (out->str, '\n', out->len) == out->str + out->len - 1, "a call is one line");
  gt_dump_append (out, &all, &all, gt_call_table_get (fuzz_calls (), enter.abi, enter.number),
                  &enter, &leave);
  fuzz_check_printable (out->str, out->len);
  return 0;
}
