/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The libvmi that guestrace carries: the bits of an x86 page-table entry (Intel's manual, volume 3,
 * 4.5; Windows' own are documented by Microsoft's debugger). This is no part of libvmi: the text
 * was written for guestrace from the interface's facts.
 */
#ifndef LIBVMI_X86_H
#define LIBVMI_X86_H

#include <libvmi/libvmi.h>

/* Entries in a table. */
#define PTRS_PER_PDPI      4
#define PTRS_PER_PAE_PTE   512
#define PTRS_PER_PAE_PGD   512
#define PTRS_PER_NOPAE_PTE 1024
#define PTRS_PER_NOPAE_PGD 1024

#define PRESENT(entry)         VMI_GET_BIT (entry, 0)
#define READ_WRITE(entry)      VMI_GET_BIT (entry, 1) /* 1: may be written */
#define USER_SUPERVISOR(entry) VMI_GET_BIT (entry, 2) /* 1: programs may use it */
#define WRITE_THROUGH(entry)   VMI_GET_BIT (entry, 3)
#define CACHE_DISABLED(entry)  VMI_GET_BIT (entry, 4)
#define ACCESSED(entry)        VMI_GET_BIT (entry, 5)
#define DIRTY(entry)           VMI_GET_BIT (entry, 6)
#define PAGE_SIZE(entry)       VMI_GET_BIT (entry, 7) /* 1: a large page, not a table */
#define GLOBAL_PAGE(entry)     VMI_GET_BIT (entry, 8)
#define NX(entry)              VMI_GET_BIT (entry, 63)

/* Windows, of entries that are not present. */
#define PROTOTYPE(entry)  VMI_GET_BIT (entry, 10)
#define TRANSITION(entry) VMI_GET_BIT (entry, 11)

/* transition_pages: whether Windows' pages in transition count as there. */
#define ENTRY_PRESENT(transition_pages, entry)                                                     \
  (PRESENT (entry) || ((transition_pages) && TRANSITION (entry) && !PROTOTYPE (entry)))

#endif
