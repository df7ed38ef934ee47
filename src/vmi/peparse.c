/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The headers of Windows' executables in guest memory (Microsoft's PE Format). */
#include <libvmi/peparse.h>

#include <glib.h>

/* The headers of whatever Windows runs lie in the first page. */
#define HEADER_BYTES 1024

static guint16
magic_of (const void *optional_header)
{
  guint16 magic;

  memcpy (&magic, optional_header, sizeof magic);
  return GUINT16_FROM_LE (magic);
}

static gsize
optional_size (guint16 magic)
{
  switch (magic) {
  case IMAGE_PE32_MAGIC:
    return sizeof (struct optional_header_pe32);
  case IMAGE_PE32_PLUS_MAGIC:
    return sizeof (struct optional_header_pe32plus);
  default:
    return 0;
  }
}

status_t
peparse_validate_pe_image (const uint8_t *const image, size_t len)
{
  struct dos_header dos;
  struct pe_header pe;
  gsize at, size;

  if (image == NULL || len < sizeof dos) {
    return VMI_FAILURE;
  }
  memcpy (&dos, image, sizeof dos);
  at = dos.offset_to_pe;
  if (dos.signature != IMAGE_DOS_HEADER || at > len || len - at < sizeof pe + sizeof (guint16)) {
    return VMI_FAILURE;
  }
  memcpy (&pe, image + at, sizeof pe);
  size = optional_size (magic_of (image + at + sizeof pe));
  return pe.signature == IMAGE_NT_SIGNATURE && size != 0 && len - at - sizeof pe >= size
             ? VMI_SUCCESS
             : VMI_FAILURE;
}

status_t
peparse_get_image (vmi_instance_t vmi, const access_context_t *ctx, size_t len, uint8_t *image)
{
  if (image == NULL || vmi_read (vmi, ctx, len, image, NULL) != VMI_SUCCESS) {
    return VMI_FAILURE;
  }
  return peparse_validate_pe_image (image, len);
}

void
peparse_assign_headers (const uint8_t *const image, struct dos_header **dos_header,
                        struct pe_header **pe_header, uint16_t *optional_header_type,
                        void **optional_pe_header, struct optional_header_pe32 **oh_pe32,
                        struct optional_header_pe32plus **oh_pe32plus)
{
  /* The interface hands out what it was given as constant. */
  struct dos_header *dos = (struct dos_header *) (gpointer) image;
  struct pe_header *pe = (gpointer) ((guint8 *) dos + dos->offset_to_pe);
  gpointer optional = pe + 1;
  guint16 magic = magic_of (optional);

  if (dos_header != NULL) {
    *dos_header = dos;
  }
  if (pe_header != NULL) {
    *pe_header = pe;
  }
  if (optional_header_type != NULL) {
    *optional_header_type = magic;
  }
  if (optional_pe_header != NULL) {
    *optional_pe_header = optional;
  }
  if (oh_pe32 != NULL && magic == IMAGE_PE32_MAGIC) {
    *oh_pe32 = optional;
  }
  if (oh_pe32plus != NULL && magic == IMAGE_PE32_PLUS_MAGIC) {
    *oh_pe32plus = optional;
  }
}

/* An entry of the data directory, all 0 when there is none. */
static struct image_data_directory
entry_of (uint32_t id, const uint16_t *type, const void *optional,
          const struct optional_header_pe32 *pe32, const struct optional_header_pe32plus *pe32plus)
{
  const struct image_data_directory none = { 0 };

  if (type != NULL) {
    pe32 = *type == IMAGE_PE32_MAGIC ? optional : NULL;
    pe32plus = *type == IMAGE_PE32_PLUS_MAGIC ? optional : NULL;
  }
  if (pe32 != NULL) {
    return id < MIN (pe32->number_of_rva_and_sizes, G_N_ELEMENTS (pe32->idd)) ? pe32->idd[id]
                                                                              : none;
  }
  if (pe32plus != NULL) {
    return id < MIN (pe32plus->number_of_rva_and_sizes, G_N_ELEMENTS (pe32plus->idd))
               ? pe32plus->idd[id]
               : none;
  }
  return none;
}

addr_t
peparse_get_idd_rva (uint32_t entry_id, uint16_t *optional_header_type, void *optional_header,
                     struct optional_header_pe32 *oh_pe32,
                     struct optional_header_pe32plus *oh_pe32plus)
{
  return entry_of (entry_id, optional_header_type, optional_header, oh_pe32, oh_pe32plus)
      .virtual_address;
}

size_t
peparse_get_idd_size (uint32_t entry_id, uint16_t *optional_header_type, void *optional_header,
                      struct optional_header_pe32 *oh_pe32,
                      struct optional_header_pe32plus *oh_pe32plus)
{
  return entry_of (entry_id, optional_header_type, optional_header, oh_pe32, oh_pe32plus).size;
}

status_t
peparse_get_export_table (vmi_instance_t vmi, const access_context_t *ctx, struct export_table *et,
                          addr_t *export_table_rva, size_t *export_table_size)
{
  guint8 image[HEADER_BYTES];
  access_context_t table;
  gpointer optional;
  guint16 magic;
  addr_t rva;

  if (et == NULL || peparse_get_image (vmi, ctx, sizeof image, image) != VMI_SUCCESS) {
    return VMI_FAILURE;
  }
  peparse_assign_headers (image, NULL, NULL, &magic, &optional, NULL, NULL);
  rva = peparse_get_idd_rva (IMAGE_DIRECTORY_ENTRY_EXPORT, &magic, optional, NULL, NULL);
  if (rva == 0) {
    return VMI_FAILURE;
  }
  if (export_table_rva != NULL) {
    *export_table_rva = rva;
  }
  if (export_table_size != NULL) {
    *export_table_size =
        peparse_get_idd_size (IMAGE_DIRECTORY_ENTRY_EXPORT, &magic, optional, NULL, NULL);
  }
  table = *ctx;
  table.addr += rva;
  return vmi_read (vmi, &table, sizeof *et, et, NULL);
}
