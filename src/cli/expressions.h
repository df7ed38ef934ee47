/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands behind options: strace's expressions, -e QUALIFIER=VALUE, and words for formats. */
#ifndef GT_CLI_EXPRESSIONS_H
#define GT_CLI_EXPRESSIONS_H

#include "cli/options.h"

G_BEGIN_DECLS

/* Each takes what stands behind its option and changes @options, or says what is wrong with it. */
typedef gboolean (*GtExpressionFunc) (GtCliOptions *options, const char *value, GError **error);

/* "trace=SET", "status=SET", ...; without a qualifier a set of calls. */
gboolean gt_expression_parse (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_trace (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_status (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_abbrev (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_raw (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_verbose (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_read (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_write (GtCliOptions *options, const char *value, GError **error);
/* @value: auto, always, never; NULL is always */
gboolean gt_expression_color (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_fd (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_signal (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_decode_fds (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_user (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_quiet (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_inject (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_fault (GtCliOptions *options, const char *value, GError **error);

/* "s", "ms", "us", "ns"; NULL is "us": the digits behind the point. */
gboolean gt_expression_precision (const char *value, guint *ret_digits, GError **error);
/* "[format:]none|time|unix[,[precision:]s|ms|us|ns]" */
gboolean gt_expression_clock (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_constants (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_hex (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_sort (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_columns (GtCliOptions *options, const char *value, GError **error);
gboolean gt_expression_pids (GtCliOptions *options, const char *value, GError **error);

/* Sets @error to a sentence that belongs to the user; returns FALSE. */
gboolean gt_expression_fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS

#endif
