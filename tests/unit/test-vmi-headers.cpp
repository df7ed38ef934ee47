/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvmi's headers alone, in C++. */
#include <libvmi/events.h>
#include <libvmi/libvmi.h>
#define LIBVMI_EXTRA_JSON
#include <libvmi/libvmi_extra.h>
#include <libvmi/peparse.h>
#include <libvmi/x86.h>

static event_response_t
callback (vmi_instance_t, vmi_event_t *event)
{
  return event->x86_regs != nullptr ? VMI_EVENT_RESPONSE_SET_REGISTERS : VMI_EVENT_RESPONSE_NONE;
}

int
main ()
{
  access_context_t ctx{};
  vmi_event_t event{};

  ctx.version = ACCESS_CONTEXT_VERSION;
  ctx.translate_mechanism = VMI_TM_PROCESS_PID;
  ctx.pid = 1;
  SETUP_INTERRUPT_EVENT (&event, callback);
  return ctx.tm == VMI_TM_PROCESS_PID && event.interrupt_event.reinject == -1 ? 0 : 1;
}
