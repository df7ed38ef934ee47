/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of GtLinux share. */
#ifndef GT_LINUX_PRIVATE_H
#define GT_LINUX_PRIVATE_H

#include "linux/btf-types.h"
#include "linux/kallsyms.h"
#include "linux/kimage.h"
#include "linux/linux.h"
#include "linux/profile.h"
#include "linux/syscalls.h"
#include "linux/vmcoreinfo.h"

G_BEGIN_DECLS

#define GT_LINUX_BANNER_START "Linux version " /* what the symbol linux_banner begins with */

/* How far a symbol at @address is moved in a kernel that KASLR moves by @slide: what lies below the
 * image is a number, or per CPU. */
static inline addr_t
gt_linux_move (addr_t address, addr_t slide)
{
  return address >= 0xffffffff80000000ULL ? slide : 0;
}

/* Where the kernel keeps what tasks.c reads. */
typedef struct {
  addr_t init_task;
  gsize tasks;       /* task_struct */
  gsize tgid;        /* task_struct */
  gsize flags;       /* task_struct */
  gsize mm;          /* task_struct */
  gsize signal;      /* task_struct */
  gsize thread_node; /* task_struct */
  gsize thread_head; /* signal_struct */
  gsize pgd;         /* mm_struct */
} GtTaskLayout;

/* The same for the thread that a vCPU runs: from its GS base on, and in task_struct. */
typedef struct {
  gboolean known;
  guint64 current_task, top_of_stack;
  gsize pid, comm;
} GtThreadLayout;

struct GtLinux {
  vmi_instance_t vmi;
  addr_t dtb;
  addr_t slide;
  char *release;
  char *banner;
  char *build_id;
  const GtProfile *profile; /* or NULL */
  GtSymbolsBy symbols_by;
  GtKallsyms *syms;
  const GtBtf *types; /* the kernel's own, or the profile's */
  GtBtf *own_types;
  GtSyscalls *calls;
  GtTaskLayout tasks;
  GtThreadLayout threads;
};

/* discover.c: the tables of kernel symbols; on the way also the note, which may be NULL even so. */
gboolean gt_linux_find_tables (vmi_instance_t vmi, GtKimage *image, GtKallsymsTables *ret_tables,
                               GtVmcoreinfo **ret_info);

/* tasks.c: the nodes of a circular list, each less @node_offset; NULL when it does not lead back
 * within *@steps, which is what is left of a walk's budget. */
GArray *gt_linux_collect_list (GtLinux *linux_os, addr_t head, gsize node_offset, guint *steps);

/* current.c: after gt_linux_init_tasks(). */
void gt_linux_init_threads (GtLinux *linux_os);

/* tasks.c: FALSE with a sentence when this kernel's tasks cannot be found. */
gboolean gt_linux_init_tasks (GtLinux *linux_os, GError **error);

G_END_DECLS

#endif
