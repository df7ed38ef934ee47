/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the embedded libvmi needs of a hypervisor: the operations that a driver supplies.
 * A driver knows nothing of page tables or operating systems.
 */
#ifndef GT_VMI_DRIVER_H
#define GT_VMI_DRIVER_H

#include <glib.h>
#include <libvmi/events.h>
#include <libvmi/libvmi.h>

#include "vmi/life.h"

G_BEGIN_DECLS

typedef struct GtDriver GtDriver;

/* One piece of a scattered transfer: @len bytes between guest-physical @pa and @buf. */
typedef struct {
  addr_t pa;
  void *buf;
  gsize len;
} GtPaVec;

/* What makes a vCPU report and stand. Addresses are virtual, as the vCPU sees them. */
typedef enum {
  GT_TRAP_EXECUTE, /* it is about to execute the instruction there */
  GT_TRAP_WRITE,   /* it has written to the range */
  GT_TRAP_READ,
  GT_TRAP_ACCESS, /* either */
} GtTrapKind;

typedef struct {
  GtTrapKind kind;
  addr_t va;
  gsize len; /* bytes; 1 for GT_TRAP_EXECUTE */
} GtTrap;

/* One vCPU's report. */
typedef struct {
  guint vcpu;
  gboolean stepped; /* it has executed one instruction, as it was told; else: */
  GtTrapKind kind;
  addr_t va; /* the instruction's, or what was accessed */
} GtHit;

/*
 * Where reports come from. From open() to close() the guest runs with traps in it. A vCPU that
 * reports stands until go(); whether the others do meanwhile is the source's affair: nobody may
 * rely on either. Registers may be read and written meanwhile. When this process dies the traps
 * are taken out and the guest runs.
 */
typedef struct {
  gboolean (*open) (GtDriver *driver, GError **error);
  gboolean (*close) (GtDriver *driver, GError **error);
  gboolean (*set) (GtDriver *driver, const GtTrap *trap, gboolean on, GError **error);
  /* From now on @vcpu reports after each instruction. */
  gboolean (*step) (GtDriver *driver, guint vcpu, gboolean on, GError **error);
  /* Waits for a report; *ret_any is FALSE when none came in @timeout_ms. */
  gboolean (*wait) (GtDriver *driver, guint timeout_ms, GtHit *ret, gboolean *ret_any,
                    GError **error);
  /* How many reports wait to be fetched, as far as is known without asking. */
  guint (*n_pending) (GtDriver *driver);
  /* The vCPU that reported goes on: past the trap's instruction when it still stands there. */
  gboolean (*go) (GtDriver *driver, guint vcpu, GError **error);
  /* The guest's handler of INT3 begins at @handler, and at @iret is an interrupt return; 0: no
   * more. When this process dies, breakpoint instructions that it wrote are taken out, and vCPUs
   * that came to the handler by one are brought back. */
  gboolean (*set_int3) (GtDriver *driver, addr_t handler, addr_t iret, GError **error);
  /* With the others standing, @vcpu executes one instruction at which no trap counts. */
  gboolean (*step_once) (GtDriver *driver, guint vcpu, GError **error);
} GtTrapOps;

typedef struct {
  const char *kind; /* "qemu", "file" */
  vmi_mode_t mode;

  void (*close) (GtDriver *driver); /* frees @driver too; the guest runs on untouched */

  /* Guest memory. Thread-safe. All or nothing: FALSE when any byte is not RAM or ROM. */
  gboolean (*read) (GtDriver *driver, const GtPaVec *vec, gsize n);
  gboolean (*write) (GtDriver *driver, const GtPaVec *vec, gsize n);
  /* The same where vCPUs may execute what is written: TCG keeps translations and does not see a
   * write from outside QEMU. May stop the guest for a moment. NULL: write() does it. */
  gboolean (*write_code_pa) (GtDriver *driver, const GtPaVec *vec, gsize n);
  /* The host address of guest RAM where it is mapped into this process, else NULL. */
  void *(*map) (GtDriver *driver, addr_t pa, gsize len);
  addr_t (*max_pa) (GtDriver *driver);    /* one past the last byte of RAM */
  guint64 (*ram_size) (GtDriver *driver); /* bytes of RAM */
  /* The next run of RAM pages at or above @pa that the host really holds (never-touched pages
   * may be passed over, they are zero); FALSE when there is none. */
  gboolean (*next_ram) (GtDriver *driver, addr_t pa, addr_t *ret_start, addr_t *ret_end);

  /* vCPUs. get_regs works on a running guest as well. */
  guint (*n_vcpus) (GtDriver *driver);
  gboolean (*get_regs) (GtDriver *driver, guint vcpu, x86_registers_t *ret, GError **error);
  gboolean (*set_regs) (GtDriver *driver, guint vcpu, const x86_registers_t *regs, GError **error);
  gboolean (*pause) (GtDriver *driver, GError **error); /* counts: as many resumes as pauses */
  gboolean (*resume) (GtDriver *driver, GError **error);

  /* Exact control, for the engines. All vCPUs are held from hold() to release(). */
  gboolean (*hold) (GtDriver *driver, GError **error);
  gboolean (*release) (GtDriver *driver, GError **error);
  /* Only while held: let all vCPUs run until one is about to execute one of the addresses; they
   * are held again then. On a time-out they are held too and GT_ERROR_FAILED is set. */
  gboolean (*run_to) (GtDriver *driver, const addr_t *addrs, guint n_addrs, guint timeout_ms,
                      guint *ret_vcpu, addr_t *ret_addr, GError **error);
  /* Only while held: write_code_pa() at a virtual address of the kernel. */
  gboolean (*write_code) (GtDriver *driver, addr_t va, const void *buf, gsize len, GError **error);

  const GtTrapOps *traps; /* NULL: none */

  /* What happened since the last look. Costs next to nothing, unless @ask makes sure whether the
   * vCPUs run. */
  void (*life) (GtDriver *driver, gboolean ask, GtLife *ret);
  gboolean (*alive) (GtDriver *driver); /* FALSE once the guest's VMM is gone */
} GtDriverOps;

/* A driver's own structure begins with this. */
struct GtDriver {
  const GtDriverOps *ops;
  char *name; /* the guest's name */
  guint64 id; /* the VMM's pid; 0 when there is none */
};

/* drivers/qemu/qemu.c: @spec is a plain name, "qemu:PID", "qmp:PATH", "gdb:HOST:PORT" or
 * "gdb:unix:PATH". @alone: no other guestrace may be at work on the guest (GT_ERROR_BUSY). */
GtDriver *gt_qemu_driver_open (const char *spec, gboolean alone, GError **error);

/* drivers/file/file.c: a memory image, see drivers/file/image.h for its formats. */
GtDriver *gt_file_driver_open (const char *path, GError **error);
/* The format's name; NULL when @driver is another one. */
const char *gt_file_driver_format (const GtDriver *driver);

G_END_DECLS

#endif
