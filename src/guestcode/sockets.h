/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the calling thread's sockets are connected to. */
#ifndef GT_GUESTCODE_SOCKETS_H
#define GT_GUESTCODE_SOCKETS_H

#include "kernel.h"

/* Writes what descriptor @fd, a socket, is to @socket, its two addresses behind it, and returns how
 * many bytes that are; 0 when it is no socket. @socket has room for GT_SOCKET_MAX bytes. */
uint32_t socket_of_fd (int32_t fd, struct gt_socket *socket);

/* The same without addresses, and only of a netlink socket: sizeof *socket bytes, or 0. */
uint32_t netlink_of_fd (int32_t fd, struct gt_socket *socket);

#endif
