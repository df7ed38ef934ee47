/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the fuzz targets share. Each target is one file with LLVMFuzzerTestOneInput(); it is linked
 * with libFuzzer (meson setup -Dfuzz=true) or with run-inputs.c, which runs the corpus.
 */
#ifndef GT_TEST_FUZZ_H
#define GT_TEST_FUZZ_H

#include <glib.h>
#include <libvmi/libvmi.h>
#include <string.h>

G_BEGIN_DECLS

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);
int LLVMFuzzerInitialize (int *argc, char ***argv);

/* What is left of an input. Behind its end everything is 0. */
typedef struct {
  const guint8 *at;
  gsize left;
} FuzzInput;

/* Copies up to @len bytes, pads with zeros, and returns how many there were. */
gsize fuzz_take (FuzzInput *input, void *ret, gsize len);
guint8 fuzz_u8 (FuzzInput *input);
guint16 fuzz_u16 (FuzzInput *input);
guint32 fuzz_u32 (FuzzInput *input);
guint64 fuzz_u64 (FuzzInput *input);
/* Borrows up to @len bytes of the input. */
const guint8 *fuzz_bytes (FuzzInput *input, gsize len, gsize *ret_len);
/* The next part, up to a NUL or the end, as a string; free with g_free(). */
char *fuzz_string (FuzzInput *input);

/* Ends the program unless @condition holds. */
void fuzz_check (gboolean condition, const char *what);
/* Whether a terminal shows @text as it is: printable ASCII in whole lines. */
void fuzz_check_printable (const char *text, gsize len);

G_END_DECLS

#endif
