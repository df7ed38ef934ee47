/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Socket addresses of the families that programs mostly use, in strace's grammar. */
#include "decode/printer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static gboolean
append_inet (GString *out, const guint8 *data, gsize size)
{
  char text[INET_ADDRSTRLEN];
  struct sockaddr_in address;

  if (size < sizeof address) {
    return FALSE;
  }
  memcpy (&address, data, sizeof address);
  g_string_append_printf (
      out, "{sa_family=AF_INET, sin_port=htons(%u), sin_addr=inet_addr(\"%s\")}",
      ntohs (address.sin_port), inet_ntop (AF_INET, &address.sin_addr, text, sizeof text));
  return TRUE;
}

static gboolean
append_inet6 (GString *out, const guint8 *data, gsize size)
{
  char text[INET6_ADDRSTRLEN];
  struct sockaddr_in6 address;

  if (size < sizeof address) {
    return FALSE;
  }
  memcpy (&address, data, sizeof address);
  g_string_append_printf (
      out, "{sa_family=AF_INET6, sin6_port=htons(%u), inet_pton(AF_INET6, \"%s\")}",
      ntohs (address.sin6_port), inet_ntop (AF_INET6, &address.sin6_addr, text, sizeof text));
  return TRUE;
}

/* A path ends at its NUL; a name that begins with one is abstract, and as long as the address. */
static gboolean
append_unix (GString *out, const guint8 *data, gsize size)
{
  const guint8 *path = data + offsetof (struct sockaddr_un, sun_path);
  gsize length = size - offsetof (struct sockaddr_un, sun_path);

  if (length > 0 && path[0] != '\0') {
    length = strnlen ((const char *) path, length);
  }
  g_string_append (out, "{sa_family=AF_UNIX");
  if (length > 0) {
    g_string_append (out, path[0] == '\0' ? ", sun_path=@" : ", sun_path=");
    gt_text_quoted (out, path + (path[0] == '\0'), length - (path[0] == '\0'), FALSE);
  }
  g_string_append_c (out, '}');
  return TRUE;
}

static gboolean
append_address (GString *out, const guint8 *data, gsize size)
{
  sa_family_t family;

  if (size < sizeof family) {
    return FALSE;
  }
  memcpy (&family, data, sizeof family);
  switch (family) {
  case AF_INET:
    return append_inet (out, data, size);
  case AF_INET6:
    return append_inet6 (out, data, size);
  case AF_UNIX:
    return append_unix (out, data, size);
  default:
    return FALSE;
  }
}

/* A socket's address; argument `other` has its length. */
static void
print_sockaddr (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gsize size = MIN (gt_printer_copied (printer, value), gt_printer_arg (printer, spec->other));
  const guint8 *data = size > 0 ? gt_printer_memory (printer, value, size) : NULL;

  if (data == NULL || !append_address (printer->out, data, size)) {
    gt_print_pointer (printer, value);
  }
}

enum { ADDRESS_MAX = 128 };

static void
plan_sockaddr (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  const struct gt_step step = {
    .op = GT_STEP_BYTES,
    .arg = (uint8_t) arg,
    .length = (uint8_t) (GT_LENGTH_ARG0 + spec->other),
    .limit = ADDRESS_MAX,
  };

  (void) gt_plan_add (plan, &step);
}
GT_KIND_PLANNED (sockaddr);
