/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joins what is submitted through io_uring with what comes of it. */
#ifndef GT_CLI_OPERATIONS_H
#define GT_CLI_OPERATIONS_H

#include <guestrace/gt-event.h>

G_BEGIN_DECLS

/* One operation: @submit alone has not been completed, or never says so; @complete alone was
 * submitted before the trace began. Both are valid in this call only. */
typedef void (*GtOperationFunc) (const GTEvent *submit, const GTEvent *complete,
                                 gpointer user_data);

typedef struct GtOperations GtOperations;

GtOperations *gt_operations_new (GtOperationFunc func, gpointer user_data);
void gt_operations_event (GtOperations *operations, const GTEvent *event);
/* Hands out what has not been completed, oldest first. */
void gt_operations_finish (GtOperations *operations);
void gt_operations_free (GtOperations *operations);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GtOperations, gt_operations_free)

G_END_DECLS

#endif
