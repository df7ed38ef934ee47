/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is read out of QEMU's command line. */
#include <glib.h>

#include "vmi/drivers/qemu/cmdline.h"

static void
check_address (const GtQemuAddress *address, const char *expected)
{
  g_autofree char *text = NULL;

  g_assert_nonnull (address);
  text = gt_qemu_address_to_string (address);
  g_assert_cmpstr (text, ==, expected);
}

static const GtQemuMonitorSpec *
monitor (const GtQemuCmdline *cmdline, guint i)
{
  g_assert_cmpuint (i, <, cmdline->monitors->len);
  return cmdline->monitors->pdata[i];
}

static void
test_program (void)
{
  g_assert_true (gt_qemu_is_program ("qemu-system-x86_64"));
  g_assert_true (gt_qemu_is_program ("/usr/bin/qemu-system-x86_64 (deleted)"));
  g_assert_true (gt_qemu_is_program ("/usr/libexec/qemu-kvm"));
  g_assert_true (gt_qemu_is_program ("kvm"));
  g_assert_true (gt_qemu_is_program ("/nix/store/x/bin/.qemu-system-x86_64-wrapped"));
  g_assert_true (gt_qemu_is_program ("qemu-system-x86")); /* as the kernel cuts it */
  g_assert_false (gt_qemu_is_program ("qemu-img"));
  g_assert_false (gt_qemu_is_program ("/usr/bin/vim"));
  g_assert_false (gt_qemu_is_program ("/home/qemu-system/bin/bash"));
  g_assert_false (gt_qemu_is_program (""));
}

static void
test_name (void)
{
  static const struct {
    const char *option, *value, *name;
  } cases[] = {
    { "-name", "plain", "plain" },
    { "--name", "plain", "plain" },
    { "-name", "first,process=x", "first" },
    { "-name", "guest=g,debug-threads=on", "g" },
    { "-name", "debug-threads=on,guest=g", "g" },
    { "-name", "a,,b,debug-threads=on", "a,b" },
    { "-name", "with space", "with space" },
    { "-name", "debug-threads=on", NULL },
    { "-append", "-name x", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const char *argv[] = { "qemu", "-m", "64", cases[i].option, cases[i].value, NULL };
    g_autoptr (GtQemuCmdline) cmdline = gt_qemu_cmdline_parse (argv, "/");

    g_assert_cmpstr (cmdline->name, ==, cases[i].name);
    g_assert_cmpuint (cmdline->monitors->len, ==, 0);
    g_assert_null (cmdline->gdb);
  }
}

static void
test_monitors (void)
{
  const char *argv[] = { "qemu",
                         "-monitor",
                         "unix:hmp.sock,server,nowait",
                         "-qmp",
                         "tcp:127.0.0.1:4444,server=on,wait=off",
                         "-chardev",
                         "socket,id=c1,path=/run/q,,1,server=on,wait=off",
                         "-chardev",
                         "socket,id=c2,host=::1,port=77,server",
                         "-chardev",
                         "socket,id=c3,path=/run/client",
                         "-mon",
                         "chardev=c1,mode=control",
                         "-mon",
                         "c2",
                         "-mon",
                         "chardev=c3,mode=control",
                         "-mon",
                         "chardev=missing",
                         "-qmp",
                         "unix:/run/client,server=off",
                         "-monitor",
                         "stdio",
                         NULL };
  g_autoptr (GtQemuCmdline) cmdline = gt_qemu_cmdline_parse (argv, "/home/kate");

  g_assert_cmpuint (cmdline->monitors->len, ==, 4);
  g_assert_true (monitor (cmdline, 0)->qmp);
  check_address (monitor (cmdline, 0)->address, "127.0.0.1:4444");
  g_assert_true (monitor (cmdline, 1)->qmp);
  check_address (monitor (cmdline, 1)->address, "/run/q,1");
  g_assert_false (monitor (cmdline, 2)->qmp);
  check_address (monitor (cmdline, 2)->address, "/home/kate/hmp.sock");
  g_assert_false (monitor (cmdline, 3)->qmp);
  check_address (monitor (cmdline, 3)->address, "[::1]:77");
}

static void
test_stub (void)
{
  static const struct {
    const char *option, *value, *address;
  } cases[] = {
    { "-s", NULL, "localhost:1234" },
    { "-gdb", "tcp::9000", "localhost:9000" },
    { "-gdb", "tcp:0.0.0.0:9000", "localhost:9000" },
    { "-gdb", "tcp:[::1]:9000", "[::1]:9000" },
    { "-gdb", "unix:/run/g,server=on,wait=off", "/run/g" },
    { "-gdb", "unix:g,server", "/home/kate/g" },
    { "-gdb", "unix:/run/g", NULL },
    { "-gdb", "none", NULL },
    { "-gdb", "tcp:9000", NULL },
    { "-gdb", "stdio", NULL },
    { "-gdb", NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const char *argv[] = { "qemu", cases[i].option, cases[i].value, NULL };
    g_autoptr (GtQemuCmdline) cmdline = gt_qemu_cmdline_parse (argv, "/home/kate");

    if (cases[i].address) {
      check_address (cmdline->gdb, cases[i].address);
    } else {
      g_assert_null (cmdline->gdb);
    }
  }
}

static void
test_odd (void)
{
  const char *empty[] = { NULL };
  const char *cut[] = { "qemu", "-name", NULL };
  const char *strange[] = { "qemu", "-", "--", "-name", "", "-qmp", "", "-mon", ",,,", NULL };
  g_autoptr (GtQemuCmdline) a = gt_qemu_cmdline_parse (empty, NULL);
  g_autoptr (GtQemuCmdline) b = gt_qemu_cmdline_parse (cut, NULL);
  g_autoptr (GtQemuCmdline) c = gt_qemu_cmdline_parse (strange, NULL);

  g_assert_null (a->name);
  g_assert_null (b->name);
  g_assert_null (c->name);
  g_assert_cmpuint (c->monitors->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/qemu/cmdline/program", test_program);
  g_test_add_func ("/qemu/cmdline/name", test_name);
  g_test_add_func ("/qemu/cmdline/monitors", test_monitors);
  g_test_add_func ("/qemu/cmdline/stub", test_stub);
  g_test_add_func ("/qemu/cmdline/odd", test_odd);
  return g_test_run ();
}
