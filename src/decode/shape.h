/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a call's arguments and result are printed: worked out once for a call, used for each line. */
#ifndef GT_SHAPE_H
#define GT_SHAPE_H

#include <glib.h>

#include "decode/decode.h"
#include "linux/linux.h"

G_BEGIN_DECLS

typedef enum {
  GT_FORM_HEX, /* 64 bits */
  GT_FORM_HEX32,
  GT_FORM_SIGNED,
  GT_FORM_SIGNED32,
  GT_FORM_UNSIGNED,
  GT_FORM_UNSIGNED32,
  GT_FORM_OCTAL,
  GT_FORM_ID,        /* unsigned, and -1 */
  GT_FORM_DIRECTORY, /* a descriptor, or AT_FDCWD */
  GT_FORM_OPEN_FLAGS,
  GT_FORM_OPEN_MODE, /* shown only when the flags before it create a file */
  GT_FORM_POINTER,   /* the form of all pointers below, when nothing was captured */
  GT_FORM_STRING,
  GT_FORM_BUFFER,
  GT_FORM_STRINGS,
  GT_FORM_IOVEC,
  GT_FORM_SOCKADDR,
  GT_FORM_UNKNOWN, /* the kernel does not say what it is */
} GtForm;

typedef struct {
  guint8 form;      /* GtForm */
  gint8 length_arg; /* the argument that has the buffer's size, or the iovec's count; else -1 */
  guint8 at_leave;  /* the kernel fills it in */
  guint8 by_result; /* as many bytes as the call returns */
  guint8 max_count; /* elements captured at most; argv: one more than is shown */
  guint8 whole;     /* not subject to the string limit */
} GtArgShape;

typedef struct {
  guint n_args;
  GtArgShape args[GT_LINUX_MAX_ARGS];
  guint8 result;          /* GtForm: signed, hexadecimal or octal */
  gboolean never_returns; /* exit, exit_group */
  gboolean renames;       /* execve: a success leads into another program */
  gboolean returns_twice; /* fork: the child returns, too, with 0 */
} GtCallShape;

/* @call may be NULL: a number that this kernel does not have. */
void gt_call_shape (const GtLinuxCall *call, GtCallShape *ret_shape);

/* gt_decode_args() and gt_decode_result() with the shape at hand. */
void gt_shape_args (GString *out, const GtCallShape *shape, const GTEvent *enter,
                    const GTEvent *leave, const GtDecodeOptions *options);
void gt_shape_result (GString *out, const GtCallShape *shape, const GTEvent *leave);

G_END_DECLS

#endif
