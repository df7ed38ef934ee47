/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands of ioctl are given, one row each; the tables are split by subject. */
#ifndef GT_IOCTL_H
#define GT_IOCTL_H

#include "decode/printer.h"

G_BEGIN_DECLS

typedef enum {
  GT_IOCTL_NONE,  /* nothing, whatever the program passes */
  GT_IOCTL_VALUE, /* a number, or what its function finds out by itself */
  GT_IOCTL_IN,    /* points to what the kernel reads */
  GT_IOCTL_OUT,   /* points to what the kernel has filled in */
} GtIoctlForm;

typedef struct GtIoctl GtIoctl;
struct GtIoctl {
  guint32 number;
  guint8 form;     /* GtIoctlForm */
  guint16 size[2]; /* of what it points to, for 64-bit and 32-bit programs */
  /* One of them: for the value itself, for the memory of that size. */
  void (*value) (GtPrinter *printer, const GtIoctl *command, guint64 value);
  void (*memory) (GtPrinter *printer, const GtIoctl *command, GtCursor cursor);
  const GtNames *names;
};

#define GT_IOCTL_ROW_NONE(number)                                                                  \
  {                                                                                                \
    number, GT_IOCTL_NONE, { 0, 0 }, NULL, NULL, NULL                                              \
  }
#define GT_IOCTL_ROW_VALUE(number, print, names)                                                   \
  {                                                                                                \
    number, GT_IOCTL_VALUE, { 0, 0 }, print, NULL, names                                           \
  }
#define GT_IOCTL_ROW_IN(number, size64, size32, print, names)                                      \
  {                                                                                                \
    number, GT_IOCTL_IN, { size64, size32 }, NULL, print, names                                    \
  }
#define GT_IOCTL_ROW_OUT(number, size64, size32, print, names)                                     \
  {                                                                                                \
    number, GT_IOCTL_OUT, { size64, size32 }, NULL, print, names                                   \
  }

/* The rows of one subject; more than one array is looked through. */
typedef struct {
  const GtIoctl *rows;
  guint n;
} GtIoctlTable;

extern const GtIoctlTable gt_ioctls_termios, gt_ioctls_net, gt_ioctls_block, gt_ioctls_loop,
    gt_ioctls_fs, gt_ioctls_clock, gt_ioctls_memory, gt_ioctls_kvm, gt_ioctls_misc,
    gt_ioctls_input;

/* Commands with a length or the like in their number; FALSE: it is none. */
gboolean gt_ioctl_append_input (GString *out, const GtPrinter *printer, guint32 number);
gboolean gt_ioctl_print_input (GtPrinter *printer, guint32 number, guint64 value);

/* ---- Common forms of values ---- */

void gt_ioctl_value_int (GtPrinter *printer, const GtIoctl *command, guint64 value);
void gt_ioctl_value_uint (GtPrinter *printer, const GtIoctl *command, guint64 value);
void gt_ioctl_value_ulong (GtPrinter *printer, const GtIoctl *command, guint64 value);
void gt_ioctl_value_pointer (GtPrinter *printer, const GtIoctl *command, guint64 value);
void gt_ioctl_value_enum (GtPrinter *printer, const GtIoctl *command, guint64 value);
void gt_ioctl_value_flags (GtPrinter *printer, const GtIoctl *command, guint64 value);

/* ---- Common forms of memory: "[5]" ---- */

void gt_ioctl_int (GtPrinter *printer, const GtIoctl *command, GtCursor cursor);
void gt_ioctl_uint (GtPrinter *printer, const GtIoctl *command, GtCursor cursor);
void gt_ioctl_hex (GtPrinter *printer, const GtIoctl *command, GtCursor cursor);
void gt_ioctl_ushort (GtPrinter *printer, const GtIoctl *command, GtCursor cursor);
void gt_ioctl_long (GtPrinter *printer, const GtIoctl *command, GtCursor cursor);
void gt_ioctl_ulong (GtPrinter *printer, const GtIoctl *command, GtCursor cursor);
void gt_ioctl_u64 (GtPrinter *printer, const GtIoctl *command, GtCursor cursor);
void gt_ioctl_two_u64 (GtPrinter *printer, const GtIoctl *command, GtCursor cursor);
void gt_ioctl_flags (GtPrinter *printer, const GtIoctl *command, GtCursor cursor);

/* ---- Members of structures ---- */

void gt_ioctl_member_signed (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size);
void gt_ioctl_member_unsigned (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size);
void gt_ioctl_member_hex (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size);
void gt_ioctl_member_flags (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size,
                            const GtNames *names);
void gt_ioctl_member_enum (GtPrinter *printer, const char *name, GtCursor *cursor, gsize size,
                           const GtNames *names);
/* A string in an array of @size bytes; all but the last one where there is no NUL. */
void gt_ioctl_string (GtPrinter *printer, const guint8 *at, gsize size);

G_END_DECLS

#endif
