/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call's arguments as text, from the event's registers and captured memory. */
#include "decode/shape.h"

#include <fcntl.h>
#include <string.h>

#include "decode/openflags.h"
#include "decode/sockaddr.h"
#include "decode/text.h"

typedef struct {
  const GtCallShape *shape;
  const GTEvent *enter;
  const GTEvent *leave;
  const GtDecodeOptions *options;
} Line;

typedef struct {
  guint64 base;
  guint64 length;
} Iovec;

enum { ERRNO_MAX = 4095 };

static gboolean
has_failed (const GTEvent *leave)
{
  return leave->retval < 0 && leave->retval >= -ERRNO_MAX;
}

/* The first capture of argument @arg at or after *@position, which moves behind it. */
static const GTCapture *
next_capture (const GTEvent *event, guint arg, guint *position)
{
  while (*position < event->n_captures) {
    const GTCapture *capture = &event->captures[(*position)++];

    if (capture->arg == arg) {
      return capture;
    }
  }
  return NULL;
}

/* The event that has the argument's memory, or NULL when it was not to be had. */
static const GTEvent *
source_of (const Line *line, guint arg)
{
  if (!line->shape->args[arg].at_leave) {
    return line->enter;
  }
  if (line->leave == NULL || has_failed (line->leave) ||
      (line->leave->flags & GT_EVENT_KILLED) != 0) {
    return NULL;
  }
  return line->leave;
}

/* At most @bytes of the capture, and of what the user wants to see. */
static void
append_capture (GString *out, const Line *line, const GTCapture *capture, gboolean whole,
                guint64 bytes)
{
  guint64 there = MIN (capture->size, bytes);
  guint64 shown = whole ? there : MIN (there, line->options->string_limit);

  gt_text_quoted (out, capture->data, shown, shown < there || (capture->cut && shown < bytes));
}

/* How many bytes of a buffer mean anything. */
static guint64
buffer_bytes (const Line *line, const GtArgShape *shape)
{
  guint64 bytes = G_MAXUINT64;

  if (shape->length_arg >= 0) {
    bytes = line->enter->args[shape->length_arg];
  }
  if (shape->by_result) {
    bytes = MIN (bytes, (guint64) line->leave->retval);
  }
  return bytes;
}

static gboolean
append_buffer (GString *out, const Line *line, guint arg)
{
  const GtArgShape *shape = &line->shape->args[arg];
  const GTEvent *source = source_of (line, arg);
  guint position = 0;
  const GTCapture *capture;

  capture = source != NULL ? next_capture (source, arg, &position) : NULL;
  if (capture == NULL || capture->error != 0 ||
      (line->enter->args[arg] == 0 && !capture->is_string)) {
    return FALSE;
  }
  if (capture->is_string) {
    append_capture (out, line, capture, TRUE, G_MAXUINT64);
  } else {
    append_capture (out, line, capture, shape->whole, buffer_bytes (line, shape));
  }
  return TRUE;
}

static gboolean
append_address (GString *out, const Line *line, guint arg)
{
  guint position = 0;
  const GTCapture *capture = next_capture (line->enter, arg, &position);

  return capture != NULL && capture->error == 0 && gt_sockaddr (out, capture->data, capture->size);
}

static gboolean
append_strings (GString *out, const Line *line, guint arg)
{
  const GTEvent *source = source_of (line, arg);
  const GTCapture *capture;
  guint position = 0;
  guint n = 0;

  if (source == NULL) {
    return FALSE;
  }
  while ((capture = next_capture (source, arg, &position)) != NULL) {
    g_string_append (out, n++ == 0 ? "[" : ", ");
    if (n >= line->shape->args[arg].max_count) {
      gt_text_literal (out, "...");
      break;
    }
    if (capture->error != 0) {
      gt_text_pointer (out, capture->address);
    } else {
      append_capture (out, line, capture, TRUE, G_MAXUINT64);
    }
  }
  if (n == 0) {
    return FALSE;
  }
  g_string_append_c (out, ']');
  return TRUE;
}

/* The array of iovecs itself, where the guest sent it: its capture lies at the argument's address.
 */
static const GTCapture *
iovec_array (const GTEvent *source, guint arg, guint64 address)
{
  guint position = 0;
  const GTCapture *first = next_capture (source, arg, &position);

  return first != NULL && first->error == 0 && first->address == address ? first : NULL;
}

static Iovec
iovec_at (const GTCapture *array, const GTCapture *element, guint n)
{
  Iovec vec = { element->address, element->cut ? G_MAXUINT64 : element->size };

  if (array != NULL && array->size / sizeof vec > n) {
    memcpy (&vec, array->data + n * sizeof vec, sizeof vec);
  }
  return vec;
}

static void
append_iovec_element (GString *out, const Line *line, const GTCapture *element, Iovec vec,
                      guint64 bytes)
{
  gt_text_literal (out, "{iov_base=");
  if (element->error != 0) {
    gt_text_pointer (out, vec.base);
  } else {
    append_capture (out, line, element, FALSE, bytes);
  }
  if (vec.length != G_MAXUINT64 && element->error == 0) {
    gt_text_literal (out, ", iov_len=");
    gt_text_unsigned (out, vec.length);
  }
  g_string_append_c (out, '}');
}

static gboolean
append_iovec (GString *out, const Line *line, guint arg)
{
  const GtArgShape *shape = &line->shape->args[arg];
  const GTEvent *source = source_of (line, arg);
  const GTCapture *array;
  const GTCapture *element;
  guint64 left = shape->by_result && source != NULL ? (guint64) source->retval : G_MAXUINT64;
  guint position = 0;
  guint n = 0;

  if (source == NULL) {
    return FALSE;
  }
  array = iovec_array (source, arg, line->enter->args[arg]);
  while ((element = next_capture (source, arg, &position)) != NULL) {
    Iovec vec = iovec_at (array, element, n);

    if (element == array) {
      continue;
    }
    g_string_append (out, n++ == 0 ? "[" : ", ");
    append_iovec_element (out, line, element, vec, MIN (left, vec.length));
    if (shape->by_result && vec.length == G_MAXUINT64) {
      break; /* how much the next ones got cannot be told */
    }
    left -= shape->by_result ? MIN (left, vec.length) : 0;
  }
  if (n == 0) {
    return FALSE;
  }
  g_string_append (out, n < line->enter->args[shape->length_arg] ? ", ...]" : "]");
  return TRUE;
}

static void
append_descriptor (GString *out, gint32 fd)
{
  if (fd == AT_FDCWD) {
    gt_text_literal (out, "AT_FDCWD");
  } else {
    gt_text_signed (out, fd);
  }
}

static void
append_id (GString *out, guint32 id)
{
  if (id == G_MAXUINT32) {
    gt_text_literal (out, "-1");
  } else {
    gt_text_unsigned (out, id);
  }
}

static void
append_number (GString *out, GtForm form, guint64 value)
{
  switch (form) {
  case GT_FORM_HEX32:
    gt_text_hex (out, (guint32) value);
    break;
  case GT_FORM_SIGNED:
    gt_text_signed (out, (gint64) value);
    break;
  case GT_FORM_SIGNED32:
    gt_text_signed (out, (gint32) value);
    break;
  case GT_FORM_UNSIGNED:
    gt_text_unsigned (out, value);
    break;
  case GT_FORM_UNSIGNED32:
    gt_text_unsigned (out, (guint32) value);
    break;
  case GT_FORM_OCTAL:
  case GT_FORM_OPEN_MODE:
    gt_text_octal (out, (guint16) value);
    break;
  case GT_FORM_ID:
    append_id (out, (guint32) value);
    break;
  case GT_FORM_DIRECTORY:
    append_descriptor (out, (gint32) value);
    break;
  case GT_FORM_OPEN_FLAGS:
    gt_open_flags (out, (guint32) value);
    break;
  case GT_FORM_HEX:
    gt_text_hex (out, value);
    break;
  case GT_FORM_UNKNOWN:
    g_string_append_c (out, '?');
    break;
  default:
    gt_text_pointer (out, value);
    break;
  }
}

static void
append_arg (GString *out, const Line *line, guint arg)
{
  GtForm form = line->shape->args[arg].form;
  gboolean done = FALSE;

  if (form == GT_FORM_STRING || form == GT_FORM_BUFFER) {
    done = append_buffer (out, line, arg);
  } else if (form == GT_FORM_STRINGS) {
    done = append_strings (out, line, arg);
  } else if (form == GT_FORM_IOVEC) {
    done = append_iovec (out, line, arg);
  } else if (form == GT_FORM_SOCKADDR) {
    done = append_address (out, line, arg);
  }
  if (!done) {
    append_number (out, form, line->enter->args[arg]);
  }
}

void
gt_shape_args (GString *out, const GtCallShape *shape, const GTEvent *enter, const GTEvent *leave,
               const GtDecodeOptions *options)
{
  Line line = { shape, enter, leave, options };

  for (guint i = 0; i < shape->n_args; i++) {
    if (shape->args[i].form == GT_FORM_OPEN_MODE && i > 0 &&
        !gt_open_flags_create ((guint32) enter->args[i - 1])) {
      continue;
    }
    if (i > 0) {
      gt_text_literal (out, ", ");
    }
    append_arg (out, &line, i);
  }
}
