/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system-call metadata of real kernels, for tests: data/syscalls-VERSION.txt. */
#ifndef TEST_DECODE_DATA_H
#define TEST_DECODE_DATA_H

#include "linux/linux.h"

G_BEGIN_DECLS

/* GtLinuxCalls with made-up numbers (their index), in the file's order; freed by
 * g_ptr_array_unref(). */
GPtrArray *test_data_load (const char *version);
gboolean test_data_has (const GPtrArray *calls, const char *name);
const GtLinuxCall *test_data_find (const GPtrArray *calls, const char *name);

G_END_DECLS

#endif
