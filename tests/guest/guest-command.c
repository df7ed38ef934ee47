/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shell lines inside the guest, through the guest-run script that with-guest names. */
#include "guest-command.h"

#include <string.h>

const char *
guest_name (void)
{
  const char *name = g_getenv ("GT_GUEST");

  g_assert_nonnull (name);
  return name;
}

char *
guest_sh (const char *line)
{
  const char *argv[] = { g_getenv ("GT_GUEST_RUN"), g_getenv ("GT_GUEST_DIR"), line, NULL };
  g_autoptr (GError) error = NULL;
  char *output = NULL;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, NULL,
                &error);
  g_assert_no_error (error);
  return g_strchomp (output);
}

typedef struct {
  GTLoop *loop;
  const char *line;
} Background;

static gpointer
run_and_quit (gpointer data)
{
  Background *background = data;
  char *output;

  /* The loop's first poll is a sign that the guest is instrumented. */
  output = guest_sh (background->line);
  gt_loop_quit (background->loop);
  return output;
}

static gboolean
start_background (gpointer data)
{
  GThread **thread = ((gpointer *) data)[0];

  *thread = g_thread_new ("guest-command", run_and_quit, ((gpointer *) data)[1]);
  return G_SOURCE_REMOVE;
}

char *
run_loop_during (GTLoop *loop, const char *line)
{
  Background background = { loop, line };
  g_autoptr (GError) error = NULL;
  GThread *thread = NULL;
  gpointer data[] = { &thread, &background };
  gboolean ran;

  /* From inside the main loop, which starts when the guest is instrumented. */
  g_idle_add (start_background, data);
  ran = gt_loop_run_full (loop, &error);
  g_assert_no_error (error);
  g_assert_true (ran);
  return g_thread_join (thread);
}

GTLoop *
open_loop (void)
{
  g_autoptr (GError) error = NULL;
  GTLoop *loop = gt_loop_new_full (guest_name (), &error);

  g_assert_no_error (error);
  return loop;
}

void
set_cb (GTLoop *loop, const char *function, GTSyscallFunc entry, GTSysretFunc leave, void *data)
{
  g_autoptr (GError) error = NULL;

  gt_loop_set_cb_full (loop, function, entry, leave, data, &error);
  g_assert_no_error (error);
}
