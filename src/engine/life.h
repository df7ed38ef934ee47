/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the guest that was attached to still is the same one, and if not, what became of it. */
#ifndef GT_ENGINE_LIFE_H
#define GT_ENGINE_LIFE_H

#include <glib.h>
#include <libvmi/libvmi.h>

#include "linux/linux.h"

G_BEGIN_DECLS

typedef struct {
  vmi_instance_t vmi;
  addr_t panic_pa;  /* where the kernel keeps which of its CPUs panicked; 0 when unknown */
  const char *end;  /* what has ended it */
  gboolean stands;  /* no vCPU runs, for the moment */
  gboolean stood;   /* one let it stand and run again while it was traced */
  gboolean tells;   /* the VMM would have told of a reset */
  gboolean reaches; /* the guest's code can be put right even so */
} GtGuestLife;

void gt_guest_life_init (GtGuestLife *life, vmi_instance_t vmi, const GtLinux *linux_os);

/* What ended the guest, to stand behind its name in a sentence; NULL while nothing has. */
const char *gt_guest_life_look (GtGuestLife *life);

/* The same when something is wrong with it. Takes a moment for the VMM to say why. */
const char *gt_guest_life_end (GtGuestLife *life);

/* The same when the guest is certainly not the one it was. */
const char *gt_guest_life_explain (GtGuestLife *life);

/* GT_ERROR_GUEST_GONE: the guest's name, and @end. */
void gt_guest_life_fail (const GtGuestLife *life, const char *end, GError **error);

/* Waits until the vCPUs run, @patience_us at most. FALSE when they stand for longer. */
gboolean gt_guest_life_wait (GtGuestLife *life, gint64 patience_us);

G_END_DECLS

#endif
