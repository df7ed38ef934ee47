/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest memory by mapping, by process_vm_readv(2) and by /proc/PID/mem; nothing changes after
 * opening. */
#include "vmi/drivers/qemu/ram.h"

#include <errno.h>
#include <fcntl.h>
#include <guestrace/gt-error.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vmi/drivers/qemu/maps.h"

#define PAGE 4096u
/* Pieces of one system call. */
#define BATCH 64
/* Shorter holes are not worth telling. */
#define MIN_HOLE    (256u << 10)
#define TOUCH_LEAST (16u << 10) /* the kernel maps the pages around one, too */
#define TOUCHED_MAX (4u << 20)

/* A shared mapping of the process, mapped here as well. */
typedef struct {
  GtProcMap map;
  guint8 *here;
  int fd;
} Block;

typedef struct {
  guint8 *here; /* NULL: copy */
  int fd;       /* of the file behind it, with @here */
  guint64 offset;
} Backing;

struct GtQemuRam {
  GPid pid;
  int pid_fd;
  int pagemap_fd;
  int mem_fd;
  GArray *ranges;    /* GtQemuRange */
  Backing *backings; /* one a range */
  GArray *blocks;    /* Block */
  gsize touched;     /* atomic: what was read and written in the blocks since they were forgotten */
};

typedef struct {
  struct iovec local[BATCH];
  struct iovec remote[BATCH];
  gsize n;
  gsize bytes;
} Batch;

static void
block_clear (gpointer data)
{
  Block *block = data;

  munmap (block->here, block->map.end - block->map.start);
  close (block->fd);
}

static const Block *
get_block (GtQemuRam *ram, const GtProcMap *map)
{
  Block block = { *map, NULL, -1 };
  void *here;

  for (guint i = 0; i < ram->blocks->len; i++) {
    const Block *known = &g_array_index (ram->blocks, Block, i);

    if (known->map.start == map->start) {
      return known;
    }
  }
  block.fd = gt_proc_map_open (ram->pid, map);
  if (block.fd < 0) {
    return NULL;
  }
  here = mmap (NULL, map->end - map->start, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
               block.fd, (off_t) map->offset);
  if (here == MAP_FAILED) {
    close (block.fd);
    return NULL;
  }
  block.here = here;
  g_array_append_val (ram->blocks, block);
  return &g_array_index (ram->blocks, Block, ram->blocks->len - 1);
}

static void
map_ranges (GtQemuRam *ram)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/maps", (int) ram->pid);
  g_autofree char *text = NULL;
  g_autoptr (GArray) maps = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL)) {
    return;
  }
  maps = gt_proc_maps_parse (text);
  for (guint i = 0; i < ram->ranges->len; i++) {
    const GtQemuRange *range = &g_array_index (ram->ranges, GtQemuRange, i);
    const GtProcMap *map = gt_proc_maps_find (maps, range->hva);
    const Block *block;

    if (!map || !map->shared || range->end - range->start > map->end - range->hva) {
      continue;
    }
    block = get_block (ram, map);
    if (block) {
      ram->backings[i].here = block->here + (range->hva - map->start);
      ram->backings[i].fd = block->fd;
      ram->backings[i].offset = map->offset + (range->hva - map->start);
    }
  }
}

static gboolean
set_denied (const GtQemuProcess *process, int err, GError **error)
{
  g_autofree char *owner = gt_qemu_process_owner (process);
  g_autofree char *name =
      process->name ? g_strdup (process->name) : g_strdup_printf ("qemu:%d", (int) process->pid);

  if (err == ESRCH) {
    g_set_error (error, GT_ERROR, GT_ERROR_GUEST_GONE, "the guest \"%s\" has just ended", name);
  } else if (err != EPERM && err != EACCES) {
    g_set_error (error, GT_ERROR, GT_ERROR_FAILED, "cannot read the memory of guest \"%s\": %s",
                 name, g_strerror (err));
  } else if (process->uid != geteuid ()) {
    g_set_error (error, GT_ERROR, GT_ERROR_PERMISSION,
                 "the guest \"%s\" belongs to %s; run as that user or with sudo", name, owner);
  } else {
    g_set_error (error, GT_ERROR, GT_ERROR_PERMISSION,
                 "the kernel does not let this user into the memory of guest \"%s\"; run with "
                 "sudo, or set kernel.yama.ptrace_scope to 0, or start the guest with shared RAM "
                 "(memory-backend-memfd,share=on)",
                 name);
  }
  return FALSE;
}

/* One byte of RAM that is not mapped here tells for all of it. */
static gboolean
check_access (GtQemuRam *ram, const GtQemuProcess *process, GError **error)
{
  const GtQemuRange *probe = NULL;
  guint8 byte;
  struct iovec local = { &byte, 1 }, remote = { NULL, 1 };

  for (guint i = 0; i < ram->ranges->len; i++) {
    const GtQemuRange *range = &g_array_index (ram->ranges, GtQemuRange, i);

    if (range->hva == 0) {
      g_set_error (error, GT_ERROR, GT_ERROR_FAILED,
                   "QEMU does not say where it keeps the guest's RAM at 0x%" G_GINT64_MODIFIER "x",
                   range->start);
      return FALSE;
    }
    if (range->ram && !ram->backings[i].here) {
      probe = range;
    }
  }
  if (!probe) {
    return TRUE;
  }
  remote.iov_base = GSIZE_TO_POINTER (probe->hva);
  if (process_vm_readv (ram->pid, &local, 1, &remote, 1, 0) != 1) {
    return set_denied (process, errno, error);
  }
  return TRUE;
}

/* Firmware that QEMU does not tell the place of is done without. */
static void
drop_unknown (GArray *ranges)
{
  for (guint i = ranges->len; i > 0; i--) {
    const GtQemuRange *range = &g_array_index (ranges, GtQemuRange, i - 1);

    if (range->hva == 0 && !range->ram) {
      g_array_remove_index (ranges, i - 1);
    }
  }
}

GtQemuRam *
gt_qemu_ram_open (const GtQemuProcess *process, GArray *ranges, GError **error)
{
  g_autoptr (GtQemuRam) ram = g_new0 (GtQemuRam, 1);
  g_autofree char *pagemap = g_strdup_printf ("/proc/%d/pagemap", (int) process->pid);
  g_autofree char *mem = g_strdup_printf ("/proc/%d/mem", (int) process->pid);

  drop_unknown (ranges);
  ram->pid = process->pid;
  ram->ranges = ranges;
  ram->backings = g_new0 (Backing, ranges->len);
  ram->blocks = g_array_new (FALSE, TRUE, sizeof (Block));
  g_array_set_clear_func (ram->blocks, block_clear);
  ram->pid_fd = (int) syscall (SYS_pidfd_open, process->pid, 0);
  ram->pagemap_fd = open (pagemap, O_RDONLY | O_CLOEXEC);
  ram->mem_fd = open (mem, O_RDWR | O_CLOEXEC);
  map_ranges (ram);
  if (!check_access (ram, process, error)) {
    return NULL;
  }
  return g_steal_pointer (&ram);
}

void
gt_qemu_ram_free (GtQemuRam *ram)
{
  if (!ram) {
    return;
  }
  g_array_unref (ram->blocks);
  g_array_unref (ram->ranges);
  g_free (ram->backings);
  if (ram->pid_fd >= 0) {
    close (ram->pid_fd);
  }
  if (ram->pagemap_fd >= 0) {
    close (ram->pagemap_fd);
  }
  if (ram->mem_fd >= 0) {
    close (ram->mem_fd);
  }
  g_free (ram);
}

gboolean
gt_qemu_ram_alive (GtQemuRam *ram)
{
  struct pollfd pfd = { .fd = ram->pid_fd, .events = POLLIN };

  if (ram->pid_fd < 0) {
    return kill (ram->pid, 0) == 0 || errno == EPERM;
  }
  return poll (&pfd, 1, 0) <= 0;
}

/* The range that holds @pa and how much of @len it holds. */
static gboolean
locate (GtQemuRam *ram, addr_t pa, gsize len, guint *ret_index, gsize *ret_part)
{
  const GtQemuRange *range = gt_qemu_physmap_at (ram->ranges, pa);

  if (!range || range->start > pa) {
    return FALSE;
  }
  *ret_index = (guint) (range - &g_array_index (ram->ranges, GtQemuRange, 0));
  *ret_part = (gsize) MIN ((guint64) len, range->end - pa);
  return TRUE;
}

static gboolean
all_memory (GtQemuRam *ram, const GtPaVec *vec, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    addr_t pa = vec[i].pa;
    gsize left = vec[i].len, part;
    guint index;

    for (; left > 0; pa += part, left -= part) {
      if (!locate (ram, pa, left, &index, &part)) {
        return FALSE;
      }
    }
  }
  return TRUE;
}

/* The guest may look at the same bytes meanwhile: a number must arrive whole. */
static void
copy (void *to, const void *from, gsize len)
{
  if (((guintptr) to | (guintptr) from) % len != 0) {
    memcpy (to, from, len);
  } else if (len == 8) {
    *(volatile guint64 *) to = *(const volatile guint64 *) from;
  } else if (len == 4) {
    *(volatile guint32 *) to = *(const volatile guint32 *) from;
  } else if (len == 2) {
    *(volatile guint16 *) to = *(const volatile guint16 *) from;
  } else {
    memcpy (to, from, len);
  }
}

static ssize_t
write_batch (GtQemuRam *ram, const Batch *batch)
{
  if (batch->n == 1 && ram->mem_fd >= 0) {
    /* The file stays that process's: this needs no look at whether it lives. */
    return pwrite (ram->mem_fd, batch->local[0].iov_base, batch->bytes,
                   (off_t) GPOINTER_TO_SIZE (batch->remote[0].iov_base));
  }
  /* Another process may have the number by now. */
  return gt_qemu_ram_alive (ram)
             ? process_vm_writev (ram->pid, batch->local, batch->n, batch->remote, batch->n, 0)
             : -1;
}

static gboolean
flush (GtQemuRam *ram, Batch *batch, gboolean write)
{
  ssize_t done;

  if (batch->n == 0) {
    return TRUE;
  }
  done = write ? write_batch (ram, batch)
               : process_vm_readv (ram->pid, batch->local, batch->n, batch->remote, batch->n, 0);
  if (done < 0 || (gsize) done != batch->bytes) {
    return FALSE;
  }
  batch->n = 0;
  batch->bytes = 0;
  return TRUE;
}

/* What is touched of a mapping counts as this process's memory, though it is the guest's. */
static void
forget_now_and_then (GtQemuRam *ram, gsize touched)
{
  if (__atomic_add_fetch (&ram->touched, MAX (touched, TOUCH_LEAST), __ATOMIC_RELAXED) <
      TOUCHED_MAX) {
    return;
  }
  __atomic_store_n (&ram->touched, 0, __ATOMIC_RELAXED);
  for (guint i = 0; i < ram->blocks->len; i++) {
    const Block *block = &g_array_index (ram->blocks, Block, i);

    (void) madvise (block->here, block->map.end - block->map.start, MADV_DONTNEED);
  }
}

static gboolean
transfer_piece (GtQemuRam *ram, Batch *batch, addr_t pa, guint8 *buf, gsize len, gboolean write)
{
  for (gsize part; len > 0; pa += part, buf += part, len -= part) {
    const GtQemuRange *range;
    guint index;
    guint8 *here;

    if (!locate (ram, pa, len, &index, &part)) {
      return FALSE;
    }
    range = &g_array_index (ram->ranges, GtQemuRange, index);
    if (ram->backings[index].here) {
      here = ram->backings[index].here + (pa - range->start);
      copy (write ? here : buf, write ? buf : here, part);
      forget_now_and_then (ram, part);
      continue;
    }
    if (batch->n == BATCH && !flush (ram, batch, write)) {
      return FALSE;
    }
    batch->local[batch->n] = (struct iovec){ buf, part };
    batch->remote[batch->n] =
        (struct iovec){ GSIZE_TO_POINTER (range->hva + (pa - range->start)), part };
    batch->n++;
    batch->bytes += part;
  }
  return TRUE;
}

gboolean
gt_qemu_ram_transfer (GtQemuRam *ram, const GtPaVec *vec, gsize n, gboolean write)
{
  Batch batch;

  batch.n = 0;
  batch.bytes = 0;
  if (!all_memory (ram, vec, n)) {
    return FALSE;
  }
  for (gsize i = 0; i < n; i++) {
    if (!transfer_piece (ram, &batch, vec[i].pa, vec[i].buf, vec[i].len, write)) {
      return FALSE;
    }
  }
  return flush (ram, &batch, write);
}

void *
gt_qemu_ram_map (GtQemuRam *ram, addr_t pa, gsize len)
{
  guint index;
  gsize part;

  if (!locate (ram, pa, len, &index, &part) || part < len || !ram->backings[index].here) {
    return NULL;
  }
  return ram->backings[index].here + (pa - g_array_index (ram->ranges, GtQemuRange, index).start);
}

/* In offsets into a file: what it holds at or after @from, up to @end. */
static gboolean
next_in_file (int fd, guint64 from, guint64 end, guint64 *ret_start, guint64 *ret_end)
{
  off_t data = lseek (fd, (off_t) from, SEEK_DATA);
  off_t hole;

  if (data < 0 && errno != ENXIO) {
    *ret_start = from;
    *ret_end = end;
    return TRUE;
  }
  if (data < 0 || (guint64) data >= end) {
    return FALSE;
  }
  *ret_start = (guint64) data;
  do {
    hole = lseek (fd, data, SEEK_HOLE);
    data = hole < 0 ? -1 : lseek (fd, hole, SEEK_DATA);
  } while (data >= 0 && (guint64) hole < end && data - hole < (off_t) MIN_HOLE);
  *ret_end = hole < 0 ? end : MIN ((guint64) hole, end);
  return TRUE;
}

/* In addresses of the process: which pages it has or has swapped out. */
static gboolean
next_in_process (int fd, guint64 from, guint64 end, guint64 *ret_start, guint64 *ret_end)
{
  guint64 entries[1024];
  guint64 hole = 0;
  gboolean found = FALSE;

  for (guint64 at = from & ~(guint64) (PAGE - 1); at < end;) {
    gsize want = (gsize) MIN (G_N_ELEMENTS (entries), (end - at + PAGE - 1) / PAGE);
    ssize_t got = pread (fd, entries, want * 8, (off_t) (at / PAGE * 8));

    if (got < 8) {
      /* Not to be known: take it for there. */
      *ret_start = found ? *ret_start : MAX (at, from);
      *ret_end = end;
      return TRUE;
    }
    for (gsize i = 0; i < (gsize) got / 8; i++, at += PAGE) {
      if (entries[i] >> 62) {
        *ret_start = found ? *ret_start : MAX (at, from);
        *ret_end = MIN (at + PAGE, end);
        found = TRUE;
        hole = 0;
      } else if (found && (hole += PAGE) >= MIN_HOLE) {
        return TRUE;
      }
    }
  }
  return found;
}

gboolean
gt_qemu_ram_next (GtQemuRam *ram, addr_t pa, addr_t *ret_start, addr_t *ret_end)
{
  for (const GtQemuRange *range; (range = gt_qemu_physmap_at (ram->ranges, pa)); pa = range->end) {
    const Backing *backing = &ram->backings[range - &g_array_index (ram->ranges, GtQemuRange, 0)];
    guint64 from = pa > range->start ? pa - range->start : 0;
    guint64 size = range->end - range->start;
    guint64 base = backing->here ? backing->offset : range->hva;
    guint64 start = base + from, end = base + size;
    gboolean found = TRUE;

    if (!range->ram) {
      continue;
    }
    if (backing->here) {
      found = next_in_file (backing->fd, base + from, base + size, &start, &end);
    } else if (ram->pagemap_fd >= 0) {
      found = next_in_process (ram->pagemap_fd, base + from, base + size, &start, &end);
    }
    if (found) {
      *ret_start = range->start + (start - base);
      *ret_end = range->start + (end - base);
      return TRUE;
    }
  }
  return FALSE;
}

addr_t
gt_qemu_ram_max_pa (GtQemuRam *ram)
{
  addr_t max = 0;

  for (guint i = 0; i < ram->ranges->len; i++) {
    const GtQemuRange *range = &g_array_index (ram->ranges, GtQemuRange, i);

    max = range->ram ? MAX (max, range->end) : max;
  }
  return max;
}

guint64
gt_qemu_ram_size (GtQemuRam *ram)
{
  guint64 size = 0;

  for (guint i = 0; i < ram->ranges->len; i++) {
    const GtQemuRange *range = &g_array_index (ram->ranges, GtQemuRange, i);

    size += range->ram ? range->end - range->start : 0;
  }
  return size;
}
