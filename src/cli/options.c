/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of guestrace [OPTIONS] GUEST. They are strace's where strace has them, also in that
 * single letters may be repeated ("-tt") and long names may have a value or not. */
#include "cli/options.h"

#include <getopt.h>
#include <string.h>

#include "cli/expressions.h"
#include "cli/inject.h"
#include "cli/spelling.h"

enum {
  STRING_LIMIT = 32,
  STRING_LIMIT_MAX = 4096,
  COLUMNS_MAX = 4096,
  SECONDS_MAX = 1000000000,
};

/* Options without a letter. */
enum {
  OPTION_FOR = 256,
  OPTION_DROP,
  OPTION_WAIT,
  OPTION_NO_WAIT,
  OPTION_PROFILE,
  OPTION_FOLLOW_REBOOT,
  OPTION_WHOLE,
  OPTION_BY_PROCESS,
  OPTION_NUMBERS,
  OPTION_CLOCK,
  OPTION_RELATIVE,
  OPTION_DURATIONS,
  OPTION_HEX,
  OPTION_TRACE,
  OPTION_STATUS,
  OPTION_SIGNAL,
  OPTION_ABBREV,
  OPTION_RAW,
  OPTION_FD,
  OPTION_QUIET,
  OPTION_INJECT,
  OPTION_FAULT,
  OPTION_DECODE_FDS,
  OPTION_SEPARATE,
  OPTION_VERBOSE,
  OPTION_READ,
  OPTION_WRITE,
  OPTION_COLOR,
  OPTION_EXE,
  OPTION_SAMPLE,
  OPTION_RATE,
  OPTION_CGROUP,
  OPTION_CONTAINER,
  OPTION_ENGINE,
};

static const char short_options[] = ":a:AcCe:fhin:o:p:P:qrs:S:tTu:U:vVwxX:yzZ";

static const struct option long_options[] = {
  { "abbrev", required_argument, NULL, OPTION_ABBREV },
  { "absolute-timestamps", optional_argument, NULL, OPTION_CLOCK },
  { "attach", required_argument, NULL, 'p' },
  { "by-process", no_argument, NULL, OPTION_BY_PROCESS },
  { "cgroup", required_argument, NULL, OPTION_CGROUP },
  { "color", optional_argument, NULL, OPTION_COLOR },
  { "columns", required_argument, NULL, 'a' },
  { "comm", required_argument, NULL, 'n' },
  { "container", required_argument, NULL, OPTION_CONTAINER },
  { "const-print-style", required_argument, NULL, 'X' },
  { "decode-fds", optional_argument, NULL, OPTION_DECODE_FDS },
  { "decode-paths", no_argument, NULL, 'y' },
  { "drop", no_argument, NULL, OPTION_DROP },
  { "engine", required_argument, NULL, OPTION_ENGINE },
  { "exe", required_argument, NULL, OPTION_EXE },
  { "failed-only", no_argument, NULL, 'Z' },
  { "failing-only", no_argument, NULL, 'Z' },
  { "fault", required_argument, NULL, OPTION_FAULT },
  { "fd", required_argument, NULL, OPTION_FD },
  { "follow-forks", no_argument, NULL, 'f' },
  { "follow-reboot", no_argument, NULL, OPTION_FOLLOW_REBOOT },
  { "for", required_argument, NULL, OPTION_FOR },
  { "help", no_argument, NULL, 'h' },
  { "inject", required_argument, NULL, OPTION_INJECT },
  { "instruction-pointer", no_argument, NULL, 'i' },
  { "no-abbrev", no_argument, NULL, 'v' },
  { "no-wait", no_argument, NULL, OPTION_NO_WAIT },
  { "output", required_argument, NULL, 'o' },
  { "output-append-mode", no_argument, NULL, 'A' },
  { "output-separately", no_argument, NULL, OPTION_SEPARATE },
  { "pid", required_argument, NULL, 'p' },
  { "profile", required_argument, NULL, OPTION_PROFILE },
  { "quiet", optional_argument, NULL, OPTION_QUIET },
  { "rate", required_argument, NULL, OPTION_RATE },
  { "raw", required_argument, NULL, OPTION_RAW },
  { "read", required_argument, NULL, OPTION_READ },
  { "relative-timestamps", optional_argument, NULL, OPTION_RELATIVE },
  { "sample", required_argument, NULL, OPTION_SAMPLE },
  { "signal", required_argument, NULL, OPTION_SIGNAL },
  { "silent", optional_argument, NULL, OPTION_QUIET },
  { "status", required_argument, NULL, OPTION_STATUS },
  { "string-limit", required_argument, NULL, 's' },
  { "strings-in-hex", optional_argument, NULL, OPTION_HEX },
  { "successful-only", no_argument, NULL, 'z' },
  { "summary", no_argument, NULL, 'C' },
  { "summary-columns", required_argument, NULL, 'U' },
  { "summary-only", no_argument, NULL, 'c' },
  { "summary-sort-by", required_argument, NULL, 'S' },
  { "summary-wall-clock", no_argument, NULL, 'w' },
  { "syscall-number", no_argument, NULL, OPTION_NUMBERS },
  { "syscall-times", optional_argument, NULL, OPTION_DURATIONS },
  { "trace", required_argument, NULL, OPTION_TRACE },
  { "trace-path", required_argument, NULL, 'P' },
  { "user", required_argument, NULL, 'u' },
  { "verbose", required_argument, NULL, OPTION_VERBOSE },
  { "version", no_argument, NULL, 'V' },
  { "wait", no_argument, NULL, OPTION_WAIT },
  { "whole", no_argument, NULL, OPTION_WHOLE },
  { "write", required_argument, NULL, OPTION_WRITE },
  { NULL, 0, NULL, 0 },
};

static gboolean
parse_number (const char *what, const char *value, guint max, guint *ret, GError **error)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (value, 10, 0, max, &number, NULL)) {
    return gt_expression_fail (error, "%s takes a number from 0 to %u, not \"%s\"", what, max,
                               value);
  }
  *ret = (guint) number;
  return TRUE;
}

static gboolean
parse_seconds (GtCliOptions *options, const char *value, GError **error)
{
  char *end;

  options->seconds = g_ascii_strtod (value, &end);
  if (end == value || *end != '\0' || !(options->seconds >= 0) || options->seconds > SECONDS_MAX) {
    return gt_expression_fail (error, "--for takes a number of seconds, not \"%s\"", value);
  }
  return TRUE;
}

static gboolean
parse_engine (GtCliOptions *options, const char *value, GError **error)
{
  static const char *const names[] = {
    [GT_ENGINE_AUTO] = "auto", [GT_ENGINE_PROBE] = "probe", [GT_ENGINE_TRAP] = "trap"
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_str_equal (value, names[i])) {
      options->engine = (GTEngineKind) i;
      return TRUE;
    }
  }
  return gt_expression_fail (error, "--engine takes auto, probe or trap, not \"%s\"", value);
}

/* -t, -tt, -ttt: the time of day, with microseconds, as seconds since 1970. */
static void
count_clock (GtLineOptions *line)
{
  if (line->clock == GT_CLOCK_NONE) {
    line->clock = GT_CLOCK_TIME;
    line->clock_digits = 0;
  } else if (line->clock_digits == 0) {
    line->clock_digits = 6;
  } else {
    line->clock = GT_CLOCK_UNIX;
  }
}

static void
count_quiet (GtCliOptions *options)
{
  options->quiet |= options->quiet & GT_QUIET_ATTACH ? GT_QUIET_EXIT | GT_QUIET_FORK | GT_QUIET_EXEC
                                                     : GT_QUIET_ATTACH;
}

/* Those that take no value; FALSE when @option is none of them. */
static gboolean
take_flag (GtCliOptions *options, int option)
{
  switch (option) {
  case 'A':
    options->append = TRUE;
    return TRUE;
  case 'c':
    options->summary = TRUE;
    options->lines = FALSE;
    return TRUE;
  case 'C':
    options->summary = options->lines = TRUE;
    return TRUE;
  case 'h':
    options->help = TRUE;
    return TRUE;
  case 'f':
    options->separate |= options->follow;
    options->follow = TRUE;
    return TRUE;
  case 'q':
    count_quiet (options);
    return TRUE;
  case 'V':
    options->version = TRUE;
    return TRUE;
  case 'w':
    return TRUE; /* how long calls took by the clock is all that can be seen from outside */
  case 'z':
    options->status = GT_STATUS_SUCCESSFUL;
    return TRUE;
  case 'Z':
    options->status = GT_STATUS_FAILED;
    return TRUE;
  default:
    return FALSE;
  }
}

/* The same of those about what lines look like. */
static gboolean
take_line_flag (GtLineOptions *line, int option)
{
  switch (option) {
  case 'i':
    line->ips = TRUE;
    return TRUE;
  case 'r':
    line->relative = TRUE;
    return TRUE;
  case 't':
    count_clock (line);
    return TRUE;
  case 'T':
    line->durations = TRUE;
    return TRUE;
  case 'v':
    line->decode.verbose = TRUE;
    return TRUE;
  case 'x':
    line->decode.hex_strings = MIN (line->decode.hex_strings + 1, GT_HEX_ALL);
    return TRUE;
  case 'y':
    line->decode.fds = line->decode.fds != 0 ? GT_FDS_ALL : GT_FDS_PATH;
    return TRUE;
  case OPTION_NUMBERS:
    line->numbers = TRUE;
    return TRUE;
  default:
    return FALSE;
  }
}

static gboolean
take_long_flag (GtCliOptions *options, int option)
{
  switch (option) {
  case OPTION_DROP:
    options->drop = TRUE;
    return TRUE;
  case OPTION_WAIT:
    options->wait = TRUE;
    return TRUE;
  case OPTION_NO_WAIT:
    options->no_wait = TRUE;
    return TRUE;
  case OPTION_FOLLOW_REBOOT:
    options->follow_reboot = TRUE;
    return TRUE;
  case OPTION_SEPARATE:
    options->separate = TRUE;
    return TRUE;
  case OPTION_WHOLE:
    options->whole = TRUE;
    return TRUE;
  case OPTION_BY_PROCESS:
    options->table.by_process = TRUE;
    return TRUE;
  default:
    return FALSE;
  }
}

/* Those whose value is an expression. */
static GtExpressionFunc
expression_of (int option)
{
  static const struct {
    int option;
    GtExpressionFunc func;
  } expressions[] = {
    { 'e', gt_expression_parse },
    { 'p', gt_expression_pids },
    { 'u', gt_expression_user },
    { 'S', gt_expression_sort },
    { 'U', gt_expression_columns },
    { 'X', gt_expression_constants },
    { OPTION_TRACE, gt_expression_trace },
    { OPTION_STATUS, gt_expression_status },
    { OPTION_ABBREV, gt_expression_abbrev },
    { OPTION_RAW, gt_expression_raw },
    { OPTION_VERBOSE, gt_expression_verbose },
    { OPTION_READ, gt_expression_read },
    { OPTION_WRITE, gt_expression_write },
    { OPTION_COLOR, gt_expression_color },
    { OPTION_FD, gt_expression_fd },
    { OPTION_DECODE_FDS, gt_expression_decode_fds },
    { OPTION_INJECT, gt_expression_inject },
    { OPTION_FAULT, gt_expression_fault },
    { OPTION_CLOCK, gt_expression_clock },
    { OPTION_HEX, gt_expression_hex },
    { OPTION_FOR, parse_seconds },
    { OPTION_ENGINE, parse_engine },
    { OPTION_SIGNAL, gt_expression_signal },
  };

  for (guint i = 0; i < G_N_ELEMENTS (expressions); i++) {
    if (expressions[i].option == option) {
      return expressions[i].func;
    }
  }
  return NULL;
}

static gboolean
take_value (GtCliOptions *options, int option, const char *value, GError **error)
{
  GtLineOptions *line = &options->line;
  GtExpressionFunc func = expression_of (option);

  if (func != NULL) {
    return func (options, value, error);
  }
  switch (option) {
  case 'a':
    return parse_number ("-a", value, COLUMNS_MAX, &line->columns, error);
  case 's':
    return parse_number ("-s", value, STRING_LIMIT_MAX, &line->decode.string_limit, error);
  case OPTION_SAMPLE:
    return parse_number ("--sample", value, G_MAXINT32, &options->sample, error);
  case OPTION_RATE:
    return parse_number ("--rate", value, G_MAXINT32, &options->rate, error);
  case 'n':
    g_ptr_array_add (options->comms, g_strdup (value));
    return TRUE;
  case OPTION_EXE:
    g_ptr_array_add (options->exes, g_strdup (value));
    return TRUE;
  case OPTION_CGROUP:
    g_ptr_array_add (options->cgroups, g_strdup (value));
    return TRUE;
  case OPTION_CONTAINER:
    g_ptr_array_add (options->containers, g_strdup (value));
    return TRUE;
  case 'P':
    g_ptr_array_add (options->paths, g_strdup (value));
    return TRUE;
  case 'o':
    g_free (options->output);
    options->output = g_strdup (value);
    return TRUE;
  case OPTION_PROFILE:
    g_free (options->profile);
    options->profile = g_strdup (value);
    return TRUE;
  case OPTION_RELATIVE:
    line->relative = TRUE;
    return gt_expression_precision (value, &line->relative_digits, error);
  case OPTION_DURATIONS:
    line->durations = TRUE;
    return gt_expression_precision (value, &line->duration_digits, error);
  case OPTION_QUIET:
    if (value != NULL) {
      return gt_expression_quiet (options, value, error);
    }
    count_quiet (options);
    return TRUE;
  default:
    return FALSE;
  }
}

/* @typed is what getopt_long() came to last. */
static gboolean
refuse_option (const char *typed, int option, GError **error)
{
  g_autofree char *why = NULL;

  if (option == ':') {
    return gt_expression_fail (error, "%s needs a value", typed);
  }
  if (!g_str_has_prefix (typed, "--")) {
    return gt_expression_fail (error, "there is no option -%c", optopt);
  }
  why = gt_cli_refused_option (long_options, typed);
  return gt_expression_fail (error, "%s", why);
}

static gboolean
take_options (GtCliOptions *options, int argc, char **argv, GError **error)
{
  int option;

  optind = 0; /* from the beginning, also when another command line was parsed before */
  opterr = 0;
  while ((option = getopt_long (argc, argv, short_options, long_options, NULL)) != -1) {
    if (option == '?' || option == ':') {
      return refuse_option (argv[CLAMP (optind - 1, 0, argc - 1)], option, error);
    }
    if (!take_flag (options, option) && !take_line_flag (&options->line, option) &&
        !take_long_flag (options, option) && !take_value (options, option, optarg, error)) {
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
check (GtCliOptions *options, int argc, char **argv, GError **error)
{
  if (options->version || options->help) {
    return TRUE;
  }
  if (argc <= optind) {
    return gt_expression_fail (error, "which guest? guestrace list has the names");
  }
  if (argc > optind + 1) {
    return gt_expression_fail (error, "one guest at a time; \"%s\" is one too many",
                               argv[optind + 1]);
  }
  if (options->append && options->output == NULL) {
    return gt_expression_fail (error, "-A appends to a file, which -o FILE names");
  }
  if (options->table.by_process && !options->summary) {
    return gt_expression_fail (error, "--by-process is for the table of -c or -C");
  }
  if (options->no_wait && (options->wait || options->follow_reboot)) {
    return gt_expression_fail (error, "--no-wait and --%s contradict each other",
                               options->wait ? "wait" : "follow-reboot");
  }
  options->guest = g_strdup (argv[optind]);
  return TRUE;
}

GtCliOptions *
gt_cli_options_parse (int argc, char **argv, GError **error)
{
  g_autoptr (GtCliOptions) options = g_new0 (GtCliOptions, 1);

  options->pids = g_array_new (FALSE, FALSE, sizeof (gint32));
  options->fds = g_array_new (FALSE, FALSE, sizeof (gint32));
  options->uids = g_array_new (FALSE, FALSE, sizeof (gint32));
  options->read.fds = g_array_new (FALSE, FALSE, sizeof (gint32));
  options->written.fds = g_array_new (FALSE, FALSE, sizeof (gint32));
  options->paths = g_ptr_array_new_with_free_func (g_free);
  options->comms = g_ptr_array_new_with_free_func (g_free);
  options->exes = g_ptr_array_new_with_free_func (g_free);
  options->cgroups = g_ptr_array_new_with_free_func (g_free);
  options->containers = g_ptr_array_new_with_free_func (g_free);
  options->injections = g_ptr_array_new_with_free_func ((GDestroyNotify) gt_injection_free);
  options->status = GT_STATUS_ALL;
  options->signals = G_MAXUINT64;
  options->lines = TRUE;
  options->line = (GtLineOptions){ .decode = { .string_limit = STRING_LIMIT },
                                   .relative_digits = 6,
                                   .duration_digits = 6 };
  gt_summary_options_init (&options->table);
  if (!take_options (options, argc, argv, error) || !check (options, argc, argv, error)) {
    return NULL;
  }
  return g_steal_pointer (&options);
}

gboolean
gt_cli_options_dump (const GtCliOptions *options)
{
  return !gt_fd_set_is_empty (&options->read) || !gt_fd_set_is_empty (&options->written);
}

void
gt_cli_options_free (GtCliOptions *options)
{
  if (options == NULL) {
    return;
  }
  g_free (options->calls);
  g_free (options->abbrev);
  g_free (options->raw);
  g_free (options->verbose);
  g_array_unref (options->read.fds);
  g_array_unref (options->written.fds);
  g_array_unref (options->pids);
  g_array_unref (options->fds);
  g_array_unref (options->uids);
  g_ptr_array_unref (options->paths);
  g_ptr_array_unref (options->comms);
  g_ptr_array_unref (options->exes);
  g_ptr_array_unref (options->cgroups);
  g_ptr_array_unref (options->containers);
  g_ptr_array_unref (options->injections);
  g_free (options->output);
  g_free (options->profile);
  g_free (options->guest);
  g_free (options);
}
