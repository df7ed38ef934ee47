/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking for KVM_RUN's system call in the text of a program whose vCPUs are not in KVM. */
#include "vmi/drivers/kvm/site.h"

#include <string.h>
#include <unistd.h>

#define PIECE    (1u << 20)
#define MAX_TEXT (256u << 20)
#define NEAR     64 /* bytes from the one to the other */

/* `mov $0xae80, %esi` */
static const guint8 load[] = { 0xbe, 0x80, 0xae, 0x00, 0x00 };
static const guint8 call[] = { 0x0f, 0x05 };

/* Adds what is found in the piece; pieces overlap by NEAR. */
static void
search (const guint8 *text, gsize len, guint64 at, guint64 *ret, guint *ret_n)
{
  const guint8 *p = text, *end = text + len;

  while ((p = memmem (p, (gsize) (end - p), load, sizeof load))) {
    const guint8 *from = p + sizeof load;
    const guint8 *found = memmem (from, MIN ((gsize) (end - from), NEAR), call, sizeof call);

    if (found && at + (guint64) (found - text) != *ret) {
      *ret = at + (guint64) (found - text);
      (*ret_n)++;
    }
    p = from;
  }
}

guint64
gt_kvm_site_find (int mem, GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/maps", (int) pid), *text = NULL;
  g_autofree char *link = g_strdup_printf ("/proc/%d/exe", (int) pid);
  g_autofree char *program = g_file_read_link (link, NULL);
  g_autofree guint8 *piece = g_malloc (PIECE);
  g_auto (GStrv) lines = NULL;
  guint64 found = 0;
  guint n = 0;

  if (!program || !g_file_get_contents (path, &text, NULL, NULL)) {
    return 0;
  }
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line; line++) {
    guint64 start, end;
    char *rest;

    start = g_ascii_strtoull (*line, &rest, 16);
    end = *rest == '-' ? g_ascii_strtoull (rest + 1, &rest, 16) : 0;
    if (!g_str_has_prefix (rest, " r-x") || !g_str_has_suffix (rest, program)) {
      continue;
    }
    end = MIN (end, start + MAX_TEXT);
    for (guint64 at = start; at < end; at += PIECE - NEAR - sizeof load) {
      gssize got = pread (mem, piece, (gsize) MIN (end - at, PIECE), (off_t) at);

      if (got > 0) {
        search (piece, (gsize) got, at, &found, &n);
      }
    }
  }
  return n == 1 ? found : 0;
}
