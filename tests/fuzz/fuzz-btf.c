/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BTF: our own look-ups, and libbpf below them. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"
#include "linux/btf-types.h"
#include "linux/isf-private.h"
#include "linux/structure.h"

static void
check_members (const GtStructure *structure)
{
  for (guint i = 0; i < structure->members->len; i++) {
    const GtMember *member = &g_array_index (structure->members, GtMember, i);

    fuzz_check (member->offset + (guint64) member->n * member->size <= structure->size,
                "a member is inside");
    fuzz_check (member->name[0] != '\0', "a member has a name");
    if (member->inner != NULL) {
      fuzz_check (member->inner->size <= member->size, "a structure is inside");
      check_members (member->inner);
    }
  }
}

/* Whatever the types are, the profile of them is JSON. */
static void
check_profile (const GtBtf *types)
{
  g_autoptr (GString) text = g_string_new ("{");
  g_autoptr (JsonParser) parser = json_parser_new ();
  char *written = NULL;
  size_t size = 0;
  GtIsf isf = {
    .file = open_memstream (&written, &size), .types = types, .text = text, .first = TRUE
  };

  gt_isf_write_types (&isf);
  g_string_append_c (text, '}');
  (void) fputs (text->str, isf.file);
  fuzz_check (fclose (isf.file) == 0, "it was written");
  fuzz_check (json_parser_load_from_data (parser, written, (gssize) size, NULL), "it is JSON");
  free (written);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  static const char *const wanted[][2] = {
    { "task_struct", "tasks" },
    { "task_struct", "thread.sp" },
    { "task_struct", "se.on_rq" },
    { "task_struct", "pending.signal" },
    { "mm_struct", "pgd" },
    { "signal_struct", "thread_head" },
    { "syscall_metadata", "types" },
    { "list_head", "next" },
    { "a", "b" },
    { "a", "b.c.d.e" },
    { "", "" },
  };
  static const char *const sized[] = { "task_struct", "list_head", "pid_t",      "int",  "a",
                                       "b",           "",          "mnt_id_req", "outer" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GtBtf) types = gt_btf_new (data, size, &error);

  fuzz_check ((types == NULL) == (error != NULL), "a failure is explained");
  for (guint i = 0; types != NULL && i < G_N_ELEMENTS (wanted); i++) {
    gsize offset;

    (void) gt_btf_offset (types, wanted[i][0], wanted[i][1], &offset);
  }
  for (guint i = 0; types != NULL && i < G_N_ELEMENTS (sized); i++) {
    gsize len;

    (void) gt_btf_size (types, sized[i], &len);
  }
  if (types != NULL) {
    check_profile (types);
  }
  for (guint i = 0; types != NULL && i < G_N_ELEMENTS (sized); i++) {
    g_autoptr (GtStructure) structure = gt_structure_new (types, sized[i]);

    if (structure != NULL) {
      check_members (structure);
    }
  }
  return 0;
}
