/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What guestrace finds out about a guest's kernel, for the tests that compare it with the guest's
 * own word. usage: kernel-report GUEST. Prints "release R" and "discovery MS"; for each hook "hook
 * FUNCTION+OFFSET ABI STUB BYTES"; for each system call "call NR ADDRESS FUNCTION ARGS", where ARGS
 * is - when the kernel does not say.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/probe/sites.h"
#include "vmi/open.h"

static void
die (const GError *error)
{
  fprintf (stderr, "kernel-report: %s\n", error->message);
  exit (EXIT_FAILURE);
}

static void
print_hook (const GtLinux *linux_os, const GtHook *hook)
{
  addr_t start = hook->site;
  const char *function = gt_linux_symbol_near (linux_os, hook->site, &start, NULL);

  printf ("hook %s+0x%x %s %s ", function ? function : "?", (unsigned) (hook->site - start),
          hook->abi == GT_ABI_I386 ? "i386" : "x86-64", hook->stub);
  for (guint i = 0; i < GT_SITE_LEN; i++) {
    printf ("%02x", hook->old[i]);
  }
  printf ("\n");
}

static void
print_calls (const GtLinux *linux_os)
{
  guint n = gt_linux_n_calls (linux_os);

  for (guint nr = 0; nr < n; nr++) {
    const GtLinuxCall *call = gt_linux_call (linux_os, (gint) nr);

    if (call && call->has_args) {
      printf ("call %u %016" G_GINT64_MODIFIER "x %s %u\n", nr, (guint64) call->address,
              call->function, call->n_args);
    } else if (call) {
      printf ("call %u %016" G_GINT64_MODIFIER "x %s -\n", nr, (guint64) call->address,
              call->function);
    }
  }
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();
  GtLinux *linux_os;
  vmi_instance_t vmi;
  GtProbeSites sites;

  if (argc != 2) {
    fprintf (stderr, "usage: kernel-report GUEST\n");
    return 2;
  }
  vmi = gt_vmi_open (argv[1], TRUE, &error);
  if (!vmi) {
    die (error);
  }
  linux_os = gt_vmi_linux (vmi);
  printf ("release %s\n", gt_linux_release (linux_os));
  printf ("discovery %d\n", (int) ((g_get_monotonic_time () - start) / 1000));
  if (!gt_probe_sites_find (vmi, linux_os, &sites, &error)) {
    die (error);
  }
  for (guint i = 0; i < sites.n; i++) {
    print_hook (linux_os, &sites.hooks[i]);
  }
  print_calls (linux_os);
  vmi_destroy (vmi);
  return EXIT_SUCCESS;
}
