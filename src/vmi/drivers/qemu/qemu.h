/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The QEMU driver as the rest of the embedded libvmi sees it. */
#ifndef GT_QEMU_H
#define GT_QEMU_H

#include "vmi/drivers/driver.h"
/* gt_qemu_process_list() for those who want to know what runs. */
#include "vmi/drivers/qemu/process.h"

G_BEGIN_DECLS

/* gt_qemu_driver_open() is declared in driver.h. */

G_END_DECLS

#endif
