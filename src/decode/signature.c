/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the C types in a kernel's system-call metadata mean to guestrace. */
#include "decode/signature.h"

#include <string.h>

enum { TYPE_MAX = 64 };

typedef struct {
  char text[TYPE_MAX]; /* "unsigned int", "struct iovec*" */
  gsize size;
  gboolean is_const; /* what it points to may not be written */
} PlainType;

static const struct {
  const char *name;
  GtType type;
} type_names[] = {
  { "int", GT_TYPE_INT },
  { "unsigned int", GT_TYPE_UINT },
  { "unsigned", GT_TYPE_UINT },
  { "long", GT_TYPE_LONG },
  { "unsigned long", GT_TYPE_ULONG },
  { "size_t", GT_TYPE_SIZE },
  { "pid_t", GT_TYPE_INT },
  { "uid_t", GT_TYPE_ID },
  { "gid_t", GT_TYPE_ID },
  { "qid_t", GT_TYPE_ID },
  { "umode_t", GT_TYPE_MODE },
  { "mode_t", GT_TYPE_MODE },
  { "off_t", GT_TYPE_LONG },
  { "loff_t", GT_TYPE_LONG },
  { "clockid_t", GT_TYPE_INT },
  { "timer_t", GT_TYPE_INT },
  { "key_serial_t", GT_TYPE_INT },
  { "key_t", GT_TYPE_INT },
  { "mqd_t", GT_TYPE_INT },
  { "rwf_t", GT_TYPE_INT },
  { "enum landlock_rule_type", GT_TYPE_INT },
  { "s32", GT_TYPE_INT },
  { "__s32", GT_TYPE_INT },
  { "u32", GT_TYPE_UINT },
  { "__u32", GT_TYPE_UINT },
  { "u64", GT_TYPE_ULONG },
  { "__u64", GT_TYPE_ULONG },
  { "cap_user_header_t", GT_TYPE_POINTER },
  { "cap_user_data_t", GT_TYPE_POINTER },
  { "aio_context_t", GT_TYPE_POINTER },
};

/* The end of "__attribute__((...))" that begins at @at; a broken one goes on to the end. */
static const char *
skip_parentheses (const char *at)
{
  guint depth = 0;

  while (*at != '\0') {
    if (*at == '(') {
      depth++;
    } else if (*at == ')' && --depth == 0) {
      return at + 1;
    }
    at++;
  }
  return at;
}

static gboolean
is_word (const char *word, gsize size, const char *expected)
{
  return size == strlen (expected) && memcmp (word, expected, size) == 0;
}

static void
append (PlainType *plain, const char *text, gsize size)
{
  if (plain->size + size < sizeof plain->text) {
    memcpy (plain->text + plain->size, text, size);
    plain->size += size;
  }
}

static void
append_word (PlainType *plain, const char *word, gsize size)
{
  if (is_word (word, size, "const")) {
    plain->is_const |= memchr (plain->text, '*', plain->size) == NULL;
  } else if (!is_word (word, size, "__user") && !is_word (word, size, "volatile") &&
             !is_word (word, size, "__attribute__")) {
    append (plain, " ", plain->size > 0 ? 1 : 0);
    append (plain, word, size);
  }
}

static void
read_type (const char *at, PlainType *ret_plain)
{
  *ret_plain = (PlainType){ 0 };
  while (*at != '\0') {
    gsize size = 0;

    while (g_ascii_isalnum (at[size]) || at[size] == '_') {
      size++;
    }
    if (size > 0) {
      append_word (ret_plain, at, size);
      at += size;
    } else if (*at == '(') {
      at = skip_parentheses (at);
    } else {
      append (ret_plain, at, *at == '*' ? 1 : 0);
      at++;
    }
  }
}

GtType
gt_type_of (const char *type)
{
  PlainType plain;

  if (type == NULL) {
    return GT_TYPE_UNKNOWN;
  }
  read_type (type, &plain);
  for (guint i = 0; i < G_N_ELEMENTS (type_names); i++) {
    if (strcmp (plain.text, type_names[i].name) == 0) {
      return type_names[i].type;
    }
  }
  if (strcmp (plain.text, "char*") == 0) {
    return plain.is_const ? GT_TYPE_TEXT_IN : GT_TYPE_TEXT_OUT;
  }
  if (strcmp (plain.text, "void*") == 0 && plain.is_const) {
    return GT_TYPE_DATA_IN;
  }
  if (strcmp (plain.text, "char**") == 0 && plain.is_const) {
    return GT_TYPE_TEXT_ARRAY;
  }
  if (strcmp (plain.text, "struct iovec*") == 0) {
    return GT_TYPE_IOVEC;
  }
  return strchr (plain.text, '*') != NULL ? GT_TYPE_POINTER : GT_TYPE_UNKNOWN;
}

gboolean
gt_type_is_const (const char *type)
{
  PlainType plain;

  read_type (type, &plain);
  return plain.is_const;
}

static gboolean
contains_any (const char *name, const char *const *parts)
{
  for (; *parts != NULL; parts++) {
    if (strstr (name, *parts) != NULL) {
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
gt_signature_is_bits (const char *name)
{
  static const char *const parts[] = { "flag", "flg", "prot", "options", "mask", NULL };

  return contains_any (name, parts);
}

gboolean
gt_signature_is_address (const char *name)
{
  static const char *const parts[] = {
    "addr", "start", "brk", "newsp", "tls", "arg", "data", NULL
  };

  return contains_any (name, parts);
}

gboolean
gt_signature_is_length (const GtLinuxCall *call, guint index)
{
  static const char *const names[] = { "len", "siz", "count", "bytes" };

  if (!call->has_args || index >= MIN (call->n_args, GT_LINUX_MAX_ARGS) ||
      call->arg_names[index] == NULL) {
    return FALSE;
  }
  switch (gt_type_of (call->arg_types[index])) {
  case GT_TYPE_SIZE:
    return TRUE;
  case GT_TYPE_INT:
  case GT_TYPE_UINT:
  case GT_TYPE_ULONG:
    break;
  default:
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (strstr (call->arg_names[index], names[i]) != NULL) {
      return TRUE;
    }
  }
  return FALSE;
}
