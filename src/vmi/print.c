/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hexadecimal dumps on stdout, which is what libvmi's vmi_print_hex family is for. */
#include <glib.h>
#include <libvmi/libvmi.h>

#define ROW        16
#define DUMP_LIMIT (64u * 1024 * 1024)

static void
print_row (const guint8 *data, gsize at, gsize n)
{
  char hex[ROW * 3 + 2];
  char text[ROW + 1];
  gsize pos = 0;

  for (gsize i = 0; i < ROW; i++) {
    if (i == ROW / 2) {
      hex[pos++] = ' ';
    }
    if (i < n) {
      pos += (gsize) g_snprintf (hex + pos, 4, "%02x ", data[at + i]);
      text[i] = g_ascii_isprint (data[at + i]) ? (char) data[at + i] : '.';
    } else {
      memcpy (hex + pos, "   ", 3);
      pos += 3;
    }
  }
  hex[pos] = '\0';
  text[n] = '\0';
  printf ("%08zx|  %s %s\n", at, hex, text);
}

void
vmi_print_hex (const unsigned char *data, unsigned long length)
{
  for (gsize at = 0; data != NULL && at < length; at += ROW) {
    print_row (data, at, MIN (length - at, ROW));
  }
}

static void
print_memory (vmi_instance_t vmi, const access_context_t *ctx, gsize length)
{
  g_autofree guint8 *data = NULL;

  if (length > DUMP_LIMIT) {
    return;
  }
  data = g_try_malloc (length);
  if (data != NULL && vmi_read (vmi, ctx, length, data, NULL) == VMI_SUCCESS) {
    vmi_print_hex (data, length);
  }
}

void
vmi_print_hex_ksym (vmi_instance_t vmi, const char *sym, size_t length)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_KERNEL_SYMBOL, .ksym = sym);

  print_memory (vmi, &ctx, length);
}

void
vmi_print_hex_va (vmi_instance_t vmi, addr_t vaddr, vmi_pid_t pid, size_t length)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_PROCESS_PID, .addr = vaddr, .pid = pid);

  print_memory (vmi, &ctx, length);
}

void
vmi_print_hex_pa (vmi_instance_t vmi, addr_t paddr, size_t length)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_NONE, .addr = paddr);

  print_memory (vmi, &ctx, length);
}
