/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvmi's configuration: its language, the entry of a guest among others, where the file is. */
#include "vmi/config.h"

#include <glib/gstdio.h>
#include <guestrace/gt-error.h>
#include <string.h>
#include <unistd.h>

/* As libvmi's documentation has it. */
static const char text[] = "fc6 {\n"
                           "    sysmap      = \"/boot/System.map-2.6.18-1.2798.fc6\";\n"
                           "    ostype      = \"Linux\";\n"
                           "    linux_name  = 0x194;\n"
                           "}\n"
                           "# the next one\n"
                           "winxpsp2 {\n"
                           "    ostype = \"Windows\";\n"
                           "    win_tasks = 0x88; # in bytes\n"
                           "}\n"
                           "12-vm_a.b { volatility_ist = /etc/web@1.json; os_type = Linux; }\n"
                           "\"two words\" { ostype = \"Linux\"; }\n"
                           "winxpsp2 { ostype = \"OSX\"; }\n"
                           "empty { }\n";

static void
assert_value (const char *domain, const char *key, const char *wanted)
{
  g_autoptr (GError) error = NULL;
  gboolean found;
  g_autoptr (GHashTable) entry = gt_config_parse (text, "text", domain, &found, &error);

  g_assert_no_error (error);
  g_assert_true (found);
  g_assert_cmpstr (g_hash_table_lookup (entry, key), ==, wanted);
}

static void
test_language (void)
{
  gboolean found;
  g_autoptr (GHashTable) entry = gt_config_parse (text, "text", "fc", &found, NULL);

  g_assert_nonnull (entry);
  g_assert_false (found);
  assert_value ("fc6", "sysmap", "/boot/System.map-2.6.18-1.2798.fc6");
  assert_value ("fc6", "linux_name", "0x194");
  assert_value ("winxpsp2", "ostype", "OSX");
  assert_value ("winxpsp2", "win_tasks", NULL);
  assert_value ("12-vm_a.b", "volatility_ist", "/etc/web@1.json");
  assert_value ("two words", "ostype", "Linux");
  assert_value ("empty", "ostype", NULL);
}

static void
test_damaged (void)
{
  static const char *const wrong[] = {
    "a",          "a {",        "a { b }",        "a { b = }", "a { b = c }", "a { b = c;",
    "{ b = c; }", "a { = c; }", "a { b = \"c; }", "a } b",     "a { b c; }",  "a { b = c; } ;",
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;
    gboolean found;

    g_assert_null (gt_config_parse (wrong[i], "text", "a", &found, &error));
    g_assert_error (error, GT_ERROR, GT_ERROR_INVALID);
  }
}

static void
test_sources (void)
{
  g_autofree char *directory = g_dir_make_tmp ("gtconfig-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "libvmi.conf", NULL);
  g_autofree char *before = g_get_current_dir ();
  g_autoptr (GHashTable) table = g_hash_table_new (g_str_hash, g_str_equal);
  char string[] = "{sysmap = \"/x\";}", key[] = "os_type", value[] = "Windows";
  g_auto (GtConfig) config = { NULL };

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (gt_config_read ("fc6", VMI_CONFIG_FILE_PATH, path, &config, NULL), ==,
                   VMI_INIT_ERROR_NONE);
  g_assert_cmpstr (config.ostype, ==, "Linux");
  gt_config_clear (&config);
  g_assert_cmpint (gt_config_read ("fc7", VMI_CONFIG_FILE_PATH, path, &config, NULL), ==,
                   VMI_INIT_ERROR_NO_CONFIG_ENTRY);
  g_assert_cmpint (gt_config_read ("fc6", VMI_CONFIG_FILE_PATH, directory, &config, NULL), ==,
                   VMI_INIT_ERROR_NO_CONFIG);
  g_assert_cmpint (gt_config_read ("odd \"name\"", VMI_CONFIG_STRING, string, &config, NULL), ==,
                   VMI_INIT_ERROR_NONE);
  g_assert_cmpstr (config.sysmap, ==, "/x");
  gt_config_clear (&config);
  (void) g_hash_table_insert (table, key, value);
  g_assert_cmpint (gt_config_read ("a", VMI_CONFIG_GHASHTABLE, table, &config, NULL), ==,
                   VMI_INIT_ERROR_NONE);
  g_assert_cmpstr (config.ostype, ==, "Windows");
  gt_config_clear (&config);
  /* libvmi looks in the current directory first. */
  g_assert_cmpint (g_chdir (directory), ==, 0);
  g_assert_cmpint (gt_config_read ("12-vm_a.b", VMI_CONFIG_GLOBAL_FILE_ENTRY, NULL, &config, NULL),
                   ==, VMI_INIT_ERROR_NONE);
  g_assert_cmpstr (config.profile, ==, "/etc/web@1.json");
  gt_config_clear (&config);
  g_assert_cmpint (gt_config_read ("nobody", VMI_CONFIG_GLOBAL_FILE_ENTRY, NULL, &config, NULL), ==,
                   VMI_INIT_ERROR_NONE);
  g_assert_null (config.profile);
  g_assert_cmpint (g_chdir (before), ==, 0);
  (void) g_remove (path);
  (void) g_rmdir (directory);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vmi/config/language", test_language);
  g_test_add_func ("/vmi/config/damaged", test_damaged);
  g_test_add_func ("/vmi/config/sources", test_sources);
  return g_test_run ();
}
