/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a call's arguments and result are printed: a row of tables/, else what the kernel's metadata
 * says of its types. */
#include "decode/shape.h"

#include <string.h>

#include "decode-tables.h"
#include "decode/signature.h"

/* ---- From the tables ---- */

static int
compare_name (const void *name, const void *spec)
{
  return strcmp (name, ((const GtCallSpec *) spec)->name);
}

/* A row for the ABI alone stands before the one for all. */
static const GtCallSpec *
find_spec (const char *name, GTAbi abi)
{
  GtSpecAbi own = abi == GT_ABI_I386 ? GT_SPEC_I386 : GT_SPEC_X86_64;
  const GtCallSpec *found =
      bsearch (name, gt_call_specs, gt_n_call_specs, sizeof *found, compare_name);
  const GtCallSpec *any = NULL;

  if (found == NULL) {
    return NULL;
  }
  while (found > gt_call_specs && strcmp (found[-1].name, name) == 0) {
    found--;
  }
  for (; found < gt_call_specs + gt_n_call_specs && strcmp (found->name, name) == 0; found++) {
    if (found->abi == own) {
      return found;
    }
    any = found->abi == GT_SPEC_ANY ? found : any;
  }
  return any;
}

/* ---- From the metadata ---- */

static const GtKind *
kind_by_name (GtType type, const char *name)
{
  if ((g_str_has_suffix (name, "dfd") && strcmp (name, "pidfd") != 0) ||
      g_str_has_suffix (name, "dirfd")) {
    return &gt_kind_dirfd;
  }
  if ((g_str_has_suffix (name, "fd") && strcmp (name, "max_fd") != 0) ||
      strcmp (name, "fildes") == 0) {
    return &gt_kind_fd;
  }
  switch (type) {
  case GT_TYPE_INT:
    return gt_signature_is_bits (name) ? &gt_kind_hex : &gt_kind_int;
  case GT_TYPE_UINT:
    return gt_signature_is_bits (name) ? &gt_kind_hex : &gt_kind_uint;
  case GT_TYPE_LONG:
    return gt_signature_is_bits (name) ? &gt_kind_hexlong : &gt_kind_long;
  case GT_TYPE_ULONG:
    return gt_signature_is_bits (name) || gt_signature_is_address (name) ? &gt_kind_hexlong
                                                                         : &gt_kind_ulong;
  case GT_TYPE_SIZE:
    return &gt_kind_ulong;
  case GT_TYPE_ID:
    return &gt_kind_id;
  case GT_TYPE_MODE:
    return &gt_kind_mode;
  default:
    return &gt_kind_hexlong;
  }
}

/* A pointer of a type that says what it points to. */
static gboolean
spec_by_type (const GtLinuxCall *call, guint arg, GtType type, GtArgSpec *spec)
{
  gint8 length = gt_signature_is_length (call, arg + 1) ? (gint8) (arg + 1) : -1;

  switch (type) {
  case GT_TYPE_TEXT_IN:
    *spec = gt_arg_spec (length < 0 ? &gt_kind_path : &gt_kind_buf, GT_IN, length);
    return TRUE;
  case GT_TYPE_DATA_IN:
    *spec = gt_arg_spec (length < 0 ? &gt_kind_ptr : &gt_kind_buf, GT_IN, length);
    return TRUE;
  case GT_TYPE_TEXT_OUT:
    *spec = gt_arg_spec (length < 0 ? &gt_kind_ptr : &gt_kind_buf, GT_OUT, length);
    return TRUE;
  case GT_TYPE_POINTER:
    if (call->structures[arg] != NULL) {
      *spec = (GtArgSpec){ &gt_kind_structure, NULL, GT_OUT, length, -1, call->structures[arg] };
      spec->moment = gt_type_is_const (call->arg_types[arg]) ? GT_IN : GT_OUT;
      return TRUE;
    }
    G_GNUC_FALLTHROUGH;
  case GT_TYPE_TEXT_ARRAY:
  case GT_TYPE_IOVEC:
    *spec = gt_arg_spec (&gt_kind_ptr, GT_IN, -1);
    return TRUE;
  default:
    return FALSE;
  }
}

static GtArgSpec
spec_from_metadata (const GtLinuxCall *call, guint arg)
{
  const char *name = call->arg_names[arg] != NULL ? call->arg_names[arg] : "";
  GtType type = gt_type_of (call->arg_types[arg]);
  GtArgSpec spec = { NULL, NULL, GT_IN, -1, -1, NULL };

  if (!spec_by_type (call, arg, type, &spec)) {
    spec.kind = kind_by_name (type, name);
  }
  return spec;
}

/* ---- Both ---- */

static gboolean
is_one_of (const char *name, const char *const *names)
{
  return name != NULL && g_strv_contains (names, name);
}

static void
shape_from_spec (GtCallShape *shape, const GtCallSpec *spec)
{
  shape->n_args = spec->n_args;
  memcpy (shape->args, spec->args, sizeof shape->args);
  shape->result = spec->result;
}

static void
shape_from_metadata (GtCallShape *shape, const GtLinuxCall *call)
{
  gboolean known = call != NULL && call->has_args;

  shape->result.kind = &gt_kind_long;
  shape->n_args = known ? MIN (call->n_args, GT_LINUX_MAX_ARGS) : GT_LINUX_MAX_ARGS;
  for (guint i = 0; i < shape->n_args; i++) {
    shape->args[i] =
        known ? spec_from_metadata (call, i) : gt_arg_spec (&gt_kind_hexlong, GT_IN, -1);
  }
}

void
gt_call_shape (const GtLinuxCall *call, GtCallShape *ret_shape)
{
  static const char *const last_calls[] = { "exit", "exit_group", NULL };
  static const char *const execs[] = { "execve", "execveat", NULL };
  static const char *const forks[] = { "clone", "clone3", "fork", "vfork", NULL };
  const GtCallSpec *spec =
      call != NULL && call->name != NULL ? find_spec (call->name, call->abi) : NULL;

  *ret_shape = (GtCallShape){ .result = { NULL, NULL, GT_OUT, -1, -1, NULL } };
  if (call != NULL) {
    ret_shape->is_32 = call->abi == GT_ABI_I386;
    ret_shape->never_returns = is_one_of (call->name, last_calls);
    ret_shape->renames = is_one_of (call->name, execs);
    ret_shape->returns_twice = is_one_of (call->name, forks);
  }
  if (spec != NULL) {
    shape_from_spec (ret_shape, spec);
  } else {
    shape_from_metadata (ret_shape, call);
  }
}
