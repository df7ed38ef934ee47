/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a Linux kernel as a file for Volatility 3: its intermediate symbol format, ISF.
 */
#ifndef GT_LINUX_ISF_H
#define GT_LINUX_ISF_H

#include <stdio.h>

#include "linux/linux.h"

G_BEGIN_DECLS

/* Writes all symbols and types of the kernel, as JSON of ISF 6.2.0: some 40 MB. Addresses are those
 * of a kernel that KASLR has not moved. FALSE when @out could not be written to; errno says why. */
gboolean gt_linux_write_isf (GtLinux *linux_os, FILE *out);

G_END_DECLS

#endif
