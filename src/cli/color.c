/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Colours of lines on a terminal. What comes from the guest has no escapes: it is quoted. */
#include "cli/color.h"

#include <string.h>
#include <unistd.h>

#define ESCAPE '\033'

gboolean
gt_color_is_wanted (GtColorWhen when, int fd)
{
  const char *off = g_getenv ("NO_COLOR"), *terminal = g_getenv ("TERM");

  if (when != GT_COLOR_AUTO) {
    return when == GT_COLOR_ALWAYS;
  }
  return (off == NULL || *off == '\0') && terminal != NULL && *terminal != '\0' &&
         strcmp (terminal, "dumb") != 0 && isatty (fd);
}

void
gt_color_begin (GString *out, gboolean wanted, GtColor color)
{
  static const char *const codes[] = {
    [GT_COLOR_NONE] = "\033[0m",    [GT_COLOR_WHO] = "\033[36m",  [GT_COLOR_NAME] = "\033[1m",
    [GT_COLOR_FAILED] = "\033[31m", [GT_COLOR_LIFE] = "\033[33m",
  };

  if (wanted) {
    g_string_append (out, codes[color]);
  }
}

void
gt_color_end (GString *out, gboolean wanted)
{
  gt_color_begin (out, wanted, GT_COLOR_NONE);
}

gsize
gt_color_size (const GString *out, gsize start)
{
  gsize size = 0;

  for (gsize i = start; i < out->len; i++) {
    if (out->str[i] == ESCAPE) {
      gsize length = strcspn (out->str + i, "m") + 1;

      size += length;
      i += length - 1;
    }
  }
  return size;
}
