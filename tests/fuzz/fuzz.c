/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fuzz targets share. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

/* A warning of GLib's is a precondition that a guest's bytes have broken: a fault like a crash. */
int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  return 0;
}

gsize
fuzz_take (FuzzInput *input, void *ret, gsize len)
{
  gsize n = MIN (len, input->left);

  memset (ret, 0, len);
  if (n > 0) {
    memcpy (ret, input->at, n);
  }
  input->at += n;
  input->left -= n;
  return n;
}

guint8
fuzz_u8 (FuzzInput *input)
{
  guint8 value;

  fuzz_take (input, &value, sizeof value);
  return value;
}

guint16
fuzz_u16 (FuzzInput *input)
{
  guint16 value;

  fuzz_take (input, &value, sizeof value);
  return value;
}

guint32
fuzz_u32 (FuzzInput *input)
{
  guint32 value;

  fuzz_take (input, &value, sizeof value);
  return value;
}

guint64
fuzz_u64 (FuzzInput *input)
{
  guint64 value;

  fuzz_take (input, &value, sizeof value);
  return value;
}

const guint8 *
fuzz_bytes (FuzzInput *input, gsize len, gsize *ret_len)
{
  const guint8 *bytes = input->at;

  *ret_len = MIN (len, input->left);
  input->at += *ret_len;
  input->left -= *ret_len;
  return bytes;
}

char *
fuzz_string (FuzzInput *input)
{
  const guint8 *end = input->left > 0 ? memchr (input->at, '\0', input->left) : NULL;
  gsize len = end != NULL ? (gsize) (end - input->at) : input->left;
  char *text = g_strndup ((const char *) input->at, len);

  len += end != NULL ? 1 : 0;
  input->at += len;
  input->left -= len;
  return text;
}

void
fuzz_check (gboolean condition, const char *what)
{
  if (!condition) {
    fprintf (stderr, "fuzz: this does not hold: %s\n", what);
    abort ();
  }
}

void
fuzz_check_printable (const char *text, gsize len)
{
  for (gsize i = 0; i < len; i++) {
    fuzz_check (g_ascii_isprint (text[i]) || text[i] == '\n', "the text is printable");
  }
  fuzz_check (len == 0 || text[len - 1] == '\n', "the last line has its end");
}
