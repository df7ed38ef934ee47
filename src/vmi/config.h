/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a program or /etc/libvmi.conf tells of a guest, in the forms that libvmi knows. */
#ifndef GT_VMI_CONFIG_H
#define GT_VMI_CONFIG_H

#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

/* What is of use to a libvmi that asks the guest itself. Each is NULL when it is not given. */
typedef struct {
  char *ostype;  /* "Linux" */
  char *profile; /* the path of a symbol file */
  char *sysmap;  /* the path of a System.map */
} GtConfig;

void gt_config_clear (GtConfig *config);

/* Of the guest called @domain. VMI_INIT_ERROR_NONE; _NO_CONFIG: @value is none, cannot be read or
 * makes no sense, of which @error (nullable) tells; _NO_CONFIG_ENTRY: nothing in it is about the
 * guest. No configuration file, or no entry there, is no error. */
vmi_init_error_t
gt_config_read (const char *domain, vmi_config_t mode, void *value, GtConfig *ret, GError **error);

/* The entry of @domain in @text, "NAME { KEY = VALUE; ... } ...", which @source has: keys and
 * values as strings. NULL when @text makes no sense; empty when there is no entry and @ret_found is
 * FALSE. */
GHashTable *gt_config_parse (const char *text, const char *source, const char *domain,
                             gboolean *ret_found, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GtConfig, gt_config_clear)

G_END_DECLS

#endif
