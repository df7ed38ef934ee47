/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of sockets, by the kernel's own getsockname() and getpeername(). */
#include "sockets.h"

#define PF_NETLINK 16 /* include/linux/socket.h */

/* What the kernel says: an error, or an address's length. */
static uint16_t
length_of (int32_t said)
{
  return said > 0 && said <= GT_SOCKET_ADDRESS_MAX ? (uint16_t) said : 0;
}

static uint32_t
describe (uint64_t kernel_socket, struct gt_socket *socket)
{
  uint64_t sk = FIELD (uint64_t, kernel_socket, k_socket_sk);
  uint64_t ops = FIELD (uint64_t, kernel_socket, k_socket_ops);

  if (!sk || !ops) {
    return 0;
  }
  *socket = (struct gt_socket){ .family = (uint16_t) FIELD (uint32_t, ops, k_proto_ops_family),
                                .type = FIELD (uint16_t, kernel_socket, k_socket_type),
                                .protocol = FIELD (uint16_t, sk, k_sock_protocol) };
  return sizeof *socket;
}

static uint32_t
add_addresses (uint64_t kernel_socket, struct gt_socket *socket)
{
  uint8_t *addresses = (uint8_t *) (socket + 1);

  socket->local = length_of (k_kernel_getsockname (kernel_socket, addresses));
  socket->peer = length_of (k_kernel_getpeername (kernel_socket, addresses + socket->local));
  return sizeof *socket + socket->local + socket->peer;
}

/* @ret_file is the caller's to put back, where it is not 0. */
static uint64_t
get_socket (int32_t fd, uint64_t *ret_file)
{
  int32_t error; /* kernels before 5.11 say why it is none */

  *ret_file = fd < 0 ? 0 : k_fget_raw ((uint32_t) fd);
  return *ret_file ? k_sock_from_file (*ret_file, &error) : 0;
}

uint32_t
socket_of_fd (int32_t fd, struct gt_socket *socket)
{
  uint64_t file, kernel_socket = get_socket (fd, &file);
  uint32_t size = 0;

  if (kernel_socket && describe (kernel_socket, socket)) {
    size = add_addresses (kernel_socket, socket);
  }
  if (file) {
    k_fput (file);
  }
  return size;
}

uint32_t
netlink_of_fd (int32_t fd, struct gt_socket *socket)
{
  uint64_t file, kernel_socket = get_socket (fd, &file);
  uint32_t size = kernel_socket ? describe (kernel_socket, socket) : 0;

  if (file) {
    k_fput (file);
  }
  return size && socket->family == PF_NETLINK ? size : 0;
}
