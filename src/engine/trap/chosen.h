/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same choice of threads that the probe makes in the guest, for an engine that makes none: by
 * processes, commands and users. */
#ifndef GT_TRAP_CHOSEN_H
#define GT_TRAP_CHOSEN_H

#include <guestrace/gt-event.h>

#include "linux/linux.h"

G_BEGIN_DECLS

typedef struct {
  GArray *pids;     /* of vmi_pid_t */
  GPtrArray *comms; /* of char * */
  GArray *uids;     /* of guint32 */
} GtChosen;

void gt_chosen_init (GtChosen *chosen);
void gt_chosen_clear (GtChosen *chosen);
/* Whether no choice was made. */
gboolean gt_chosen_is_all (const GtChosen *chosen);
/* Whether @event's thread is one of them. */
gboolean gt_chosen_has (const GtChosen *chosen, vmi_instance_t vmi, const GtLinux *linux_os,
                        const GTEvent *event);

G_END_DECLS

#endif
