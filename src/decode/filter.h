/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BPF programs: struct sock_fprog, include/uapi/linux/filter.h, and extended ones. */
#ifndef GT_FILTER_H
#define GT_FILTER_H

#include "decode/printer.h"

G_BEGIN_DECLS

/* "len=1, filter=[BPF_STMT(BPF_RET|BPF_K, 0)]", with the names of what constants mean to sockets;
 * instructions only where the user wants structures whole. */
void gt_members_socket_filter (GtPrinter *printer, GtCursor cursor);
/* The instructions of the one that step @base copies. */
void gt_plan_filter (GtPlan *plan, guint arg, guint base);
/* All of the one that argument @arg points to, and how it is printed, for seccomp. */
void gt_plan_seccomp_filter (GtPlan *plan, guint arg);
void gt_print_seccomp_filter (GtPrinter *printer, guint64 address);

/* "[{code=..., dst_reg=..., src_reg=..., off=0, imm=0}]", @n of them; and those of the attributes
 * that step @base copies. */
void gt_print_ebpf (GtPrinter *printer, guint64 address, guint n);
void gt_plan_ebpf (GtPlan *plan, guint arg, guint base);

G_END_DECLS

#endif
