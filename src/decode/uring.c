/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations of io_uring as text: in the forms that system calls' arguments have. */
#include "decode/uring.h"

#include <linux/io_uring.h>
#include <string.h>

#include "decode/text.h"

typedef struct {
  guint32 bit;
  const char *name;
} FlagName;

static const FlagName flag_names[] = {
  { IOSQE_FIXED_FILE, "FIXED_FILE" },
  { IOSQE_IO_DRAIN, "IO_DRAIN" },
  { IOSQE_IO_LINK, "IO_LINK" },
  { IOSQE_IO_HARDLINK, "IO_HARDLINK" },
  { IOSQE_ASYNC, "ASYNC" },
  { IOSQE_BUFFER_SELECT, "BUFFER_SELECT" },
  { IOSQE_CQE_SKIP_SUCCESS, "CQE_SKIP_SUCCESS" },
};

static GtForm
form_of (const GtUringArg *arg)
{
  switch (arg->form) {
  case GT_URING_FORM_INT:
    return GT_FORM_SIGNED32;
  case GT_URING_FORM_UNSIGNED:
    return GT_FORM_UNSIGNED32;
  case GT_URING_FORM_OFFSET:
    return GT_FORM_SIGNED;
  case GT_URING_FORM_HEX:
    return arg->size == 8 ? GT_FORM_HEX : GT_FORM_HEX32;
  case GT_URING_FORM_DIRECTORY:
    return GT_FORM_DIRECTORY;
  case GT_URING_FORM_OPEN_FLAGS:
    return GT_FORM_OPEN_FLAGS;
  case GT_URING_FORM_MODE:
    return GT_FORM_OCTAL;
  case GT_URING_FORM_OPEN_MODE:
    return GT_FORM_OPEN_MODE;
  case GT_URING_FORM_PATH:
    return GT_FORM_STRING;
  case GT_URING_FORM_DATA:
  case GT_URING_FORM_FILLED:
    return GT_FORM_BUFFER;
  case GT_URING_FORM_ADDRESS:
    return GT_FORM_SOCKADDR;
  case GT_URING_FORM_POINTER:
    break;
  }
  return GT_FORM_POINTER;
}

void
gt_uring_shape (const GtUring *uring, gint opcode, GtCallShape *ret_shape)
{
  const GtUringOp *op = gt_uring_op (uring, opcode);

  *ret_shape = (GtCallShape){ .result = GT_FORM_SIGNED };
  for (guint i = 0; op != NULL && i < GT_URING_ARGS && op->args[i].member != NULL; i++) {
    GtArgShape *arg = &ret_shape->args[ret_shape->n_args++];

    *arg = (GtArgShape){ .form = (guint8) form_of (&op->args[i]), .length_arg = -1 };
    if (gt_uring_layout (uring)->args[opcode][i].kind == GT_URING_ABSENT) {
      arg->form = GT_FORM_UNKNOWN;
    } else if (arg->form == GT_FORM_BUFFER) {
      arg->at_leave = arg->by_result = op->args[i].form == GT_URING_FORM_FILLED;
      arg->length_arg = (gint8) (i + 1);
    }
  }
}

void
gt_uring_append_name (GString *out, const GtUring *uring, gint opcode)
{
  const char *name = gt_uring_name (uring, opcode);

  if (name != NULL) {
    gt_text_name (out, name, strlen (name));
  } else if (opcode < 0) {
    g_string_append_c (out, '?');
  } else {
    g_string_append_printf (out, "op_0x%x", (guint) opcode);
  }
}

void
gt_uring_append_flags (GString *out, guint32 op_flags)
{
  guint32 rest = op_flags;

  for (guint i = 0; rest != 0 && i < G_N_ELEMENTS (flag_names); i++) {
    if ((rest & flag_names[i].bit) != 0) {
      g_string_append_c (out, '|');
      g_string_append (out, flag_names[i].name);
      rest &= ~flag_names[i].bit;
    }
  }
  if (rest != 0) {
    g_string_append_c (out, '|');
    gt_text_hex (out, rest);
  }
}
