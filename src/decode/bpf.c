/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpf's attributes: union bpf_attr, include/uapi/linux/bpf.h. The command says which of its
 * structures it is, the last argument how much of it the program knows. */
#include <linux/bpf.h>
#include <string.h>

#include "decode/filter.h"
#include "decode/printer.h"

#include "decode-tables.h"

enum {
  NEVER = 255,
  ATTR_MAX = 152,
  NAME_SIZE = 16,
  LICENSE_AT = 16,
  BTF_SIZE_AT = 16,
  COMMAND = 0,
  ATTR = 1,
  SIZE = 2
};

typedef enum {
  UNSIGNED, /* 32 bits, as all but pointers and what is said to have 64 */
  UNSIGNED64,
  FD,
  HEX,
  HEX64,
  POINTER,
  STRING, /* a pointer to one */
  BTF,    /* a pointer to as many bytes as the structure says */
  CODE,   /* a pointer to as many instructions as the member before says */
  LIST,   /* a pointer to as many numbers as the next member says */
  NAME,   /* one */
  FLAGS,
  ENUM,
  ENUM64,
  VERSION,
  FOUND, /* the kernel fills it in */
} Form;

/* Shown where the program's structure is longer than @from; what it does not have is 0. */
typedef struct {
  const char *name;
  guint8 at, from, form;
  const GtNames *names;
} Member;

typedef struct {
  const char *inner; /* the structure within the union that they belong to, or NULL */
  const Member *members;
  guint8 n;
} Command;

static const Member map_create[] = {
  { "map_type", 0, 0, ENUM, &gt_names_bpf_map_types },
  { "key_size", 4, 0, UNSIGNED, NULL },
  { "value_size", 8, 0, UNSIGNED, NULL },
  { "max_entries", 12, 0, UNSIGNED, NULL },
  { "map_flags", 16, 16, FLAGS, &gt_names_bpf_map_flags },
  { "inner_map_fd", 20, 20, FD, NULL },
  { "map_name", 28, 28, NAME, NULL },
  { "map_ifindex", 44, 44, UNSIGNED, NULL },
  { "btf_fd", 48, 48, FD, NULL },
  { "btf_key_type_id", 52, 48, UNSIGNED, NULL },
  { "btf_value_type_id", 56, 48, UNSIGNED, NULL },
  { "btf_vmlinux_value_type_id", 60, 60, UNSIGNED, NULL },
  { "map_extra", 64, 64, UNSIGNED64, NULL },
};

static const Member map_element[] = {
  { "map_fd", 0, 0, FD, NULL },
  { "key", 8, 0, POINTER, NULL },
  { "value", 16, 0, POINTER, NULL },
  { "flags", 24, 24, ENUM64, &gt_names_bpf_element_flags },
};

/* As BPF_MAP_UPDATE_ELEM had it from the beginning. */
static const Member map_update[] = {
  { "map_fd", 0, 0, FD, NULL },
  { "key", 8, 0, POINTER, NULL },
  { "value", 16, 0, POINTER, NULL },
  { "flags", 24, 0, ENUM64, &gt_names_bpf_element_flags },
};

static const Member map_delete[] = {
  { "map_fd", 0, 0, FD, NULL },
  { "key", 8, 0, POINTER, NULL },
};

static const Member map_next[] = {
  { "map_fd", 0, 0, FD, NULL },
  { "key", 8, 0, POINTER, NULL },
  { "next_key", 16, 0, POINTER, NULL },
};

static const Member prog_load[] = {
  { "prog_type", 0, 0, ENUM, &gt_names_bpf_prog_types },
  { "insn_cnt", 4, 0, UNSIGNED, NULL },
  { "insns", 8, 0, CODE, NULL },
  { "license", LICENSE_AT, 0, STRING, NULL },
  { "log_level", 24, 24, UNSIGNED, NULL },
  { "log_size", 28, 24, UNSIGNED, NULL },
  { "log_buf", 32, 24, POINTER, NULL },
  { "kern_version", 40, 40, VERSION, NULL },
  { "prog_flags", 44, 44, FLAGS, &gt_names_bpf_prog_flags },
  { "prog_name", 48, 48, NAME, NULL },
  { "prog_ifindex", 64, 64, UNSIGNED, NULL },
  { "expected_attach_type", 68, 68, ENUM, &gt_names_bpf_attach_types },
  { "prog_btf_fd", 72, 72, FD, NULL },
  { "func_info_rec_size", 76, 72, UNSIGNED, NULL },
  { "func_info", 80, 72, POINTER, NULL },
  { "func_info_cnt", 88, 72, UNSIGNED, NULL },
  { "line_info_rec_size", 92, 72, UNSIGNED, NULL },
  { "line_info", 96, 72, POINTER, NULL },
  { "line_info_cnt", 104, 72, UNSIGNED, NULL },
  { "attach_btf_id", 108, 108, UNSIGNED, NULL },
  { "attach_prog_fd", 112, 112, FD, NULL },
  { "fd_array", 120, 120, POINTER, NULL },
};

static const Member object[] = {
  { "pathname", 0, 0, STRING, NULL },
  { "bpf_fd", 8, 0, FD, NULL },
  { "file_flags", 12, 12, FLAGS, &gt_names_bpf_file_flags },
};

static const Member prog_attach[] = {
  { "target_fd", 0, 0, FD, NULL },
  { "attach_bpf_fd", 4, 0, FD, NULL },
  { "attach_type", 8, 0, ENUM, &gt_names_bpf_attach_types },
  { "attach_flags", 12, 0, FLAGS, &gt_names_bpf_attach_flags },
  { "replace_bpf_fd", 16, 16, FD, NULL },
};

static const Member prog_detach[] = {
  { "target_fd", 0, 0, FD, NULL },
  { "attach_type", 8, 0, ENUM, &gt_names_bpf_attach_types },
};

static const Member test_run[] = {
  { "prog_fd", 0, 0, FD, NULL },
  { "retval", 4, 0, UNSIGNED, NULL },
  { "data_size_in", 8, 0, UNSIGNED, NULL },
  { "data_size_out", 12, 0, UNSIGNED, NULL },
  { "data_in", 16, 0, POINTER, NULL },
  { "data_out", 24, 0, POINTER, NULL },
  { "repeat", 32, 0, UNSIGNED, NULL },
  { "duration", 36, 0, UNSIGNED, NULL },
  { "ctx_size_in", 40, 40, UNSIGNED, NULL },
  { "ctx_size_out", 44, 40, UNSIGNED, NULL },
  { "ctx_in", 48, 40, POINTER, NULL },
  { "ctx_out", 56, 40, POINTER, NULL },
  { "flags", 64, 64, FLAGS, &gt_names_bpf_test_flags },
  { "cpu", 68, 64, UNSIGNED, NULL },
  { "batch_size", 72, 72, UNSIGNED, NULL },
};

static const Member next_id[] = {
  { "start_id", 0, 0, UNSIGNED, NULL },
  { "next_id", 4, 0, FOUND, NULL },
  { "open_flags", 8, 8, FLAGS, &gt_names_bpf_file_flags },
};

static const Member prog_by_id[] = {
  { "prog_id", 0, 0, UNSIGNED, NULL },
  { "next_id", 4, 0, UNSIGNED, NULL },
  { "open_flags", 8, 8, FLAGS, &gt_names_bpf_file_flags },
};

static const Member map_by_id[] = {
  { "map_id", 0, 0, UNSIGNED, NULL },
  { "next_id", 4, 0, UNSIGNED, NULL },
  { "open_flags", 8, 8, FLAGS, &gt_names_bpf_file_flags },
};

static const Member info[] = {
  { "bpf_fd", 0, 0, FD, NULL },
  { "info_len", 4, 0, FOUND, NULL },
  { "info", 8, 0, POINTER, NULL },
};

static const Member query[] = {
  { "target_fd", 0, 0, FD, NULL },
  { "attach_type", 4, 0, ENUM, &gt_names_bpf_attach_types },
  { "query_flags", 8, 0, FLAGS, &gt_names_bpf_query_flags },
  { "attach_flags", 12, 0, FLAGS, &gt_names_bpf_attach_flags },
  { "prog_ids", 16, 0, LIST, NULL },
  { "prog_cnt", 24, 0, FOUND, NULL },
};

static const Member raw_tracepoint[] = {
  { "name", 0, 0, STRING, NULL },
  { "prog_fd", 8, 0, FD, NULL },
};

static const Member btf_load[] = {
  { "btf", 0, 0, BTF, NULL },
  { "btf_log_buf", 8, 0, POINTER, NULL },
  { "btf_size", 16, 0, UNSIGNED, NULL },
  { "btf_log_size", 20, 0, UNSIGNED, NULL },
  { "btf_log_level", 24, 0, UNSIGNED, NULL },
};

static const Member btf_by_id[] = { { "btf_id", 0, 0, UNSIGNED, NULL } };

static const Member task_fd[] = {
  { "pid", 0, 0, UNSIGNED, NULL },
  { "fd", 4, 0, UNSIGNED, NULL },
  { "flags", 8, 0, UNSIGNED, NULL },
  { "buf_len", 12, 0, FOUND, NULL },
  { "buf", 16, 0, POINTER, NULL },
  { "prog_id", 24, 0, UNSIGNED, NULL },
  { "fd_type", 28, 0, ENUM, &gt_names_bpf_fd_types },
  { "probe_offset", 32, 0, HEX64, NULL },
  { "probe_addr", 40, 0, HEX64, NULL },
};

static const Member freeze[] = { { "map_fd", 0, 0, FD, NULL } };

static const Member lookup_batch[] = {
  { "in_batch", 0, 0, POINTER, NULL },
  { "out_batch", 8, 0, POINTER, NULL },
  { "keys", 16, 0, POINTER, NULL },
  { "values", 24, 0, POINTER, NULL },
  { "count", 32, 0, FOUND, NULL },
  { "map_fd", 36, 0, FD, NULL },
  { "elem_flags", 40, 0, ENUM64, &gt_names_bpf_element_flags },
  { "flags", 48, 0, HEX64, NULL },
};

static const Member update_batch[] = {
  { "keys", 16, 0, POINTER, NULL },
  { "values", 24, 0, POINTER, NULL },
  { "count", 32, 0, FOUND, NULL },
  { "map_fd", 36, 0, FD, NULL },
  { "elem_flags", 40, 0, ENUM64, &gt_names_bpf_element_flags },
  { "flags", 48, 0, HEX64, NULL },
};

static const Member delete_batch[] = {
  { "keys", 16, 0, POINTER, NULL }, { "count", 32, 0, FOUND, NULL },
  { "map_fd", 36, 0, FD, NULL },    { "elem_flags", 40, 0, ENUM64, &gt_names_bpf_element_flags },
  { "flags", 48, 0, HEX64, NULL },
};

static const Member link_create[] = {
  { "prog_fd", 0, 0, FD, NULL },
  { "target_fd", 4, 0, FD, NULL },
  { "attach_type", 8, 0, ENUM, &gt_names_bpf_attach_types },
  { "flags", 12, 0, HEX, NULL },
};

static const Member link_update[] = {
  { "link_fd", 0, 0, FD, NULL },
  { "new_prog_fd", 4, 0, FD, NULL },
  { "flags", 8, 0, FLAGS, &gt_names_bpf_attach_flags },
  { "old_prog_fd", 12, NEVER, FD, NULL },
};

static const Member link_by_id[] = { { "link_id", 0, 0, UNSIGNED, NULL } };

#define COMMAND_ROW(inner, members)                                                                \
  {                                                                                                \
    inner, members, G_N_ELEMENTS (members)                                                         \
  }

static const Command commands[] = {
  [BPF_MAP_CREATE] = COMMAND_ROW (NULL, map_create),
  [BPF_MAP_LOOKUP_ELEM] = COMMAND_ROW (NULL, map_element),
  [BPF_MAP_UPDATE_ELEM] = COMMAND_ROW (NULL, map_update),
  [BPF_MAP_DELETE_ELEM] = COMMAND_ROW (NULL, map_delete),
  [BPF_MAP_GET_NEXT_KEY] = COMMAND_ROW (NULL, map_next),
  [BPF_PROG_LOAD] = COMMAND_ROW (NULL, prog_load),
  [BPF_OBJ_PIN] = COMMAND_ROW (NULL, object),
  [BPF_OBJ_GET] = COMMAND_ROW (NULL, object),
  [BPF_PROG_ATTACH] = COMMAND_ROW (NULL, prog_attach),
  [BPF_PROG_DETACH] = COMMAND_ROW (NULL, prog_detach),
  [BPF_PROG_TEST_RUN] = COMMAND_ROW ("test", test_run),
  [BPF_PROG_GET_NEXT_ID] = COMMAND_ROW (NULL, next_id),
  [BPF_MAP_GET_NEXT_ID] = COMMAND_ROW (NULL, next_id),
  [BPF_PROG_GET_FD_BY_ID] = COMMAND_ROW (NULL, prog_by_id),
  [BPF_MAP_GET_FD_BY_ID] = COMMAND_ROW (NULL, map_by_id),
  [BPF_OBJ_GET_INFO_BY_FD] = COMMAND_ROW ("info", info),
  [BPF_PROG_QUERY] = COMMAND_ROW ("query", query),
  [BPF_RAW_TRACEPOINT_OPEN] = COMMAND_ROW ("raw_tracepoint", raw_tracepoint),
  [BPF_BTF_LOAD] = COMMAND_ROW (NULL, btf_load),
  [BPF_BTF_GET_FD_BY_ID] = COMMAND_ROW (NULL, btf_by_id),
  [BPF_TASK_FD_QUERY] = COMMAND_ROW ("task_fd_query", task_fd),
  [BPF_MAP_LOOKUP_AND_DELETE_ELEM] = COMMAND_ROW (NULL, map_element),
  [BPF_MAP_FREEZE] = COMMAND_ROW (NULL, freeze),
  [BPF_BTF_GET_NEXT_ID] = COMMAND_ROW (NULL, next_id),
  [BPF_MAP_LOOKUP_BATCH] = COMMAND_ROW ("batch", lookup_batch),
  [BPF_MAP_LOOKUP_AND_DELETE_BATCH] = COMMAND_ROW ("batch", lookup_batch),
  [BPF_MAP_UPDATE_BATCH] = COMMAND_ROW ("batch", update_batch),
  [BPF_MAP_DELETE_BATCH] = COMMAND_ROW ("batch", delete_batch),
  [BPF_LINK_CREATE] = COMMAND_ROW ("link_create", link_create),
  [BPF_LINK_UPDATE] = COMMAND_ROW ("link_update", link_update),
  [BPF_LINK_GET_FD_BY_ID] = COMMAND_ROW (NULL, link_by_id),
  [BPF_LINK_GET_NEXT_ID] = COMMAND_ROW (NULL, next_id),
};

static gsize
size_of (Form form)
{
  switch (form) {
  case NAME:
    return NAME_SIZE;
  case UNSIGNED64:
  case HEX64:
  case POINTER:
  case STRING:
  case CODE:
  case BTF:
  case LIST:
  case ENUM64:
    return 8;
  default:
    return 4;
  }
}

/* What the kernel has made of it. */
static void
print_found (GtPrinter *printer, const Member *member, guint64 before)
{
  guint32 after;

  gt_print_unsigned (printer, before);
  gt_printer_look (printer, TRUE);
  if (gt_printer_succeeded (printer) &&
      gt_printer_fetch (printer, gt_printer_arg (printer, ATTR) + member->at, &after,
                        sizeof after) &&
      after != before) {
    gt_print_printf (printer, " => %u", after);
  }
  gt_printer_look (printer, FALSE);
}

static void
print_name (GtPrinter *printer, const guint8 *bytes, gsize size)
{
  gsize room = MIN (size, (gsize) NAME_SIZE), length = strnlen ((const char *) bytes, room);
  gboolean cut = length == room;

  gt_text_quoted_as (printer->out, bytes, length - cut, cut, printer->options->hex_strings);
}

static void
print_version (GtPrinter *printer, guint64 value)
{
  gboolean names = printer->options->constants == GT_CONSTANTS_NAMES;

  if (!names) {
    gt_print_hex (printer, value);
  }
  if (printer->options->constants != GT_CONSTANTS_NUMBERS) {
    gt_print_printf (printer,
                     names ? "KERNEL_VERSION(%u, %u, %u)" : " /* KERNEL_VERSION(%u, %u, %u) */",
                     (guint) (value >> 16), (guint) (value >> 8 & 0xff), (guint) (value & 0xff));
  }
}

static void
print_string (GtPrinter *printer, guint64 address)
{
  const GTCapture *capture = address != 0 ? gt_printer_capture (printer, address) : NULL;

  if (capture != NULL && capture->is_string) {
    gt_print_path (printer, address);
  } else {
    gt_text_pointer (printer->out, address);
  }
}

static guint32
number_at (const guint8 *attr, gsize at)
{
  GtCursor cursor = { attr + at, FALSE };

  return (guint32) gt_cursor_unsigned (&cursor, 4);
}

static void
print_btf (GtPrinter *printer, guint64 address, guint32 size)
{
  gboolean readable = address != 0 && !(printer->is_32 && address > G_MAXUINT32);

  if (readable && size == 0) {
    gt_print_text (printer, "\"\"");
  } else if (readable && gt_printer_copied (printer, address) > 0) {
    gt_print_buffer (printer, address, size);
  } else {
    gt_text_pointer (printer->out, address);
  }
}

/* @attr has zeros where the program's, of @size bytes, ends. */
static void
print_member (GtPrinter *printer, const Member *member, const guint8 *attr, gsize size)
{
  GtCursor cursor = { attr + member->at, FALSE };
  guint64 value = gt_cursor_unsigned (&cursor, size_of (member->form) == 8 ? 8 : 4);

  gt_print_member (printer, member->name);
  switch ((Form) member->form) {
  case UNSIGNED:
  case UNSIGNED64:
    gt_print_unsigned (printer, value);
    break;
  case FD:
    gt_print_fd (printer, (gint32) value);
    break;
  case HEX:
  case HEX64:
    gt_print_hex (printer, value);
    break;
  case POINTER:
    gt_text_pointer (printer->out, value);
    break;
  case STRING:
    print_string (printer, value);
    break;
  case BTF:
    print_btf (printer, value, number_at (attr, BTF_SIZE_AT));
    break;
  case CODE:
    if (printer->options->verbose) {
      gt_print_ebpf (printer, value, (guint) number_at (attr, member->at - 4));
    } else {
      gt_text_pointer (printer->out, value);
    }
    break;
  case LIST:
    if (value != 0 && number_at (attr, member->at + 8) == 0) {
      gt_print_text (printer, "[]");
    } else {
      gt_text_pointer (printer->out, value);
    }
    break;
  case NAME:
    print_name (printer, attr + member->at, size - member->at);
    break;
  case FLAGS:
    gt_print_flags (printer, member->names, value);
    break;
  case ENUM:
  case ENUM64:
    gt_print_enum (printer, member->names, value);
    break;
  case VERSION:
    print_version (printer, value);
    break;
  case FOUND:
    print_found (printer, member, value);
    break;
  }
}

/* What is behind all that is known, where that is not 0. */
static void
print_more (GtPrinter *printer, const Command *command, const guint8 *attr, gsize size)
{
  const Member *last = &command->members[command->n - 1];
  gsize known = last->at + size_of (last->form), i = known;

  while (i < size && attr[i] == 0) {
    i++;
  }
  if (i >= size) {
    return;
  }
  if (!printer->options->verbose) {
    gt_print_text (printer, ", ...");
    return;
  }
  gt_print_member (printer, "extra_data");
  gt_text_quoted_as (printer->out, attr + known, size - known, FALSE, GT_HEX_ALL);
  gt_print_printf (printer, " /* bytes %u..%u */", (guint) known, (guint) size - 1);
}

static void
print_command (GtPrinter *printer, const Command *command, const guint8 *attr, gsize size)
{
  gt_print_text (printer, "{");
  if (command->inner != NULL) {
    gt_print_member (printer, command->inner);
    gt_print_text (printer, "{");
  }
  for (guint i = 0; i < command->n; i++) {
    const Member *member = &command->members[i];

    if (member->from == 0 || size > member->from) {
      print_member (printer, member, attr, size);
    }
  }
  if (command->inner != NULL) {
    gt_print_text (printer, "}");
  }
  print_more (printer, command, attr, size);
  gt_print_text (printer, "}");
}

static void
print_bpf_attr (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 number = (guint32) gt_printer_arg (printer, COMMAND);
  gsize size = MIN ((guint32) gt_printer_arg (printer, SIZE), (guint32) ATTR_MAX);
  guint8 attr[ATTR_MAX + NAME_SIZE] = { 0 };
  const guint8 *bytes;

  gt_printer_look (printer, FALSE);
  bytes = size > 0 ? gt_printer_memory (printer, value, size) : NULL;
  if (bytes == NULL || number >= G_N_ELEMENTS (commands)) {
    gt_print_pointer (printer, value);
    return;
  }
  memcpy (attr, bytes, size);
  print_command (printer, &commands[number], attr, size);
}

static void
plan_bpf_attr (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  const struct gt_step attr = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .length = GT_LENGTH_ARG0 + SIZE,
    .limit = ATTR_MAX,
  };
  guint base = gt_plan_add (plan, &attr);
  const struct gt_step btf = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .length = GT_LENGTH_FIELD,
    .length_at = BTF_SIZE_AT,
    .limit = MIN (plan->wants.string_limit, GT_MAX_CAPTURE),
    .base = (uint8_t) base,
  };

  for (guint at = 0; !plan->at_leave && base > 0 && at <= LICENSE_AT; at += LICENSE_AT) {
    const struct gt_step string = {
      .op = GT_STEP_STRING,
      .arg = (uint8_t) arg,
      .limit = GT_PLAN_STRING,
      .base = (uint8_t) base,
      .at = (uint16_t) at,
    };

    (void) gt_plan_add (plan, &string);
  }
  if (!plan->at_leave && base > 0) {
    (void) gt_plan_add (plan, &btf);
    gt_plan_ebpf (plan, arg, base);
  }
}
GT_KIND_PLANNED (bpf_attr);
