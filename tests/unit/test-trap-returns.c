/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that are under way, by their places on stacks. */
#include "engine/trap/returns.h"

#define STACK 0xffffc90000100000u
#define TOP   (STACK + 0x3ff0)
#define HERE  0xffffffff81000100u
#define THERE 0xffffffff81000200u
#define F     0xffffffff81001000u
#define G     0xffffffff81002000u

static GtPendingCall
call_of (addr_t function, addr_t rsp, addr_t back, vmi_pid_t tid)
{
  return (
      GtPendingCall){ { rsp, back, 0xffff888000000000u + (addr_t) tid, 7, tid }, function, NULL };
}

static void
push (GtReturns *returns, addr_t function, addr_t rsp, addr_t back, vmi_pid_t tid)
{
  GtPendingCall call = call_of (function, rsp, back, tid);

  g_assert_true (gt_returns_push (returns, &call));
}

/* The function that the thread comes back from; 0: none. */
static addr_t
pop (GtReturns *returns, addr_t rsp, addr_t back, vmi_pid_t tid)
{
  GtPendingCall at = call_of (0, rsp, back, tid), call = { 0 };

  return gt_returns_pop (returns, &at.at, &call) ? call.function : 0;
}

static void
test_recursion (void)
{
  g_autoptr (GtReturns) returns = gt_returns_new ();

  for (guint i = 0; i < 100; i++) {
    push (returns, F, TOP - 64 * i, i == 0 ? THERE : HERE, 7);
  }
  g_assert_cmpuint (gt_returns_n_at (returns, HERE), ==, 99);
  for (guint i = 99; i > 0; i--) {
    g_assert_cmphex (pop (returns, TOP - 64 * i, THERE, 7), ==, 0);
    g_assert_cmphex (pop (returns, TOP - 64 * i, HERE, 7), ==, F);
    g_assert_cmphex (pop (returns, TOP - 64 * i, HERE, 7), ==, 0);
  }
  g_assert_cmpuint (gt_returns_n_at (returns, HERE), ==, 0);
  g_assert_cmphex (pop (returns, TOP, THERE, 7), ==, F);
  g_assert_cmpuint (gt_returns_n (returns), ==, 0);
}

static void
test_many_threads (void)
{
  g_autoptr (GtReturns) returns = gt_returns_new ();

  for (guint i = 0; i < 1000; i++) {
    push (returns, F, TOP + 0x4000 * (addr_t) i, HERE, (vmi_pid_t) i);
  }
  for (guint i = 0; i < 1000; i++) {
    guint j = i * 387 % 1000;

    g_assert_cmphex (pop (returns, TOP + 0x4000 * (addr_t) j, HERE, (vmi_pid_t) j), ==, F);
  }
  g_assert_cmpuint (gt_returns_n (returns), ==, 0);
}

/* The second function takes the first one's place on the stack, and returns for both. */
static void
test_jump (void)
{
  g_autoptr (GtReturns) returns = gt_returns_new ();

  push (returns, F, TOP, HERE, 7);
  push (returns, G, TOP, HERE, 7);
  g_assert_cmphex (pop (returns, TOP, HERE, 7), ==, G);
  g_assert_cmphex (pop (returns, TOP, HERE, 7), ==, F);
  g_assert_cmphex (pop (returns, TOP, HERE, 7), ==, 0);
}

static void
test_never_back (void)
{
  g_autoptr (GtReturns) returns = gt_returns_new ();

  /* A call further out on the same stack has come back. */
  push (returns, F, TOP, HERE, 7);
  push (returns, G, TOP - 0x100, THERE, 7);
  g_assert_cmphex (pop (returns, TOP, HERE, 7), ==, F);
  g_assert_cmpuint (gt_returns_n (returns), ==, 0);
  /* The place on the stack has been used for something else since. */
  push (returns, F, TOP - 0x100, HERE, 7);
  push (returns, G, TOP, THERE, 7);
  g_assert_cmpuint (gt_returns_n (returns), ==, 1);
  g_assert_cmphex (pop (returns, TOP - 0x100, HERE, 7), ==, 0);
  /* The same call, entered again. */
  push (returns, G, TOP, THERE, 7);
  g_assert_cmpuint (gt_returns_n (returns), ==, 1);
  /* Another thread has the stack by now. */
  g_assert_cmphex (pop (returns, TOP, THERE, 8), ==, 0);
  g_assert_cmpuint (gt_returns_n (returns), ==, 0);
}

/* execve() by another thread than the first makes it the first. */
static void
test_exec (void)
{
  g_autoptr (GtReturns) returns = gt_returns_new ();
  GtPendingCall call = call_of (F, TOP, HERE, 9);

  g_assert_true (gt_returns_push (returns, &call));
  call.at.tid = call.at.pid;
  g_assert_true (gt_returns_pop (returns, &call.at, &call));
}

static void
test_too_many (void)
{
  g_autoptr (GtReturns) returns = gt_returns_new ();
  guint n = 0;

  for (guint i = 0; i < 100000; i++) {
    GtPendingCall call = call_of (F, TOP + 0x4000 * (addr_t) i, HERE, 7);

    n += gt_returns_push (returns, &call);
  }
  g_assert_cmpuint (n, ==, gt_returns_n (returns));
  g_assert_cmpuint (n, <, 100000);
  gt_returns_forget_all (returns);
  g_assert_cmpuint (gt_returns_n (returns), ==, 0);
  push (returns, F, TOP, HERE, 7);
  g_assert_cmphex (pop (returns, TOP, HERE, 7), ==, F);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/returns/recursion", test_recursion);
  g_test_add_func ("/returns/many-threads", test_many_threads);
  g_test_add_func ("/returns/jump", test_jump);
  g_test_add_func ("/returns/never-back", test_never_back);
  g_test_add_func ("/returns/exec", test_exec);
  g_test_add_func ("/returns/too-many", test_too_many);
  return g_test_run ();
}
