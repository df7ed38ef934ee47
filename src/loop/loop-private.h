/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the command may ask of a loop beyond the public interface. */
#ifndef GT_LOOP_PRIVATE_H
#define GT_LOOP_PRIVATE_H

#include <guestrace/gt-loop.h>

#include "linux/linux.h"
#include "linux/uring.h"

G_BEGIN_DECLS

/* What is known of the guest's Linux; owned by @loop. */
GtLinux *gt_loop_get_linux (GTLoop *loop);
/* What is known of its io_uring, or NULL; owned by @loop. */
GtUring *gt_loop_get_uring (GTLoop *loop);

G_END_DECLS

#endif
