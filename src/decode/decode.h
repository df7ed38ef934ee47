/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A system call as text: names, arguments, results, in strace's grammar. Reads no guest memory. */
#ifndef GT_DECODE_H
#define GT_DECODE_H

#include <glib.h>
#include <guestrace/gt-event.h>

#include "linux/linux.h"

G_BEGIN_DECLS

/* strace's -X: how flags and enumerations are shown. */
typedef enum {
  GT_CONSTANTS_NAMES,
  GT_CONSTANTS_NUMBERS,
  GT_CONSTANTS_BOTH,
} GtConstants;

/* strace's -x and -xx: which strings are shown in hexadecimal. */
typedef enum {
  GT_HEX_NONE,
  GT_HEX_UNPRINTABLE, /* those with bytes that are no printable ASCII */
  GT_HEX_ALL,
} GtHexStrings;

/* strace's -e decode-fds=: what stands behind descriptors. */
enum {
  GT_FDS_PATH = 1, /* of those that are shown as none of the others */
  GT_FDS_SOCKET = 2,
  GT_FDS_DEVICE = 4,
  GT_FDS_PIDFD = 8,
  GT_FDS_ALL = 15,
};

typedef struct {
  guint string_limit; /* strace's -s: how much of a buffer is shown */
  guint fds;          /* GT_FDS_: what descriptors are shown with; strace's -y, -yy */
  gboolean verbose;   /* strace's -v: structures whole */
  gboolean addresses; /* strace's -e verbose=none: structures by their address */
  GtConstants constants;
  GtHexStrings hex_strings;
} GtDecodeOptions;

enum { GT_ERRNO_MAX = 4095 };

/* Appends "openat" or, for numbers that this kernel does not have, "syscall_0x1c9". */
void gt_decode_name (GString *out, const GtLinuxCall *call, gint nr);
/* Appends "AT_FDCWD, \"/etc/passwd\", 0x80000, 0": @enter has the arguments and what was captured
 * on entry; @leave (nullable) has what the kernel filled in. */
void gt_decode_args (GString *out, const GtLinuxCall *call, const GTEvent *enter,
                     const GTEvent *leave, const GtDecodeOptions *options);
/* Appends "3", "-1 ENOENT (No such file or directory)", "0x7f12...", "?". */
void gt_decode_result (GString *out, const GtLinuxCall *call, const GTEvent *leave,
                       const GtDecodeOptions *options);

G_END_DECLS

#endif
