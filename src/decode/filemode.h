/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Modes of files with their type, and devices. */
#ifndef GT_FILEMODE_H
#define GT_FILEMODE_H

#include "decode/printer.h"

G_BEGIN_DECLS

/* "S_IFREG|0644" */
void gt_print_file_mode (GtPrinter *printer, guint32 mode);
/* "makedev(0x8, 0x1)" */
void gt_print_device (GtPrinter *printer, guint64 device);

G_END_DECLS

#endif
