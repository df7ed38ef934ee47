/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Injections: what is understood and what is refused, as strace 6.1 does; counting. */
#include "cli/inject.h"

#include <errno.h>

static void
test_refused (void)
{
  static const char *const refused[] = {
    "",
    "chdir",
    "chdir:",
    "chdir:error=",
    "chdir:error=FOO",
    "chdir:when=1",
    "chdir:error=0",
    "chdir:error=4096",
    "chdir:error=1:retval=1",
    "chdir:error=1:error=2",
    "chdir:error=EWOULDBLOCK",
    "chdir:error=0x10",
    "chdir:retval=x",
    "chdir:retval=",
    "chdir:signal=0",
    "chdir:signal=65",
    "chdir:signal=1:signal=2",
    "chdir:error=1:when=0",
    "chdir:error=1:when=65536",
    "chdir:error=1:when=1..65535",
    "chdir:error=1:when=3..2",
    "chdir:error=1:when=1+0",
    "chdir:error=1:when=1..",
    "chdir:error=1:when=+",
    "chdir:error=1:when=",
    "chdir:error=1:when=1-2",
    "chdir:delay_enter=-1",
    "chdir:delay_enter=",
    "chdir:delay_enter=1x",
    "chdir:delay_exit=1:delay_exit=2",
    "chdir:syscall=getpid",
    "chdir:error=1:syscall=open",
    "chdir:poke_enter=@arg0=00",
    "chdir:poke_enter=@arg8=00",
    "chdir:poke_enter=@arg1=0",
    "chdir:poke_enter=@arg1=zz",
    "chdir:poke_enter=@arg1=00,@arg1=01",
    "chdir:error=1:foo=1",
    "chdir:ERROR=1",
  };

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (gt_injection_parse (refused[i], FALSE, &error));
    g_assert_nonnull (error);
  }
  g_assert_null (gt_injection_parse ("chdir:signal=1", TRUE, NULL));
}

static void
test_understood (void)
{
  g_autoptr (GtInjection) fault = gt_injection_parse ("chdir,mkdir:when=2..9+3", TRUE, NULL);
  g_autoptr (GtInjection) all = gt_injection_parse (
      "chdir:retval=0x10:signal=kill:delay_enter=1.5ms:delay_exit=1ns:poke_exit=@arg2=0aFF", FALSE,
      NULL);

  g_assert_cmpstr (fault->set, ==, "chdir,mkdir");
  g_assert_cmpint (fault->value, ==, -ENOSYS);
  g_assert_cmpuint (fault->first, ==, 2);
  g_assert_cmpuint (fault->last, ==, 9);
  g_assert_cmpuint (fault->step, ==, 3);
  g_assert_cmpint (all->value, ==, 16);
  g_assert_cmpint (all->signal, ==, 9);
  g_assert_cmpint (all->delay_us[0], ==, 1500);
  g_assert_cmpint (all->delay_us[1], ==, 1);
  g_assert_cmpuint (g_bytes_get_size (all->pokes[1][1]), ==, 2);
  g_assert_cmpstr (gt_injection_marks (fault), ==, " (INJECTED)");
  g_assert_cmpstr (gt_injection_marks (all), ==, " (INJECTED: args, retval) (DELAYED)");
}

static void
test_counts (void)
{
  g_autoptr (GtInjection) injection = gt_injection_parse ("chdir:error=1:when=2..5+3", FALSE, NULL);
  g_autoptr (GtInject) inject = gt_inject_new ();

  gt_inject_set (inject, 80, injection);
  for (guint i = 1; i < 9; i++) {
    const GtInjection *one = gt_inject_enter (inject, 0x1000, 1, 80);

    g_assert_true ((one != NULL) == (i == 2 || i == 5));
    g_assert_true (gt_inject_current (inject, 0x1000, 80) == one);
    g_assert_null (gt_inject_current (inject, 0x1000, 81));
  }
  /* Another thread counts for itself, also in the place of one that has ended. */
  g_assert_null (gt_inject_enter (inject, 0x2000, 2, 80));
  g_assert_nonnull (gt_inject_enter (inject, 0x2000, 2, 80));
  g_assert_null (gt_inject_enter (inject, 0x2000, 3, 80));
  g_assert_null (gt_inject_enter (inject, 0x2000, 3, 81));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/inject/refused", test_refused);
  g_test_add_func ("/inject/understood", test_understood);
  g_test_add_func ("/inject/counts", test_counts);
  return g_test_run ();
}
