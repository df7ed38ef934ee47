/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ioctl: 32-bit programs' numbers and structures, which no strace is at hand for, and hostile bytes
 * behind every command. What 64-bit programs do is compared with strace in tests/decode. */
#include <string.h>

#include "decode/decode.h"
#include "decode/ioctl.h"

enum { ADDRESS = 0x10000, NR = 77 };

extern const GtNames gt_names_ioctl, gt_names_ioctl_64, gt_names_ioctl_32;

static char *
decode (GTAbi abi, guint32 number, gconstpointer data, gsize size, gint64 result, gboolean verbose)
{
  const GtLinuxCall call = { .abi = abi, .nr = NR, .name = "ioctl" };
  const GtDecodeOptions options = { .string_limit = 32, .verbose = verbose };
  GTCapture captures[] = { { .arg = 2, .size = size, .data = data, .address = ADDRESS } };
  GTEvent enter = { .type = GT_EVENT_SYSCALL, .args = { 3, number, ADDRESS } };
  GTEvent leave = { .type = GT_EVENT_SYSRET, .retval = result };
  GString *out = g_string_new (NULL);

  enter.captures = leave.captures = captures;
  enter.n_captures = leave.n_captures = G_N_ELEMENTS (captures);
  gt_decode_args (out, &call, &enter, &leave, &options);
  return g_string_free (out, FALSE);
}

static void
expect (GTAbi abi, guint32 number, gconstpointer data, gsize size, const char *expected)
{
  g_autofree char *text = decode (abi, number, data, size, 0, FALSE);

  g_assert_cmpstr (text, ==, expected);
}

/* The size of a long is in some numbers. */
static void
test_numbers (void)
{
  const guint64 size = 0x123456789, flags = 0x41;

  expect (GT_ABI_X86_64, 0x80081272, &size, 8, "3, BLKGETSIZE64, [4886718345]");
  expect (GT_ABI_I386, 0x80041272, &size, 8, "3, BLKGETSIZE64, [4886718345]");
  expect (GT_ABI_I386, 0x80046601, &flags, 4, "3, FS_IOC32_GETFLAGS, [FS_SECRM_FL|FS_NODUMP_FL]");
  expect (GT_ABI_I386, 0x1260, &size, 4, "3, BLKGETSIZE, [591751049]");
  expect (GT_ABI_I386, 0x80081272, &size, 8, "3, _IOC(_IOC_READ, 0x12, 0x72, 0x8), 0x10000");
  expect (GT_ABI_I386, 0x541b, &size, 4, "3, FIONREAD, [591751049]");
}

static void
test_structures (void)
{
  guint8 request[32] = "lo", information[140] = { 7 };
  const guint32 map[4] = { 0x1000, 0x2000, 0x03040506, 7 };
  const guint32 config[2] = { 64, 0xf7000000 };

  memcpy (request + 16, map, sizeof map);
  expect (GT_ABI_I386, 0x8970, request, sizeof request,
          "3, SIOCGIFMAP, {ifr_name=\"lo\", ifr_map={mem_start=0x1000, mem_end=0x2000, "
          "base_addr=0x506, irq=0x4, dma=0x3, port=0x7}}");
  expect (GT_ABI_I386, 0x8912, config, sizeof config,
          "3, SIOCGIFCONF, {ifc_len=64 /* 2 * sizeof(struct ifreq) */, ifc_buf=0xf7000000}");
  information[16] = 0x10;
  memcpy (information + 32, "name", 4);
  expect (GT_ABI_I386, 0x4c03, information, sizeof information,
          "3, LOOP_GET_STATUS, {lo_number=7, lo_offset=0x10, lo_flags=0, lo_name=\"name\", ...}");
}

/* All commands with any bytes, and any number of them: whatever is printed, nothing else is read.
 */
static void
try_all (const GtNames *names, GTAbi abi, guint8 fill)
{
  static const gint64 results[] = { 0, -1, 1 << 20, G_MAXINT64 };

  for (guint i = 0; i < names->n; i++) {
    for (gsize size = 0; size < 320; size += 1 + size / 3) {
      g_autofree guint8 *data = g_malloc (size + 1);
      g_autofree char *text = NULL;

      memset (data, fill, size + 1);
      text = decode (abi, (guint32) names->rows[i].value, data, size, results[(i + size) % 4],
                     (size & 1) != 0);
      g_assert_cmpuint (strlen (text), <, 16384);
    }
  }
}

static void
test_hostile (void)
{
  static const guint8 fills[] = { 0, 1, 0x7f, 0xff };

  for (guint i = 0; i < G_N_ELEMENTS (fills); i++) {
    try_all (&gt_names_ioctl, GT_ABI_X86_64, fills[i]);
    try_all (&gt_names_ioctl_64, GT_ABI_X86_64, fills[i]);
    try_all (&gt_names_ioctl, GT_ABI_I386, fills[i]);
    try_all (&gt_names_ioctl_32, GT_ABI_I386, fills[i]);
  }
  for (guint nr = 0; nr < 256; nr++) {
    g_autofree char *text = decode (GT_ABI_X86_64, 0x80004500u | nr, fills, 4, nr * 1000, TRUE);

    g_assert_nonnull (text);
  }
}

/* By halves is how they are looked for. */
static void
test_sorted (void)
{
  static const GtNames *const all[] = { &gt_names_ioctl, &gt_names_ioctl_64, &gt_names_ioctl_32 };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    g_assert_cmpuint (all[i]->n, >, 100);
    for (guint j = 1; j < all[i]->n; j++) {
      g_assert_cmpuint (all[i]->rows[j - 1].value, <, all[i]->rows[j].value);
    }
  }
  for (guint i = 1; i < gt_ioctls_forms.n; i++) {
    g_assert_cmpuint (gt_ioctls_forms.rows[i - 1].number, <, gt_ioctls_forms.rows[i].number);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/decode-ioctl/numbers", test_numbers);
  g_test_add_func ("/decode-ioctl/structures", test_structures);
  g_test_add_func ("/decode-ioctl/hostile", test_hostile);
  g_test_add_func ("/decode-ioctl/sorted", test_sorted);
  return g_test_run ();
}
