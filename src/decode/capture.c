/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What user memory the guest is to copy for a call. The kernel's own argument types and names say
 * most of it:
 *
 *   const char * alone                   a string, at entry
 *   const char *, const void * + length  that many bytes, at entry
 *   char * + length                      the kernel fills it in: as many bytes as the call returns
 *   const char *const * argv             its strings, at entry
 *
 * The table below has the calls whose types say too little, or something else.
 */
#include "decode/capture.h"

#include <string.h>

#include "decode/signature.h"

enum {
  PATH_LIMIT = 4096, /* PATH_MAX */
  ARGV_LIMIT = 1024,
  ARGV_COUNT = 33, /* one more than is shown, to know whether there are more */
  IOVEC_COUNT = 16,
};

typedef enum { MOMENT_NEVER, MOMENT_ENTRY, MOMENT_LEAVE } Moment;

/* Which limit a step has. */
typedef enum { LIMIT_BUFFER, LIMIT_PATH, LIMIT_ARGV } Limit;

typedef struct {
  Moment moment;
  guint8 op;
  guint8 length;
  Limit limit;
} Rule;

typedef struct {
  const char *call;
  guint8 arg;
  Rule rule;
} Exception;

#define NOTHING                                                                                    \
  {                                                                                                \
    MOMENT_NEVER, GT_STEP_END, 0, LIMIT_BUFFER                                                     \
  }
#define STRING_IN                                                                                  \
  {                                                                                                \
    MOMENT_ENTRY, GT_STEP_STRING, 0, LIMIT_PATH                                                    \
  }
#define STRING_OUT                                                                                 \
  {                                                                                                \
    MOMENT_LEAVE, GT_STEP_STRING, 0, LIMIT_PATH                                                    \
  }
#define BYTES_IN(length)                                                                           \
  {                                                                                                \
    MOMENT_ENTRY, GT_STEP_BYTES, length, LIMIT_BUFFER                                              \
  }
#define BYTES_OUT                                                                                  \
  {                                                                                                \
    MOMENT_LEAVE, GT_STEP_BYTES, GT_LENGTH_RESULT, LIMIT_BUFFER                                    \
  }
#define PATH_OUT                                                                                   \
  {                                                                                                \
    MOMENT_LEAVE, GT_STEP_BYTES, GT_LENGTH_RESULT, LIMIT_PATH                                      \
  }
#define IOVEC_IN(count)                                                                            \
  {                                                                                                \
    MOMENT_ENTRY, GT_STEP_IOVEC, count, LIMIT_BUFFER                                               \
  }
#define IOVEC_OUT(count)                                                                           \
  {                                                                                                \
    MOMENT_LEAVE, GT_STEP_IOVEC, count, LIMIT_BUFFER                                               \
  }

static const Exception exceptions[] = {
  { "fgetxattr", 2, BYTES_OUT },
  { "fsconfig", 3, STRING_IN },
  { "getcwd", 0, STRING_OUT },
  { "getxattr", 2, BYTES_OUT },
  { "io_uring_enter", 4, NOTHING },
  { "lgetxattr", 2, BYTES_OUT },
  { "mount", 0, STRING_IN },
  { "mount", 1, STRING_IN },
  { "mount", 2, STRING_IN },
  { "mount", 4, STRING_IN },
  { "preadv", 1, IOVEC_OUT (GT_LENGTH_ARG0 + 2) },
  { "preadv2", 1, IOVEC_OUT (GT_LENGTH_ARG0 + 2) },
  { "process_vm_readv", 1, IOVEC_OUT (GT_LENGTH_ARG0 + 2) },
  { "process_vm_writev", 1, IOVEC_IN (GT_LENGTH_ARG0 + 2) },
  { "pwritev", 1, IOVEC_IN (GT_LENGTH_ARG0 + 2) },
  { "pwritev2", 1, IOVEC_IN (GT_LENGTH_ARG0 + 2) },
  { "readlink", 1, PATH_OUT },
  { "readlinkat", 2, PATH_OUT },
  { "readv", 1, IOVEC_OUT (GT_LENGTH_ARG0 + 2) },
  { "recvfrom", 1, BYTES_OUT },
  { "sendto", 1, BYTES_IN (GT_LENGTH_ARG0 + 2) },
  { "setdomainname", 0, BYTES_IN (GT_LENGTH_ARG0 + 1) },
  { "sethostname", 0, BYTES_IN (GT_LENGTH_ARG0 + 1) },
  { "setsockopt", 3, NOTHING },
  { "umount", 0, STRING_IN },
  { "umount2", 0, STRING_IN },
  { "utime", 0, STRING_IN },
  { "utimes", 0, STRING_IN },
  { "vmsplice", 1, IOVEC_IN (GT_LENGTH_ARG0 + 2) },
  { "writev", 1, IOVEC_IN (GT_LENGTH_ARG0 + 2) },
};

static const Rule *
find_exception (const GtLinuxCall *call, guint arg)
{
  for (guint i = 0; i < G_N_ELEMENTS (exceptions); i++) {
    if (exceptions[i].arg == arg && g_strcmp0 (exceptions[i].call, call->name) == 0) {
      return &exceptions[i].rule;
    }
  }
  return NULL;
}

static Rule
rule_for (const GtLinuxCall *call, guint arg)
{
  const Rule *exception = find_exception (call, arg);
  gboolean has_length = gt_signature_is_length (call, arg + 1);
  guint8 length = (guint8) (GT_LENGTH_ARG0 + arg + 1);

  if (exception != NULL) {
    return *exception;
  }
  switch (gt_type_of (call->arg_types[arg])) {
  case GT_TYPE_TEXT_IN:
    return has_length ? (Rule) BYTES_IN (length) : (Rule) STRING_IN;
  case GT_TYPE_DATA_IN:
    return has_length ? (Rule) BYTES_IN (length) : (Rule) NOTHING;
  case GT_TYPE_TEXT_OUT:
    return has_length ? (Rule) BYTES_OUT : (Rule) NOTHING;
  case GT_TYPE_TEXT_ARRAY:
    if (g_strcmp0 (call->arg_names[arg], "argv") == 0) {
      return (Rule){ MOMENT_ENTRY, GT_STEP_STRINGS, 0, LIMIT_ARGV };
    }
    return (Rule) NOTHING;
  default:
    return (Rule) NOTHING;
  }
}

static guint8
step_count (guint8 op)
{
  switch (op) {
  case GT_STEP_STRINGS:
    return ARGV_COUNT;
  case GT_STEP_IOVEC:
    return IOVEC_COUNT;
  default:
    return 0;
  }
}

static guint
step_limit (Limit limit, guint string_limit)
{
  switch (limit) {
  case LIMIT_PATH:
    return PATH_LIMIT;
  case LIMIT_ARGV:
    return ARGV_LIMIT;
  case LIMIT_BUFFER:
  default:
    return MIN (string_limit, PATH_LIMIT);
  }
}

void
gt_capture_plan (const GtLinuxCall *call, guint string_limit, GtCapturePlan *ret_plan)
{
  guint n_entry = 0;
  guint n_leave = 0;

  *ret_plan = (GtCapturePlan){ 0 };
  for (guint arg = 0; call->has_args && arg < MIN (call->n_args, GT_LINUX_MAX_ARGS); arg++) {
    Rule rule = rule_for (call, arg);
    struct gt_step step = {
      .op = rule.op,
      .arg = (uint8_t) arg,
      .length = rule.length,
      .count = step_count (rule.op),
      .limit = step_limit (rule.limit, string_limit),
    };

    if (rule.moment == MOMENT_ENTRY && n_entry + 1 < GT_STEPS_MAX) {
      ret_plan->entry[n_entry++] = step;
    } else if (rule.moment == MOMENT_LEAVE && n_leave + 1 < GT_STEPS_MAX) {
      ret_plan->leave[n_leave++] = step;
    }
  }
}
