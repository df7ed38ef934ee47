/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands of ioctl give loop devices. */
#include <linux/loop.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "decode-tables.h"
#include "decode/ioctl.h"

enum {
  INFO_64 = 168, /* struct loop_info */
  INFO_32 = 140,
  INFO64 = sizeof (struct loop_info64),
  CONFIG = sizeof (struct loop_config),
  CONFIG_INFO = 8, /* where struct loop_info64 stands in it */
};

static void
print_device (GtPrinter *printer, const char *name, guint64 device)
{
  gt_print_member (printer, name);
  gt_print_text (printer, "makedev(");
  gt_text_hex (printer->out, major (device));
  gt_print_text (printer, ", ");
  gt_text_hex (printer->out, minor (device));
  gt_print_text (printer, ")");
}

static void
print_key (GtPrinter *printer, const guint8 *key, guint32 size)
{
  gt_print_member (printer, "lo_encrypt_key");
  gt_print_bytes (printer, key, MIN (size, LO_KEY_SIZE));
}

static void
print_init (GtPrinter *printer, GtCursor *cursor, gsize size)
{
  gt_print_member (printer, "lo_init");
  gt_print_text (printer, "[");
  gt_text_hex (printer->out, gt_cursor_unsigned (cursor, size));
  gt_print_text (printer, ", ");
  gt_text_hex (printer->out, gt_cursor_unsigned (cursor, size));
  gt_print_text (printer, "]");
}

/* What only matters with encryption is left out without it. */
static gboolean
print_encryption (GtPrinter *printer, guint32 type, guint32 key_size)
{
  gboolean shown = printer->options->verbose || type != 0;

  if (shown) {
    gt_print_member (printer, "lo_encrypt_type");
    gt_print_enum (printer, &gt_names_loop_crypt, type);
    gt_print_member (printer, "lo_encrypt_key_size");
    gt_text_unsigned (printer->out, key_size);
  }
  return shown;
}

/* The first structure, with words of the program's size. */
static void
print_info (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  gsize word = cursor.is_32 ? 4 : 8, device_size = cursor.is_32 ? 2 : 8;
  gboolean verbose = printer->options->verbose, encrypted;
  guint64 device, inode, rdevice, offset;
  guint32 type, key_size;

  gt_print_text (printer, "{");
  gt_member_signed (printer, "lo_number", &cursor, 4);
  gt_cursor_skip (&cursor, cursor.is_32 ? 0 : 4);
  device = gt_cursor_unsigned (&cursor, device_size);
  gt_cursor_skip (&cursor, cursor.is_32 ? 2 : 0);
  inode = gt_cursor_unsigned (&cursor, word);
  rdevice = gt_cursor_unsigned (&cursor, device_size);
  gt_cursor_skip (&cursor, cursor.is_32 ? 2 : 0);
  offset = gt_cursor_unsigned (&cursor, 4);
  type = (guint32) gt_cursor_unsigned (&cursor, 4);
  key_size = (guint32) gt_cursor_unsigned (&cursor, 4);
  if (verbose) {
    print_device (printer, "lo_device", device);
    gt_print_member (printer, "lo_inode");
    gt_text_unsigned (printer->out, inode);
    print_device (printer, "lo_rdevice", rdevice);
  }
  gt_print_member (printer, "lo_offset");
  gt_text_hex (printer->out, offset);
  encrypted = print_encryption (printer, type, key_size);
  gt_member_flags (printer, "lo_flags", &cursor, 4, &gt_names_loop_flags);
  gt_print_member (printer, "lo_name");
  gt_ioctl_string (printer, cursor.at, LO_NAME_SIZE);
  gt_cursor_skip (&cursor, LO_NAME_SIZE);
  if (encrypted) {
    print_key (printer, cursor.at, key_size);
  }
  gt_cursor_skip (&cursor, LO_KEY_SIZE);
  if (verbose) {
    print_init (printer, &cursor, word);
    gt_print_member (printer, "reserved");
    for (guint i = 0; i < 4; i++) {
      gt_print_text (printer, i > 0 ? ", " : "[");
      gt_text_hex (printer->out, gt_cursor_unsigned (&cursor, 1));
    }
    gt_print_text (printer, "]");
  } else {
    gt_print_text (printer, ", ...");
  }
  gt_print_text (printer, "}");
}

/* Behind the encryption of the structure that is the same for all programs. */
static void
print_info64_names (GtPrinter *printer, const struct loop_info64 *info, gboolean encrypted)
{
  gt_print_member (printer, "lo_flags");
  gt_print_flags (printer, &gt_names_loop_flags, info->lo_flags);
  gt_print_member (printer, "lo_file_name");
  gt_ioctl_string (printer, info->lo_file_name, LO_NAME_SIZE);
  if (encrypted) {
    gt_print_member (printer, "lo_crypt_name");
    gt_ioctl_string (printer, info->lo_crypt_name, LO_NAME_SIZE);
    print_key (printer, info->lo_encrypt_key, info->lo_encrypt_key_size);
  }
}

static void
print_info64 (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  struct loop_info64 info;
  gboolean verbose = printer->options->verbose;

  memcpy (&info, cursor.at, sizeof info);
  gt_print_text (printer, "{");
  if (verbose) {
    print_device (printer, "lo_device", info.lo_device);
    gt_print_member (printer, "lo_inode");
    gt_text_unsigned (printer->out, info.lo_inode);
    print_device (printer, "lo_rdevice", info.lo_rdevice);
  }
  gt_print_member (printer, "lo_offset");
  gt_text_hex (printer->out, info.lo_offset);
  if (verbose) {
    gt_print_member (printer, "lo_sizelimit");
    gt_text_unsigned (printer->out, info.lo_sizelimit);
  }
  gt_print_member (printer, "lo_number");
  gt_text_unsigned (printer->out, info.lo_number);
  print_info64_names (printer, &info,
                      print_encryption (printer, info.lo_encrypt_type, info.lo_encrypt_key_size));
  if (verbose) {
    GtCursor init = { cursor.at + G_STRUCT_OFFSET (struct loop_info64, lo_init), cursor.is_32 };

    print_init (printer, &init, 8);
  } else {
    gt_print_text (printer, ", ...");
  }
  gt_print_text (printer, "}");
}

/* A file, and all that a loop device can be told of it at once. */
static void
print_config (GtPrinter *printer, const GtIoctl *command, GtCursor cursor)
{
  static const guint8 zeros[CONFIG - CONFIG_INFO - INFO64];
  const guint8 *reserved = cursor.at + CONFIG_INFO + INFO64;

  gt_print_text (printer, "{");
  gt_print_member (printer, "fd");
  gt_print_fd (printer, (gint32) gt_cursor_signed (&cursor, 4));
  gt_member_unsigned (printer, "block_size", &cursor, 4);
  gt_print_member (printer, "info");
  print_info64 (printer, command, cursor);
  if (memcmp (reserved, zeros, sizeof zeros) != 0) {
    cursor.at = reserved;
    gt_print_member (printer, "__reserved");
    for (guint i = 0; i < sizeof zeros / 8; i++) {
      gt_print_text (printer, i > 0 ? ", " : "[");
      gt_text_hex (printer->out, gt_cursor_unsigned (&cursor, 8));
    }
    gt_print_text (printer, "]");
  }
  gt_print_text (printer, "}");
}

static void
print_file (GtPrinter *printer, const GtIoctl *command, guint64 value)
{
  gt_print_fd (printer, (gint32) value);
}

static const GtIoctl rows[] = {
  GT_IOCTL_ROW_OUT (LOOP_GET_STATUS64, INFO64, INFO64, print_info64, NULL),
  GT_IOCTL_ROW_IN (LOOP_SET_STATUS64, INFO64, INFO64, print_info64, NULL),
  GT_IOCTL_ROW_OUT (LOOP_GET_STATUS, INFO_64, INFO_32, print_info, NULL),
  GT_IOCTL_ROW_IN (LOOP_SET_STATUS, INFO_64, INFO_32, print_info, NULL),
  GT_IOCTL_ROW_IN (LOOP_CONFIGURE, CONFIG, CONFIG, print_config, NULL),
  GT_IOCTL_ROW_VALUE (LOOP_SET_FD, print_file, NULL),
  GT_IOCTL_ROW_VALUE (LOOP_CHANGE_FD, print_file, NULL),
};
const GtIoctlTable gt_ioctls_loop = { rows, G_N_ELEMENTS (rows) };
