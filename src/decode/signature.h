/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the C types in a kernel's system-call metadata mean to guestrace. */
#ifndef GT_SIGNATURE_H
#define GT_SIGNATURE_H

#include <glib.h>

#include "linux/linux.h"

G_BEGIN_DECLS

typedef enum {
  GT_TYPE_UNKNOWN,
  GT_TYPE_INT,
  GT_TYPE_UINT,
  GT_TYPE_LONG,
  GT_TYPE_ULONG,
  GT_TYPE_SIZE,
  GT_TYPE_ID,         /* uid_t, gid_t: unsigned, but -1 means "none" */
  GT_TYPE_MODE,       /* umode_t */
  GT_TYPE_TEXT_IN,    /* const char * */
  GT_TYPE_TEXT_OUT,   /* char * */
  GT_TYPE_DATA_IN,    /* const void * */
  GT_TYPE_TEXT_ARRAY, /* const char *const * */
  GT_TYPE_IOVEC,      /* const struct iovec * */
  GT_TYPE_POINTER,    /* any other */
} GtType;

/* Reads a type as the kernel spells it; qualifiers and attributes make no difference. */
GtType gt_type_of (const char *type);

/* Whether what it points to may not be written: const. */
gboolean gt_type_is_const (const char *type);
/* Whether what has this name is bits, or, if it is as long as one, an address rather than an
 * amount. */
gboolean gt_signature_is_bits (const char *name);
gboolean gt_signature_is_address (const char *name);

/* Whether argument @index says how many bytes the one before it has. */
gboolean gt_signature_is_length (const GtLinuxCall *call, guint index);

G_END_DECLS

#endif
