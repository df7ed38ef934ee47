/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which function a kernel's dispatcher goes to for a system-call number, read from its code. */
#ifndef GT_LINUX_DISPATCHER_H
#define GT_LINUX_DISPATCHER_H

#include <glib.h>
#include <libvmi/libvmi.h>

G_BEGIN_DECLS

typedef struct GtDispatcher GtDispatcher;

/* @code is the function at @start; it is copied. */
GtDispatcher *gt_dispatcher_new (addr_t start, const guint8 *code, gsize len);
void gt_dispatcher_free (GtDispatcher *dispatcher);

/* 0 when the code does not say. */
addr_t gt_dispatcher_target (const GtDispatcher *dispatcher, guint32 nr);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtDispatcher, gt_dispatcher_free)

G_END_DECLS

#endif
