/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes through netlink sockets. */
#ifndef GT_NETLINK_H
#define GT_NETLINK_H

#include "decode/printer.h"

G_BEGIN_DECLS

/* Lets the steps of the call's buffers with GT_STEP_WIDE copy whole messages where its first
 * argument is a netlink socket, for gt_print_sent(). */
void gt_plan_netlink (GtPlan *plan);
/* A buffer of @size bytes at @address that went through the socket that the call's first argument
 * is: messages of netlink, or bytes. */
void gt_print_sent (GtPrinter *printer, guint64 address, guint64 size);

G_END_DECLS

#endif
