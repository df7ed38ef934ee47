/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fault injection: strace's expressions, and how often each thread has made the calls. */
#include "cli/inject.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "loop/threads.h"

enum {
  THREADS_MAX = 16384, /* whose calls are counted; a guest can make up more */
  ERRNO_MAX = 4095,
  SIGNAL_MAX = 64,
  SIGNAL_RTMIN = 32,
  WHEN_MAX = 65535, /* as a last one: no end */
  POKE_MAX = 4096,
};

#define DELAY_MAX_US (365.0 * 24 * 3600 * 1e6)

/* include/linux/errno.h: what the kernel keeps to itself, and strace knows all the same */
static const struct {
  const char *name;
  gint number;
} kernel_errors[] = {
  { "ERESTARTSYS", 512 },
  { "ERESTARTNOINTR", 513 },
  { "ERESTARTNOHAND", 514 },
  { "ENOIOCTLCMD", 515 },
  { "ERESTART_RESTARTBLOCK", 516 },
  { "EBADHANDLE", 521 },
  { "ENOTSYNC", 522 },
  { "EBADCOOKIE", 523 },
  { "ENOTSUPP", 524 },
  { "ETOOSMALL", 525 },
  { "ESERVERFAULT", 526 },
  { "EBADTYPE", 527 },
  { "EJUKEBOX", 528 },
  { "EIOCBQUEUED", 529 },
};

/* Calls without effects that may run in place of one whose result is forced: whether they run or
 * nothing does makes no difference to the program. */
static const char *const pure_calls[] = { "getpid",  "gettid",  "getuid",  "geteuid", "getgid",
                                          "getegid", "getppid", "getpgrp", NULL };

static gboolean
parse_number (const char *text, guint max, guint *ret)
{
  char *end;
  gint64 number;

  errno = 0;
  number = g_ascii_strtoll (text, &end, 10);
  if (end == text || *end != '\0' || errno != 0 || number < 1 || number > max) {
    return FALSE;
  }
  *ret = (guint) number;
  return TRUE;
}

static gboolean
parse_error (const char *text, gint64 *ret)
{
  guint number;

  if (parse_number (text, ERRNO_MAX, &number)) {
    *ret = -(gint64) number;
    return TRUE;
  }
  for (gint i = 1; i < 256; i++) {
    const char *name = strerrorname_np (i);

    if (name != NULL && g_ascii_strcasecmp (name, text) == 0) {
      *ret = -i;
      return TRUE;
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS (kernel_errors); i++) {
    if (g_ascii_strcasecmp (kernel_errors[i].name, text) == 0) {
      *ret = -kernel_errors[i].number;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
parse_value (const char *text, gint64 *ret)
{
  char *end;

  errno = 0;
  *ret = (gint64) g_ascii_strtoull (text, &end, 0);
  return end != text && *end == '\0' && errno == 0;
}

static gboolean
parse_signal (const char *text, gint *ret)
{
  guint number;

  if (parse_number (text, SIGNAL_MAX, &number)) {
    *ret = (gint) number;
    return TRUE;
  }
  if (g_ascii_strncasecmp (text, "SIG", 3) == 0) {
    text += 3;
  }
  if (g_ascii_strncasecmp (text, "RT_", 3) == 0 &&
      parse_number (text + 3, SIGNAL_MAX - SIGNAL_RTMIN, &number)) {
    *ret = SIGNAL_RTMIN + (gint) number;
    return TRUE;
  }
  if (g_ascii_strcasecmp (text, "RTMIN") == 0 || g_ascii_strcasecmp (text, "IO") == 0) {
    *ret = g_ascii_strcasecmp (text, "IO") == 0 ? SIGIO : SIGNAL_RTMIN;
    return TRUE;
  }
  for (gint i = 1; i < SIGNAL_RTMIN; i++) {
    const char *name = sigabbrev_np (i);

    if (name != NULL && g_ascii_strcasecmp (name, text) == 0) {
      *ret = i;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
parse_delay (const char *text, gint64 *ret_us)
{
  static const struct {
    const char *suffix;
    double us;
  } units[] = { { "", 1 }, { "s", 1e6 }, { "ms", 1e3 }, { "us", 1 }, { "ns", 1e-3 } };
  char *end;
  double number = g_ascii_strtod (text, &end);

  if (end == text || !(number >= 0)) {
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (units); i++) {
    if (strcmp (end, units[i].suffix) == 0) {
      number *= units[i].us;
      if (number > DELAY_MAX_US) {
        return FALSE;
      }
      *ret_us = (gint64) number;
      *ret_us += number > (double) *ret_us;
      return TRUE;
    }
  }
  return FALSE;
}

/* Reads digits; FALSE when there are none, or the number is out of range. */
static gboolean
take_number (const char **text, guint max, guint *ret)
{
  guint64 number = 0;
  const char *at = *text;

  while (g_ascii_isdigit (*at) && number <= max) {
    number = number * 10 + (guint64) g_ascii_digit_value (*at++);
  }
  if (at == *text || number < 1 || number > max) {
    return FALSE;
  }
  *text = at;
  *ret = (guint) number;
  return TRUE;
}

/* first[..last][+[step]] */
static gboolean
parse_when (const char *text, GtInjection *injection)
{
  if (!take_number (&text, WHEN_MAX, &injection->first)) {
    return FALSE;
  }
  injection->last = injection->first;
  injection->step = 1;
  if (g_str_has_prefix (text, "..")) {
    text += 2;
    if (!take_number (&text, WHEN_MAX - 1, &injection->last) ||
        injection->last < injection->first) {
      return FALSE;
    }
  } else if (*text == '+') {
    injection->last = G_MAXUINT;
  }
  if (*text != '+') {
    return *text == '\0';
  }
  text++;
  return *text == '\0' || (take_number (&text, WHEN_MAX, &injection->step) && *text == '\0');
}

static GBytes *
parse_hex (const char *text)
{
  gsize len = strlen (text);
  g_autofree guint8 *bytes = g_malloc0 (len / 2 + 1);

  if (len == 0 || len % 2 != 0 || len / 2 > POKE_MAX) {
    return NULL;
  }
  for (gsize i = 0; i < len; i += 2) {
    if (!g_ascii_isxdigit (text[i]) || !g_ascii_isxdigit (text[i + 1])) {
      return NULL;
    }
    bytes[i / 2] =
        (guint8) (g_ascii_xdigit_value (text[i]) << 4 | g_ascii_xdigit_value (text[i + 1]));
  }
  return g_bytes_new_take (g_steal_pointer (&bytes), len / 2);
}

/* @argN=HEX,... */
static gboolean
parse_pokes (const char *text, GBytes **pokes)
{
  g_auto (GStrv) items = g_strsplit (text, ",", -1);
  gsize total = 0;

  for (guint i = 0; items[i] != NULL; i++) {
    const char *item = items[i];
    guint n;

    if (!g_str_has_prefix (item, "@arg") || item[4] < '1' || item[4] > '0' + GT_INJECT_ARGS ||
        item[5] != '=') {
      return FALSE;
    }
    n = (guint) (item[4] - '1');
    if (pokes[n] != NULL || (pokes[n] = parse_hex (item + 6)) == NULL) {
      return FALSE;
    }
    total += g_bytes_get_size (pokes[n]);
  }
  return items[0] != NULL && total <= POKE_MAX;
}

static gboolean
has_pokes (GBytes *const *pokes)
{
  for (guint i = 0; i < GT_INJECT_ARGS; i++) {
    if (pokes[i] != NULL) {
      return TRUE;
    }
  }
  return FALSE;
}

typedef struct {
  GtInjection *injection;
  gboolean fault;
  gboolean replaced; /* syscall= was given */
} Parse;

static gboolean
parse_tampering (Parse *parse, const char *name, const char *value)
{
  GtInjection *injection = parse->injection;
  gboolean at_return = g_str_has_suffix (name, "_exit");

  if (strcmp (name, "retval") == 0) {
    gboolean first = !injection->forces;

    injection->forces = TRUE;
    return first && parse_value (value, &injection->value);
  }
  if (strcmp (name, "signal") == 0) {
    return injection->signal == 0 && parse_signal (value, &injection->signal);
  }
  if (strcmp (name, "delay_enter") == 0 || strcmp (name, "delay_exit") == 0) {
    return injection->delay_us[at_return] < 0 &&
           parse_delay (value, &injection->delay_us[at_return]);
  }
  if (strcmp (name, "poke_enter") == 0 || strcmp (name, "poke_exit") == 0) {
    return !has_pokes (injection->pokes[at_return]) &&
           parse_pokes (value, injection->pokes[at_return]);
  }
  if (strcmp (name, "syscall") == 0) {
    gboolean first = !parse->replaced;

    parse->replaced = TRUE;
    return first && g_strv_contains (pure_calls, value);
  }
  return FALSE;
}

static gboolean
parse_part (Parse *parse, const char *part)
{
  GtInjection *injection = parse->injection;
  const char *value = strchr (part, '=');
  g_autofree char *name = value != NULL ? g_strndup (part, (gsize) (value - part)) : NULL;

  if (value == NULL) {
    return FALSE;
  }
  value++;
  if (strcmp (name, "when") == 0) {
    return parse_when (value, injection);
  }
  if (strcmp (name, "error") == 0) {
    gboolean first = !injection->forces;

    injection->forces = TRUE;
    return first && parse_error (value, &injection->value);
  }
  return !parse->fault && parse_tampering (parse, name, value);
}

static gboolean
does_something (const GtInjection *injection)
{
  return injection->forces || injection->signal != 0 || injection->delay_us[0] >= 0 ||
         injection->delay_us[1] >= 0 || injection->has_pokes;
}

static gboolean
parse_parts (Parse *parse, char **parts)
{
  GtInjection *injection = parse->injection;

  for (guint i = 1; parts[i] != NULL; i++) {
    if (!parse_part (parse, parts[i])) {
      return FALSE;
    }
  }
  if (parse->fault && !injection->forces) {
    injection->forces = TRUE;
    injection->value = -ENOSYS;
  }
  injection->has_pokes = has_pokes (injection->pokes[0]) || has_pokes (injection->pokes[1]);
  return does_something (injection);
}

GtInjection *
gt_injection_parse (const char *text, gboolean fault, GError **error)
{
  g_autoptr (GtInjection) injection = g_new0 (GtInjection, 1);
  g_auto (GStrv) parts = g_strsplit (text, ":", -1);
  Parse parse = { injection, fault, FALSE };

  injection->delay_us[0] = injection->delay_us[1] = -1;
  injection->first = injection->step = 1;
  injection->last = G_MAXUINT;
  if (parts[0] == NULL || parts[0][0] == '\0') {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "invalid system call ''");
    return NULL;
  }
  if (!parse_parts (&parse, parts)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "invalid %s argument '%s'",
                 fault ? "fault" : "inject", text);
    return NULL;
  }
  injection->set = g_strdup (parts[0]);
  return g_steal_pointer (&injection);
}

void
gt_injection_free (GtInjection *injection)
{
  if (injection == NULL) {
    return;
  }
  for (guint i = 0; i < GT_INJECT_ARGS; i++) {
    g_clear_pointer (&injection->pokes[0][i], g_bytes_unref);
    g_clear_pointer (&injection->pokes[1][i], g_bytes_unref);
  }
  g_free (injection->set);
  g_free (injection);
}

const char *
gt_injection_marks (const GtInjection *injection)
{
  static const char *const marks[2][3] = {
    { "", " (INJECTED: args)", " (INJECTED)" },
    { " (DELAYED)", " (INJECTED: args) (DELAYED)", " (INJECTED) (DELAYED)" },
  };
  gboolean delayed;

  if (injection == NULL) {
    return "";
  }
  delayed = injection->delay_us[0] >= 0 || injection->delay_us[1] >= 0;
  if (injection->forces && injection->has_pokes) {
    return delayed ? " (INJECTED: args, retval) (DELAYED)" : " (INJECTED: args, retval)";
  }
  return marks[delayed][injection->forces ? 2 : injection->has_pokes];
}

/* ---- The threads ---- */

typedef struct {
  GtThread base;
  vmi_pid_t tid; /* another one: a new thread in the place of one that has ended */
  guint index;   /* of the call that was entered last, and what becomes of it */
  const GtInjection *current;
  guint32 counts[];
} ThreadCounts;

struct GtInject {
  const GtInjection *rows[GT_INDICES];
  guint16 counters[GT_INDICES];
  guint n_counters;
  GtThreads *threads; /* made when all rows are set */
};

GtInject *
gt_inject_new (void)
{
  return g_new0 (GtInject, 1);
}

void
gt_inject_free (GtInject *inject)
{
  if (inject != NULL) {
    g_clear_pointer (&inject->threads, gt_threads_free);
    g_free (inject);
  }
}

void
gt_inject_set (GtInject *inject, guint index, const GtInjection *injection)
{
  g_return_if_fail (index < GT_INDICES && inject->threads == NULL);
  if (inject->rows[index] == NULL) {
    inject->counters[index] = (guint16) inject->n_counters++;
  }
  inject->rows[index] = injection;
}

static gsize
size_of_thread (const GtInject *inject)
{
  gsize size = sizeof (ThreadCounts) + inject->n_counters * sizeof (guint32);

  return (size + 7) / 8 * 8;
}

const GtInjection *
gt_inject_enter (GtInject *inject, addr_t thread, vmi_pid_t tid, guint index)
{
  const GtInjection *injection = index < GT_INDICES ? inject->rows[index] : NULL;
  ThreadCounts *known;
  guint32 count;

  if (injection == NULL) {
    return NULL;
  }
  if (inject->threads == NULL) {
    inject->threads = gt_threads_new (size_of_thread (inject), THREADS_MAX);
  }
  known = (ThreadCounts *) gt_threads_get (inject->threads, thread);
  if (known == NULL) {
    return NULL;
  }
  if (known->tid != tid) {
    known->tid = tid;
    memset (known->counts, 0, inject->n_counters * sizeof (guint32));
  }
  known->index = index;
  count = known->counts[inject->counters[index]];
  count += count < G_MAXUINT32;
  known->counts[inject->counters[index]] = count;
  known->current = count >= injection->first && count <= injection->last &&
                           (count - injection->first) % injection->step == 0
                       ? injection
                       : NULL;
  return known->current;
}

const GtInjection *
gt_inject_current (GtInject *inject, addr_t thread, guint index)
{
  const ThreadCounts *known =
      inject->threads != NULL ? (ThreadCounts *) gt_threads_find (inject->threads, thread) : NULL;

  return known != NULL && known->index == index ? known->current : NULL;
}
