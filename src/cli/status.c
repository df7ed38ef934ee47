/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a call ended, and whether that is what the user asked for. */
#include "cli/status.h"

#include <string.h>

guint
gt_status_of (const GtCallInfo *info, const GTEvent *leave)
{
  if (leave == NULL) {
    return info->shape.never_returns ? GT_STATUS_UNFINISHED : GT_STATUS_DETACHED;
  }
  if ((leave->flags & GT_EVENT_KILLED) != 0) {
    return GT_STATUS_UNFINISHED;
  }
  return leave->retval < 0 && leave->retval >= -GT_ERRNO_MAX ? GT_STATUS_FAILED
                                                             : GT_STATUS_SUCCESSFUL;
}

gboolean
gt_fds_have (const GArray *fds, gint32 fd)
{
  for (guint i = 0; i < fds->len; i++) {
    if (g_array_index (fds, gint32, i) == fd) {
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
is_descriptor (const GtArgSpec *spec)
{
  return spec->kind == &gt_kind_fd || spec->kind == &gt_kind_dirfd;
}

gboolean
gt_status_has_fd (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave,
                  const GArray *fds)
{
  const GtCallShape *shape = &info->shape;

  for (guint i = 0; enter != NULL && i < shape->n_args; i++) {
    if (is_descriptor (&shape->args[i]) && gt_fds_have (fds, (gint32) enter->args[i])) {
      return TRUE;
    }
  }
  return leave != NULL && is_descriptor (&shape->result) && leave->retval >= 0 &&
         gt_fds_have (fds, (gint32) leave->retval);
}

static gboolean
is_path (const GtCallInfo *info, const GTCapture *capture)
{
  return (capture->address & GT_CAPTURE_FD) != 0 ||
         (capture->is_string && capture->arg < info->shape.n_args &&
          info->shape.args[capture->arg].kind == &gt_kind_path);
}

static gboolean
has_path (const GtCallInfo *info, const GTEvent *event, const char *path)
{
  gsize size = strlen (path);

  for (guint i = 0; event != NULL && i < event->n_captures; i++) {
    const GTCapture *capture = &event->captures[i];

    if (capture->error == 0 && capture->size == size && memcmp (capture->data, path, size) == 0 &&
        is_path (info, capture)) {
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
gt_status_has_path (const GtCallInfo *info, const GTEvent *enter, const GTEvent *leave,
                    const GPtrArray *paths)
{
  for (guint i = 0; i < paths->len; i++) {
    const char *path = g_ptr_array_index (paths, i);

    if (has_path (info, enter, path) || has_path (info, leave, path)) {
      return TRUE;
    }
  }
  return FALSE;
}
