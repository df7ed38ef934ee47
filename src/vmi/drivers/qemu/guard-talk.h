/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the guard talks to QEMU. Nothing here calls anything but the system. */
#ifndef GT_QEMU_GUARD_TALK_H
#define GT_QEMU_GUARD_TALK_H

#include <glib.h>

G_BEGIN_DECLS

#define GT_GUARD_QUIET_MS  50
#define GT_GUARD_ANSWER_MS 2000

void gt_guard_write (int fd, const char *data, gsize len);

/* Reads until nothing has come for a moment; FALSE when nothing came at all in @wait_ms. */
gboolean gt_guard_drain (int fd, int wait_ms);

/* A packet of the gdb remote protocol; its answer is only waited for. */
void gt_guard_send (int fd, const char *payload);

/* The same; @answer is what came, with a NUL, cut at @size. FALSE when nothing came. */
gboolean gt_guard_ask (int fd, const char *payload, char *answer, gsize size);

G_END_DECLS

#endif
