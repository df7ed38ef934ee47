/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A livepatch: /proc/cmdline says "livepatched". Built against a guest kernel's headers. */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int
patched_cmdline_show (struct seq_file *file, void *unused)
{
  seq_puts (file, "livepatched\n");
  return 0;
}

static struct klp_func functions[] = {
  { .old_name = "cmdline_proc_show", .new_func = patched_cmdline_show },
  {},
};

static struct klp_object objects[] = { { .funcs = functions }, {} };

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int
start (void)
{
  return klp_enable_patch (&patch);
}

static void
stop (void)
{
}

module_init (start);
module_exit (stop);
MODULE_LICENSE ("GPL");
MODULE_INFO (livepatch, "Y");
