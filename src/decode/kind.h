/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the arguments of calls are. A kind says how a value is printed and what memory of the
 * program is copied for that; tables/ says which call has which kinds. The tables are generated
 * from there.
 */
#ifndef GT_KIND_H
#define GT_KIND_H

#include <glib.h>

#include "decode/plan.h"
#include "linux/structure.h"

G_BEGIN_DECLS

typedef struct GtPrinter GtPrinter;
typedef struct GtKind GtKind;

/* A constant's value and what it is called. */
typedef struct {
  guint64 value;
  const char *name;
} GtName;

/* The names of a set of flags or of an enumeration, in the order in which they are looked for. */
typedef struct {
  const GtName *rows;
  guint n;
  const char *unknown; /* "O_???": what a value without a name is said to be; or NULL */
  gboolean is_sorted;  /* by value */
} GtNames;

/* When the memory that an argument points to means something. */
typedef enum {
  GT_IN,   /* at entry */
  GT_OUT,  /* at return */
  GT_INOUT /* the kernel changes it */
} GtMoment;

/* One argument, or the result, of one call. */
typedef struct {
  const GtKind *kind;
  const GtNames *names; /* of flags and enumerations, or NULL */
  guint8 moment;        /* GtMoment */
  gint8 other, third;   /* arguments that say more of this one: its length, the command; else -1 */
  const GtStructure *structure; /* what it points to, of gt_kind_structure */
} GtArgSpec;

/* One that needs no names. */
static inline GtArgSpec
gt_arg_spec (const GtKind *kind, GtMoment moment, gint8 other)
{
  return (GtArgSpec){ kind, NULL, (guint8) moment, other, -1, NULL };
}

struct GtKind {
  /* Appends @value. Memory comes from gt_printer_memory() and the like, which have what was copied.
   */
  void (*print) (GtPrinter *printer, const GtArgSpec *spec, guint64 value);
  /* Adds the steps that copy what print() looks at, for argument @arg; NULL: @size says it. */
  void (*plan) (GtPlan *plan, const GtArgSpec *spec, guint arg);
  guint16 size[2]; /* of what the argument points to, for 64-bit and 32-bit programs */
  /* Whether the call, by its other arguments, has no such argument; NULL: it always has. */
  gboolean (*absent) (const GtPrinter *printer, const GtArgSpec *spec);
};

/* A value that is no pointer, a structure of fixed sizes, one that needs a plan of its own, and the
 * same for arguments that only some commands have. Each defines gt_kind_NAME with the static
 * functions print_NAME, plan_NAME and absent_NAME. */
#define GT_KIND_VALUE(name)                                                                        \
  extern const GtKind gt_kind_##name;                                                              \
  const GtKind gt_kind_##name = { print_##name, NULL, { 0, 0 } }
#define GT_KIND_STRUCT(name, size64, size32)                                                       \
  extern const GtKind gt_kind_##name;                                                              \
  const GtKind gt_kind_##name = { print_##name, NULL, { size64, size32 } }
#define GT_KIND_PLANNED(name)                                                                      \
  extern const GtKind gt_kind_##name;                                                              \
  const GtKind gt_kind_##name = { print_##name, plan_##name, { 0, 0 } }

/* A descriptor. */
#define GT_KIND_FD(name)                                                                           \
  static void plan_##name (GtPlan *plan, const GtArgSpec *spec, guint arg)                         \
  {                                                                                                \
    gt_plan_fd (plan, arg);                                                                        \
  }                                                                                                \
  GT_KIND_PLANNED (name)

#define GT_KIND_OPTIONAL(name)                                                                     \
  extern const GtKind gt_kind_##name;                                                              \
  const GtKind gt_kind_##name = { print_##name, NULL, { 0, 0 }, absent_##name }
#define GT_KIND_OPTIONAL_PLANNED(name)                                                             \
  extern const GtKind gt_kind_##name;                                                              \
  const GtKind gt_kind_##name = { print_##name, plan_##name, { 0, 0 }, absent_##name }

typedef enum { GT_SPEC_ANY, GT_SPEC_I386, GT_SPEC_X86_64 } GtSpecAbi;

/* A call: one row of tables/. */
typedef struct {
  const char *name;
  GtSpecAbi abi;
  guint n_args;
  GtArgSpec result;
  GtArgSpec args[6];
} GtCallSpec;

/* Kinds that code refers to; decode-tables.h has those of the tables. */
extern const GtKind gt_kind_int, gt_kind_uint, gt_kind_long, gt_kind_ulong, gt_kind_hex,
    gt_kind_hexlong, gt_kind_ptr, gt_kind_mode, gt_kind_id, gt_kind_fd, gt_kind_dirfd, gt_kind_path,
    gt_kind_buf, gt_kind_unknown, gt_kind_open_flags, gt_kind_open_mode, gt_kind_sockaddr,
    gt_kind_iovec, gt_kind_structure;

/* Sorted by name; rows for one ABI before that for any. */
extern const GtCallSpec gt_call_specs[];
extern const guint gt_n_call_specs;

G_END_DECLS

#endif
