/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of sockets, by the kernel's own getsockname() and getpeername(). */
#include "sockets.h"

/* @length is what the kernel says: an error, or the bytes at @from. */
static uint32_t
add_address (struct gt_socket *socket, uint32_t used, const uint8_t *from, int32_t length)
{
  uint8_t *to = (uint8_t *) (socket + 1) + used;

  if (length <= 0 || length > GT_SOCKET_ADDRESS_MAX) {
    return 0;
  }
  for (int32_t i = 0; i < length; i++) {
    to[i] = from[i];
  }
  return (uint32_t) length;
}

static uint32_t
describe (uint64_t kernel_socket, struct gt_socket *socket)
{
  uint64_t sk = FIELD (uint64_t, kernel_socket, k_socket_sk);
  uint64_t ops = FIELD (uint64_t, kernel_socket, k_socket_ops);
  uint64_t address[GT_SOCKET_ADDRESS_MAX / 8];

  if (!sk || !ops) {
    return 0;
  }
  socket->family = (uint16_t) FIELD (uint32_t, ops, k_proto_ops_family);
  socket->type = FIELD (uint16_t, kernel_socket, k_socket_type);
  socket->protocol = FIELD (uint16_t, sk, k_sock_protocol);
  socket->local = socket->peer = socket->pad[0] = socket->pad[1] = socket->pad[2] = 0;
  socket->local = (uint16_t) add_address (socket, 0, (uint8_t *) address,
                                          k_kernel_getsockname (kernel_socket, address));
  socket->peer = (uint16_t) add_address (socket, socket->local, (uint8_t *) address,
                                         k_kernel_getpeername (kernel_socket, address));
  return sizeof *socket + socket->local + socket->peer;
}

uint32_t
socket_of_fd (int32_t fd, struct gt_socket *socket)
{
  uint64_t file = fd < 0 ? 0 : k_fget_raw ((uint32_t) fd), kernel_socket;
  uint32_t size = 0;
  int32_t error; /* kernels before 5.11 say why it is none */

  if (!file) {
    return 0;
  }
  kernel_socket = k_sock_from_file (file, &error);
  if (kernel_socket) {
    size = describe (kernel_socket, socket);
  }
  k_fput (file);
  return size;
}
