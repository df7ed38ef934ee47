/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the core needs beyond libvmi's own interface: an open that says why it failed, and exact
 * control over the vCPUs. A build on a system libvmi supplies the same functions differently.
 */
#ifndef GT_VMI_OPEN_H
#define GT_VMI_OPEN_H

#include <glib.h>
#include <libvmi/events.h>
#include <libvmi/libvmi.h>

#include "linux/linux.h"
#include "vmi/drivers/driver.h"
#include "vmi/life.h"

G_BEGIN_DECLS

/* Opens a running guest by name (see gt_qemu_driver_open()), finds its paging mode and, when
 * @want_os, its operating system. Free with vmi_destroy(). */
vmi_instance_t gt_vmi_open (const char *guest, gboolean want_os, GError **error);

/* Ends what one of these has opened. */
void gt_vmi_close (vmi_instance_t vmi);

/* A guest that this machine runs. */
typedef struct {
  char *name; /* NULL when it was given none */
  char *spec; /* what gt_vmi_open() finds it by */
} GtGuest;
/* All that can be seen; of GtGuest, which the array owns. NULL when nobody can tell. */
GPtrArray *gt_vmi_list (GError **error);

/* A running guest or a memory image ("file:PATH", or a path, or the name of a file that is no
 * guest's name), to look at only. @profile: nullable, see gt_vmi_use_profile(). */
vmi_instance_t gt_vmi_open_any (const char *name, const char *profile, GError **error);
/* Its driver; nothing is known of it yet. */
GtDriver *gt_vmi_open_driver (const char *name, GError **error);
/* What kind of memory image it is; NULL when it is a running guest. */
const char *gt_vmi_image_format (vmi_instance_t vmi);

/* The same in two steps: a guest of which nothing is known yet, and a look at what it runs, which
 * may be tried again and again while it boots. */
vmi_instance_t gt_vmi_open_bare (const char *guest, GError **error);
gboolean gt_vmi_find_out (vmi_instance_t vmi, GError **error);
/* Before that: the path of a symbol file (ISF) of the guest's kernel, for what that does not tell
 * of itself. */
gboolean gt_vmi_use_profile (vmi_instance_t vmi, const char *path, GError **error);
/* The guest has booted on since then: what is remembered of its memory's layout is learnt anew. */
void gt_vmi_refresh (vmi_instance_t vmi);
/* It runs something else by now. */
void gt_vmi_forget (vmi_instance_t vmi);

/* What is known of the guest's Linux; owned by @vmi; NULL when the guest is not Linux. */
GtLinux *gt_vmi_linux (vmi_instance_t vmi);

/* The driver's exact control, see GtDriverOps. */
gboolean gt_vmi_hold (vmi_instance_t vmi, GError **error);
gboolean gt_vmi_release (vmi_instance_t vmi, GError **error);
gboolean gt_vmi_run_to (vmi_instance_t vmi, const addr_t *addrs, guint n_addrs, guint timeout_ms,
                        guint *ret_vcpu, addr_t *ret_addr, GError **error);
gboolean
gt_vmi_write_code (vmi_instance_t vmi, addr_t va, const void *buf, gsize len, GError **error);
gboolean gt_vmi_get_regs (vmi_instance_t vmi, guint vcpu, x86_registers_t *ret, GError **error);
gboolean
gt_vmi_set_regs (vmi_instance_t vmi, guint vcpu, const x86_registers_t *regs, GError **error);
/* The driver's reports of vCPUs that are about to execute an instruction, see GtTrapOps. */
gboolean gt_vmi_traps_open (vmi_instance_t vmi, GError **error);
gboolean gt_vmi_traps_close (vmi_instance_t vmi, GError **error);
gboolean gt_vmi_trap_set (vmi_instance_t vmi, addr_t va, gboolean on, GError **error);
gboolean gt_vmi_trap_wait (vmi_instance_t vmi, guint timeout_ms, GtHit *ret, gboolean *ret_any,
                           GError **error);
gboolean gt_vmi_trap_go (vmi_instance_t vmi, guint vcpu, GError **error);
/* The kernel's code as it is without traps, wherever these are. */
gboolean gt_vmi_read_code (vmi_instance_t vmi, addr_t va, void *buf, gsize len);
/* What became of the guest, see GtDriverOps. */
void gt_vmi_life (vmi_instance_t vmi, gboolean ask, GtLife *ret);
gboolean gt_vmi_alive (vmi_instance_t vmi);

/* Guest-physical memory, thread-safe, no caches: for the engine's shared pages. */
gboolean gt_vmi_read_pa_vec (vmi_instance_t vmi, gpointer vec, gsize n);
gboolean gt_vmi_write_pa_vec (vmi_instance_t vmi, gpointer vec, gsize n);
void *gt_vmi_map_pa (vmi_instance_t vmi, addr_t pa, gsize len);
/* The next run of RAM at or above @pa, see GtDriverOps: for scanning. */
gboolean gt_vmi_next_ram (vmi_instance_t vmi, addr_t pa, addr_t *ret_start, addr_t *ret_end);

/*
 * While a callback holds a thread still, vCPU registers mean that thread's: vmi_get_vcpureg(s)
 * and vmi_set_vcpureg(s) for @vcpu read and write @regs instead of the vCPU, until it is set
 * to NULL again.
 */
void gt_vmi_set_held_regs (vmi_instance_t vmi, guint vcpu, x86_registers_t *regs);
/* After it, optionally: the held thread is of process @pid and CR3 in its registers is that
 * process's root, so that @pid needs no search of the guest's tasks. */
void gt_vmi_set_held_pid (vmi_instance_t vmi, vmi_pid_t pid);

G_END_DECLS

#endif
