/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Register events. A debug stub sees no write of a control register; the guest's kernel, however,
 * has few instructions that write one, and each of them gets a trap. The event comes before the
 * write. What executes such an instruction elsewhere (a module, firmware) is not seen.
 */
#include <capstone/capstone.h>
#include <guestrace/gt-error.h>

#include "vmi/emulate.h"
#include "vmi/events-private.h"

#define CHUNK        (64u * 1024)
#define MAX_FUNCTION (64u * 1024)
#define MAX_SITES    512
#define MAX_TEXT     (256u << 20) /* what is longer is no kernel */

/* An instruction that writes a register. */
typedef struct {
  addr_t va;
  guint len;
  reg_t target; /* CR0, CR3, CR4, or MSR_ALL for wrmsr */
  guint source; /* the general register's number */
} GtRegSite;

/* The MSRs that have names, and their numbers in ECX. */
static const struct {
  reg_t reg;
  guint32 number;
} msrs[] = {
  { MSR_LSTAR, 0xc0000082 },          { MSR_CSTAR, 0xc0000083 },
  { MSR_STAR, 0xc0000081 },           { MSR_SYSCALL_MASK, 0xc0000084 },
  { MSR_EFER, 0xc0000080 },           { MSR_TSC_AUX, 0xc0000103 },
  { MSR_SHADOW_GS_BASE, 0xc0000102 }, { MSR_IA32_SYSENTER_CS, 0x174 },
  { MSR_IA32_SYSENTER_ESP, 0x175 },   { MSR_IA32_SYSENTER_EIP, 0x176 },
};

static gboolean
is_control (reg_t reg)
{
  return reg == CR0 || reg == CR3 || reg == CR4;
}

/* The MSR's number that @event is about; FALSE when it is about none. */
static gboolean
msr_of (const reg_event_t *event, guint32 *ret_number)
{
  for (gsize i = 0; i < G_N_ELEMENTS (msrs); i++) {
    if (msrs[i].reg == event->reg) {
      *ret_number = msrs[i].number;
      return TRUE;
    }
  }
  *ret_number = event->msr;
  return event->reg == MSR_UNDEFINED && event->msr != 0;
}

/* What of the instruction at the beginning of @code matters; FALSE when it is none of ours. */
static gboolean
parse_insn (const guint8 *code, gsize len, addr_t va, GtRegSite *ret)
{
  guint rex = len > 3 && (code[0] & 0xf8) == 0x40;
  const guint8 *op = code + rex;
  static const reg_t control[] = { [0] = CR0, [3] = CR3, [4] = CR4 };
  guint number;

  if (len < 3 || op[0] != 0x0f) {
    return FALSE;
  }
  *ret = (GtRegSite){ .va = va };
  if (op[1] == 0x30) {
    ret->len = 2 + rex;
    ret->target = MSR_ALL;
    return TRUE;
  }
  number = op[2] >> 3 & 7;
  if (op[1] != 0x22 || op[2] < 0xc0 || (number != 0 && number != 3 && number != 4)) {
    return FALSE;
  }
  ret->len = 3 + rex;
  ret->target = control[number];
  ret->source = (op[2] & 7) | (rex ? (code[0] & 1u) << 3 : 0);
  return TRUE;
}

/* Whether an instruction begins at @va, read from the beginning of its function on. */
static gboolean
begins_insn (GtEvents *events, csh handle, addr_t va)
{
  g_autofree guint8 *code = NULL;
  const guint8 *at;
  addr_t start, address;
  cs_insn *insn;
  gsize len;

  if (gt_linux_symbol_near (events->vmi->linux_os, va, &start, NULL) == NULL ||
      va - start > MAX_FUNCTION) {
    return FALSE;
  }
  len = va - start + GT_MAX_INSN;
  at = code = g_malloc (len);
  if (vmi_read_va (events->vmi, start, 0, len, code, NULL) != VMI_SUCCESS) {
    return FALSE;
  }
  insn = cs_malloc (handle);
  address = start;
  while (address < va && cs_disasm_iter (handle, &at, &len, &address, insn)) {
  }
  cs_free (insn, 1);
  return address == va;
}

/* Adds the sites for @target in @len bytes that were read at @va. */
static void
look_through (GtEvents *events, csh handle, reg_t target, addr_t va, const guint8 *code, gsize len,
              GPtrArray *sites)
{
  const guint8 *at = code;

  while (sites->len < MAX_SITES && (at = memchr (at, 0x0f, (gsize) (code + len - at))) != NULL) {
    gsize offset = (gsize) (at - code);
    GtRegSite site;
    gboolean found = FALSE;

    /* With a prefix for the upper registers, or without one. */
    for (guint before = offset > 0 ? 1 : 0; !found; before--) {
      found = parse_insn (at - before, len - offset + before, va + offset - before, &site) &&
              site.target == target && begins_insn (events, handle, site.va);
      if (before == 0) {
        break;
      }
    }
    if (found) {
      g_ptr_array_add (sites, g_memdup2 (&site, sizeof site));
    }
    at++;
  }
}

/* All of the kernel's instructions that write @target. */
static GPtrArray *
find_sites (GtEvents *events, reg_t target)
{
  g_autoptr (GPtrArray) sites = g_ptr_array_new_with_free_func (g_free);
  addr_t start = gt_linux_symbol (events->vmi->linux_os, "_text");
  addr_t end = gt_linux_symbol (events->vmi->linux_os, "_etext");
  g_autofree guint8 *code = g_malloc (CHUNK + GT_MAX_INSN);
  csh handle;

  if (cs_open (CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK) {
    return NULL;
  }
  cs_option (handle, CS_OPT_SKIPDATA, CS_OPT_ON);
  for (addr_t va = start; va < end && end - start < MAX_TEXT; va += CHUNK) {
    gsize len = MIN (CHUNK + 3u, end - va), got = 0;

    (void) vmi_read_va (events->vmi, va, 0, len, code, &got);
    look_through (events, handle, target, va, code, got, sites);
  }
  cs_close (&handle);
  return g_steal_pointer (&sites);
}

static gboolean
set_trap (GtEvents *events, const GtRegSite *site, gboolean on, GError **error)
{
  GtDriver *driver = events->vmi->driver;
  GtTrap trap = { GT_TRAP_EXECUTE, site->va, 1 };

  return driver->ops->traps->set (driver, &trap, on, error);
}

/* Takes out all traps for @target. */
static gboolean
remove_sites (GtEvents *events, reg_t target)
{
  GHashTableIter iter;
  gpointer value;
  gboolean ok = TRUE;

  g_hash_table_iter_init (&iter, events->reg_sites);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const GtRegSite *site = value;

    if (site->target == target) {
      ok = set_trap (events, site, FALSE, NULL) && ok;
      g_hash_table_iter_remove (&iter);
    }
  }
  return ok;
}

/* The stub stops the guest for each trap that is set while it runs: once is enough. */
static status_t
add_sites (GtEvents *events, reg_t target, const GPtrArray *sites)
{
  GtDriver *driver = events->vmi->driver;
  g_autoptr (GError) error = NULL;
  gboolean ok = driver->ops->hold (driver, &error);

  for (guint i = 0; i < sites->len && ok; i++) {
    const GtRegSite *site = sites->pdata[i];

    if (g_hash_table_contains (events->reg_sites, &site->va)) {
      continue; /* found twice, where two chunks meet */
    }
    ok = set_trap (events, site, TRUE, &error);
    if (ok) {
      GtRegSite *own = g_memdup2 (site, sizeof *site);

      g_hash_table_insert (events->reg_sites, &own->va, own);
    }
  }
  if (ok) {
    ok = driver->ops->release (driver, &error);
  } else {
    (void) remove_sites (events, target);
    (void) driver->ops->release (driver, NULL);
  }
  return ok ? VMI_SUCCESS : gt_events_fail_with (events->vmi, error);
}

static gboolean
any_msr (GtEvents *events)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, events->regs);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    if (!is_control (((vmi_event_t *) value)->reg_event.reg)) {
      return TRUE;
    }
  }
  return FALSE;
}

/* Events are kept by register; MSRs without a name, by their number above all of those. */
static gpointer
key_of (const reg_event_t *event)
{
  return GSIZE_TO_POINTER (event->reg == MSR_UNDEFINED ? (gsize) event->msr << 16 | 0xffff
                                                       : (gsize) event->reg + 1);
}

static status_t
check (GtEvents *events, const reg_event_t *event)
{
  guint32 number;

  if (!is_control (event->reg) && event->reg != MSR_ALL && !msr_of (event, &number)) {
    return gt_events_fail (events->vmi,
                           "writes of register %u cannot be seen here: those of CR0, CR3, CR4 and "
                           "of model-specific registers can",
                           (guint) event->reg);
  }
  if (event->in_access != VMI_REGACCESS_W) {
    return gt_events_fail (events->vmi, "only writes of registers can be seen, not reads");
  }
  if (events->vmi->linux_os == NULL && !gt_vmi_find_os (events->vmi, NULL)) {
    return gt_events_fail (events->vmi,
                           "register events need a guest whose kernel is known (Linux)");
  }
  if (g_hash_table_contains (events->regs, key_of (event))) {
    return gt_events_fail (events->vmi, "an event for this register is registered already");
  }
  return VMI_SUCCESS;
}

status_t
gt_reg_register (GtEvents *events, vmi_event_t *event)
{
  reg_t target = is_control (event->reg_event.reg) ? event->reg_event.reg : MSR_ALL;

  if (check (events, &event->reg_event) != VMI_SUCCESS || !gt_events_need_open (events)) {
    return VMI_FAILURE;
  }
  if (target != MSR_ALL || !any_msr (events)) {
    g_autoptr (GPtrArray) sites = find_sites (events, target);

    if (sites == NULL || sites->len == 0) {
      return gt_events_fail (events->vmi, "no instruction that writes the register was found in "
                                          "the guest's kernel");
    }
    if (add_sites (events, target, sites) != VMI_SUCCESS) {
      return VMI_FAILURE;
    }
  }
  g_hash_table_insert (events->regs, key_of (&event->reg_event), event);
  return VMI_SUCCESS;
}

status_t
gt_reg_clear (GtEvents *events, vmi_event_t *event)
{
  gpointer key = key_of (&event->reg_event);
  gboolean control = is_control (event->reg_event.reg);
  gboolean ok = TRUE;

  if (g_hash_table_lookup (events->regs, key) != event) {
    return gt_events_fail (events->vmi, "this register event is not registered");
  }
  g_hash_table_remove (events->regs, key);
  if (control || !any_msr (events)) {
    ok = remove_sites (events, control ? event->reg_event.reg : MSR_ALL);
  }
  return ok ? VMI_SUCCESS : VMI_FAILURE;
}

vmi_event_t *
vmi_get_reg_event (vmi_instance_t vmi, reg_t reg)
{
  reg_event_t event = { .reg = reg };

  return vmi != NULL && vmi->events != NULL
             ? g_hash_table_lookup (vmi->events->regs, key_of (&event))
             : NULL;
}

gboolean
gt_reg_is_site (GtEvents *events, addr_t va)
{
  return g_hash_table_contains (events->reg_sites, &va);
}

/* The event that this write is for, or NULL. */
static vmi_event_t *
find_event (GtEvents *events, const GtRegSite *site, const x86_registers_t *regs)
{
  reg_event_t wanted = { .reg = site->target };
  vmi_event_t *event = g_hash_table_lookup (events->regs, key_of (&wanted));
  GHashTableIter iter;
  gpointer value;

  if (event != NULL || site->target != MSR_ALL) {
    return event;
  }
  g_hash_table_iter_init (&iter, events->regs);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    guint32 number;

    event = value;
    if (msr_of (&event->reg_event, &number) && number == (guint32) regs->rcx) {
      return event;
    }
  }
  return NULL;
}

static reg_t
value_of (const GtRegSite *site, const x86_registers_t *regs)
{
  x86_registers_t copy = *regs;

  if (site->target == MSR_ALL) {
    return regs->rdx << 32 | (guint32) regs->rax;
  }
  return *gt_general_register (&copy, site->source) &
         (site->target == CR3 ? ~GT_CR3_NO_FLUSH : ~0ULL);
}

static reg_t
previous_of (const GtRegSite *site, const x86_registers_t *regs)
{
  switch (site->target) {
  case CR0:
    return regs->cr0;
  case CR3:
    return regs->cr3;
  case CR4:
    return regs->cr4;
  default:
    return 0; /* the stub does not tell MSRs */
  }
}

/* Writing CR3 is the one that happens all the time: done here it costs no stop more. Writing the
 * value that it has flushes the TLB, which only the vCPU can do. */
static gboolean
write_here (const GtRegSite *site, x86_registers_t *regs)
{
  reg_t value = value_of (site, regs);

  if (site->target != CR3 || value == regs->cr3) {
    return FALSE;
  }
  regs->cr3 = value;
  regs->rip += site->len;
  return TRUE;
}

status_t
gt_reg_take (GtEvents *events, const GtHit *hit, const x86_registers_t *regs)
{
  const GtRegSite *found = g_hash_table_lookup (events->reg_sites, &hit->va);
  GtRegSite site = *found; /* a callback may take it out */
  vmi_event_t *event = find_event (events, &site, regs);
  event_response_t response = VMI_EVENT_RESPONSE_NONE;
  x86_registers_t wanted = *regs;
  reg_t value = value_of (&site, regs), previous = previous_of (&site, regs);

  if (event != NULL && (event->reg_event.equal == 0 || event->reg_event.equal == value) &&
      (!event->reg_event.onchange || value != previous)) {
    event->reg_event.value = value;
    event->reg_event.previous = previous;
    event->reg_event.out_access = VMI_REGACCESS_W;
    if (site.target == MSR_ALL) {
      event->reg_event.msr = (guint32) regs->rcx;
    }
    response = gt_events_call (events, event, event->callback, hit->vcpu, regs, &wanted);
  }
  if (response & VMI_EVENT_RESPONSE_DENY) {
    wanted.rip += wanted.rip == regs->rip ? site.len : 0;
  } else if (wanted.rip == regs->rip) {
    (void) write_here (&site, &wanted);
  }
  if (!gt_events_change_regs (events, hit->vcpu, regs, &wanted)) {
    return VMI_FAILURE;
  }
  return gt_events_respond (events, hit->vcpu, response);
}
