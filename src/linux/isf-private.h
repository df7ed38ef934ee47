/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two halves of an ISF file's writer share: text, and how a type is referred to. */
#ifndef GT_LINUX_ISF_PRIVATE_H
#define GT_LINUX_ISF_PRIVATE_H

#include <stdio.h>

#include "linux/btf-private.h"

G_BEGIN_DECLS

typedef struct {
  FILE *file;
  const GtBtf *types;
  GString *text;  /* what is not in the file yet */
  gboolean first; /* the object that is being written has no member so far */
} GtIsf;

/* "{" and "}" of an object that is a member called @name. */
void gt_isf_open (GtIsf *isf, const char *name);
void gt_isf_close (GtIsf *isf);
/* What comes before a member, its name with it or not. */
void gt_isf_next (GtIsf *isf);
void gt_isf_key (GtIsf *isf, const char *name);
void gt_isf_quote (GtIsf *isf, const char *text);
/* "{\"kind\": \"struct\", \"name\": \"task_struct\"}" of the type with that number; 0 is void. */
void gt_isf_type (GtIsf *isf, guint32 id);

/* The members "base_types", "user_types" and "enums". */
void gt_isf_write_types (GtIsf *isf);

G_END_DECLS

#endif
