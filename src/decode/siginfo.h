/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals: what they are called, and what the kernel says of one (siginfo_t). */
#ifndef GT_SIGINFO_H
#define GT_SIGINFO_H

#include "decode/printer.h"

G_BEGIN_DECLS

enum { GT_SIGNAL_MAX = 64, GT_SIGINFO_SIZE = 48 };

/* "SIGCHLD", "SIGRT_3"; "0" and "65" where there is no such signal. */
void gt_print_signal (GtPrinter *printer, gint number);
/* The same without regard to options. */
void gt_signal_append (GString *out, gint number);
/* The number of "CHLD", "SIGCHLD", "SIGRT_3", "17"; 0 when there is no such signal. */
gint gt_signal_number (const char *name);
/* "{si_signo=SIGCHLD, si_code=CLD_EXITED, ...}": @bytes are GT_SIGINFO_SIZE of a siginfo_t. */
void gt_print_siginfo (GtPrinter *printer, const guint8 *bytes);

G_END_DECLS

#endif
