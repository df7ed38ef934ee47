/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths, devices and processes behind the calling thread's descriptors. */
#ifndef GT_GUESTCODE_PATHS_H
#define GT_GUESTCODE_PATHS_H

#include "kernel.h"

/* Writes the path of descriptor @fd, or, for AT_FDCWD, of the working directory, to the end of
 * @data, as the kernel does, and returns where it begins; its NUL is the last of the @size bytes. 0
 * when there is no such descriptor, a negative errno when the path does not fit. */
int64_t path_of_fd (int32_t fd, char *data, uint32_t size);
/* Describes descriptor @fd; returns the size of that, 0 when it is no device. */
uint32_t device_of_fd (int32_t fd, struct gt_device *device);
/* The same of the process that a pidfd stands for. */
uint32_t process_of_fd (int32_t fd, uint32_t *pid);

#endif
