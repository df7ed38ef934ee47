/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The capture plans of every call of two real kernels, for programs of both sizes: the guest can
 * follow them. That they copy what is needed is for tests/decode. */
#include <string.h>

#include "decode/capture.h"
#include "test-decode-data.h"

enum { LIMIT = 32 };

static const char *const versions[] = { "6.1", "6.12" };

static void
check_length (const struct gt_step *step)
{
  g_assert_cmpuint (step->length, <=, GT_LENGTH_FIELD16);
  if (step->length == GT_LENGTH_FIELD || step->length == GT_LENGTH_WORD ||
      step->length == GT_LENGTH_FIELD16) {
    g_assert_cmpuint (step->base, >, 0);
  }
  if (step->op == GT_STEP_STRINGS || step->op == GT_STEP_IOVEC) {
    g_assert_cmpuint (step->count, >, 0);
  }
}

/* A step refers to those before it only. */
static void
check_steps (const struct gt_step *steps)
{
  guint i = 0;

  for (; i < GT_STEPS_MAX && steps[i].op != GT_STEP_END; i++) {
    g_assert_cmpuint (steps[i].op, <=, GT_STEP_IP);
    g_assert_cmpuint (steps[i].op, !=, GT_STEP_SUBCALLS);
    g_assert_cmpuint (steps[i].arg, <=, GT_ARG_STACK);
    g_assert_cmpuint (steps[i].limit, >, 0);
    g_assert_cmpuint (steps[i].limit, <=, GT_MAX_CAPTURE);
    g_assert_cmpuint (steps[i].base, <=, i);
    check_length (&steps[i]);
  }
  g_assert_cmpuint (i, <, GT_STEPS_MAX);
}

static void
test_sane (gconstpointer data)
{
  const GtCaptureWants wants = {
    .string_limit = G_MAXUINT, .paths = TRUE, .sockets = TRUE, .ips = TRUE, .verbose = TRUE
  };
  g_autoptr (GPtrArray) calls = test_data_load (data);

  g_assert_cmpuint (calls->len, >, 330);
  for (guint i = 0; i < 2 * calls->len; i++) {
    GtLinuxCall call = *(const GtLinuxCall *) g_ptr_array_index (calls, i / 2);
    GtCapturePlan plan;

    call.abi = i % 2 ? GT_ABI_I386 : GT_ABI_X86_64;
    gt_capture_plan (&call, &wants, &plan);
    check_steps (plan.entry);
    check_steps (plan.leave);
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
  const GtCaptureWants wants = { .string_limit = LIMIT };
  GtCapturePlan plan;

  gt_capture_plan (&call, &wants, &plan);
  g_assert_cmpuint (plan.entry[0].op, ==, GT_STEP_STRING);
  g_assert_cmpuint (plan.entry[0].arg, ==, 4);
  g_assert_cmpuint (plan.entry[1].op, ==, GT_STEP_END);
  g_assert_cmpuint (plan.leave[0].op, ==, GT_STEP_END);

  call.has_args = FALSE;
  gt_capture_plan (&call, &wants, &plan);
  g_assert_cmpuint (plan.entry[0].op, ==, GT_STEP_END);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (versions); i++) {
    g_autofree char *sane = g_strdup_printf ("/capture/sane/%s", versions[i]);

    g_test_add_data_func (sane, versions[i], test_sane);
  }
  g_test_add_func ("/capture/odd-metadata", test_odd_metadata);
  return g_test_run ();
}
