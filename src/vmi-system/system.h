/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The core on a libvmi that is installed: vmi/open.h by nothing but libvmi's interface. Built with
 * -Dlibvmi=system, in the place of src/vmi.
 */
#ifndef GT_VMI_SYSTEM_H
#define GT_VMI_SYSTEM_H

#include <glib.h>
#include <libvmi/events.h>
#include <libvmi/libvmi.h>

#include "linux/linux.h"
#include "linux/profile.h"

G_BEGIN_DECLS

typedef struct GtSystemTraps GtSystemTraps;

/* What belongs to an instance of libvmi's beyond what that knows. */
typedef struct {
  vmi_instance_t vmi;
  vmi_instance_t memory; /* of the same guest, as an instance is one thread's; or NULL */
  GMutex lock;           /* of memory */
  addr_t direct_map;     /* where the kernel has all memory mapped; 0: not known */
  GtProfile *profile;    /* or NULL */
  GtLinux *linux_os;     /* NULL until it is found */
  gint map_fd;           /* its System.map, for libvmi; -1: none */
  GtSystemTraps *traps;  /* traps.c's; NULL: none are open */
} GtSystem;

/* open.c: that of an instance which was opened there. */
GtSystem *gt_system_of (vmi_instance_t vmi);

/* open.c: "libvmi cannot @what"; returns FALSE. */
gboolean gt_system_fail (const char *what, GError **error);

/* traps.c: the registers of a vCPU that has reported and is about to be answered, which goes on
 * with them; NULL when @vcpu is no such one. */
x86_registers_t *gt_system_reported (GtSystem *system, guint vcpu);

G_END_DECLS

#endif
