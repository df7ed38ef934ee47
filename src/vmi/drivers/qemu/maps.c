/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading /proc/PID/maps and reaching the files behind it. */
#include "vmi/drivers/qemu/maps.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static gboolean
continues (const GtProcMap *a, const GtProcMap *b)
{
  return a->end == b->start && a->shared && b->shared && a->inode != 0 && a->inode == b->inode &&
         a->dev == b->dev && a->offset + (a->end - a->start) == b->offset;
}

GArray *
gt_proc_maps_parse (const char *text)
{
  GArray *maps = g_array_new (FALSE, TRUE, sizeof (GtProcMap));

  for (const char *line = text; line && *line;) {
    GtProcMap map = { 0 };
    unsigned long long start, end, offset, inode;
    unsigned major_number, minor_number;
    char flags[5] = "";
    const char *next = strchr (line, '\n');

    if (sscanf (line, "%llx-%llx %4s %llx %x:%x %llu", &start, &end, flags, &offset, &major_number,
                &minor_number, &inode) == 7) {
      GtProcMap *last = maps->len ? &g_array_index (maps, GtProcMap, maps->len - 1) : NULL;

      map.start = start;
      map.end = end;
      map.offset = offset;
      map.dev = makedev (major_number, minor_number);
      map.inode = inode;
      map.shared = flags[3] == 's';
      if (last && continues (last, &map)) {
        last->end = map.end;
      } else {
        g_array_append_val (maps, map);
      }
    }
    line = next ? next + 1 : NULL;
  }
  return maps;
}

const GtProcMap *
gt_proc_maps_find (const GArray *maps, guint64 address)
{
  for (guint i = 0; i < maps->len; i++) {
    const GtProcMap *map = &g_array_index (maps, GtProcMap, i);

    if (address >= map->start && address < map->end) {
      return map;
    }
  }
  return NULL;
}

static int
open_if_same (const char *path, const GtProcMap *map)
{
  struct stat st;
  int fd;

  /* Looked at before it is opened: opening a pipe or a device has effects. */
  if (stat (path, &st) < 0 || !S_ISREG (st.st_mode) || st.st_ino != map->inode ||
      st.st_dev != map->dev) {
    return -1;
  }
  fd = open (path, O_RDWR | O_CLOEXEC);
  if (fd >= 0 && (fstat (fd, &st) < 0 || st.st_ino != map->inode || st.st_dev != map->dev)) {
    close (fd);
    return -1;
  }
  return fd;
}

int
gt_proc_map_open (GPid pid, const GtProcMap *map)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%d/fd", (int) pid);
  g_autoptr (GDir) dir = NULL;
  g_autofree char *by_address = NULL;
  const char *entry;
  int fd = -1;

  if (!map->shared || map->inode == 0) {
    return -1;
  }
  dir = g_dir_open (folder, 0, NULL);
  while (fd < 0 && dir && (entry = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (folder, entry, NULL);

    fd = open_if_same (path, map);
  }
  if (fd < 0) {
    /* QEMU closed its descriptor; the kernel still lets privileged users in. */
    by_address =
        g_strdup_printf ("/proc/%d/map_files/%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x",
                         (int) pid, map->start, map->end);
    fd = open_if_same (by_address, map);
  }
  return fd;
}
