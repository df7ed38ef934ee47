/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The flags of open and openat by name. The kernel's own header has the values that a guest means;
 * the C library's differs (its O_LARGEFILE is 0), so nothing here may include <fcntl.h>.
 */
#include "decode/openflags.h"

#include <linux/fcntl.h>

#include "decode/text.h"

typedef struct {
  guint32 bits;
  const char *name;
} FlagName;

#define FLAG(name)                                                                                 \
  {                                                                                                \
    name, #name                                                                                    \
  }

/* In strace's order. A flag of several bits stands before those that are part of it. */
static const FlagName flag_names[] = {
  FLAG (O_CREAT),     FLAG (O_EXCL),      FLAG (O_NOCTTY),       FLAG (O_TRUNC),   FLAG (O_APPEND),
  FLAG (O_NONBLOCK),  FLAG (O_SYNC),      { FASYNC, "O_ASYNC" }, FLAG (O_DSYNC),   FLAG (O_DIRECT),
  FLAG (O_LARGEFILE), FLAG (O_NOFOLLOW),  FLAG (O_NOATIME),      FLAG (O_CLOEXEC), FLAG (O_PATH),
  FLAG (O_TMPFILE),   FLAG (O_DIRECTORY),
};

static const char *const access_names[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };

void
gt_open_flags (GString *out, guint32 flags)
{
  guint32 rest = flags & ~(guint32) O_ACCMODE;

  g_string_append (out, access_names[flags & O_ACCMODE]);
  for (guint i = 0; rest != 0 && i < G_N_ELEMENTS (flag_names); i++) {
    if ((rest & flag_names[i].bits) == flag_names[i].bits) {
      g_string_append_c (out, '|');
      g_string_append (out, flag_names[i].name);
      rest &= ~flag_names[i].bits;
    }
  }
  if (rest != 0) {
    g_string_append_c (out, '|');
    gt_text_hex (out, rest);
  }
}

gboolean
gt_open_flags_create (guint32 flags)
{
  return (flags & O_CREAT) != 0 || (flags & __O_TMPFILE) != 0;
}
