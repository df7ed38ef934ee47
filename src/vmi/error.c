/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error domain of libguestrace. */
#include <guestrace/gt-error.h>

/**
 * gt_error_quark:
 *
 * Returns: the domain of #GTError, which #GT_ERROR stands for
 */
GQuark
gt_error_quark (void)
{
  return g_quark_from_static_string ("gt-error-quark");
}
