/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of a guest while one looks at it, as far as its VMM tells. */
#ifndef GT_VMI_LIFE_H
#define GT_VMI_LIFE_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  GT_LIFE_RUNS,
  GT_LIFE_PAUSED,      /* its vCPUs stand; whoever paused it may let it run again */
  GT_LIFE_NOT_STARTED, /* the same, and they never ran */
  GT_LIFE_FROZEN,      /* the VMM's process is stopped by a signal */
  GT_LIFE_RESET,       /* the machine began anew */
  GT_LIFE_PANICKED,    /* it said that it crashed */
  GT_LIFE_POWERED_OFF, /* by itself */
  GT_LIFE_REBOOTED,    /* which ends it, its VMM was told so */
  GT_LIFE_QUIT,        /* the VMM was told to end */
  GT_LIFE_KILLED,      /* a signal ended the VMM */
  GT_LIFE_MIGRATED,    /* it runs elsewhere */
  GT_LIFE_GONE,        /* nobody knows why */
} GtLifeState;

typedef struct {
  GtLifeState state;
  gboolean stood; /* it was paused meanwhile, and runs again */
  gboolean tells; /* the VMM tells of these things when they happen; else they may go unseen */
} GtLife;

G_END_DECLS

#endif
