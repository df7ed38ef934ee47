/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the command says on stderr. */
#include <stdio.h>

#include "cli/cli.h"
#include "decode/text.h"

void
gt_cli_say (const char *format, ...)
{
  g_autoptr (GString) line = g_string_new ("guestrace: ");
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  gt_text_message (line, text);
  g_string_append_c (line, '\n');
  (void) fputs (line->str, stderr);
}

char *
gt_cli_printable (const char *text)
{
  g_autoptr (GString) out = g_string_new (NULL);

  gt_text_message (out, text);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

void
gt_cli_usage_error (const GError *error)
{
  gt_cli_say ("%s; see guestrace --help", error->message);
}
