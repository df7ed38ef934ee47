/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The capture plans of every call of two real kernels: sane, and as data/captures.txt has them. */
#include <string.h>

#include "decode/capture.h"
#include "test-decode-data.h"

enum { LIMIT = 32 };

static const char *const versions[] = { "6.1", "6.12" };

static void
describe_steps (GString *out, const struct gt_step *steps, const char *moment)
{
  static const char *const ops[] = { "end", "string", "bytes", "strings", "iovec" };

  for (guint i = 0; i < GT_STEPS_MAX && steps[i].op != GT_STEP_END; i++) {
    g_string_append_printf (out, " %s:%s(%u", moment, ops[steps[i].op], steps[i].arg);
    if (steps[i].op == GT_STEP_BYTES || steps[i].op == GT_STEP_IOVEC) {
      g_string_append_printf (out, steps[i].length == GT_LENGTH_RESULT ? ",result" : ",%u",
                              steps[i].length);
    }
    g_string_append_printf (out, ",%u)", steps[i].limit);
  }
}

static char *
describe (const GtLinuxCall *call)
{
  GString *out = g_string_new (call->name);
  GtCapturePlan plan;

  gt_capture_plan (call, LIMIT, &plan);
  describe_steps (out, plan.entry, "entry");
  describe_steps (out, plan.leave, "leave");
  return g_string_free (out, FALSE);
}

static void
fail_if_known (gpointer line, gpointer value, gpointer calls)
{
  g_autofree char *name = g_strndup (line, strcspn (line, " "));

  if (test_data_has (calls, name)) {
    g_test_message ("not planned: %s", (const char *) line);
    g_test_fail ();
  }
}

/* Calls that copy nothing are not in the file; calls that this kernel does not have may be. */
static void
test_expected (gconstpointer data)
{
  g_autoptr (GPtrArray) calls = test_data_load (data);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "captures.txt", NULL);
  g_autoptr (GHashTable) expected = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (g_strchomp (text), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_hash_table_add (expected, lines[i]);
  }
  for (guint i = 0; i < calls->len; i++) {
    g_autofree char *line = describe (g_ptr_array_index (calls, i));

    if (strchr (line, ' ') != NULL && !g_hash_table_remove (expected, line)) {
      g_test_message ("not in captures.txt: %s", line);
      g_test_fail ();
    }
  }
  g_hash_table_foreach (expected, fail_if_known, calls);
}

static void
check_steps (const GtLinuxCall *call, const struct gt_step *steps)
{
  guint i = 0;

  for (; i < GT_STEPS_MAX && steps[i].op != GT_STEP_END; i++) {
    g_assert_cmpuint (steps[i].op, <=, GT_STEP_IOVEC);
    g_assert_cmpuint (steps[i].arg, <, call->n_args);
    g_assert_nonnull (strchr (call->arg_types[steps[i].arg], '*'));
    g_assert_cmpuint (steps[i].limit, <=, GT_MAX_CAPTURE);
    g_assert_cmpuint (steps[i].length, <=, GT_LENGTH_LIMIT);
    if (steps[i].op == GT_STEP_IOVEC) {
      g_assert_cmpuint (steps[i].length, <, call->n_args);
      g_assert_cmpuint (steps[i].count, >, 0);
    }
  }
  g_assert_cmpuint (i, <, GT_STEPS_MAX);
}

static void
test_sane (gconstpointer data)
{
  g_autoptr (GPtrArray) calls = test_data_load (data);

  g_assert_cmpuint (calls->len, >, 330);
  for (guint i = 0; i < calls->len; i++) {
    const GtLinuxCall *call = g_ptr_array_index (calls, i);
    GtCapturePlan plan;

    gt_capture_plan (call, G_MAXUINT, &plan);
    check_steps (call, plan.entry);
    check_steps (call, plan.leave);
  }
}

/* What a hostile or unknown kernel may hand out as metadata. */
static void
test_odd_metadata (void)
{
  g_autofree char *long_type = g_strnfill (5000, 'x');
  GtLinuxCall call = {
    .name = "odd",
    .has_args = TRUE,
    .n_args = 99,
    .arg_types = { "", "((((", long_type, NULL,
                   "const char __attribute__((btf_type_tag(\"user\"))) *", "))*const" },
    .arg_names = { "", NULL, long_type, NULL, "path", "" },
  };
  GtCapturePlan plan;

  gt_capture_plan (&call, LIMIT, &plan);
  g_assert_cmpuint (plan.entry[0].op, ==, GT_STEP_STRING);
  g_assert_cmpuint (plan.entry[0].arg, ==, 4);
  g_assert_cmpuint (plan.entry[1].op, ==, GT_STEP_END);
  g_assert_cmpuint (plan.leave[0].op, ==, GT_STEP_END);

  call.has_args = FALSE;
  gt_capture_plan (&call, LIMIT, &plan);
  g_assert_cmpuint (plan.entry[0].op, ==, GT_STEP_END);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (versions); i++) {
    g_autofree char *expected = g_strdup_printf ("/capture/expected/%s", versions[i]);
    g_autofree char *sane = g_strdup_printf ("/capture/sane/%s", versions[i]);

    g_test_add_data_func (expected, versions[i], test_expected);
    g_test_add_data_func (sane, versions[i], test_sane);
  }
  g_test_add_func ("/capture/odd-metadata", test_odd_metadata);
  return g_test_run ();
}
