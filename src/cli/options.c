/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of guestrace [OPTIONS] GUEST. */
#include "cli/options.h"

#include <string.h>

enum { STRING_LIMIT = 32, STRING_LIMIT_MAX = 4096, SECONDS_MAX = 1000000000 };

static const char summary_text[] =
    "Shows the system calls that the programs inside a running virtual machine make, from outside\n"
    "that machine. GUEST is the guest's name; guestrace list has the names.";

static const char description_text[] =
    "Examples:\n"
    "  guestrace web                          every call of every program in the guest \"web\"\n"
    "  guestrace -e trace=openat,execve web   only these calls\n"
    "  guestrace -n nginx -c --for 10 web     ten seconds of nginx, counted\n"
    "  guestrace list                         the guests that this machine runs\n"
    "\n"
    "Ctrl-C detaches and prints the totals. The guest then runs as if nothing had been.\n";

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL) {
    *error = g_error_new_valist (G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, args);
  }
  va_end (args);
  return FALSE;
}

static gboolean
add_injection (const char *option, const char *value, gpointer data, GError **error)
{
  gboolean fault = g_str_has_prefix (value, "fault=") || strcmp (option, "--fault") == 0;
  const char *text = value;
  GtInjection *injection;
  GtCliOptions *options = data;

  if (g_str_has_prefix (value, "fault=") || g_str_has_prefix (value, "inject=")) {
    text = strchr (value, '=') + 1;
  }
  injection = gt_injection_parse (text, fault, error);
  if (injection == NULL) {
    return FALSE;
  }
  g_ptr_array_add (options->injections, injection);
  return TRUE;
}

/* "trace=SET", or, as strace has it, "SET" alone. The last one counts. */
static gboolean
set_calls (const char *option, const char *value, gpointer data, GError **error)
{
  GtCliOptions *options = data;
  const char *set = value;

  if (g_str_has_prefix (value, "inject=") || g_str_has_prefix (value, "fault=")) {
    return add_injection (option, value, data, error);
  }
  if (g_str_has_prefix (value, "trace=") || g_str_has_prefix (value, "t=")) {
    set = strchr (value, '=') + 1;
  }
  if (strchr (set, '=') != NULL) {
    return fail (error, "%s %s: only trace=SET is known", option, value);
  }
  if (set[0] == '\0' || strstr (set, ",,") != NULL || set[0] == ',' ||
      g_str_has_suffix (set, ",")) {
    return fail (error, "%s %s: the name of a system call is missing", option, value);
  }
  g_free (options->calls);
  options->calls = g_strdup (set);
  return TRUE;
}

static gboolean
add_pids (const char *option, const char *value, gpointer data, GError **error)
{
  GtCliOptions *options = data;
  g_auto (GStrv) numbers = g_strsplit (value, ",", -1);

  for (guint i = 0; numbers[i] != NULL; i++) {
    guint64 number = 0;
    gint32 pid;

    if (!g_ascii_string_to_unsigned (numbers[i], 10, 1, G_MAXINT32, &number, NULL)) {
      return fail (error, "%s %s: a process is a number from 1", option, value);
    }
    pid = (gint32) number;
    g_array_append_val (options->pids, pid);
  }
  return numbers[0] != NULL || fail (error, "%s needs a process", option);
}

static gboolean
parse_entries (GtCliOptions *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "trace", 'e', 0, G_OPTION_ARG_CALLBACK, set_calls,
      "Only these system calls: NAME, %CLASS, /REGEX, with ! before it all: all but these",
      "trace=[!]CALL[,CALL...]" },
    { "pid", 'p', 0, G_OPTION_ARG_CALLBACK, add_pids, "Only these processes or threads",
      "PID[,PID...]" },
    { "comm", 'n', 0, G_OPTION_ARG_STRING_ARRAY, &options->comms,
      "Only programs of this name (may be repeated)", "COMM" },
    { "inject", 0, 0, G_OPTION_ARG_CALLBACK, add_injection,
      "Tamper with calls: error=, retval=, signal=, delay_enter=, delay_exit=, when=",
      "NAME[,NAME...]:WHAT" },
    { "fault", 0, 0, G_OPTION_ARG_CALLBACK, add_injection, "Make calls fail",
      "NAME[,NAME...][:error=ERRNO][:when=EXPR]" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options->output, "Write to a file", "FILE" },
    { "summary", 'c', 0, G_OPTION_ARG_NONE, &options->summary,
      "Count calls, errors and times instead of printing lines", NULL },
    { "string-limit", 's', 0, G_OPTION_ARG_INT, &options->string_limit,
      "Show at most N bytes of a buffer (32); paths are always whole", "N" },
    { "for", 0, 0, G_OPTION_ARG_DOUBLE, &options->seconds, "End after so many seconds", "SECONDS" },
    { "drop", 0, 0, G_OPTION_ARG_NONE, &options->drop,
      "Drop and count events rather than let programs wait when they come too fast", NULL },
    { "wait", 0, 0, G_OPTION_ARG_NONE, &options->wait, "Wait for a guest that is not there yet",
      NULL },
    { "no-wait", 0, 0, G_OPTION_ARG_NONE, &options->no_wait,
      "Fail at once when the guest has not booted", NULL },
    { "follow-reboot", 0, 0, G_OPTION_ARG_NONE, &options->follow_reboot,
      "Go on with the guest's next kernel when it reboots or is put back", NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options->quiet, "No totals at the end", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("GUEST");
  GOptionGroup *group = g_option_group_new ("guestrace", "", "", options, NULL);

  g_option_group_add_entries (group, entries);
  g_option_context_set_main_group (context, group);
  g_option_context_set_summary (context, summary_text);
  g_option_context_set_description (context, description_text);
  return g_option_context_parse (context, argc, argv, error);
}

static gboolean
check (GtCliOptions *options, int argc, char **argv, GError **error)
{
  int first = argc > 1 && strcmp (argv[1], "--") == 0 ? 2 : 1;

  if (options->version) {
    return TRUE;
  }
  if (argc <= first) {
    return fail (error, "which guest? guestrace list has the names");
  }
  if (argc > first + 1) {
    return fail (error, "one guest at a time; \"%s\" is one too many", argv[first + 1]);
  }
  if (options->string_limit < 0 || options->string_limit > STRING_LIMIT_MAX) {
    return fail (error, "-s takes 0 to %d bytes, not %d", STRING_LIMIT_MAX, options->string_limit);
  }
  if (!(options->seconds >= 0) || options->seconds > SECONDS_MAX) {
    return fail (error, "--for takes a number of seconds");
  }
  if (options->no_wait && (options->wait || options->follow_reboot)) {
    return fail (error, "--no-wait and --%s contradict each other",
                 options->wait ? "wait" : "follow-reboot");
  }
  options->guest = g_strdup (argv[first]);
  return TRUE;
}

GtCliOptions *
gt_cli_options_parse (int argc, char **argv, GError **error)
{
  g_autoptr (GtCliOptions) options = g_new0 (GtCliOptions, 1);

  options->injections = g_ptr_array_new_with_free_func ((GDestroyNotify) gt_injection_free);
  options->pids = g_array_new (FALSE, FALSE, sizeof (gint32));
  options->string_limit = STRING_LIMIT;
  if (!parse_entries (options, &argc, &argv, error) || !check (options, argc, argv, error)) {
    return NULL;
  }
  return g_steal_pointer (&options);
}

void
gt_cli_options_free (GtCliOptions *options)
{
  if (options == NULL) {
    return;
  }
  g_free (options->calls);
  g_ptr_array_unref (options->injections);
  g_array_unref (options->pids);
  g_strfreev (options->comms);
  g_free (options->output);
  g_free (options->guest);
  g_free (options);
}
