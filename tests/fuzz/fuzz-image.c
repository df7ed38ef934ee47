/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory images: the input is the file. What it says of itself must agree with itself once it is
 * open, and a kernel is looked for in it. Seeds are the first pages of QEMU's dumps, and LiME's
 * format around a kernel's note. */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "vmi/drivers/file/image.h"
#include "vmi/instance.h"

static void
check_runs (const GtImage *image)
{
  addr_t end = 0;
  guint8 byte;

  for (guint i = 0; i < image->runs->len; i++) {
    GtImageRun run = g_array_index (image->runs, GtImageRun, i);

    fuzz_check (run.len > 0 && run.pa >= end, "runs are in order and apart");
    fuzz_check (run.offset + run.len <= image->size, "runs are in the file");
    end = run.pa + run.len;
    fuzz_check (end > run.pa, "runs end");
    fuzz_check (gt_image_read (image, run.pa, &byte, 1) && gt_image_read (image, end - 1, &byte, 1),
                "runs can be read");
  }
  fuzz_check (!gt_image_read (image, end, &byte, 1), "nothing is behind them");
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  int fd = memfd_create ("fuzz-image", MFD_CLOEXEC);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autoptr (GError) error = NULL;
  GtDriver *driver;
  GtImage *image;

  fuzz_check (fd >= 0 && write (fd, data, size) == (ssize_t) size, "there is a file");
  image = gt_image_open (path, &error);
  fuzz_check ((image == NULL) == (error != NULL), "what is no image is said to be none");
  if (image != NULL) {
    check_runs (image);
    gt_image_free (image);
    driver = gt_file_driver_open (path, NULL);
    if (driver != NULL) {
      vmi_instance_t vmi = gt_vmi_instance_new (driver);

      (void) gt_vmi_find_paging (vmi, NULL);
      (void) vmi_destroy (vmi);
    }
  }
  (void) close (fd);
  return 0;
}
