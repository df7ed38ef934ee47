/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of a Linux guest, from its memory alone: symbols (kallsyms), structure layouts
 * (BTF), system calls (their metadata), identity (VMCOREINFO). Knows only libvmi's interface.
 */
#ifndef GT_LINUX_H
#define GT_LINUX_H

#include <glib.h>
#include <guestrace/gt-event.h>
#include <libvmi/events.h>
#include <libvmi/libvmi.h>
#include <stdio.h>

#include "linux/structure.h"

G_BEGIN_DECLS

typedef struct GtLinux GtLinux;

#define GT_LINUX_MAX_ARGS 6

/* One system call of this very kernel. Strings live as long as the GtLinux. */
typedef struct {
  GTAbi abi;
  gint nr;              /* in its ABI */
  const char *name;     /* what programs call it: "stat", "umount2" */
  const char *function; /* the kernel's function: "__x64_sys_newstat"; NULL when not known */
  addr_t address;       /* of that function, or 0 */
  guint n_args;         /* 0 with has_args FALSE: the kernel does not say */
  gboolean has_args;
  const char *arg_types[GT_LINUX_MAX_ARGS];
  const char *arg_names[GT_LINUX_MAX_ARGS];
  const GtStructure *structures[GT_LINUX_MAX_ARGS]; /* that arguments point to, or NULL */
} GtLinuxCall;

/* Whether the guest's page tables map something where a Linux kernel would be. A quick look. */
gboolean gt_linux_is_mapped (vmi_instance_t vmi);

/* Whether the kernel has not started the first program yet. */
gboolean gt_linux_is_booting (GtLinux *linux_os);

/* Whether the kernel has crashed and does nothing more. */
gboolean gt_linux_has_panicked (GtLinux *linux_os);

/* Finds out about the guest behind @vmi, of which only memory reading, vCPU registers and
 * page-table look-ups are used. Fails with one sentence when it is not Linux or not booted. */
struct GtProfile;
/* @profile (nullable) outlives it: what the kernel in memory has not is taken from there. */
GtLinux *gt_linux_new (vmi_instance_t vmi, const struct GtProfile *profile, GError **error);
void gt_linux_free (GtLinux *linux_os);

const char *gt_linux_release (const GtLinux *linux_os);  /* "6.1.0-56-cloud-amd64" */
const char *gt_linux_banner (const GtLinux *linux_os);   /* "Linux version 6.1.0-..." */
const char *gt_linux_build_id (const GtLinux *linux_os); /* hexadecimal, or NULL */
addr_t gt_linux_dtb (const GtLinux *linux_os);           /* the kernel's page-table root */
addr_t gt_linux_kaslr_offset (const GtLinux *linux_os);

/* Symbols. */
typedef enum {
  GT_SYMBOLS_BY_NOTE,    /* kallsyms, where VMCOREINFO says */
  GT_SYMBOLS_BY_SHAPE,   /* kallsyms, by how it looks */
  GT_SYMBOLS_BY_PROFILE, /* the user's */
} GtSymbolsBy;
guint gt_linux_n_symbols (const GtLinux *linux_os);
GtSymbolsBy gt_linux_symbols_by (const GtLinux *linux_os);
addr_t gt_linux_symbol (const GtLinux *linux_os, const char *name); /* 0 when absent */
/* Whether it lies in the kernel's own code, less what is thrown away after booting. */
gboolean gt_linux_is_text (const GtLinux *linux_os, addr_t address);
/* The functions of the kernel that are called @name, in order: how many, at most @max, which is not
 * 0. */
guint gt_linux_functions (const GtLinux *linux_os, const char *name, addr_t *ret, guint max);
const char *gt_linux_symbol_at (const GtLinux *linux_os, addr_t address); /* exact, or NULL */
const char *gt_linux_symbol_near (const GtLinux *linux_os, addr_t address, addr_t *ret_start,
                                  addr_t *ret_end); /* the symbol that contains it; its bounds */

/* All symbols as a System.map has them: of a kernel that KASLR has not moved. */
gboolean gt_linux_write_map (const GtLinux *linux_os, FILE *out);

/* Of a module that is loaded now; 0 when none has it. */
addr_t gt_linux_module_function (GtLinux *linux_os, const char *name);

guint gt_linux_n_types (const GtLinux *linux_os);
gboolean gt_linux_has_types (const GtLinux *linux_os); /* else they are the profile's */
/* Layouts. @member may be a path ("thread.sp") and is looked up through anonymous members. */
gboolean gt_linux_offset (const GtLinux *linux_os, const char *type, const char *member,
                          gsize *ret_offset); /* bytes */
gboolean gt_linux_type_size (const GtLinux *linux_os, const char *type, gsize *ret_size);
/* How many parameters functions of @type, a typedef of a pointer to them, take. */
gboolean gt_linux_n_params (const GtLinux *linux_os, const char *type, guint *ret_n);
/* Calls @func for each enumerator of the enumeration that has one called @member. */
typedef void (*GtLinuxEnumFunc) (const char *name, gint64 value, gpointer user_data);
gboolean gt_linux_foreach_enumerator (const GtLinux *linux_os, const char *member,
                                      GtLinuxEnumFunc func, gpointer user_data);

/* System calls. GT_ABI_X32 has none that are known. */
guint gt_linux_n_abi_calls (const GtLinux *linux_os, GTAbi abi); /* one past the last number */
const GtLinuxCall *
gt_linux_abi_call (const GtLinux *linux_os, GTAbi abi, gint nr); /* NULL when absent */
guint gt_linux_count_calls (const GtLinux *linux_os, GTAbi abi); /* that it has */
/* By the name that programs use ("openat", "umount2"). */
const GtLinuxCall *gt_linux_abi_call_by_name (const GtLinux *linux_os, GTAbi abi, const char *name);
/* By kernel function: "__x64_sys_openat", "__ia32_compat_sys_openat", "sys_openat", "sys_newstat",
 * "sys_umount", "sys_umount2", "sys_stat": exact symbol, then the portable name, then the user's
 * name. */
const GtLinuxCall *
gt_linux_abi_call_by_function (const GtLinux *linux_os, GTAbi abi, const char *function);
/* The same for GT_ABI_X86_64. */
guint gt_linux_n_calls (const GtLinux *linux_os);
const GtLinuxCall *gt_linux_call (const GtLinux *linux_os, gint nr);
const GtLinuxCall *gt_linux_call_by_name (const GtLinux *linux_os, const char *name);
const GtLinuxCall *gt_linux_call_by_function (const GtLinux *linux_os, const char *function);

/* Processes. */
/* The root of the page tables of a task with memory of its own. */
gboolean gt_linux_task_root (GtLinux *linux_os, addr_t task, addr_t *ret_dtb);
gboolean gt_linux_pid_to_dtb (GtLinux *linux_os, vmi_pid_t pid, addr_t *ret_dtb);
gboolean gt_linux_dtb_to_pid (GtLinux *linux_os, addr_t dtb, vmi_pid_t *ret_pid);
/* Calls @func for each thread-group leader; stops when it returns FALSE. */
typedef gboolean (*GtLinuxTaskFunc) (GtLinux *linux_os, addr_t task, gpointer user_data);
gboolean gt_linux_foreach_process (GtLinux *linux_os, GtLinuxTaskFunc func, gpointer user_data);
/* The same for each thread of each process. */
gboolean gt_linux_foreach_thread (GtLinux *linux_os, GtLinuxTaskFunc func, gpointer user_data);

/* Where a variable lies from a vCPU's kernel GS base on: "current_task", "cpu_number",
 * "top_of_stack". */
gboolean gt_linux_percpu (const GtLinux *linux_os, const char *variable, guint64 *ret_offset);
/* The thread that runs on a vCPU which is in the kernel, by its GS base. */
gboolean gt_linux_current (const GtLinux *linux_os, addr_t gs_base, addr_t *ret_task);

/* The same vCPU's struct pt_regs of the system call that the thread is in. */
gboolean gt_linux_pt_regs (const GtLinux *linux_os, addr_t gs_base, addr_t *ret_address);

typedef struct {
  vmi_pid_t pid, tid;
  char comm[16];
} GtLinuxThread;

gboolean gt_linux_thread (const GtLinux *linux_os, addr_t task, GtLinuxThread *ret);

/* What there is to tell of one; what cannot be read is 0. */
typedef struct {
  vmi_pid_t pid, ppid;
  guint32 uid, n_threads;
  char comm[17];
  char *args; /* what it was started with; NULL when it has no memory of its own */
} GtLinuxProcess;

void gt_linux_describe (GtLinux *linux_os, addr_t task, GtLinuxProcess *ret);
void gt_linux_process_clear (GtLinuxProcess *process);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtLinux, gt_linux_free)

G_END_DECLS

#endif
