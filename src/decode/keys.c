/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and keyrings: the command says what keyctl's arguments are. */
#include <linux/keyctl.h>
#include <string.h>

#include "decode/printer.h"

#include "decode-tables.h"

static void
print_key (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  const char *name = gt_names_find (&gt_names_key_specs, (guint32) value);

  if (name == NULL || printer->options->constants != GT_CONSTANTS_NAMES) {
    gt_print_signed (printer, (gint32) value);
  }
  if (name != NULL && printer->options->constants != GT_CONSTANTS_NUMBERS) {
    gt_print_printf (printer, printer->options->constants == GT_CONSTANTS_BOTH ? " /* %s */" : "%s",
                     name);
  }
}
GT_KIND_VALUE (key);

/* ---- keyctl ---- */

typedef enum {
  END,
  KEY,
  ID,
  NUMBER,
  WORD,  /* a string */
  BYTES, /* a buffer; the next argument has its length */
  FILLED,
  TEXT_FILLED, /* the same with a NUL at its end */
  PERMISSIONS,
  ADDRESS,
  ANY, /* of a command that is not known */
} Form;

enum { N_ARGS = 4 };

static const struct {
  guint32 command;
  guint8 forms[N_ARGS];
} commands[] = {
  { KEYCTL_GET_KEYRING_ID, { KEY, NUMBER } },
  { KEYCTL_JOIN_SESSION_KEYRING, { WORD } },
  { KEYCTL_UPDATE, { KEY, BYTES, NUMBER } },
  { KEYCTL_REVOKE, { KEY } },
  { KEYCTL_CHOWN, { KEY, ID, ID } },
  { KEYCTL_SETPERM, { KEY, PERMISSIONS } },
  { KEYCTL_DESCRIBE, { KEY, TEXT_FILLED, NUMBER } },
  { KEYCTL_CLEAR, { KEY } },
  { KEYCTL_LINK, { KEY, KEY } },
  { KEYCTL_UNLINK, { KEY, KEY } },
  { KEYCTL_SEARCH, { KEY, WORD, WORD, KEY } },
  { KEYCTL_READ, { KEY, FILLED, NUMBER } },
  { KEYCTL_INSTANTIATE, { KEY, BYTES, NUMBER, KEY } },
  { KEYCTL_NEGATE, { KEY, NUMBER, KEY } },
  { KEYCTL_SET_REQKEY_KEYRING, { NUMBER } },
  { KEYCTL_SET_TIMEOUT, { KEY, NUMBER } },
  { KEYCTL_ASSUME_AUTHORITY, { KEY } },
  { KEYCTL_GET_SECURITY, { KEY, TEXT_FILLED, NUMBER } },
  { KEYCTL_SESSION_TO_PARENT, { END } },
  { KEYCTL_REJECT, { KEY, NUMBER, NUMBER, KEY } },
  { KEYCTL_INSTANTIATE_IOV, { KEY, ADDRESS, NUMBER, KEY } },
  { KEYCTL_INVALIDATE, { KEY } },
  { KEYCTL_GET_PERSISTENT, { ID, KEY } },
  { KEYCTL_RESTRICT_KEYRING, { KEY, WORD, WORD } },
};

static Form
form_of (const GtPrinter *printer)
{
  guint32 command = (guint32) gt_printer_arg (printer, 0);

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++) {
    if (commands[i].command == command) {
      return (Form) commands[i].forms[printer->arg - 1];
    }
  }
  return ANY;
}

static void
print_filled (GtPrinter *printer, guint64 value, gboolean is_text)
{
  guint64 room = gt_printer_arg (printer, (gint) printer->arg + 1), n;

  gt_printer_look (printer, TRUE);
  if (!gt_printer_succeeded (printer)) {
    gt_print_pointer (printer, value);
    return;
  }
  n = MIN ((guint64) MAX (printer->leave->retval, 0), room);
  if (is_text && n > 0 && printer->options->hex_strings != GT_HEX_ALL) {
    const guint8 *last = gt_printer_memory (printer, value + n - 1, 1);

    n -= last != NULL && *last == '\0';
  }
  gt_print_buffer (printer, value, n);
}

static void
print_keyctl_arg (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  Form form = form_of (printer);

  gt_printer_look (printer, FALSE);
  switch (form) {
  case KEY:
    print_key (printer, spec, value);
    break;
  case ID:
    gt_print_as (printer, &gt_kind_id, NULL, value);
    break;
  case NUMBER:
    gt_print_unsigned (printer, printer->is_32 ? (guint32) value : value);
    break;
  case WORD:
    gt_print_string (printer, value);
    break;
  case BYTES:
    gt_print_buffer (printer, value, gt_printer_arg (printer, (gint) printer->arg + 1));
    break;
  case FILLED:
  case TEXT_FILLED:
    print_filled (printer, value, form == TEXT_FILLED);
    break;
  case PERMISSIONS:
    gt_print_flags (printer, &gt_names_key_permissions, (guint32) value);
    break;
  case ADDRESS:
    gt_print_pointer (printer, value);
    break;
  default:
    gt_print_hex (printer, printer->is_32 ? (guint32) value : value);
    break;
  }
}

/* Keys' numbers lead nowhere, and the kernel says so. */
static void
plan_keyctl_arg (GtPlan *plan, const GtArgSpec *spec, guint arg)
{
  if (arg != 2 && arg != 3) {
    (void) (plan->at_leave || gt_plan_path (plan, arg));
  } else if (plan->at_leave) {
    (void) gt_plan_buffer (plan, arg, GT_LENGTH_RESULT);
  } else {
    (void) gt_plan_path (plan, arg);
    (void) gt_plan_buffer (plan, arg, (guint8) (GT_LENGTH_ARG0 + arg + 1));
  }
}

static gboolean
absent_keyctl_arg (const GtPrinter *printer, const GtArgSpec *spec)
{
  return form_of (printer) == END;
}
GT_KIND_OPTIONAL_PLANNED (keyctl_arg);
