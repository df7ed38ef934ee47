/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error domain of libguestrace. */
#include <guestrace/gt-error.h>

G_DEFINE_QUARK (gt - error - quark, gt_error)
