/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps for the guest, see guestcode/shared.h, put together for one moment of one call. */
#ifndef GT_PLAN_H
#define GT_PLAN_H

#include <glib.h>
#include <guestrace/gt-event.h>

#include "guestcode/shared.h"

G_BEGIN_DECLS

/* How much is wanted. Paths are always whole. */
typedef struct {
  guint string_limit; /* of buffers; a plan only describes where this is 0 */
  gboolean paths;     /* descriptors with their paths */
  gboolean sockets;   /* and sockets with their addresses */
  gboolean ips;       /* where programs go on */
  gboolean verbose;   /* what is shown by its number of elements otherwise */
} GtCaptureWants;

typedef struct {
  struct gt_step *steps; /* GT_STEPS_MAX */
  guint n;
  gboolean is_32;    /* a 32-bit program's call */
  gboolean at_leave; /* else at entry */
  GtCaptureWants wants;
} GtPlan;

/* How much of a path, and of an array of structures, is copied, and of how many descriptors. */
enum {
  GT_PLAN_PATH = 4096,
  GT_PLAN_STRING = 1024,
  GT_PLAN_ARRAY = 2048,
  GT_PLAN_COUNT = 4096,
  GT_PLAN_FDS = 8
};

/* Adds a step; returns its number, for `base` of another one, or 0 when there is no room. */
guint gt_plan_add (GtPlan *plan, const struct gt_step *step);
/* @size bytes at argument @arg. */
guint gt_plan_bytes (GtPlan *plan, guint arg, gsize size);
/* As many elements of @size bytes as @length (GT_LENGTH_) says. */
guint gt_plan_array (GtPlan *plan, guint arg, guint8 length, gsize size);
/* A C string at argument @arg, as long as a path may be. */
guint gt_plan_path (GtPlan *plan, guint arg);
/* A buffer of the program's, as much of it as the user wants to see. */
guint gt_plan_buffer (GtPlan *plan, guint arg, guint8 length);
/* How many elements there are at argument @arg, at most @most: words until one that is 0, or, with
 * @at, entries of as many bytes as @length says together, each with its own length at @at. */
guint gt_plan_count (GtPlan *plan, guint arg, guint8 length, gsize at, guint most);
/* @size bytes where the pointer at @at in step @base's memory leads. */
guint gt_plan_pointed (GtPlan *plan, guint arg, guint base, gsize at, gsize size);
/* The path behind descriptor @arg, or behind the one at @at in step @base's memory, where paths are
 * wanted; the result is argument GT_LENGTH_RESULT. */
void gt_plan_fd (GtPlan *plan, guint arg);
void gt_plan_fd_in (GtPlan *plan, guint arg, guint base, gsize at);
/* The same of descriptors in the set that argument @arg is, or the pointer at @at in step @base's
 * memory. The first argument, or the first word there, is one more than the highest. */
void gt_plan_fd_set (GtPlan *plan, guint arg, guint base, gsize at);
/* Bytes a word of the program's has. */
gsize gt_plan_word (const GtPlan *plan);
/* Lets step @number copy as much as a GT_STEP_NETLINK before it says. */
void gt_plan_wide (GtPlan *plan, guint number);
/* Lets step @number be taken when the call has failed, too. */
void gt_plan_always (GtPlan *plan, guint number);

G_END_DECLS

#endif
