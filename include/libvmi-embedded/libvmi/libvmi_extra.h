/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The libvmi that guestrace carries, what needs other libraries' types: define LIBVMI_EXTRA_GLIB or
 * LIBVMI_EXTRA_JSON before this is included. This is no part of libvmi: the text was written for
 * guestrace from the interface's facts. Declared is what works.
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

#ifdef LIBVMI_EXTRA_JSON
/*
 * The kernel's JSON profile is here what was learnt of the running kernel: no file is needed, and
 * the object is good for nothing but the functions below. It belongs to the instance.
 */
typedef struct json_object json_object;

/* NULL while the guest's system is not known. */
json_object *vmi_get_kernel_json (vmi_instance_t vmi) NOEXCEPT;
os_t vmi_init_profile (vmi_instance_t vmi, vmi_config_t config_mode, void *config) NOEXCEPT;

/* Where the kernel's file has the symbol: without the slide of address randomization. */
status_t vmi_get_symbol_addr_from_json (vmi_instance_t vmi, json_object *json, const char *symbol,
                                        addr_t *addr) NOEXCEPT;
/* In bytes. */
status_t vmi_get_struct_size_from_json (vmi_instance_t vmi, json_object *json,
                                        const char *struct_name, size_t *size) NOEXCEPT;
status_t vmi_get_struct_member_offset_from_json (vmi_instance_t vmi, json_object *json,
                                                 const char *struct_name, const char *struct_member,
                                                 addr_t *offset) NOEXCEPT;
#endif

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
