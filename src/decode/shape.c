/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a call's arguments and result are printed, from the kernel's metadata. */
#include "decode/shape.h"

#include <string.h>

#include "decode/capture.h"
#include "decode/signature.h"

typedef struct {
  const char *call;
  gint8 arg; /* -1: the result */
  GtForm form;
} Special;

/* What types and names do not say. */
static const Special specials[] = {
  { "arch_prctl", 0, GT_FORM_HEX32 },
  { "brk", -1, GT_FORM_HEX },
  { "execveat", 0, GT_FORM_DIRECTORY },
  { "ioctl", 1, GT_FORM_HEX32 },
  { "map_shadow_stack", -1, GT_FORM_HEX },
  { "mmap", -1, GT_FORM_HEX },
  { "mmap2", -1, GT_FORM_HEX },
  { "mq_open", 1, GT_FORM_OPEN_FLAGS },
  { "mremap", -1, GT_FORM_HEX },
  { "open", 1, GT_FORM_OPEN_FLAGS },
  { "open", 2, GT_FORM_OPEN_MODE },
  { "open_by_handle_at", 2, GT_FORM_OPEN_FLAGS },
  { "openat", 2, GT_FORM_OPEN_FLAGS },
  { "openat", 3, GT_FORM_OPEN_MODE },
  { "personality", -1, GT_FORM_HEX },
  { "personality", 0, GT_FORM_HEX32 },
  { "reboot", 0, GT_FORM_HEX32 },
  { "reboot", 1, GT_FORM_HEX32 },
  { "shmat", -1, GT_FORM_HEX },
  { "signal", -1, GT_FORM_HEX },
  { "umask", -1, GT_FORM_OCTAL },
  { "umask", 0, GT_FORM_OCTAL },
};

static const Special *
find_special (const char *call, gint arg)
{
  for (guint i = 0; i < G_N_ELEMENTS (specials); i++) {
    if (specials[i].arg == arg && g_strcmp0 (specials[i].call, call) == 0) {
      return &specials[i];
    }
  }
  return NULL;
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

static gboolean
is_flags_name (const char *name)
{
  static const char *const parts[] = { "flag", "flg", "prot", "options", "mask", NULL };

  return contains_any (name, parts);
}

/* An unsigned long that is an address or bits rather than an amount. */
static gboolean
is_bits_name (const char *name)
{
  static const char *const parts[] = {
    "addr", "start", "brk", "newsp", "tls", "arg", "data", NULL
  };

  return contains_any (name, parts);
}

static gboolean
is_directory_name (const char *name)
{
  return (g_str_has_suffix (name, "dfd") && strcmp (name, "pidfd") != 0) ||
         g_str_has_suffix (name, "dirfd");
}

/* Descriptors are ints to programs, whatever type the kernel gives them. */
static gboolean
is_descriptor_name (const char *name)
{
  return strcmp (name, "max_fd") != 0 &&
         (g_str_has_suffix (name, "fd") || strcmp (name, "fildes") == 0);
}

static GtForm
number_form (const char *name, GtForm amount, GtForm bits)
{
  return is_flags_name (name) ? bits : amount;
}

static GtForm
form_by_type (GtType type, const char *name)
{
  switch (type) {
  case GT_TYPE_INT:
    return number_form (name, GT_FORM_SIGNED32, GT_FORM_HEX32);
  case GT_TYPE_UINT:
    return number_form (name, GT_FORM_UNSIGNED32, GT_FORM_HEX32);
  case GT_TYPE_LONG:
    return number_form (name, GT_FORM_SIGNED, GT_FORM_HEX);
  case GT_TYPE_ULONG:
    return is_bits_name (name) ? GT_FORM_HEX : number_form (name, GT_FORM_UNSIGNED, GT_FORM_HEX);
  case GT_TYPE_SIZE:
    return GT_FORM_UNSIGNED;
  case GT_TYPE_ID:
    return GT_FORM_ID;
  case GT_TYPE_MODE:
    return GT_FORM_OCTAL;
  case GT_TYPE_UNKNOWN:
    return GT_FORM_HEX;
  default:
    return GT_FORM_POINTER;
  }
}

/* A 32-bit program's long is one. */
static GtForm
narrowed (const GtLinuxCall *call, GtForm form)
{
  return call->abi == GT_ABI_I386 && form == GT_FORM_SIGNED ? GT_FORM_SIGNED32 : form;
}

static GtForm
form_of (const GtLinuxCall *call, guint arg)
{
  const Special *special = find_special (call->name, (gint) arg);
  const char *name = call->arg_names[arg] != NULL ? call->arg_names[arg] : "";
  GtForm form = form_by_type (gt_type_of (call->arg_types[arg]), name);

  if (special != NULL) {
    return special->form;
  }
  if (form == GT_FORM_POINTER) {
    return form;
  }
  if (is_directory_name (name)) {
    return GT_FORM_DIRECTORY;
  }
  return is_descriptor_name (name) ? GT_FORM_SIGNED32 : narrowed (call, form);
}

static GtForm
form_of_step (const struct gt_step *step)
{
  switch (step->op) {
  case GT_STEP_STRING:
    return GT_FORM_STRING;
  case GT_STEP_STRINGS:
    return GT_FORM_STRINGS;
  case GT_STEP_IOVEC:
    return GT_FORM_IOVEC;
  default:
    return GT_FORM_BUFFER;
  }
}

static void
apply_steps (const GtLinuxCall *call, const struct gt_step *steps, gboolean at_leave,
             GtCallShape *shape)
{
  for (guint i = 0; i < GT_STEPS_MAX && steps[i].op != GT_STEP_END; i++) {
    GtArgShape *arg = &shape->args[steps[i].arg];

    arg->form = form_of_step (&steps[i]);
    arg->at_leave = at_leave;
    arg->by_result = at_leave && arg->form != GT_FORM_STRING;
    arg->max_count = steps[i].count;
    /* The plan was made for a limit of no bytes: what has one all the same is shown whole. */
    arg->whole = steps[i].limit > 0;
    if (arg->form == GT_FORM_BUFFER && gt_signature_is_length (call, steps[i].arg + 1u)) {
      arg->length_arg = (gint8) (steps[i].arg + 1);
    } else if (arg->form == GT_FORM_IOVEC) {
      arg->length_arg = (gint8) steps[i].length;
    }
  }
}

static gboolean
is_one_of (const char *name, const char *const *names)
{
  return name != NULL && g_strv_contains (names, name);
}

static void
unknown_call_shape (GtCallShape *shape)
{
  shape->n_args = GT_LINUX_MAX_ARGS;
  for (guint i = 0; i < GT_LINUX_MAX_ARGS; i++) {
    shape->args[i] = (GtArgShape){ .form = GT_FORM_HEX, .length_arg = -1 };
  }
}

void
gt_call_shape (const GtLinuxCall *call, GtCallShape *ret_shape)
{
  static const char *const last_calls[] = { "exit", "exit_group", NULL };
  static const char *const execs[] = { "execve", "execveat", NULL };
  static const char *const forks[] = { "clone", "clone3", "fork", "vfork", NULL };
  const Special *result = call != NULL ? find_special (call->name, -1) : NULL;
  GtCapturePlan plan;

  *ret_shape = (GtCallShape){ .result = result != NULL ? result->form : GT_FORM_SIGNED };
  if (call != NULL) {
    ret_shape->never_returns = is_one_of (call->name, last_calls);
    ret_shape->renames = is_one_of (call->name, execs);
    ret_shape->returns_twice = is_one_of (call->name, forks);
  }
  if (call == NULL || !call->has_args) {
    unknown_call_shape (ret_shape);
    return;
  }

  ret_shape->n_args = MIN (call->n_args, GT_LINUX_MAX_ARGS);
  for (guint i = 0; i < ret_shape->n_args; i++) {
    ret_shape->args[i] = (GtArgShape){ .form = form_of (call, i), .length_arg = -1 };
  }
  gt_capture_plan (call, 0, &plan);
  apply_steps (call, plan.entry, FALSE, ret_shape);
  apply_steps (call, plan.leave, TRUE, ret_shape);
}
