/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages that a guestrace which was killed while it attached or detached left in the guest's kernel,
 * and to which no hook leads. */
#ifndef GT_PROBE_LEFTOVERS_H
#define GT_PROBE_LEFTOVERS_H

#include "linux/linux.h"

G_BEGIN_DECLS

#define GT_MAX_LEFTOVERS 32

/* A probe's code, its shared pages, or both. */
typedef struct {
  addr_t code; /* 0 when there is none */
  gsize code_size;
  addr_t shared; /* 0 when there are none */
} GtLeftover;

/*
 * How many there are, at most GT_MAX_LEFTOVERS. They are known by what is written at their
 * beginnings; those of which nothing was written yet by who asked for them, @caller (see
 * gt_borrow_caller()), and by being as long as this guestrace's own would be: @code_size.
 */
guint gt_probe_find_leftovers (vmi_instance_t vmi, GtLinux *linux_os, addr_t caller,
                               gsize code_size, GtLeftover ret[GT_MAX_LEFTOVERS]);

G_END_DECLS

#endif
