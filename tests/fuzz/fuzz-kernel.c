/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Discovery as a whole in a small kernel (mini-kernel.bin, which make-seeds.py makes of the tables
 * of a real one): page tables, image, note, symbols, types, system calls, tasks, places for hooks.
 * The input overwrites parts of memory: 4 bytes where, 1 byte how many, and these.
 */
#include "../unit/test-vmi-fake.h"
#include "decode/capture.h"
#include "decode/shape.h"
#include "engine/probe/adopt.h"
#include "engine/probe/placing.h"
#include "engine/probe/quiesce.h"
#include "engine/probe/sites.h"
#include "fuzz.h"
#include "linux/ftrace.h"
#include "linux/linux.h"

/* As in make-seeds.py. */
#define IMAGE_PA  0x100000u
#define TEXT_VA   0xffffffff81000000ULL
#define TEXT_LEN  0xa000u
#define RODATA_VA 0xffffffff81400000ULL
#define DIRECT_VA 0xffff888000000000ULL

enum { CALLS_MAX = 24 };

/* Nothing comes of waiting. */
void
g_usleep (gulong microseconds)
{
}

extern const unsigned char mini_kernel[];
extern const size_t mini_kernel_size;

static void
map_kernel (vmi_instance_t vmi)
{
  gsize n_pages = (mini_kernel_size + 4095) / 4096;

  memcpy (fake_driver (vmi)->ram + IMAGE_PA, mini_kernel, mini_kernel_size);
  for (addr_t at = 0; at < 2 * 0x200000u; at += 0x200000u) { /* enough code to be a kernel */
    fake_map (vmi, FAKE_ROOT, 4, TEXT_VA + at, 0, 2, FAKE_P);
  }
  for (gsize i = 0; i < n_pages; i++) {
    gboolean text = i < TEXT_LEN / 4096;

    fake_map (vmi, FAKE_ROOT, 4, RODATA_VA + i * 4096, IMAGE_PA + i * 4096, 1,
              FAKE_P | FAKE_NX | (text ? 0 : FAKE_RW));
  }
  fake_map (vmi, FAKE_ROOT, 4, DIRECT_VA, 0, 2, FAKE_P | FAKE_RW | FAKE_NX);
}

static void
patch (vmi_instance_t vmi, FuzzInput *input)
{
  while (input->left > 4) {
    guint32 where = fuzz_u32 (input) % (IMAGE_PA + (guint32) mini_kernel_size);
    gsize len = fuzz_u8 (input);

    fuzz_take (input, fake_driver (vmi)->ram + where, MIN (len, input->left));
  }
}

static gboolean
count (GtLinux *linux_os, addr_t task, gpointer user_data)
{
  guint *n = user_data;

  *n += 1;
  return TRUE;
}

static void
use_calls (const GtLinux *linux_os)
{
  for (guint nr = 0; nr < MIN (gt_linux_n_calls (linux_os), CALLS_MAX); nr++) {
    const GtLinuxCall *call = gt_linux_call (linux_os, (gint) nr);
    g_autoptr (GString) out = g_string_new (NULL);
    GTEvent event = { .number = (gint) nr };
    GtDecodeOptions options = { 32 };
    GtCapturePlan plan;

    gt_decode_name (out, call, (gint) nr);
    gt_decode_args (out, call, &event, NULL, &options);
    gt_decode_result (out, call, &event, &options);
    g_string_append_c (out, '\n');
    fuzz_check_printable (out->str, out->len);
    if (call != NULL) {
      gt_capture_plan (
          call,
          &(GtCaptureWants){
              .string_limit = 32, .paths = TRUE, .sockets = TRUE, .ips = TRUE, .verbose = TRUE },
          &plan);
      (void) gt_linux_call_by_function (linux_os, call->function);
    }
  }
}

static void
use (vmi_instance_t vmi, GtLinux *linux_os)
{
  g_autoptr (GError) error = NULL;
  GtProbeSites sites;
  GtLeftover lost[GT_MAX_LEFTOVERS];
  const GtProbeCode code = { TEXT_VA, TEXT_VA + 4096, TRUE };
  GtFtraceRecord record;
  GtPlacedProbe old;
  vmi_pid_t pid;
  addr_t dtb;
  guint n = 0;

  vmi->kernel_dtb = gt_linux_dtb (linux_os);
  use_calls (linux_os);
  (void) gt_linux_foreach_process (linux_os, count, &n);
  (void) gt_linux_foreach_thread (linux_os, count, &n);
  (void) gt_linux_pid_to_dtb (linux_os, 2, &dtb);
  (void) gt_linux_dtb_to_pid (linux_os, FAKE_ROOT, &pid);
  (void) gt_probe_find_lost (vmi, linux_os, lost);
  (void) gt_probe_is_quiet (vmi, linux_os, &code);
  (void) gt_linux_ftrace_find (linux_os, TEXT_VA, &record);
  if (!gt_probe_sites_find (vmi, linux_os, &sites, &error)) {
    fuzz_check (error != NULL, "a failure is explained");
    if (sites.old_code != 0 && gt_probe_find_old (&old, vmi, linux_os, sites.old_code, NULL)) {
      gt_probe_forget (&old);
    }
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  FuzzInput input = { data, size };
  vmi_instance_t vmi = fake_vmi_new (VMI_PM_IA32E, 4);
  g_autoptr (GError) error = NULL;
  g_autoptr (GtLinux) linux_os = NULL;

  map_kernel (vmi);
  if (fuzz_u8 (&input) % 2) {
    fake_driver (vmi)->regs[1].cr3 |= 0x1000;
  }
  patch (vmi, &input);
  linux_os = gt_linux_new (vmi, NULL, &error);
  fuzz_check ((linux_os == NULL) == (error != NULL), "a failure is explained");
  if (linux_os != NULL) {
    use (vmi, linux_os);
  }
  g_clear_pointer (&linux_os, gt_linux_free);
  vmi_destroy (vmi);
  return 0;
}
