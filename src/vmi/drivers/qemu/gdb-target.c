/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading target.xml and what it includes. */
#include "vmi/drivers/qemu/gdb-target.h"

#include <guestrace/gt-error.h>
#include <string.h>

#define MAX_DEPTH     4
#define MAX_DOCUMENTS 32
#define MAX_REGS      2048
#define MAX_REG_BITS  8192

typedef struct {
  GtGdbTarget *target;
  GPtrArray *includes; /* of this document, in order */
} Document;

typedef struct {
  GtGdbLoadFunc load;
  gpointer user_data;
  guint documents;
} Loader;

static void
add_reg (GtGdbTarget *target, const char **names, const char **values, GError **error)
{
  const char *name = NULL;
  guint64 bits = 0, number = target->regs->len;
  GtGdbReg *reg;

  if (target->regs->len > 0) {
    number = ((GtGdbReg *) target->regs->pdata[target->regs->len - 1])->number + 1;
  }
  for (guint i = 0; names[i]; i++) {
    if (strcmp (names[i], "name") == 0) {
      name = values[i];
    } else if (strcmp (names[i], "bitsize") == 0) {
      bits = g_ascii_strtoull (values[i], NULL, 10);
    } else if (strcmp (names[i], "regnum") == 0) {
      number = g_ascii_strtoull (values[i], NULL, 10);
    }
  }
  if (!name || bits == 0 || bits > MAX_REG_BITS || number > G_MAXUINT16 ||
      target->regs->len >= MAX_REGS) {
    g_set_error_literal (error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT,
                         "a register without a proper name, size or number");
    return;
  }
  reg = g_new0 (GtGdbReg, 1);
  reg->name = g_strdup (name);
  reg->number = (guint) number;
  reg->size = (guint) (bits + 7) / 8;
  reg->offset = target->size;
  target->size += reg->size;
  g_ptr_array_add (target->regs, reg);
}

static void
start_element (GMarkupParseContext *context, const char *element, const char **names,
               const char **values, gpointer user_data, GError **error)
{
  Document *document = user_data;

  if (strcmp (element, "reg") == 0) {
    add_reg (document->target, names, values, error);
  } else if (strcmp (element, "xi:include") == 0 || strcmp (element, "include") == 0) {
    for (guint i = 0; names[i]; i++) {
      if (strcmp (names[i], "href") == 0) {
        g_ptr_array_add (document->includes, g_strdup (values[i]));
      }
    }
  }
}

static gboolean
load_document (Loader *loader, GtGdbTarget *target, const char *name, guint depth, GError **error)
{
  static const GMarkupParser parser = { .start_element = start_element };
  g_autoptr (GPtrArray) includes = g_ptr_array_new_with_free_func (g_free);
  Document document = { target, includes };
  g_autoptr (GMarkupParseContext) context = NULL;
  g_autofree char *xml = NULL;

  if (depth > MAX_DEPTH || ++loader->documents > MAX_DOCUMENTS) {
    g_set_error (error, GT_ERROR, GT_ERROR_UNSUPPORTED,
                 "the debug stub's description of its registers has no end");
    return FALSE;
  }
  xml = loader->load (name, loader->user_data, error);
  if (!xml) {
    return FALSE;
  }
  context = g_markup_parse_context_new (&parser, 0, &document, NULL);
  if (!g_markup_parse_context_parse (context, xml, (gssize) strlen (xml), error) ||
      !g_markup_parse_context_end_parse (context, error)) {
    g_prefix_error (error, "the debug stub's description of its registers (%s) is broken: ", name);
    return FALSE;
  }
  for (guint i = 0; i < includes->len; i++) {
    if (!load_document (loader, target, includes->pdata[i], depth + 1, error)) {
      return FALSE;
    }
  }
  return TRUE;
}

static void
reg_free (gpointer data)
{
  GtGdbReg *reg = data;

  g_free (reg->name);
  g_free (reg);
}

GtGdbTarget *
gt_gdb_target_load (GtGdbLoadFunc load, gpointer user_data, GError **error)
{
  g_autoptr (GtGdbTarget) target = g_new0 (GtGdbTarget, 1);
  Loader loader = { load, user_data, 0 };

  target->regs = g_ptr_array_new_with_free_func (reg_free);
  if (!load_document (&loader, target, "target.xml", 0, error)) {
    return NULL;
  }
  return g_steal_pointer (&target);
}

void
gt_gdb_target_free (GtGdbTarget *target)
{
  if (!target) {
    return;
  }
  g_ptr_array_unref (target->regs);
  g_free (target);
}

const GtGdbReg *
gt_gdb_target_find (const GtGdbTarget *target, const char *name)
{
  for (guint i = 0; i < target->regs->len; i++) {
    const GtGdbReg *reg = target->regs->pdata[i];

    if (strcmp (reg->name, name) == 0) {
      return reg;
    }
  }
  return NULL;
}
