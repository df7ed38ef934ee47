/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Configuration in libvmi's forms: its file with an entry for each guest, such an entry as a
 * string, a table, the path of a profile. libvmi's documentation, "Updating the LibVMI
 * configuration file", has the keys; those that tell where structures have their members are read
 * over here, as the guest's own kernel tells that, and so are those of Windows'.
 */
#include "vmi/config.h"

#include <errno.h>
#include <guestrace/gt-error.h>
#include <pwd.h>
#include <string.h>

#define WORD_CHARS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-/@:~+"
#define FILE_NAME  "libvmi.conf"

static const GScannerConfig scanner_config = {
  .cset_skip_characters = (gchar *) " \t\r\n",
  .cset_identifier_first = (gchar *) WORD_CHARS,
  .cset_identifier_nth = (gchar *) WORD_CHARS,
  .cpair_comment_single = (gchar *) "#\n",
  .case_sensitive = TRUE,
  .skip_comment_single = TRUE,
  .scan_comment_multi = FALSE,
  .scan_identifier = TRUE,
  .scan_identifier_1char = TRUE,
  .scan_string_dq = TRUE,
  .char_2_token = TRUE,
};

void
gt_config_clear (GtConfig *config)
{
  g_clear_pointer (&config->ostype, g_free);
  g_clear_pointer (&config->profile, g_free);
  g_clear_pointer (&config->sysmap, g_free);
}

/* ---- The language ---- */

/* The next token when it is a word or a quoted string, else NULL. */
static char *
next_word (GScanner *scanner)
{
  GTokenType token = g_scanner_get_next_token (scanner);

  return token == G_TOKEN_IDENTIFIER || token == G_TOKEN_STRING ? g_strdup (scanner->value.v_string)
                                                                : NULL;
}

static gboolean
next_is (GScanner *scanner, char wanted)
{
  return g_scanner_get_next_token (scanner) == (GTokenType) (guint8) wanted;
}

/* "KEY = VALUE; ... }" */
static gboolean
parse_entry (GScanner *scanner, GHashTable *entry)
{
  while (g_scanner_peek_next_token (scanner) != (GTokenType) '}') {
    g_autofree char *key = next_word (scanner), *value = NULL;

    if (key == NULL || !next_is (scanner, '=')) {
      return FALSE;
    }
    value = next_word (scanner);
    if (value == NULL || !next_is (scanner, ';')) {
      return FALSE;
    }
    (void) g_hash_table_replace (entry, g_steal_pointer (&key), g_steal_pointer (&value));
  }
  (void) g_scanner_get_next_token (scanner);
  return TRUE;
}

/* Of several entries of the same guest the last one counts. */
static gboolean
parse_all (GScanner *scanner, GHashTable *entry, const char *domain, gboolean *ret_found)
{
  while (g_scanner_peek_next_token (scanner) != G_TOKEN_EOF) {
    g_autoptr (GHashTable) other = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *name = next_word (scanner);
    gboolean is_meant = g_strcmp0 (name, domain) == 0;

    if (name == NULL || !next_is (scanner, '{')) {
      return FALSE;
    }
    if (is_meant) {
      g_hash_table_remove_all (entry);
      *ret_found = TRUE;
    }
    if (!parse_entry (scanner, is_meant ? entry : other)) {
      return FALSE;
    }
  }
  return TRUE;
}

GHashTable *
gt_config_parse (const char *text, const char *source, const char *domain, gboolean *ret_found,
                 GError **error)
{
  g_autoptr (GHashTable) entry = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GScanner *scanner = g_scanner_new (&scanner_config);
  gboolean good;
  guint line;

  *ret_found = FALSE;
  g_scanner_input_text (scanner, text, (guint) strlen (text));
  good = parse_all (scanner, entry, domain, ret_found);
  line = g_scanner_cur_line (scanner);
  g_scanner_destroy (scanner);
  if (!good) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
                 "%s, line %u, is not what libvmi's configuration looks like: NAME { KEY = VALUE; "
                 "... }",
                 source, line);
    return NULL;
  }
  return g_steal_pointer (&entry);
}

/* ---- Where it comes from ---- */

/* The places where libvmi looks, in its order. NULL when there is no such file. */
static char *
find_file (void)
{
  const char *sudo_user = g_getenv ("SUDO_USER");
  const struct passwd *user = sudo_user != NULL ? getpwnam (sudo_user) : NULL;
  const char *const directories[] = { ".", user != NULL ? user->pw_dir : NULL, g_get_home_dir (),
                                      "/" };

  for (guint i = 0; i < G_N_ELEMENTS (directories); i++) {
    g_autofree char *path =
        directories[i] != NULL
            ? g_build_filename (directories[i], i == 0 ? "" : "etc", FILE_NAME, NULL)
            : NULL;

    if (path != NULL && g_file_test (path, G_FILE_TEST_IS_REGULAR)) {
      return g_steal_pointer (&path);
    }
  }
  return NULL;
}

static GHashTable *
parse_file (const char *path, const char *domain, gboolean *ret_found, GError **error)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, error)
             ? gt_config_parse (text, path, domain, ret_found, error)
             : NULL;
}

static GHashTable *
parse_string (const char *text, const char *domain, gboolean *ret_found, GError **error)
{
  g_autofree char *quoted = g_strescape (domain, NULL);
  g_autofree char *whole = g_strdup_printf ("\"%s\" %s", quoted, text);

  return gt_config_parse (whole, "the configuration", domain, ret_found, error);
}

static void
take (GHashTable *entry, GtConfig *config)
{
  static const char *const os_keys[] = { "ostype", "os_type" };

  for (guint i = 0; i < G_N_ELEMENTS (os_keys) && config->ostype == NULL; i++) {
    config->ostype = g_strdup (g_hash_table_lookup (entry, os_keys[i]));
  }
  config->profile = g_strdup (g_hash_table_lookup (entry, "volatility_ist"));
  config->sysmap = g_strdup (g_hash_table_lookup (entry, "sysmap"));
}

static GHashTable *
read_entry (const char *domain, vmi_config_t mode, void *value, gboolean *ret_found, GError **error)
{
  g_autofree char *path = NULL;

  switch (mode) {
  case VMI_CONFIG_GLOBAL_FILE_ENTRY:
    path = find_file ();
    return path != NULL ? parse_file (path, domain, ret_found, error)
                        : g_hash_table_new (g_str_hash, g_str_equal);
  case VMI_CONFIG_STRING:
    return parse_string (value, domain, ret_found, error);
  case VMI_CONFIG_FILE_PATH:
    return parse_file (value, domain, ret_found, error);
  default:
    *ret_found = TRUE;
    return g_hash_table_ref (value);
  }
}

vmi_init_error_t
gt_config_read (const char *domain, vmi_config_t mode, void *value, GtConfig *ret, GError **error)
{
  g_autoptr (GHashTable) entry = NULL;
  gboolean found = FALSE;

  memset (ret, 0, sizeof *ret);
  if (mode != VMI_CONFIG_GLOBAL_FILE_ENTRY && value == NULL) {
    g_set_error_literal (error, GT_ERROR, GT_ERROR_INVALID, "no configuration was given");
    return VMI_INIT_ERROR_NO_CONFIG;
  }
  if (mode == VMI_CONFIG_JSON_PATH) {
    ret->profile = g_strdup (value);
    return VMI_INIT_ERROR_NONE;
  }
  entry = read_entry (domain, mode, value, &found, error);
  if (entry == NULL) {
    return VMI_INIT_ERROR_NO_CONFIG;
  }
  if (!found && mode == VMI_CONFIG_FILE_PATH) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID, "\"%s\" has no entry for \"%s\"",
                 (const char *) value, domain);
    return VMI_INIT_ERROR_NO_CONFIG_ENTRY;
  }
  take (entry, ret);
  return VMI_INIT_ERROR_NONE;
}
