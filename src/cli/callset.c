/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of system calls, from what a user types. */
#include "cli/callset.h"

#include <regex.h>
#include <string.h>

#include <guestrace/gt-error.h>

#include "cli/classes.h"
#include "cli/names.h"

/* One word of the list, and what it is about. */
typedef struct {
  const GtLinux *linux_os;
  GtCallSet *set;
  gboolean abis[GT_CALL_SET_ABIS];
} Word;

typedef gboolean (*MatchFunc) (const char *name, gconstpointer data);

static guint
add_matching (const Word *word, MatchFunc match, gconstpointer data)
{
  guint n = 0;

  for (guint abi = 0; abi < GT_CALL_SET_ABIS; abi++) {
    guint end = MIN (gt_linux_n_abi_calls (word->linux_os, (GTAbi) abi), GT_CALL_SET_NUMBERS);

    for (guint nr = 0; word->abis[abi] && nr < end; nr++) {
      const GtLinuxCall *call = gt_linux_abi_call (word->linux_os, (GTAbi) abi, (gint) nr);

      if (call != NULL && call->name != NULL && match (call->name, data)) {
        word->set->has[abi][nr] = TRUE;
        n++;
      }
    }
  }
  return n;
}

static gboolean
is_in_class (const char *name, gconstpointer calls)
{
  return gt_cli_class_has (calls, name);
}

static gboolean
is_equal (const char *name, gconstpointer other)
{
  return strcmp (name, other) == 0;
}

static gboolean
is_matched (const char *name, gconstpointer regex)
{
  return regexec (regex, name, 0, NULL, 0) == 0;
}

static gboolean
add_class (const Word *word, const char *name, GError **error)
{
  const char *calls = gt_cli_class_calls (name);
  g_autofree char *classes = NULL;

  if (calls == NULL) {
    classes = gt_cli_class_list ();
    g_set_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION,
                 "there is no class of system calls \"%%%s\"; there are %s", name, classes);
    return FALSE;
  }
  (void) add_matching (word, is_in_class, calls);
  return TRUE;
}

static gboolean
add_regex (const Word *word, const char *pattern, GError **error)
{
  regex_t regex;
  int status = regcomp (&regex, pattern, REG_EXTENDED | REG_NOSUB);
  char why[128];
  guint n;

  if (status != 0) {
    (void) regerror (status, &regex, why, sizeof why);
    g_set_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION,
                 "\"%s\" is no extended regular expression: %s", pattern, why);
    return FALSE;
  }
  n = add_matching (word, is_matched, &regex);
  regfree (&regex);
  if (n == 0) {
    g_set_error (error, GT_ERROR, GT_ERROR_NO_FUNCTION,
                 "the guest's kernel has no system call that /%s matches", pattern);
  }
  return n > 0;
}

/* Also a number that the kernel does not have. */
static gboolean
add_number (const Word *word, guint64 number)
{
  for (guint abi = 0; abi < GT_CALL_SET_ABIS; abi++) {
    if (word->abis[abi] && number < GT_CALL_SET_NUMBERS) {
      word->set->has[abi][number] = TRUE;
    }
  }
  word->set->others |= number >= GT_CALL_SET_NUMBERS;
  return TRUE;
}

/* A kernel function's name stands for the one call that it is. */
static gboolean
add_name (const Word *word, const char *name, GError **error)
{
  g_autofree char *typed =
      word->abis[GT_ABI_X86_64] ? g_strdup (name) : g_strconcat (GT_CLI_I386, name, NULL);
  const GtLinuxCall *call;

  if (add_matching (word, is_equal, name) > 0) {
    return TRUE;
  }
  if (gt_cli_class_calls (name) != NULL) {
    return add_class (word, name, error);
  }
  call = gt_cli_find_call (word->linux_os, typed, error);
  if (call != NULL && call->abi < GT_CALL_SET_ABIS && (guint) call->nr < GT_CALL_SET_NUMBERS) {
    word->set->has[call->abi][call->nr] = TRUE;
  }
  return call != NULL;
}

/* Takes "@32", "@64" and "i386:" off the word. */
static char *
take_abi (Word *word, const char *text)
{
  gboolean only_32 = g_str_has_prefix (text, GT_CLI_I386) || g_str_has_suffix (text, "@32");
  gboolean only_64 = g_str_has_suffix (text, "@64");
  const char *start = g_str_has_prefix (text, GT_CLI_I386) ? text + strlen (GT_CLI_I386) : text;
  gsize length = strlen (start);

  word->abis[GT_ABI_X86_64] = !only_32;
  word->abis[GT_ABI_I386] = !only_64;
  if (g_str_has_suffix (start, "@32") || g_str_has_suffix (start, "@64")) {
    length -= strlen ("@32");
  }
  return g_strndup (start, length);
}

static gboolean
add_word (GtCallSet *set, const GtLinux *linux_os, const char *text, GError **error)
{
  Word word = { linux_os, set, { FALSE, FALSE } };
  g_autofree char *name = take_abi (&word, text);
  guint64 number;

  if (strcmp (name, "none") == 0) {
    return TRUE;
  }
  if (strcmp (name, "io_uring") == 0) {
    set->operations = set->asked = TRUE;
    return TRUE;
  }
  if (strcmp (name, "all") == 0) {
    for (number = 0; number <= GT_CALL_SET_NUMBERS; number++) {
      (void) add_number (&word, number);
    }
    set->operations = TRUE;
    return TRUE;
  }
  if (name[0] == '%') {
    return add_class (&word, name + 1, error);
  }
  if (name[0] == '/') {
    return add_regex (&word, name + 1, error);
  }
  if (g_ascii_string_to_unsigned (name, 10, 0, G_MAXINT32, &number, NULL)) {
    return add_number (&word, number);
  }
  return add_name (&word, name, error);
}

static void
invert (GtCallSet *set)
{
  for (guint i = 0; i < GT_CALL_SET_ABIS * GT_CALL_SET_NUMBERS; i++) {
    set->has[i / GT_CALL_SET_NUMBERS][i % GT_CALL_SET_NUMBERS] ^= TRUE;
  }
  set->others = !set->others;
  set->operations = !set->operations;
}

gboolean
gt_call_set_parse (GtCallSet *ret_set, const GtLinux *linux_os, const char *text, GError **error)
{
  gboolean inverted = text[0] == '!';
  g_auto (GStrv) words = g_strsplit (text + inverted, ",", -1);

  memset (ret_set, 0, sizeof *ret_set);
  for (guint i = 0; words[i] != NULL; i++) {
    g_autoptr (GError) missing = NULL;
    gboolean optional = words[i][0] == '?';

    if (!add_word (ret_set, linux_os, words[i] + optional, &missing) && !optional) {
      g_propagate_error (error, g_steal_pointer (&missing));
      return FALSE;
    }
  }
  if (inverted) {
    invert (ret_set);
  }
  return TRUE;
}

gboolean
gt_call_set_has (const GtCallSet *set, GTAbi abi, gint nr)
{
  return abi < GT_CALL_SET_ABIS && nr >= 0 && nr < GT_CALL_SET_NUMBERS ? set->has[abi][nr]
                                                                       : set->others;
}

gboolean
gt_call_set_is_full (const GtCallSet *set)
{
  for (guint i = 0; i < GT_CALL_SET_ABIS * GT_CALL_SET_NUMBERS; i++) {
    if (!set->has[i / GT_CALL_SET_NUMBERS][i % GT_CALL_SET_NUMBERS]) {
      return FALSE;
    }
  }
  return set->others && set->operations;
}
