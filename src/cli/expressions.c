/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands behind options. */
#include "cli/expressions.h"

#include <string.h>

#include "cli/inject.h"
#include "decode/siginfo.h"

gboolean
gt_expression_fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL) {
    *error = g_error_new_valist (G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, args);
  }
  va_end (args);
  return FALSE;
}

/* ---- Sets ---- */

static gboolean
set_calls (char **set, const char *what, const char *value, GError **error)
{
  if (value[0] == '\0' || value[0] == ',' || strstr (value, ",,") != NULL ||
      g_str_has_suffix (value, ",") || strcmp (value, "!") == 0) {
    return gt_expression_fail (error, "%s=%s: the name of a system call is missing", what, value);
  }
  g_free (*set);
  *set = g_strdup (value);
  return TRUE;
}

gboolean
gt_expression_trace (GtCliOptions *options, const char *value, GError **error)
{
  return set_calls (&options->calls, "trace", value, error);
}

gboolean
gt_expression_abbrev (GtCliOptions *options, const char *value, GError **error)
{
  return set_calls (&options->abbrev, "abbrev", value, error);
}

gboolean
gt_expression_raw (GtCliOptions *options, const char *value, GError **error)
{
  return set_calls (&options->raw, "raw", value, error);
}

gboolean
gt_expression_verbose (GtCliOptions *options, const char *value, GError **error)
{
  return set_calls (&options->verbose, "verbose", value, error);
}

/* "[!]FD,...", "all", "none" */
static gboolean
parse_fds (GtFdSet *set, const char *what, const char *value, GError **error)
{
  gboolean inverted = value[0] == '!';
  g_auto (GStrv) words = g_strsplit (value + inverted, ",", -1);

  g_array_set_size (set->fds, 0);
  for (guint i = 0; words[i] != NULL; i++) {
    guint64 number;
    gint32 fd;

    if (strcmp (words[i], "all") == 0) {
      inverted = !inverted;
    } else if (g_ascii_string_to_unsigned (words[i], 10, 0, G_MAXINT32, &number, NULL)) {
      fd = (gint32) number;
      g_array_append_val (set->fds, fd);
    } else if (strcmp (words[i], "none") != 0) {
      return gt_expression_fail (error, "%s=%s: a descriptor is a number", what, value);
    }
  }
  set->inverted = inverted;
  return TRUE;
}

gboolean
gt_expression_read (GtCliOptions *options, const char *value, GError **error)
{
  return parse_fds (&options->read, "read", value, error);
}

gboolean
gt_expression_write (GtCliOptions *options, const char *value, GError **error)
{
  return parse_fds (&options->written, "write", value, error);
}

typedef struct {
  const char *name;
  guint bit;
} Word;

/* NULL when it is none of @words, the last of which has no name. */
static const Word *
find_word (const Word *words, const char *name)
{
  for (; words->name != NULL; words++) {
    if (strcmp (words->name, name) == 0) {
      return words;
    }
  }
  return NULL;
}

/* "failed, successful" */
static char *
list_words (const Word *words)
{
  g_autoptr (GString) list = g_string_new (words->name);

  while ((++words)->name != NULL) {
    g_string_append_printf (list, ", %s", words->name);
  }
  return g_string_free (g_steal_pointer (&list), FALSE);
}

gboolean
gt_expression_color (GtCliOptions *options, const char *value, GError **error)
{
  static const Word words[] = { { "auto", GT_COLOR_AUTO },
                                { "always", GT_COLOR_ALWAYS },
                                { "never", GT_COLOR_NEVER },
                                { NULL, 0 } };

  const Word *word = find_word (words, value != NULL ? value : "always");

  if (word == NULL) {
    return gt_expression_fail (error, "--color=%s: there are auto, always and never", value);
  }
  options->color = (GtColorWhen) word->bit;
  return TRUE;
}

/* "[!]WORD,..."; "all" and "none" are known everywhere. */
static gboolean
parse_words (const char *what, const char *value, const Word *words, guint all, guint *ret,
             GError **error)
{
  gboolean inverted = value[0] == '!';
  g_auto (GStrv) names = g_strsplit (value + inverted, ",", -1);
  guint bits = 0;

  for (guint i = 0; names[i] != NULL; i++) {
    const Word *word = find_word (words, names[i]);

    if (strcmp (names[i], "all") == 0) {
      bits |= all;
    } else if (word != NULL) {
      bits |= word->bit;
    } else if (strcmp (names[i], "none") != 0) {
      g_autofree char *known = list_words (words);

      return gt_expression_fail (error, "%s=%s: there is no \"%s\"; there are %s, all and none",
                                 what, value, names[i], known);
    }
  }
  *ret = inverted ? all & ~bits : bits;
  return TRUE;
}

gboolean
gt_expression_status (GtCliOptions *options, const char *value, GError **error)
{
  static const Word words[] = {
    { "successful", GT_STATUS_SUCCESSFUL }, { "failed", GT_STATUS_FAILED },
    { "unfinished", GT_STATUS_UNFINISHED }, { "unavailable", GT_STATUS_UNAVAILABLE },
    { "detached", GT_STATUS_DETACHED },     { NULL, 0 }
  };

  return parse_words ("status", value, words, GT_STATUS_ALL, &options->status, error);
}

gboolean
gt_expression_decode_fds (GtCliOptions *options, const char *value, GError **error)
{
  static const Word words[] = { { "path", GT_FDS_PATH },
                                { "socket", GT_FDS_SOCKET },
                                { "dev", GT_FDS_DEVICE },
                                { "pidfd", GT_FDS_PIDFD },
                                { NULL, 0 } };

  return parse_words ("decode-fds", value != NULL ? value : "all", words, GT_FDS_ALL,
                      &options->line.decode.fds, error);
}

gboolean
gt_expression_quiet (GtCliOptions *options, const char *value, GError **error)
{
  static const Word words[] = { { "attach", GT_QUIET_ATTACH }, { "exit", GT_QUIET_EXIT },
                                { "exits", GT_QUIET_EXIT },    { "fork", GT_QUIET_FORK },
                                { "exec", GT_QUIET_EXEC },     { "path-resolution", 0 },
                                { "path-resolve", 0 },         { "personality", 0 },
                                { "thread-execve", 0 },        { NULL, 0 } };

  return parse_words ("quiet", value, words, GT_QUIET_ALL, &options->quiet, error);
}

/* "[!]SIGNAL,..." */
gboolean
gt_expression_signal (GtCliOptions *options, const char *value, GError **error)
{
  gboolean inverted = value[0] == '!';
  g_auto (GStrv) names = g_strsplit (value + inverted, ",", -1);
  guint64 set = 0;

  for (guint i = 0; names[i] != NULL; i++) {
    gint number = gt_signal_number (names[i]);

    if (strcmp (names[i], "all") == 0) {
      set = G_MAXUINT64;
    } else if (number != 0) {
      set |= G_GUINT64_CONSTANT (1) << (number - 1);
    } else if (strcmp (names[i], "none") != 0) {
      return gt_expression_fail (error, "signal=%s: there is no signal \"%s\"", value, names[i]);
    }
  }
  options->signals = inverted ? ~set : set;
  return TRUE;
}

static gboolean
add_numbers (GArray *numbers, const char *value, guint64 least, const char *sentence,
             GError **error)
{
  g_auto (GStrv) words = g_strsplit_set (value, ", \t\n", -1);
  guint n = 0;

  for (guint i = 0; words[i] != NULL; i++) {
    guint64 number = 0;
    gint32 small;

    if (words[i][0] == '\0' && strpbrk (value, " \t\n") != NULL) {
      continue; /* what pidof prints */
    }
    if (!g_ascii_string_to_unsigned (words[i], 10, least, G_MAXINT32, &number, NULL)) {
      return gt_expression_fail (error, "\"%s\": %s", value, sentence);
    }
    small = (gint32) number;
    g_array_append_val (numbers, small);
    n++;
  }
  return n > 0 || gt_expression_fail (error, "\"%s\": %s", value, sentence);
}

gboolean
gt_expression_fd (GtCliOptions *options, const char *value, GError **error)
{
  return add_numbers (options->fds, value, 0, "a descriptor is a number", error);
}

gboolean
gt_expression_pids (GtCliOptions *options, const char *value, GError **error)
{
  return add_numbers (options->pids, value, 1, "a process is a number from 1", error);
}

gboolean
gt_expression_user (GtCliOptions *options, const char *value, GError **error)
{
  g_auto (GStrv) users = g_strsplit (value, ",", -1);
  g_autofree char *numbers = NULL;

  for (guint i = 0; users[i] != NULL; i++) {
    if (strcmp (users[i], "root") == 0) {
      g_free (users[i]);
      users[i] = g_strdup ("0");
    }
  }
  numbers = g_strjoinv (",", users);
  return add_numbers (
      options->uids, numbers, 0,
      "a user is a number, or root: what the guest calls its users is not known here", error);
}

static gboolean
add_injection (GtCliOptions *options, const char *value, gboolean fault, GError **error)
{
  GtInjection *injection = gt_injection_parse (value, fault, error);

  if (injection != NULL) {
    g_ptr_array_add (options->injections, injection);
  }
  return injection != NULL;
}

gboolean
gt_expression_inject (GtCliOptions *options, const char *value, GError **error)
{
  return add_injection (options, value, FALSE, error);
}

gboolean
gt_expression_fault (GtCliOptions *options, const char *value, GError **error)
{
  return add_injection (options, value, TRUE, error);
}

gboolean
gt_expression_parse (GtCliOptions *options, const char *value, GError **error)
{
  static const struct {
    const char *name;
    GtExpressionFunc func;
  } qualifiers[] = {
    { "trace", gt_expression_trace },
    { "t", gt_expression_trace },
    { "status", gt_expression_status },
    { "abbrev", gt_expression_abbrev },
    { "a", gt_expression_abbrev },
    { "raw", gt_expression_raw },
    { "verbose", gt_expression_verbose },
    { "v", gt_expression_verbose },
    { "read", gt_expression_read },
    { "reads", gt_expression_read },
    { "r", gt_expression_read },
    { "write", gt_expression_write },
    { "writes", gt_expression_write },
    { "w", gt_expression_write },
    { "x", gt_expression_raw },
    { "fd", gt_expression_fd },
    { "fds", gt_expression_fd },
    { "quiet", gt_expression_quiet },
    { "q", gt_expression_quiet },
    { "silent", gt_expression_quiet },
    { "silence", gt_expression_quiet },
    { "inject", gt_expression_inject },
    { "fault", gt_expression_fault },
    { "signal", gt_expression_signal },
    { "signals", gt_expression_signal },
    { "s", gt_expression_signal },
    { "decode-fds", gt_expression_decode_fds },
    { "decode-fd", gt_expression_decode_fds },
  };
  gsize length = strcspn (value, "=");

  if (value[length] == '\0') {
    return gt_expression_trace (options, value, error);
  }
  for (guint i = 0; i < G_N_ELEMENTS (qualifiers); i++) {
    if (strlen (qualifiers[i].name) == length && strncmp (qualifiers[i].name, value, length) == 0) {
      return qualifiers[i].func (options, value + length + 1, error);
    }
  }
  return gt_expression_fail (error,
                             "-e %s: there is no qualifier \"%.*s\"; there are trace, status, "
                             "signal, abbrev, verbose, raw, read, write, fd, decode-fds, "
                             "quiet, inject and fault",
                             value, (int) MIN (length, 64), value);
}

/* ---- Formats ---- */

gboolean
gt_expression_precision (const char *value, guint *ret_digits, GError **error)
{
  static const Word words[] = { { "s", 0 }, { "ms", 3 }, { "us", 6 }, { "ns", 9 }, { NULL, 0 } };
  const Word *word = find_word (words, value != NULL ? value : "us");

  if (word == NULL) {
    return gt_expression_fail (error, "\"%s\" is no precision; there are s, ms, us and ns", value);
  }
  *ret_digits = word->bit;
  return TRUE;
}

static const char *
without_prefix (const char *text, const char *prefix)
{
  return g_str_has_prefix (text, prefix) ? text + strlen (prefix) : text;
}

static gboolean
set_clock_part (GtLineOptions *line, const char *part)
{
  static const Word formats[] = {
    { "none", GT_CLOCK_NONE }, { "time", GT_CLOCK_TIME }, { "unix", GT_CLOCK_UNIX }, { NULL, 0 }
  };
  const Word *word = find_word (formats, without_prefix (part, "format:"));

  if (word != NULL) {
    line->clock = (GtClock) word->bit;
    return TRUE;
  }
  return gt_expression_precision (without_prefix (part, "precision:"), &line->clock_digits, NULL);
}

gboolean
gt_expression_clock (GtCliOptions *options, const char *value, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (value != NULL ? value : "time", ",", -1);

  options->line.clock = GT_CLOCK_TIME;
  options->line.clock_digits = 0;
  for (guint i = 0; parts[i] != NULL; i++) {
    if (!set_clock_part (&options->line, parts[i])) {
      return gt_expression_fail (error,
                                 "\"%s\" is no format of time stamps; there are none, time and "
                                 "unix, and with a comma s, ms, us and ns",
                                 value);
    }
  }
  return TRUE;
}

gboolean
gt_expression_constants (GtCliOptions *options, const char *value, GError **error)
{
  GtConstants *constants = &options->line.decode.constants;

  if (strcmp (value, "raw") == 0) {
    *constants = GT_CONSTANTS_NUMBERS;
  } else if (strcmp (value, "abbrev") == 0) {
    *constants = GT_CONSTANTS_NAMES;
  } else if (strcmp (value, "verbose") == 0) {
    *constants = GT_CONSTANTS_BOTH;
  } else {
    return gt_expression_fail (
        error, "-X %s: constants are shown as raw, abbrev or verbose has them", value);
  }
  return TRUE;
}

gboolean
gt_expression_hex (GtCliOptions *options, const char *value, GError **error)
{
  GtHexStrings *hex = &options->line.decode.hex_strings;

  if (value == NULL || strcmp (value, "all") == 0) {
    *hex = GT_HEX_ALL;
  } else if (strcmp (value, "non-ascii") == 0) {
    *hex = GT_HEX_UNPRINTABLE;
  } else if (strcmp (value, "none") == 0) {
    *hex = GT_HEX_NONE;
  } else {
    return gt_expression_fail (error, "--strings-in-hex=%s: there are none, non-ascii and all",
                               value);
  }
  return TRUE;
}

gboolean
gt_expression_sort (GtCliOptions *options, const char *value, GError **error)
{
  GtColumn column = gt_summary_column (value);

  if (column == GT_N_COLUMNS && strcmp (value, "nothing") != 0 && strcmp (value, "none") != 0) {
    return gt_expression_fail (error,
                               "-S %s: sorting goes by total-time, min-time, avg-time, p50-time, "
                               "p99-time, max-time, calls, errors, name or nothing",
                               value);
  }
  options->table.sort_by = column == GT_COLUMN_PERCENT ? GT_COLUMN_TOTAL : column;
  return TRUE;
}

gboolean
gt_expression_columns (GtCliOptions *options, const char *value, GError **error)
{
  g_auto (GStrv) names = g_strsplit (value, ",", -1);
  GtSummaryOptions *table = &options->table;

  table->n_columns = 0;
  for (guint i = 0; names[i] != NULL; i++) {
    GtColumn column = gt_summary_column (names[i]);

    if (column == GT_N_COLUMNS) {
      return gt_expression_fail (error,
                                 "-U %s: no column is called \"%s\"; there are time-percent, "
                                 "total-time, min-time, avg-time, p50-time, p99-time, max-time, "
                                 "calls, errors and name",
                                 value, names[i]);
    }
    for (guint j = 0; j < table->n_columns; j++) {
      if (table->columns[j] == column) {
        return gt_expression_fail (error, "-U %s: the column %s stands there twice", value,
                                   names[i]);
      }
    }
    table->columns[table->n_columns++] = column;
  }
  return table->n_columns > 0 || gt_expression_fail (error, "-U needs a column");
}
