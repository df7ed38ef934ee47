/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instance behind vmi_instance_t, for the files of this folder. */
#ifndef GT_VMI_INSTANCE_H
#define GT_VMI_INSTANCE_H

#include <glib.h>
#include <libvmi/libvmi.h>

#include "linux/linux.h"
#include "linux/profile.h"
#include "vmi/drivers/driver.h"
#include "vmi/events.h"
#include "vmi/linear.h"
#include "vmi/pagetable.h"
#include "vmi/process.h"

G_BEGIN_DECLS

struct vmi_instance {
  GtDriver *driver;
  GtPaging paging;
  addr_t idtr_base;   /* of the interrupt table; 0 when it is not known */
  GtProfile *profile; /* of its kernel, as the user gave it; or NULL */
  GtLinux *linux_os;
  addr_t kernel_dtb; /* 0 until the operating system is known */
  GtLinear linear[GT_N_LINEAR];
  guint n_pauses; /* of vmi_pause_vm() that were not resumed */

  /* See gt_vmi_set_held_regs() and gt_vmi_set_held_pid(). */
  guint held_vcpu;
  x86_registers_t *held_regs;
  vmi_pid_t held_pid;

  GtProcessCache processes;

  GtEvents *events; /* NULL: opened without VMI_INIT_EVENTS */
  char *why;        /* see gt_vmi_get_error() */
};

/* Takes @driver over. */
vmi_instance_t gt_vmi_instance_new (GtDriver *driver);

/* Takes @profile over. What is known of the guest's system has to be found out after it. */
void gt_vmi_set_profile (vmi_instance_t vmi, GtProfile *profile);

/* Finds out how the guest pages; VMI_PM_NONE when it does not (yet). */
gboolean gt_vmi_find_paging (vmi_instance_t vmi, GError **error);

/* Finds out which operating system runs. */
gboolean gt_vmi_find_os (vmi_instance_t vmi, GError **error);

G_END_DECLS

#endif
