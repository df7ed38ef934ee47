/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which version of libvmi's events the headers are. */
#include <libvmi/events.h>

uint32_t
vmi_events_version (void)
{
  return VMI_EVENTS_VERSION;
}
