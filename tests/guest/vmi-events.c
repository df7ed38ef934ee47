/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program as libvmi's users write them, on libvmi's interface alone: events of a guest.
 * usage: vmi-events GUEST WHAT...
 *   code HOW SYMBOL        breakpoints on a function of the kernel
 *   user HOW PID ADDRESS   the same in a process
 *   own                    the guest's own breakpoint instructions, which it gets
 *   steps SYMBOL N         from the first call of the function on, N steps: "step RIP" each
 *   register NAME          writes of CR3, CR4, or of an MSR given by its number
 *   memory ACCESS PID ADDRESS   accesses (r, w or x) to an address in a process
 * HOW: emulate, step, toggle (three ways to get past a breakpoint), deny (returns -1 at once).
 * Prints "ready", then what there is; once its input ends, "events N" and, of registers, how often
 * each value came.
 */
#include <glib.h>
#include <libvmi/events.h>
#include <libvmi/libvmi.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <guestrace/gt-error.h>

#define INT3_INSN 0xcc

typedef struct {
  vmi_instance_t vmi;
  const char *how;
  addr_t address, physical;
  vmi_pid_t pid;
  guint64 n_events;
  guint64 n_steps; /* still to go */
  guint8 before;
  emul_insn_t insn;
  vmi_event_t event;
  vmi_event_t step;
  GHashTable *values;
} Watch;

static int
fail (vmi_instance_t vmi, const char *what)
{
  const char *why = gt_vmi_get_error (vmi);

  printf ("failed: %s: %s\n", what, why != NULL ? why : "it did not say why");
  fflush (stdout);
  return 1;
}

static void
put (Watch *watch, guint8 byte)
{
  if (vmi_write_8_pa (watch->vmi, watch->physical, &byte) != VMI_SUCCESS) {
    (void) fail (watch->vmi, "vmi_write_8_pa");
  }
}

static event_response_t
put_back (vmi_instance_t vmi, vmi_event_t *event)
{
  put (event->data, INT3_INSN);
  return VMI_EVENT_RESPONSE_NONE;
}

static event_response_t
put_back_and_toggle (vmi_instance_t vmi, vmi_event_t *event)
{
  put (event->data, INT3_INSN);
  return VMI_EVENT_RESPONSE_TOGGLE_SINGLESTEP;
}

/* The function is not executed: it returns -1 to its caller. */
static event_response_t
deny (Watch *watch, vmi_event_t *event)
{
  x86_registers_t *regs = event->x86_regs;
  uint64_t back;

  if (vmi_read_64_va (watch->vmi, regs->rsp, watch->pid, &back) != VMI_SUCCESS) {
    (void) fail (watch->vmi, "vmi_read_64_va");
  }
  regs->rip = back;
  regs->rsp += 8;
  regs->rax = (uint64_t) -1;
  return VMI_EVENT_RESPONSE_SET_REGISTERS;
}

static event_response_t
on_breakpoint (vmi_instance_t vmi, vmi_event_t *event)
{
  Watch *watch = event->data;

  event->interrupt_event.reinject = 1;
  if (event->interrupt_event.gla != watch->address) {
    return VMI_EVENT_RESPONSE_NONE;
  }
  event->interrupt_event.reinject = 0;
  watch->n_events++;
  if (strcmp (watch->how, "emulate") == 0) {
    event->emul_insn = &watch->insn;
    return VMI_EVENT_RESPONSE_SET_EMUL_INSN;
  }
  if (strcmp (watch->how, "deny") == 0) {
    return deny (watch, event);
  }
  put (watch, watch->before);
  if (strcmp (watch->how, "toggle") == 0) {
    return VMI_EVENT_RESPONSE_TOGGLE_SINGLESTEP;
  }
  if (strcmp (watch->how, "step") == 0 &&
      vmi_step_event (vmi, event, event->vcpu_id, 1, put_back) != VMI_SUCCESS) {
    (void) fail (vmi, "vmi_step_event");
  }
  return strcmp (watch->how, "steps") == 0 ? VMI_EVENT_RESPONSE_TOGGLE_SINGLESTEP
                                           : VMI_EVENT_RESPONSE_NONE;
}

static event_response_t
on_own (vmi_instance_t vmi, vmi_event_t *event)
{
  Watch *watch = event->data;

  watch->n_events += (event->x86_regs->cs_sel & 3) == 3;
  event->interrupt_event.reinject = 1;
  return VMI_EVENT_RESPONSE_NONE;
}

static event_response_t
on_step (vmi_instance_t vmi, vmi_event_t *event)
{
  Watch *watch = event->data;

  printf ("step %" G_GINT64_MODIFIER "x\n", event->ss_event.gla);
  return --watch->n_steps == 0 ? VMI_EVENT_RESPONSE_TOGGLE_SINGLESTEP : VMI_EVENT_RESPONSE_NONE;
}

static event_response_t
on_register (vmi_instance_t vmi, vmi_event_t *event)
{
  Watch *watch = event->data;
  gpointer value = GSIZE_TO_POINTER (event->reg_event.value);
  gsize n = GPOINTER_TO_SIZE (g_hash_table_lookup (watch->values, value));

  watch->n_events++;
  g_hash_table_insert (watch->values, value, GSIZE_TO_POINTER (n + 1));
  return VMI_EVENT_RESPONSE_NONE;
}

static event_response_t
on_access (vmi_instance_t vmi, vmi_event_t *event)
{
  Watch *watch = event->data;

  watch->n_events += event->mem_event.gla == watch->address &&
                     event->mem_event.out_access == event->mem_event.in_access &&
                     (event->mem_event.gfn << 12 | event->mem_event.offset) == watch->physical;
  return VMI_EVENT_RESPONSE_EMULATE;
}

static gboolean
add_event (Watch *watch, vmi_event_t *event)
{
  event->data = watch;
  return vmi_register_event (watch->vmi, event) == VMI_SUCCESS;
}

static gboolean
add_breakpoint (Watch *watch)
{
  gsize got = 0;

  SETUP_INTERRUPT_EVENT (&watch->event, on_breakpoint);
  watch->insn.dont_free = 1;
  (void) vmi_read_va (watch->vmi, watch->address, watch->pid, sizeof watch->insn.data,
                      watch->insn.data, &got);
  watch->before = watch->insn.data[0];
  if (got == 0 ||
      vmi_translate_uv2p (watch->vmi, watch->address, watch->pid, &watch->physical) !=
          VMI_SUCCESS ||
      !add_event (watch, &watch->event)) {
    return FALSE;
  }
  if (strcmp (watch->how, "toggle") == 0) {
    SETUP_SINGLESTEP_EVENT (&watch->step, ~0u, put_back_and_toggle, 0);
    if (!add_event (watch, &watch->step)) {
      return FALSE;
    }
  } else if (strcmp (watch->how, "steps") == 0) {
    SETUP_SINGLESTEP_EVENT (&watch->step, ~0u, on_step, 0);
    if (!add_event (watch, &watch->step)) {
      return FALSE;
    }
  }
  put (watch, INT3_INSN);
  return TRUE;
}

static gboolean
add_register (Watch *watch, const char *name)
{
  reg_t reg = strcmp (name, "cr3") == 0 ? CR3 : strcmp (name, "cr4") == 0 ? CR4 : MSR_UNDEFINED;

  SETUP_REG_EVENT (&watch->event, reg, VMI_REGACCESS_W, 0, on_register);
  watch->event.reg_event.onchange = 1;
  watch->event.reg_event.msr = (uint32_t) strtoul (name, NULL, 16);
  return add_event (watch, &watch->event);
}

static gboolean
add_memory (Watch *watch, char access, const char *pid, const char *address)
{
  watch->pid = atoi (pid);
  watch->address = strtoull (address, NULL, 16);
  if (vmi_translate_uv2p (watch->vmi, watch->address, watch->pid, &watch->physical) !=
      VMI_SUCCESS) {
    return FALSE;
  }
  SETUP_MEM_EVENT (&watch->event, watch->physical >> 12,
                   access == 'r'   ? VMI_MEMACCESS_R
                   : access == 'w' ? VMI_MEMACCESS_W
                                   : VMI_MEMACCESS_X,
                   on_access, 0);
  return add_event (watch, &watch->event);
}

static gboolean
begin (Watch *watch, int argc, char **argv)
{
  const char *what = argv[2];

  if (strcmp (what, "code") == 0 && argc == 5) {
    watch->how = argv[3];
    return vmi_translate_ksym2v (watch->vmi, argv[4], &watch->address) == VMI_SUCCESS &&
           add_breakpoint (watch);
  }
  if (strcmp (what, "user") == 0 && argc == 6) {
    watch->how = argv[3];
    watch->pid = atoi (argv[4]);
    watch->address = strtoull (argv[5], NULL, 16);
    return add_breakpoint (watch);
  }
  if (strcmp (what, "own") == 0) {
    SETUP_INTERRUPT_EVENT (&watch->event, on_own);
    return add_event (watch, &watch->event);
  }
  if (strcmp (what, "steps") == 0 && argc == 5) {
    watch->how = what;
    watch->n_steps = strtoull (argv[4], NULL, 10);
    return vmi_translate_ksym2v (watch->vmi, argv[3], &watch->address) == VMI_SUCCESS &&
           add_breakpoint (watch);
  }
  if (strcmp (what, "memory") == 0 && argc == 6) {
    return add_memory (watch, argv[3][0], argv[4], argv[5]);
  }
  return strcmp (what, "register") == 0 && argc == 4 && add_register (watch, argv[3]);
}

static void
end (Watch *watch)
{
  GHashTableIter iter;
  gpointer value, n;

  if (watch->before != 0 && strcmp (watch->how, "steps") != 0) {
    put (watch, watch->before);
  }
  if (vmi_clear_event (watch->vmi, &watch->event, NULL) != VMI_SUCCESS) {
    (void) fail (watch->vmi, "vmi_clear_event");
  }
  printf ("events %" G_GUINT64_FORMAT "\n", watch->n_events);
  g_hash_table_iter_init (&iter, watch->values);
  while (g_hash_table_iter_next (&iter, &value, &n)) {
    printf ("value %zx %zu\n", GPOINTER_TO_SIZE (value), GPOINTER_TO_SIZE (n));
  }
}

static gboolean
input_ended (void)
{
  struct pollfd input = { 0, POLLIN, 0 };
  char byte;

  return poll (&input, 1, 0) == 1 && read (0, &byte, 1) <= 0;
}

int
main (int argc, char **argv)
{
  Watch watch = { .how = "" };
  status_t status = VMI_SUCCESS;

  if (argc < 3) {
    fprintf (stderr, "usage: vmi-events GUEST WHAT...\n");
    return 2;
  }
  if (vmi_init_complete (&watch.vmi, argv[1], VMI_INIT_DOMAINNAME | VMI_INIT_EVENTS, NULL,
                         VMI_CONFIG_GLOBAL_FILE_ENTRY, NULL, NULL) != VMI_SUCCESS) {
    return fail (NULL, "vmi_init_complete");
  }
  watch.values = g_hash_table_new (g_direct_hash, g_direct_equal);
  if (vmi_pause_vm (watch.vmi) != VMI_SUCCESS || !begin (&watch, argc, argv) ||
      vmi_resume_vm (watch.vmi) != VMI_SUCCESS) {
    status = VMI_FAILURE;
    (void) fail (watch.vmi, argv[2]);
  } else {
    printf ("ready\n");
    fflush (stdout);
    while (!input_ended () && status == VMI_SUCCESS) {
      status = vmi_events_listen (watch.vmi, 100);
      fflush (stdout);
    }
    if (status != VMI_SUCCESS) {
      (void) fail (watch.vmi, "vmi_events_listen");
    }
    end (&watch);
  }
  g_hash_table_unref (watch.values);
  return vmi_destroy (watch.vmi) == VMI_SUCCESS && status == VMI_SUCCESS ? 0 : 1;
}
