/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvmi's functions say of an executable in a memory image, for test_peparse.py: "NAME VALUE"
 * in hexadecimal. usage: pe-report IMAGE ADDRESS */
#include <inttypes.h>
#include <libvmi/peparse.h>
#include <stdlib.h>

static void
report (uint8_t *image)
{
  struct optional_header_pe32plus *plus = NULL;
  struct optional_header_pe32 *narrow = NULL;
  struct pe_header *pe;
  void *optional;
  uint16_t type;

  peparse_assign_headers (image, NULL, &pe, &type, &optional, &narrow, &plus);
  printf ("Magic %x\nsections %x\n", type, pe->number_of_sections);
  if (plus != NULL) {
    printf ("ImageBase %" PRIx64 "\nSizeOfImage %x\n", plus->image_base, plus->size_of_image);
  } else if (narrow != NULL) {
    printf ("ImageBase %x\nSizeOfImage %x\n", narrow->image_base, narrow->size_of_image);
  }
  for (uint32_t i = 0; i < 17; i++) {
    addr_t rva = peparse_get_idd_rva (i, NULL, NULL, narrow, plus);
    size_t size = peparse_get_idd_size (i, NULL, NULL, narrow, plus);

    if (rva != peparse_get_idd_rva (i, &type, optional, NULL, NULL) ||
        size != peparse_get_idd_size (i, &type, optional, NULL, NULL)) {
      printf ("differs %x\n", i);
    }
    printf ("directory%x %" PRIx64 "\nsize%x %zx\n", i, rva, i, size);
  }
}

int
main (int argc, char **argv)
{
  uint8_t image[1024] __attribute__ ((aligned (8)));
  struct export_table table;
  vmi_instance_t vmi;
  addr_t rva;
  size_t size;

  if (argc != 3 ||
      vmi_init (&vmi, VMI_FILE, argv[1], VMI_INIT_DOMAINNAME, NULL, NULL) != VMI_SUCCESS) {
    return 2;
  }
  ACCESS_CONTEXT (ctx, .translate_mechanism = VMI_TM_NONE, .addr = strtoull (argv[2], NULL, 16));
  if (peparse_get_image (vmi, &ctx, sizeof image, image) == VMI_SUCCESS) {
    report (image);
    if (peparse_get_export_table (vmi, &ctx, &table, &rva, &size) == VMI_SUCCESS) {
      char *name = vmi_read_str_pa (vmi, ctx.addr + table.name);

      printf ("exports %x\nat %" PRIx64 "\nname %s\n", table.number_of_names, rva, name);
      free (name);
    }
  } else {
    printf ("none\n");
  }
  vmi_destroy (vmi);
  return 0;
}
