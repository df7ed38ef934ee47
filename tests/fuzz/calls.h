/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system calls of a real kernel, for targets that decode. */
#ifndef GT_TEST_FUZZ_CALLS_H
#define GT_TEST_FUZZ_CALLS_H

#include "cli/calls.h"

G_BEGIN_DECLS

/* Made once; numbers are made up. */
GtCallTable *fuzz_calls (void);

G_END_DECLS

#endif
