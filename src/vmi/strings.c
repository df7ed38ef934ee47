/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings in guest memory, C's and Windows'. */
#include "vmi/access.h"
#include "vmi/pagetable.h"

#define STRING_LIMIT (1024 * 1024)
#define FIRST_CHUNK  256 /* most strings are paths and names */
#define CHUNK        4096

/* Reads on to the end of a chunk-sized block, so that a string before unmapped memory is whole. */
static gsize
next_chunk (vmi_instance_t vmi, GtPlace *place, gsize chunk, char *buf)
{
  gsize count = chunk - (place->addr & (chunk - 1));

  return gt_place_copy (vmi, place, GT_COPY_READ, buf, count);
}

char *
vmi_read_str (vmi_instance_t vmi, const access_context_t *ctx)
{
  g_autofree char *str = NULL;
  char buf[CHUNK];
  gsize len = 0;
  GtPlace place;

  if (!gt_place_find (vmi, ctx, &place)) {
    return NULL;
  }
  while (len < STRING_LIMIT) {
    gsize n = next_chunk (vmi, &place, len == 0 ? FIRST_CHUNK : CHUNK, buf);
    gsize n_used = strnlen (buf, n);

    if (n == 0) {
      break;
    }
    str = g_realloc (str, len + n_used + 1);
    memcpy (str + len, buf, n_used);
    len += n_used;
    str[len] = '\0';
    place.addr += n;
    if (n_used < n || place.addr == 0) {
      break;
    }
  }
  return g_steal_pointer (&str);
}

char *
vmi_read_str_ksym (vmi_instance_t vmi, const char *sym)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_KERNEL_SYMBOL, .ksym = sym);

  return vmi_read_str (vmi, &ctx);
}

char *
vmi_read_str_va (vmi_instance_t vmi, addr_t vaddr, vmi_pid_t pid)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_PROCESS_PID, .addr = vaddr, .pid = pid);

  return vmi_read_str (vmi, &ctx);
}

char *
vmi_read_str_pa (vmi_instance_t vmi, addr_t paddr)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_NONE, .addr = paddr);

  return vmi_read_str (vmi, &ctx);
}

/* UNICODE_STRING: length and room in bytes, then a pointer, aligned to its own size. */
unicode_string_t *
vmi_read_unicode_str (vmi_instance_t vmi, const access_context_t *ctx)
{
  gsize width =
      ctx != NULL && ctx->pm != 0 ? gt_page_mode_width (ctx->pm) : vmi_get_address_width (vmi);
  g_autofree guint8 *contents = NULL;
  unicode_string_t *str;
  guint64 raw[2] = { 0 };
  guint64 pointer = 0;
  guint16 length;
  GtPlace place;

  if (width == 0 || !gt_place_find (vmi, ctx, &place) ||
      gt_place_copy (vmi, &place, GT_COPY_READ, raw, 2 * width) != 2 * width) {
    return NULL;
  }
  memcpy (&length, raw, sizeof length);
  memcpy (&pointer, (guint8 *) raw + width, width);
  contents = g_malloc0 (length + 2u);
  place.addr = pointer;
  if (length == 0 || gt_place_copy (vmi, &place, GT_COPY_READ, contents, length) != length) {
    return NULL;
  }
  str = g_new0 (unicode_string_t, 1);
  str->length = length;
  str->contents = g_steal_pointer (&contents);
  str->encoding = "UTF-16LE";
  return str;
}

unicode_string_t *
vmi_read_unicode_str_pm (vmi_instance_t vmi, const access_context_t *ctx, page_mode_t mode)
{
  access_context_t with_mode;

  if (ctx == NULL) {
    return NULL;
  }
  with_mode = *ctx;
  with_mode.pm = mode;
  return vmi_read_unicode_str (vmi, &with_mode);
}

unicode_string_t *
vmi_read_unicode_str_va (vmi_instance_t vmi, addr_t vaddr, vmi_pid_t pid)
{
  ACCESS_CONTEXT (ctx, .tm = VMI_TM_PROCESS_PID, .addr = vaddr, .pid = pid);

  return vmi_read_unicode_str (vmi, &ctx);
}

status_t
vmi_convert_str_encoding (const unicode_string_t *in, unicode_string_t *out,
                          const char *outencoding)
{
  const char *contents;
  gsize length;

  if (in == NULL || out == NULL || in->contents == NULL || in->encoding == NULL ||
      outencoding == NULL) {
    return VMI_FAILURE;
  }
  contents = (const char *) in->contents;
  out->contents = (uint8_t *) g_convert (contents, (gssize) in->length, outencoding, in->encoding,
                                         NULL, &length, NULL);
  if (out->contents == NULL) {
    memset (out, 0, sizeof *out);
    return VMI_FAILURE;
  }
  out->length = length;
  out->encoding = outencoding;
  return VMI_SUCCESS;
}

void
vmi_free_unicode_str (unicode_string_t *p_us)
{
  if (p_us != NULL) {
    g_free (p_us->contents);
    g_free (p_us);
  }
}
