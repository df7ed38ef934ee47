/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guestrace list: the guests that this machine runs, and what is in them. */
#include <stdio.h>

#include "cli/cli.h"
#include "vmi/open.h"

typedef struct {
  char *name;
  char *id;
  const char *os;
  char *kernel; /* its release, or why it is not known */
} Row;

static void
row_free (gpointer data)
{
  Row *row = data;

  g_free (row->name);
  g_free (row->id);
  g_free (row->kernel);
  g_free (row);
}

static void
look_inside (Row *row)
{
  g_autoptr (GError) error = NULL;
  vmi_instance_t vmi = gt_vmi_open (row->id, TRUE, &error);
  GtLinux *linux_os = vmi != NULL ? gt_vmi_linux (vmi) : NULL;

  if (linux_os != NULL) {
    row->os = "Linux";
    row->kernel = gt_cli_printable (gt_linux_release (linux_os));
  } else {
    g_autofree char *reason = gt_cli_printable (
        error != NULL ? error->message : "it is not a Linux that guestrace knows");

    row->kernel = g_strdup_printf ("- (%s)", reason);
  }
  if (vmi != NULL) {
    gt_vmi_close (vmi);
  }
}

static Row *
make_row (const GtGuest *guest)
{
  Row *row = g_new0 (Row, 1);

  row->name = gt_cli_printable (guest->name != NULL ? guest->name : "-");
  row->id = g_strdup (guest->spec);
  row->os = "-";
  look_inside (row);
  return row;
}

static void
print_rows (const GPtrArray *rows)
{
  int name_width = 4;
  int id_width = 2;

  for (guint i = 0; i < rows->len; i++) {
    const Row *row = g_ptr_array_index (rows, i);

    name_width = MAX (name_width, (int) g_utf8_strlen (row->name, -1));
    id_width = MAX (id_width, (int) g_utf8_strlen (row->id, -1));
  }
  printf ("%-*s  %-*s  %-5s  %s\n", name_width, "NAME", id_width, "ID", "OS", "KERNEL");
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = g_ptr_array_index (rows, i);
    int padding = name_width - (int) g_utf8_strlen (row->name, -1);

    printf ("%s%*s  %-*s  %-5s  %s\n", row->name, padding, "", id_width, row->id, row->os,
            row->kernel);
  }
}

int
gt_cli_list (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (row_free);
  g_autoptr (GPtrArray) guests = NULL;
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (context, "Lists the guests that this machine runs.");
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    gt_cli_usage_error (error);
    return GT_EXIT_USAGE;
  }
  if (argc > 1) {
    gt_cli_say ("list takes no arguments; see guestrace list --help");
    return GT_EXIT_USAGE;
  }
  guests = gt_vmi_list (&error);
  if (guests == NULL) {
    gt_cli_say ("%s", error->message);
    return GT_EXIT_FAILED;
  }
  if (guests->len == 0) {
    gt_cli_say ("no running guests found");
    return GT_EXIT_OK;
  }
  for (guint i = 0; i < guests->len; i++) {
    g_ptr_array_add (rows, make_row (g_ptr_array_index (guests, i)));
  }
  print_rows (rows);
  return fflush (stdout) == 0 && !ferror (stdout) ? GT_EXIT_OK : GT_EXIT_FAILED;
}
