/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of NETLINK_ROUTE: links, addresses, routes, neighbours. */
#ifndef GT_NLROUTE_H
#define GT_NLROUTE_H

#include "decode/nlattr.h"

G_BEGIN_DECLS

/* What follows the header of a message of @type (RTM_...), at least a byte: its structure and its
 * attributes. */
void gt_print_route_message (GtPrinter *printer, guint16 type, GtNlBytes bytes);

G_END_DECLS

#endif
