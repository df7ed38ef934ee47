/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations of io_uring that a guest's kernel has, and where it keeps what they were given. */
#ifndef GT_LINUX_URING_H
#define GT_LINUX_URING_H

#include "guestcode/shared.h"
#include "linux/linux.h"

G_BEGIN_DECLS

typedef struct GtUring GtUring;

/* How an argument is to be read; those from GT_URING_FORM_PATH on are addresses. */
typedef enum {
  GT_URING_FORM_INT,
  GT_URING_FORM_UNSIGNED,
  GT_URING_FORM_OFFSET, /* 64 bits, signed */
  GT_URING_FORM_HEX,
  GT_URING_FORM_DIRECTORY,
  GT_URING_FORM_OPEN_FLAGS,
  GT_URING_FORM_MODE,      /* of a file that may be made */
  GT_URING_FORM_OPEN_MODE, /* the same, shown only when the flags before it make one */
  GT_URING_FORM_POINTER,
  GT_URING_FORM_PATH,
  GT_URING_FORM_DATA,    /* as many bytes as the next argument says */
  GT_URING_FORM_ADDRESS, /* the same, of a socket's address */
  GT_URING_FORM_FILLED,  /* by the kernel: as many bytes as the result says */
} GtUringForm;

typedef struct {
  const char *member; /* of a kernel structure: "io_open.dfd"; NULL ends the list */
  GtUringForm form;
  guint8 size;   /* bytes */
  guint8 sqe;    /* where it lies in struct io_uring_sqe */
  guint32 added; /* bits that the kernel puts in by itself */
} GtUringArg;

typedef struct {
  const char *name;     /* "openat" for IORING_OP_OPENAT */
  const char *calls[4]; /* the system calls that do the same, up to a NULL */
  GtUringArg args[GT_URING_ARGS];
} GtUringOp;

/* NULL when the kernel has no io_uring, or none whose structures are described. */
GtUring *gt_uring_new (const GtLinux *linux_os);
void gt_uring_free (GtUring *uring);

/* The operation's name, or NULL for a code that this kernel does not have. (@uring may be NULL.) */
const char *gt_uring_name (const GtUring *uring, gint opcode);
/* What is known of it; NULL when only its name, or nothing, is. */
const GtUringOp *gt_uring_op (const GtUring *uring, gint opcode);
/* By name ("openat"), or -1. */
gint gt_uring_by_name (const GtUring *uring, const char *name);
/* Whether the operation does what the system call @call does. */
gboolean gt_uring_does_call (const GtUring *uring, gint opcode, const char *call);

/* Takes out of a submission's arguments what the kernel has put in. */
void gt_uring_clean_args (const GtUring *uring, gint opcode, guint64 args[GT_URING_ARGS]);

/* Where things are; nothing is wanted in it. */
const struct gt_uring_config *gt_uring_layout (const GtUring *uring);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtUring, gt_uring_free)

G_END_DECLS

#endif
