/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The errors of libguestrace: each comes with one plain sentence in GError's message. */
#ifndef GUESTRACE_GT_ERROR_H
#define GUESTRACE_GT_ERROR_H

#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

#pragma GCC visibility push(default)

#define GT_ERROR (gt_error_quark ())

/**
 * GTError:
 * @GT_ERROR_NO_GUEST: no running guest has that name
 * @GT_ERROR_AMBIGUOUS: more than one running guest has that name
 * @GT_ERROR_PERMISSION: the guest is there, but this user may not look into it
 * @GT_ERROR_BUSY: another program (a debugger, another guestrace) holds the guest
 * @GT_ERROR_NO_ACCESS: the guest offers no monitor and no debug stub to reach it by
 * @GT_ERROR_UNKNOWN_OS: the guest runs nothing that guestrace knows, or has not booted yet
 * @GT_ERROR_UNSUPPORTED: the guest's kernel lacks something that is needed
 * @GT_ERROR_NO_FUNCTION: the guest's kernel has no such system-call function
 * @GT_ERROR_GUEST_GONE: the guest shut down, rebooted or stopped answering
 * @GT_ERROR_INVALID: an argument makes no sense
 * @GT_ERROR_FAILED: anything else; the message says what
 */
typedef enum {
  GT_ERROR_NO_GUEST,
  GT_ERROR_AMBIGUOUS,
  GT_ERROR_PERMISSION,
  GT_ERROR_BUSY,
  GT_ERROR_NO_ACCESS,
  GT_ERROR_UNKNOWN_OS,
  GT_ERROR_UNSUPPORTED,
  GT_ERROR_NO_FUNCTION,
  GT_ERROR_GUEST_GONE,
  GT_ERROR_INVALID,
  GT_ERROR_FAILED,
} GTError;

GQuark gt_error_quark (void);

const char *gt_vmi_get_error (vmi_instance_t vmi);

#pragma GCC visibility pop

G_END_DECLS

#endif
