/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For the two files that read profiles. */
#ifndef GT_LINUX_PROFILE_PRIVATE_H
#define GT_LINUX_PROFILE_PRIVATE_H

#include <json-c/json.h>

#include "linux/btf-types.h"

G_BEGIN_DECLS

/* Members of @object, whatever that is and holds: an object or NULL, a string or NULL, a number or
 * 0, a truth value or FALSE. */
json_object *gt_profile_object (json_object *object, const char *member);
const char *gt_profile_string (json_object *object, const char *member);
guint64 gt_profile_number (json_object *object, const char *member);
gboolean gt_profile_flag (json_object *object, const char *member);

/* The types of a symbol file as BTF; NULL when that has none of use. */
GtBtf *gt_profile_read_types (json_object *root);

G_END_DECLS

#endif
