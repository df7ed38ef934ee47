/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gdb remote protocol's packets, the register description, and the monitors' texts. */
#include <glib.h>
#include <guestrace/gt-error.h>
#include <string.h>

#include "vmi/drivers/qemu/gdb-packet.h"
#include "vmi/drivers/qemu/gdb-target.h"
#include "vmi/drivers/qemu/monitor.h"
#include "vmi/drivers/qemu/regs.h"
#include "vmi/drivers/qemu/stub.h"

static GtGdbPacketResult
decode (const char *text, GByteArray *payload, gsize *used)
{
  return gt_gdb_packet_decode ((const guint8 *) text, strlen (text), payload, used);
}

static void
test_encode (void)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  gt_gdb_packet_encode (out, "?", 1);
  gt_gdb_packet_encode (out, "a#$}*b", 6);
  g_byte_array_append (out, (const guint8 *) "", 1);
  g_assert_cmpstr ((char *) out->data, ==, "$?#3f$a}\003}\004}]}\nb#25");
}

static void
test_decode (void)
{
  g_autoptr (GByteArray) payload = g_byte_array_new ();
  gsize used;

  g_assert_cmpint (decode ("+$OK#9a+rest", payload, &used), ==, GT_GDB_PACKET_OK);
  g_assert_cmpuint (used, ==, 7);
  g_assert_cmpstr ((char *) payload->data, ==, "OK");

  /* A run: the character before the star, 0x20 - 29 = 3 times more. */
  g_assert_cmpint (decode ("$0* x#f2", payload, &used), ==, GT_GDB_PACKET_OK);
  g_assert_cmpstr ((char *) payload->data, ==, "0000x");

  g_assert_cmpint (decode ("$a}\003}]b#e3", payload, &used), ==, GT_GDB_PACKET_BAD);
  g_assert_cmpint (decode ("$}\003}]#5d", payload, &used), ==, GT_GDB_PACKET_BAD);
  g_assert_cmpint (decode ("$}\003}]#5a", payload, &used), ==, GT_GDB_PACKET_OK);
  g_assert_cmpstr ((char *) payload->data, ==, "#}");
  g_assert_cmpint (decode ("$#00", payload, &used), ==, GT_GDB_PACKET_OK);
  g_assert_cmpuint (payload->len, ==, 0);
}

static void
test_decode_parts (void)
{
  static const char whole[] = "+$T05thread:p01.01;#06";
  g_autoptr (GByteArray) payload = g_byte_array_new ();
  gsize used;

  for (gsize len = 0; len < sizeof whole - 1; len++) {
    g_assert_cmpint (gt_gdb_packet_decode ((const guint8 *) whole, len, payload, &used), ==,
                     GT_GDB_PACKET_MORE);
    g_assert_cmpuint (used, <=, 1);
  }
  g_assert_cmpint (decode (whole, payload, &used), ==, GT_GDB_PACKET_OK);
  g_assert_cmpint (decode ("++noise", payload, &used), ==, GT_GDB_PACKET_MORE);
  g_assert_cmpuint (used, ==, 7);
}

static void
test_decode_bad (void)
{
  static const char *const bad[] = {
    "$OK#9b", "$OK#zz", "$*!#4b", "$a*#8b", "$a}#de", "$a*\x7f#0a"
  };
  g_autoptr (GByteArray) payload = g_byte_array_new ();
  gsize used;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_cmpint (decode (bad[i], payload, &used), ==, GT_GDB_PACKET_BAD);
    g_assert_cmpuint (used, ==, strlen (bad[i]));
  }
}

static void
test_stops (void)
{
  static const struct {
    const char *payload;
    GtGdbStopReason reason;
    guint64 thread;
  } cases[] = {
    { "T05thread:p01.02;", GT_GDB_STOP_BREAKPOINT, 2 },
    { "T05swbreak:;thread:p01.0a;", GT_GDB_STOP_BREAKPOINT, 10 },
    { "T02thread:01;", GT_GDB_STOP_INTERRUPT, 1 },
    { "S05", GT_GDB_STOP_BREAKPOINT, 0 },
    { "T03thread:p01.01;", GT_GDB_STOP_GONE, 1 },
    { "W00", GT_GDB_STOP_GONE, 0 },
    { "T06thread:p01.01;", GT_GDB_STOP_OTHER, 1 },
    { "OK", GT_GDB_STOP_NONE, 0 },
    { "", GT_GDB_STOP_NONE, 0 },
    { "T", GT_GDB_STOP_NONE, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    guint64 thread;

    g_assert_cmpint (gt_gdb_stop_parse (cases[i].payload, &thread), ==, cases[i].reason);
    g_assert_cmpuint (thread, ==, cases[i].thread);
  }
}

static void
test_watch (void)
{
  guint64 addr = 0;

  g_assert_cmpint (gt_gdb_watch_parse ("T05thread:p01.02;watch:ffffffff81000010;", &addr), ==, 'w');
  g_assert_cmphex (addr, ==, 0xffffffff81000010);
  g_assert_cmpint (gt_gdb_watch_parse ("T05thread:01;rwatch:10;", &addr), ==, 'r');
  g_assert_cmphex (addr, ==, 0x10);
  g_assert_cmpint (gt_gdb_watch_parse ("T05thread:01;awatch:20;", &addr), ==, 'a');
  g_assert_cmpint (gt_gdb_watch_parse ("T05thread:01;watch:;", &addr), ==, 0);
  g_assert_cmpint (gt_gdb_watch_parse ("T05thread:01;", &addr), ==, 0);
}

static void
test_hex (void)
{
  static const guint8 bytes[] = { 0x00, 0x9f, 0xff };
  g_autoptr (GString) text = g_string_new (NULL);
  guint8 back[3];

  gt_gdb_hex_append (text, bytes, sizeof bytes);
  g_assert_cmpstr (text->str, ==, "009fff");
  g_assert_true (gt_gdb_hex_decode (text->str, back, 3));
  g_assert_cmpmem (back, 3, bytes, 3);
  g_assert_true (gt_gdb_hex_decode ("xxAB", back, 2));
  g_assert_cmphex (back[0], ==, 0);
  g_assert_cmphex (back[1], ==, 0xab);
  g_assert_false (gt_gdb_hex_decode ("12", back, 2));
  g_assert_false (gt_gdb_hex_decode ("123", back, 2));
  g_assert_false (gt_gdb_hex_decode ("1g", back, 1));
}

static char *
load (const char *name, gpointer user_data, GError **error)
{
  const char *const *documents = user_data;

  for (; documents[0]; documents += 2) {
    if (strcmp (documents[0], name) == 0) {
      return g_strdup (documents[1]);
    }
  }
  g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "no document %s", name);
  return NULL;
}

static void
test_target (void)
{
  static const char *const documents[] = {
    "target.xml",
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
    "<architecture>i386:x86-64</architecture><xi:include href=\"core.xml\"/></target>",
    "core.xml",
    "<?xml version=\"1.0\"?>\n<!-- a comment -->\n"
    "<!DOCTYPE feature SYSTEM \"gdb-target.dtd\">\n<feature name=\"core\">\n"
    "<flags id=\"f\" size=\"4\"><field name=\"CF\" start=\"0\" end=\"0\"/></flags>\n"
    "<reg name=\"rax\" bitsize=\"64\" type=\"int64\" regnum=\"0\"/>\n"
    "<reg name=\"eflags\" bitsize=\"32\" type=\"f\"/>\n"
    "<reg name=\"cr3\" bitsize=\"64\" type=\"int64\" regnum=\"40\"/>\n"
    "<reg name=\"st0\" bitsize=\"80\" type=\"i387_ext\"/>\n"
    "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>\n</feature>\n",
    NULL
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GtGdbTarget) target = gt_gdb_target_load (load, (gpointer) documents, &error);
  const GtGdbReg *reg;

  g_assert_no_error (error);
  g_assert_cmpuint (target->regs->len, ==, 4);
  g_assert_cmpuint (target->size, ==, 30);
  reg = gt_gdb_target_find (target, "cr3");
  g_assert_nonnull (reg);
  g_assert_cmpuint (reg->number, ==, 40);
  g_assert_cmpuint (reg->offset, ==, 12);
  g_assert_cmpuint (reg->size, ==, 8);
  g_assert_cmpuint (gt_gdb_target_find (target, "st0")->number, ==, 41);
  g_assert_cmpuint (gt_gdb_target_find (target, "eflags")->number, ==, 1);
  g_assert_null (gt_gdb_target_find (target, "rbx"));
}

static void
test_target_bad (void)
{
  static const char *const texts[] = { "<target><reg name=\"x\"",
                                       "<target/><!-- ",
                                       "",
                                       "<t><reg name=\"x\" bitsize=\"0\"/></t>",
                                       "<t><reg bitsize=\"8\"/></t>",
                                       "<t><reg name=\"x\" bitsize=\"99999999\"/></t>",
                                       "<t><xi:include href=\"target.xml\"/></t>",
                                       "<t><xi:include href=\"missing\"/></t>" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    const char *documents[] = { "target.xml", texts[i], NULL };
    g_autoptr (GError) error = NULL;
    GtGdbTarget *target = gt_gdb_target_load (load, documents, &error);

    g_assert_null (target);
    g_assert_nonnull (error);
  }
}

static void
test_registers (void)
{
  static const char text[] =
      "RAX=000000000001ad40 RBX=0000000000000000 RCX=0000000000000000 RDX=4000000000000000\r\n"
      "R8 =0000000000000008 R9 =0000000000000007 R10=00000000fffffffb R11=0000000000000001\r\n"
      "RIP=ffffffff81a17a0b RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1\r\n"
      "CS =0010 0000000000000000 ffffffff 00af9b00 DPL=0 CS64 [-RA]\r\n"
      "GS =0000 ff1100001f200000 00000000 00000000\r\n"
      "LDT=0000 0000000000000000 00000000 00008200 DPL=0 LDT\r\n"
      "GDT=     fffffe0000001000 0000007f\r\n"
      "IDT=     fffffe0000000000 00000fff\r\n"
      "CR0=80050033 CR2=00000000005794a9 CR3=0000000005492000 CR4=00751eb0\r\n"
      "DR6=00000000ffff0ff0 DR7=0000000000000400\r\n"
      "EFER=0000000000000d01\r\n";
  x86_registers_t regs;

  g_assert_true (gt_qemu_regs_parse (text, &regs));
  g_assert_cmphex (regs.rax, ==, 0x1ad40);
  g_assert_cmphex (regs.r8, ==, 8);
  g_assert_cmphex (regs.rip, ==, 0xffffffff81a17a0b);
  g_assert_cmphex (regs.rflags, ==, 0x246);
  g_assert_cmphex (regs.cs_sel, ==, 0x10);
  g_assert_cmphex (regs.cs_limit, ==, 0xffffffff);
  g_assert_cmphex (regs.cs_arbytes, ==, 0xa9b);
  g_assert_cmphex (regs.gs_base, ==, 0xff1100001f200000);
  g_assert_cmphex (regs.idtr_base, ==, 0xfffffe0000000000);
  g_assert_cmphex (regs.idtr_limit, ==, 0xfff);
  g_assert_cmphex (regs.gdtr_base, ==, 0xfffffe0000001000);
  g_assert_cmphex (regs.cr0, ==, 0x80050033);
  g_assert_cmphex (regs.cr3, ==, 0x5492000);
  g_assert_cmphex (regs.cr4, ==, 0x751eb0);
  g_assert_cmphex (regs.dr7, ==, 0x400);
  g_assert_cmphex (regs.msr_efer, ==, 0xd01);
  g_assert_cmphex (regs.msr_lstar, ==, 0);

  g_assert_true (gt_qemu_regs_parse ("EAX=00000001 EBX=00000002\nEIP=0000b7b9 EFL=00000046\n"
                                     "CR0=00000010 CR2=00000000 CR3=00001000 CR4=00000000\n",
                                     &regs));
  g_assert_cmphex (regs.rax, ==, 1);
  g_assert_cmphex (regs.rip, ==, 0xb7b9);
  g_assert_cmphex (regs.cr3, ==, 0x1000);
  g_assert_false (gt_qemu_regs_parse ("unknown command", &regs));
  g_assert_false (gt_qemu_regs_parse ("PC=0 X00=0", &regs));
}

static void
test_json_length (void)
{
  static const char text[] = "{\"a\": \"}\\\"{\", \"b\": [{}, 1]}\r\n{\"next\"";

  for (gsize len = 0; len < 27; len++) {
    g_assert_cmpuint (gt_qemu_json_length (text, len), ==, 0);
  }
  g_assert_cmpuint (gt_qemu_json_length (text, sizeof text - 1), ==, 27);
}

static void
test_human (void)
{
  static const char banner[] = "QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) ";
  static const char text[] = "i\033[K\033[Din\033[K\033[D\033[Dinf\033[K\r\nVM status: running\r\n"
                             "(qemu) ";
  g_autofree char *a = NULL, *b = NULL, *none = NULL;

  g_assert_true (gt_qemu_hmp_answer (banner, sizeof banner - 1, &a));
  g_assert_cmpstr (a, ==, "");
  for (gsize len = 0; len < sizeof text - 1; len++) {
    g_assert_false (gt_qemu_hmp_answer (text, len, &none));
  }
  g_assert_true (gt_qemu_hmp_answer (text, sizeof text - 1, &b));
  g_assert_cmpstr (b, ==, "VM status: running\n");
}

static void
test_stub_state (void)
{
  gboolean connected = FALSE;
  g_autofree char *idle = gt_qemu_stub_parse (
      "serial0: filename=file\r\ngdb: filename=disconnected:unix:/tmp/x/gdb,server=on\r\n",
      &connected);
  g_autofree char *busy = NULL;

  g_assert_cmpstr (idle, ==, "unix:/tmp/x/gdb,server=on");
  g_assert_false (connected);
  busy = gt_qemu_stub_parse ("gdb: filename=unix:/tmp/x/gdb,server=on\r\n", &connected);
  g_assert_cmpstr (busy, ==, "unix:/tmp/x/gdb,server=on");
  g_assert_true (connected);
  g_assert_null (
      gt_qemu_stub_parse ("#chr015: filename=gdb\r\nmygdb: filename=file\r\n", &connected));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/qemu/packet/encode", test_encode);
  g_test_add_func ("/qemu/packet/decode", test_decode);
  g_test_add_func ("/qemu/packet/parts", test_decode_parts);
  g_test_add_func ("/qemu/packet/bad", test_decode_bad);
  g_test_add_func ("/qemu/packet/stops", test_stops);
  g_test_add_func ("/qemu/packet/hex", test_hex);
  g_test_add_func ("/qemu/packet/watch", test_watch);
  g_test_add_func ("/qemu/target/good", test_target);
  g_test_add_func ("/qemu/target/bad", test_target_bad);
  g_test_add_func ("/qemu/registers", test_registers);
  g_test_add_func ("/qemu/monitor/json", test_json_length);
  g_test_add_func ("/qemu/monitor/human", test_human);
  g_test_add_func ("/qemu/stub", test_stub_state);
  return g_test_run ();
}
