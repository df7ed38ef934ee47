/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libvmi's functions cost: reads of a kernel variable, of a process's memory, of much memory,
 * the walk over all processes, and events. Prints a row each: its name, the time of one, the unit.
 * usage: reads GUEST PID ADDRESS (of memory that the process has)
 */
#include <glib.h>
#include <guestrace/gt-error.h>
#include <libvmi/events.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK (1u << 20)

typedef struct {
  vmi_instance_t vmi;
  vmi_pid_t pid;
  addr_t address, init_task, tasks, pid_offset, name;
  guint n_tasks;
  guint64 n_events;
} Reads;

typedef gboolean (*OneFunc) (Reads *reads);

static gboolean
read_kernel (Reads *reads)
{
  guint32 value;

  return vmi_read_32_va (reads->vmi, reads->init_task, 0, &value) == VMI_SUCCESS;
}

static gboolean
read_process (Reads *reads)
{
  guint64 value;

  return vmi_read_64_va (reads->vmi, reads->address, reads->pid, &value) == VMI_SUCCESS;
}

/* As long as it is mapped, which a kernel's code is. */
static gboolean
read_block (Reads *reads)
{
  static guint8 block[BLOCK];
  addr_t text;

  return vmi_translate_ksym2v (reads->vmi, "_text", &text) == VMI_SUCCESS &&
         vmi_read_va (reads->vmi, text, 0, sizeof block, block, NULL) == VMI_SUCCESS;
}

/* What process-list does: the list, and each one's pid and name. */
static gboolean
list_tasks (Reads *reads)
{
  addr_t first = reads->init_task + reads->tasks, at = first;

  reads->n_tasks = 0;
  do {
    addr_t task = at - reads->tasks;
    guint32 pid;
    char *name;

    if (vmi_read_32_va (reads->vmi, task + reads->pid_offset, 0, &pid) != VMI_SUCCESS ||
        (name = vmi_read_str_va (reads->vmi, task + reads->name, 0)) == NULL ||
        vmi_read_addr_va (reads->vmi, at, 0, &at) != VMI_SUCCESS) {
      return FALSE;
    }
    free (name);
    reads->n_tasks++;
  } while (at != first && reads->n_tasks < 100000);
  return TRUE;
}

/* The least time of one, over several rounds that take a twentieth of a second each. */
static double
least_us (Reads *reads, OneFunc one)
{
  double least = G_MAXDOUBLE;

  for (guint round = 0; round < 10; round++) {
    gint64 began = g_get_monotonic_time (), now;
    guint64 n = 0;

    do {
      if (!one (reads)) {
        return -1;
      }
      n++;
      now = g_get_monotonic_time ();
    } while (now < began + G_TIME_SPAN_SECOND / 20);
    least = MIN (least, (double) (now - began) / (double) n);
  }
  return least;
}

static event_response_t
on_step (vmi_instance_t vmi, vmi_event_t *event)
{
  Reads *reads = event->data;

  reads->n_events++;
  return VMI_EVENT_RESPONSE_NONE;
}

/* Single steps of a vCPU, one after the other. */
static double
step_us (Reads *reads)
{
  vmi_event_t event = { .data = reads };
  gint64 began;
  double took;

  SETUP_SINGLESTEP_EVENT (&event, 1, on_step, 1);
  if (vmi_register_event (reads->vmi, &event) != VMI_SUCCESS) {
    return -1;
  }
  began = g_get_monotonic_time ();
  while (g_get_monotonic_time () < began + G_TIME_SPAN_SECOND) {
    if (vmi_events_listen (reads->vmi, 100) != VMI_SUCCESS) {
      return -1;
    }
  }
  took = (double) (g_get_monotonic_time () - began) / (double) MAX (reads->n_events, 1);
  return vmi_clear_event (reads->vmi, &event, NULL) == VMI_SUCCESS ? took : -1;
}

static gboolean
find (Reads *reads)
{
  return vmi_translate_ksym2v (reads->vmi, "init_task", &reads->init_task) == VMI_SUCCESS &&
         vmi_get_offset (reads->vmi, "linux_tasks", &reads->tasks) == VMI_SUCCESS &&
         vmi_get_offset (reads->vmi, "linux_pid", &reads->pid_offset) == VMI_SUCCESS &&
         vmi_get_offset (reads->vmi, "linux_name", &reads->name) == VMI_SUCCESS;
}

int
main (int argc, char **argv)
{
  Reads reads = { 0 };
  double block;

  if (argc != 4) {
    fprintf (stderr, "usage: reads GUEST PID ADDRESS\n");
    return 2;
  }
  reads.pid = atoi (argv[2]);
  reads.address = strtoull (argv[3], NULL, 16);
  if (vmi_init_complete (&reads.vmi, argv[1], VMI_INIT_DOMAINNAME | VMI_INIT_EVENTS, NULL,
                         VMI_CONFIG_GLOBAL_FILE_ENTRY, NULL, NULL) != VMI_SUCCESS ||
      !find (&reads)) {
    fprintf (stderr, "reads: cannot open %s\n", argv[1]);
    return 1;
  }
  printf ("a kernel variable       %10.2f us\n", least_us (&reads, read_kernel));
  printf ("8 bytes of a process    %10.2f us\n", least_us (&reads, read_process));
  block = least_us (&reads, read_block);
  printf ("1 MiB of kernel code    %10.2f us, %.1f GB/s\n", block, BLOCK / block / 1000);
  printf ("the list of processes   %10.2f us", least_us (&reads, list_tasks));
  printf (", %u of them\n", reads.n_tasks);
  printf ("a single step           %10.2f us\n", step_us (&reads));
  vmi_destroy (reads.vmi);
  return 0;
}
