/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The libvmi that guestrace carries, what needs other libraries' types: define LIBVMI_EXTRA_GLIB
 * before this is included. This is no part of libvmi: the text was written for guestrace from
 * the interface's facts. Declared is what works.
 */
#ifndef LIBVMI_EXTRA_H
#define LIBVMI_EXTRA_H

#include <libvmi/libvmi.h>

#ifdef LIBVMI_EXTRA_GLIB
#include <glib.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#ifdef LIBVMI_EXTRA_GLIB
/* All pages that the page tables at pt map: a list of page_info_t, in the order of their
 * addresses; the list and each of them are the caller's to free, with g_free(). NULL when there
 * are none. */
GSList *vmi_get_va_pages (vmi_instance_t vmi, addr_t pt) NOEXCEPT;
#endif

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
