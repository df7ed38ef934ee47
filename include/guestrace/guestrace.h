/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libguestrace: see every system call of a running virtual machine from outside it. */
#ifndef GUESTRACE_H
#define GUESTRACE_H

#include <guestrace/gt-error.h>
#include <guestrace/gt-event.h>
#include <guestrace/gt-guest.h>
#include <guestrace/gt-loop.h>

#endif
