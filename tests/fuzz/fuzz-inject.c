/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What follows "-e inject=" and "-e fault=": a user's words, perhaps from a script's variables. */
#include "cli/inject.h"
#include "fuzz.h"

static void
check (const char *text, gboolean fault)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GtInjection) injection = gt_injection_parse (text, fault, &error);

  fuzz_check ((injection == NULL) == (error != NULL), "a failure is explained");
  if (injection == NULL) {
    return;
  }
  fuzz_check (injection->first >= 1 && injection->first <= injection->last, "some are chosen");
  fuzz_check (injection->forces || injection->signal != 0 || injection->has_pokes ||
                  injection->delay_us[0] >= 0 || injection->delay_us[1] >= 0,
              "something is done");
  fuzz_check (injection->signal >= 0 && injection->signal <= 64, "it is a signal");
  (void) gt_injection_marks (injection);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  check (text, FALSE);
  check (text, TRUE);
  return 0;
}
