/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of files and file systems: struct stat in its forms, statx, statfs. */
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <string.h>

#include "decode/filemode.h"
#include "decode/times.h"

#include "decode-tables.h"

#define TYPE_MASK 0170000

typedef struct {
  guint64 dev, ino, nlink, rdev, blksize, blocks;
  guint32 mode, uid, gid;
  gint64 size;
  gint64 seconds[3]; /* of the last access, change of contents, change of state */
  guint64 ns[3];
} Stat;

/* arch/x86/include/uapi/asm/stat.h */
static void
read_stat_64 (GtCursor at, Stat *stat)
{
  stat->dev = gt_cursor_unsigned (&at, 8);
  stat->ino = gt_cursor_unsigned (&at, 8);
  stat->nlink = gt_cursor_unsigned (&at, 8);
  stat->mode = (guint32) gt_cursor_unsigned (&at, 4);
  stat->uid = (guint32) gt_cursor_unsigned (&at, 4);
  stat->gid = (guint32) gt_cursor_unsigned (&at, 4);
  gt_cursor_skip (&at, 4);
  stat->rdev = gt_cursor_unsigned (&at, 8);
  stat->size = gt_cursor_signed (&at, 8);
  stat->blksize = gt_cursor_unsigned (&at, 8);
  stat->blocks = gt_cursor_unsigned (&at, 8);
  for (guint i = 0; i < 3; i++) {
    stat->seconds[i] = gt_cursor_signed (&at, 8);
    stat->ns[i] = gt_cursor_unsigned (&at, 8);
  }
}

static void
read_times_32 (GtCursor *at, Stat *stat)
{
  for (guint i = 0; i < 3; i++) {
    stat->seconds[i] = gt_cursor_signed (at, 4);
    stat->ns[i] = gt_cursor_unsigned (at, 4);
  }
}

/* struct stat of 32-bit programs */
static void
read_stat_32 (GtCursor at, Stat *stat)
{
  stat->dev = gt_cursor_unsigned (&at, 4);
  stat->ino = gt_cursor_unsigned (&at, 4);
  stat->mode = (guint32) gt_cursor_unsigned (&at, 2);
  stat->nlink = gt_cursor_unsigned (&at, 2);
  stat->uid = (guint32) gt_cursor_unsigned (&at, 2);
  stat->gid = (guint32) gt_cursor_unsigned (&at, 2);
  stat->rdev = gt_cursor_unsigned (&at, 4);
  stat->size = (gint64) gt_cursor_unsigned (&at, 4);
  stat->blksize = gt_cursor_unsigned (&at, 4);
  stat->blocks = gt_cursor_unsigned (&at, 4);
  read_times_32 (&at, stat);
}

static void
read_stat64 (GtCursor at, Stat *stat)
{
  stat->dev = gt_cursor_unsigned (&at, 8);
  gt_cursor_skip (&at, 8);
  stat->mode = (guint32) gt_cursor_unsigned (&at, 4);
  stat->nlink = gt_cursor_unsigned (&at, 4);
  stat->uid = (guint32) gt_cursor_unsigned (&at, 4);
  stat->gid = (guint32) gt_cursor_unsigned (&at, 4);
  stat->rdev = gt_cursor_unsigned (&at, 8);
  gt_cursor_skip (&at, 4);
  stat->size = gt_cursor_signed (&at, 8);
  stat->blksize = gt_cursor_unsigned (&at, 4);
  stat->blocks = gt_cursor_unsigned (&at, 8);
  read_times_32 (&at, stat);
  stat->ino = gt_cursor_unsigned (&at, 8);
}

/* struct __old_kernel_stat */
static void
read_old_stat (GtCursor at, Stat *stat)
{
  stat->dev = gt_cursor_unsigned (&at, 2);
  stat->ino = gt_cursor_unsigned (&at, 2);
  stat->mode = (guint32) gt_cursor_unsigned (&at, 2);
  stat->nlink = gt_cursor_unsigned (&at, 2);
  stat->uid = (guint32) gt_cursor_unsigned (&at, 2);
  stat->gid = (guint32) gt_cursor_unsigned (&at, 2);
  stat->rdev = gt_cursor_unsigned (&at, 2);
  gt_cursor_skip (&at, 2);
  stat->size = (gint64) gt_cursor_unsigned (&at, 4);
  for (guint i = 0; i < 3; i++) {
    stat->seconds[i] = gt_cursor_signed (&at, 4);
  }
}

static void
print_number (GtPrinter *printer, const char *name, guint64 value)
{
  gt_print_member (printer, name);
  gt_print_unsigned (printer, value);
}

static void
print_size_or_device (GtPrinter *printer, const Stat *stat)
{
  guint32 type = stat->mode & TYPE_MASK;

  if (type == 0020000 || type == 0060000) {
    gt_print_member (printer, "st_rdev");
    gt_print_device (printer, stat->rdev);
  } else {
    gt_print_member (printer, "st_size");
    gt_print_signed (printer, stat->size);
  }
}

static void
print_stat_times (GtPrinter *printer, const Stat *stat)
{
  static const char *const names[] = { "st_atime", "st_mtime", "st_ctime" };
  static const char *const ns_names[] = { "st_atime_nsec", "st_mtime_nsec", "st_ctime_nsec" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    gt_print_member (printer, names[i]);
    gt_print_signed (printer, stat->seconds[i]);
    gt_print_date (printer, stat->seconds[i], stat->ns[i], 9);
    if (stat->ns[i] != 0) {
      print_number (printer, ns_names[i], stat->ns[i]);
    }
  }
}

static void
print_whole_stat (GtPrinter *printer, const Stat *stat)
{
  gt_print_text (printer, "{");
  if (printer->options->verbose) {
    gt_print_member (printer, "st_dev");
    gt_print_device (printer, stat->dev);
    print_number (printer, "st_ino", stat->ino);
  }
  gt_print_member (printer, "st_mode");
  gt_print_file_mode (printer, stat->mode);
  if (printer->options->verbose) {
    print_number (printer, "st_nlink", stat->nlink);
    print_number (printer, "st_uid", stat->uid);
    print_number (printer, "st_gid", stat->gid);
    print_number (printer, "st_blksize", stat->blksize);
    print_number (printer, "st_blocks", stat->blocks);
  }
  print_size_or_device (printer, stat);
  if (printer->options->verbose) {
    print_stat_times (printer, stat);
    gt_print_text (printer, "}");
  } else {
    gt_print_text (printer, ", ...}");
  }
}

static void
print_form (GtPrinter *printer, guint64 address, gsize size, void (*read) (GtCursor, Stat *))
{
  GtCursor cursor = { gt_printer_memory (printer, address, size), printer->is_32 };
  Stat stat = { 0 };

  if (cursor.at == NULL) {
    gt_print_pointer (printer, address);
    return;
  }
  read (cursor, &stat);
  print_whole_stat (printer, &stat);
}

static void
print_stat (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  if (printer->is_32) {
    print_form (printer, value, 64, read_stat_32);
  } else {
    print_form (printer, value, 144, read_stat_64);
  }
}
GT_KIND_STRUCT (stat, 144, 64);

static void
print_stat64 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_form (printer, value, 96, read_stat64);
}
GT_KIND_STRUCT (stat64, 96, 96);

static void
print_old_stat (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_form (printer, value, 32, read_old_stat);
}
GT_KIND_STRUCT (old_stat, 32, 32);

/* ---- statx ---- */

static void
print_statx_time (GtPrinter *printer, const char *name, const struct statx_timestamp *time)
{
  gt_print_member (printer, name);
  gt_print_printf (printer, "{tv_sec=%" G_GINT64_FORMAT ", tv_nsec=%u}", (gint64) time->tv_sec,
                   time->tv_nsec);
  gt_print_date (printer, time->tv_sec, time->tv_nsec, 9);
}

static void
print_statx_times (GtPrinter *printer, const struct statx *statx)
{
  if (statx->stx_mask & STATX_ATIME) {
    print_statx_time (printer, "stx_atime", &statx->stx_atime);
  }
  if (statx->stx_mask & STATX_BTIME) {
    print_statx_time (printer, "stx_btime", &statx->stx_btime);
  }
  if (statx->stx_mask & STATX_CTIME) {
    print_statx_time (printer, "stx_ctime", &statx->stx_ctime);
  }
  if (statx->stx_mask & STATX_MTIME) {
    print_statx_time (printer, "stx_mtime", &statx->stx_mtime);
  }
}

static void
print_statx_devices (GtPrinter *printer, const struct statx *statx)
{
  print_number (printer, "stx_rdev_major", statx->stx_rdev_major);
  print_number (printer, "stx_rdev_minor", statx->stx_rdev_minor);
  print_number (printer, "stx_dev_major", statx->stx_dev_major);
  print_number (printer, "stx_dev_minor", statx->stx_dev_minor);
  if (statx->stx_mask & STATX_MNT_ID) {
    gt_print_member (printer, "stx_mnt_id");
    gt_print_hex (printer, statx->stx_mnt_id);
  }
}

static void
print_statx (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  gboolean verbose = printer->options->verbose;
  struct statx statx;

  if (!gt_printer_fetch (printer, value, &statx, sizeof statx)) {
    gt_print_pointer (printer, value);
    return;
  }
  gt_print_text (printer, "{");
  gt_print_member (printer, "stx_mask");
  gt_print_flags (printer, &gt_names_statx_mask, statx.stx_mask);
  if (verbose) {
    print_number (printer, "stx_blksize", statx.stx_blksize);
  }
  gt_print_member (printer, "stx_attributes");
  gt_print_flags (printer, &gt_names_statx_attributes, statx.stx_attributes);
  if (verbose) {
    print_number (printer, "stx_nlink", statx.stx_nlink);
    print_number (printer, "stx_uid", statx.stx_uid);
    print_number (printer, "stx_gid", statx.stx_gid);
  }
  gt_print_member (printer, "stx_mode");
  gt_print_file_mode (printer, statx.stx_mode);
  if (verbose) {
    print_number (printer, "stx_ino", statx.stx_ino);
  }
  print_number (printer, "stx_size", statx.stx_size);
  if (!verbose) {
    gt_print_text (printer, ", ...}");
    return;
  }
  print_number (printer, "stx_blocks", statx.stx_blocks);
  gt_print_member (printer, "stx_attributes_mask");
  gt_print_flags (printer, &gt_names_statx_attributes, statx.stx_attributes_mask);
  print_statx_times (printer, &statx);
  print_statx_devices (printer, &statx);
  gt_print_text (printer, "}");
}
GT_KIND_STRUCT (statx, sizeof (struct statx), sizeof (struct statx));

/* How the kernel is to synchronize with a server is an enumeration among flags. */
static void
print_statx_flags (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  guint32 sync = (guint32) value & AT_STATX_SYNC_TYPE;
  guint32 rest = (guint32) value & ~(guint32) AT_STATX_SYNC_TYPE;

  gt_print_enum (printer, &gt_names_statx_sync, sync);
  if (rest != 0) {
    gt_print_text (printer, "|");
    gt_print_flags (printer, &gt_names_at_flags, rest);
  }
}
GT_KIND_VALUE (statx_flags);

/* ---- statfs ---- */

typedef struct {
  guint64 type, bsize, blocks, bfree, bavail, files, ffree, namelen, frsize, flags;
  guint32 fsid[2];
} Statfs;

/* @wide: the size of what is long enough in struct statfs64 of 32-bit programs, too. */
static void
read_statfs (GtCursor at, gsize wide, Statfs *statfs)
{
  gsize word = at.is_32 ? 4 : 8;

  statfs->type = gt_cursor_unsigned (&at, word);
  statfs->bsize = gt_cursor_unsigned (&at, word);
  statfs->blocks = gt_cursor_unsigned (&at, wide);
  statfs->bfree = gt_cursor_unsigned (&at, wide);
  statfs->bavail = gt_cursor_unsigned (&at, wide);
  statfs->files = gt_cursor_unsigned (&at, wide);
  statfs->ffree = gt_cursor_unsigned (&at, wide);
  statfs->fsid[0] = (guint32) gt_cursor_unsigned (&at, 4);
  statfs->fsid[1] = (guint32) gt_cursor_unsigned (&at, 4);
  statfs->namelen = gt_cursor_unsigned (&at, word);
  statfs->frsize = gt_cursor_unsigned (&at, word);
  statfs->flags = gt_cursor_unsigned (&at, word);
}

static void
print_statfs_form (GtPrinter *printer, guint64 address, gsize size, gsize wide)
{
  GtCursor cursor = { gt_printer_memory (printer, address, size), printer->is_32 };
  Statfs statfs;

  if (cursor.at == NULL) {
    gt_print_pointer (printer, address);
    return;
  }
  read_statfs (cursor, wide, &statfs);
  gt_print_text (printer, "{");
  gt_print_member (printer, "f_type");
  gt_print_enum (printer, &gt_names_fs_types, statfs.type);
  print_number (printer, "f_bsize", statfs.bsize);
  print_number (printer, "f_blocks", statfs.blocks);
  print_number (printer, "f_bfree", statfs.bfree);
  print_number (printer, "f_bavail", statfs.bavail);
  print_number (printer, "f_files", statfs.files);
  print_number (printer, "f_ffree", statfs.ffree);
  gt_print_member (printer, "f_fsid");
  gt_print_text (printer, "{val=[");
  gt_print_hex (printer, statfs.fsid[0]);
  gt_print_text (printer, ", ");
  gt_print_hex (printer, statfs.fsid[1]);
  gt_print_text (printer, "]}");
  print_number (printer, "f_namelen", statfs.namelen);
  print_number (printer, "f_frsize", statfs.frsize);
  gt_print_member (printer, "f_flags");
  gt_print_flags (printer, &gt_names_statfs_flags, statfs.flags);
  gt_print_text (printer, "}");
}

static void
print_statfs (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_statfs_form (printer, value, printer->is_32 ? 64 : 120, printer->is_32 ? 4 : 8);
}
GT_KIND_STRUCT (statfs, 120, 64);

static void
print_statfs64 (GtPrinter *printer, const GtArgSpec *spec, guint64 value)
{
  print_statfs_form (printer, value, 84, 8);
}
GT_KIND_STRUCT (statfs64, 84, 84);
