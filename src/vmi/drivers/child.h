/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A second process that outlives this one: it puts a guest or its VMM right when this one dies. */
#ifndef GT_DRIVERS_CHILD_H
#define GT_DRIVERS_CHILD_H

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* A copy of this process that shares its descriptors, and tells nobody when it ends. Like fork();
 * the copy of a process that may have many threads calls nothing but the system. */
pid_t gt_child_copy (void);
/* In the copy: out of the reach of the terminal's signals and of those to its parent's group. */
void gt_child_stand_apart (void);
/* Ends the copy, and waits for that. */
void gt_child_kill (pid_t child);

G_END_DECLS

#endif
