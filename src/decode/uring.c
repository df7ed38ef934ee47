/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations of io_uring as text: in the forms that system calls' arguments have. */
#include "decode/uring.h"

#include <linux/io_uring.h>
#include <string.h>

#include "decode-tables.h"
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

static GtArgSpec
spec_of (const GtUringArg *arg, guint index)
{
  gint8 length = (gint8) (index + 1);

  switch (arg->form) {
  case GT_URING_FORM_INT:
    return gt_arg_spec (&gt_kind_int, GT_IN, -1);
  case GT_URING_FORM_UNSIGNED:
    return gt_arg_spec (&gt_kind_uint, GT_IN, -1);
  case GT_URING_FORM_OFFSET:
    return gt_arg_spec (&gt_kind_long, GT_IN, -1);
  case GT_URING_FORM_HEX:
    return gt_arg_spec (arg->size == 8 ? &gt_kind_hexlong : &gt_kind_hex, GT_IN, -1);
  case GT_URING_FORM_DIRECTORY:
    return gt_arg_spec (&gt_kind_dirfd, GT_IN, -1);
  case GT_URING_FORM_OPEN_FLAGS:
    return (GtArgSpec){ &gt_kind_open_flags, &gt_names_open_flags, GT_IN, -1, -1, NULL };
  case GT_URING_FORM_MODE:
    return gt_arg_spec (&gt_kind_mode, GT_IN, -1);
  case GT_URING_FORM_OPEN_MODE:
    return gt_arg_spec (&gt_kind_open_mode, GT_IN, (gint8) (index - 1));
  case GT_URING_FORM_PATH:
    return gt_arg_spec (&gt_kind_path, GT_IN, -1);
  case GT_URING_FORM_DATA:
    return gt_arg_spec (&gt_kind_buf, GT_IN, length);
  case GT_URING_FORM_FILLED:
    return gt_arg_spec (&gt_kind_buf, GT_OUT, length);
  case GT_URING_FORM_ADDRESS:
    return gt_arg_spec (&gt_kind_sockaddr, GT_IN, length);
  case GT_URING_FORM_POINTER:
    break;
  }
  return gt_arg_spec (&gt_kind_ptr, GT_IN, -1);
}

void
gt_uring_shape (const GtUring *uring, gint opcode, GtCallShape *ret_shape)
{
  const GtUringOp *op = gt_uring_op (uring, opcode);

  *ret_shape = (GtCallShape){ .result = { &gt_kind_long, NULL, GT_OUT, -1, -1, NULL } };
  for (guint i = 0; op != NULL && i < GT_URING_ARGS && op->args[i].member != NULL; i++) {
    GtArgSpec *arg = &ret_shape->args[ret_shape->n_args++];

    *arg = spec_of (&op->args[i], i);
    if (gt_uring_layout (uring)->args[opcode][i].kind == GT_URING_ABSENT) {
      arg->kind = &gt_kind_unknown;
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
