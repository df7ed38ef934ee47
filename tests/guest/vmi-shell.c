/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The embedded libvmi's functions, one a line: reads commands from standard input and answers each
 * with one line, "-" when the function failed. Started with a guest's name by tests in Python.
 */
#include <glib.h>
#include <guestrace/guestrace.h>
#define LIBVMI_EXTRA_GLIB
#define LIBVMI_EXTRA_JSON
#include <libvmi/libvmi_extra.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 4, BYTES_MAX = 4096, LINE_MAX_BYTES = 4096 };

typedef struct {
  vmi_instance_t vmi;
  char *words[WORDS_MAX + 1];
  guint64 numbers[WORDS_MAX + 1]; /* of the same words; 0 when they are none */
  GString *answer;
} Shell;

/* info: name, vCPUs, bytes of memory, end of memory, operating system, paging mode, word size */
static gboolean
info (Shell *shell)
{
  g_autofree char *name = vmi_get_name (shell->vmi);

  g_string_append_printf (shell->answer,
                          "%s %u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %d %d %u", name,
                          vmi_get_num_vcpus (shell->vmi), vmi_get_memsize (shell->vmi),
                          vmi_get_max_physical_address (shell->vmi), vmi_get_ostype (shell->vmi),
                          vmi_get_page_mode (shell->vmi, 0), vmi_get_address_width (shell->vmi));
  return name != NULL;
}

/* symbol NAME: its address, the name at that address */
static gboolean
symbol (Shell *shell)
{
  const char *back;
  addr_t address;

  if (vmi_translate_ksym2v (shell->vmi, shell->words[1], &address) != VMI_SUCCESS) {
    return FALSE;
  }
  back = vmi_translate_v2ksym (shell->vmi, NULL, address);
  g_string_append_printf (shell->answer, "%" G_GINT64_MODIFIER "x %s", address,
                          back != NULL ? back : "-");
  return TRUE;
}

/* member STRUCTURE MEMBER: its offset, and the structure's size, by the kernel's "JSON" */
static gboolean
member (Shell *shell)
{
  json_object *json = vmi_get_kernel_json (shell->vmi);
  addr_t offset;
  size_t size;

  if (vmi_get_struct_member_offset_from_json (shell->vmi, json, shell->words[1], shell->words[2],
                                              &offset) != VMI_SUCCESS ||
      vmi_get_struct_size_from_json (shell->vmi, json, shell->words[1], &size) != VMI_SUCCESS) {
    return FALSE;
  }
  g_string_append_printf (shell->answer, "%" G_GINT64_MODIFIER "x %zx", offset, size);
  return TRUE;
}

/* pages PID: the process's own pages that are there, each as its address */
static gboolean
pages (Shell *shell)
{
  GSList *list;
  addr_t root;

  if (vmi_pid_to_dtb (shell->vmi, (vmi_pid_t) shell->numbers[1], &root) != VMI_SUCCESS) {
    return FALSE;
  }
  list = vmi_get_va_pages (shell->vmi, root);
  for (const GSList *l = list; l != NULL; l = l->next) {
    const page_info_t *page = l->data;

    if (page->vaddr >> 63 == 0) {
      g_string_append_printf (shell->answer, "%" G_GINT64_MODIFIER "x ", page->vaddr);
    }
  }
  g_slist_free_full (list, g_free);
  g_string_append (shell->answer, "0");
  return TRUE;
}

/* dtb PID: its page-table root, the process of that root */
static gboolean
dtb (Shell *shell)
{
  vmi_pid_t back;
  addr_t root;

  if (vmi_pid_to_dtb (shell->vmi, (vmi_pid_t) shell->numbers[1], &root) != VMI_SUCCESS ||
      vmi_dtb_to_pid (shell->vmi, root, &back) != VMI_SUCCESS) {
    return FALSE;
  }
  g_string_append_printf (shell->answer, "%" G_GINT64_MODIFIER "x %d", root, back);
  return TRUE;
}

/* pa ADDRESS PID: the physical address */
static gboolean
physical (Shell *shell)
{
  addr_t pa;
  status_t status =
      shell->numbers[2] == 0
          ? vmi_translate_kv2p (shell->vmi, shell->numbers[1], &pa)
          : vmi_translate_uv2p (shell->vmi, shell->numbers[1], (vmi_pid_t) shell->numbers[2], &pa);

  g_string_append_printf (shell->answer, "%" G_GINT64_MODIFIER "x", pa);
  return status == VMI_SUCCESS;
}

/* string ADDRESS PID */
static gboolean
string (Shell *shell)
{
  char *text = vmi_read_str_va (shell->vmi, shell->numbers[1], (vmi_pid_t) shell->numbers[2]);

  g_string_append (shell->answer, text != NULL ? text : "");
  g_strdelimit (shell->answer->str, "\n", ' ');
  free (text);
  return text != NULL;
}

/* bytes ADDRESS PID COUNT: in hexadecimal */
static gboolean
bytes (Shell *shell)
{
  guint8 data[BYTES_MAX];
  gsize count = MIN (shell->numbers[3], sizeof data);

  if (vmi_read_va (shell->vmi, shell->numbers[1], (vmi_pid_t) shell->numbers[2], count, data,
                   NULL) != VMI_SUCCESS) {
    return FALSE;
  }
  for (gsize i = 0; i < count; i++) {
    g_string_append_printf (shell->answer, "%02x", data[i]);
  }
  return TRUE;
}

/* read ADDRESS PID: the same place as 8, 16, 32 and 64 bits, and as an address */
static gboolean
read_typed (Shell *shell)
{
  addr_t at = shell->numbers[1], address;
  vmi_pid_t pid = (vmi_pid_t) shell->numbers[2];
  guint16 two;
  guint32 four;
  guint64 eight;
  guint8 one;

  if (vmi_read_8_va (shell->vmi, at, pid, &one) != VMI_SUCCESS ||
      vmi_read_16_va (shell->vmi, at, pid, &two) != VMI_SUCCESS ||
      vmi_read_32_va (shell->vmi, at, pid, &four) != VMI_SUCCESS ||
      vmi_read_64_va (shell->vmi, at, pid, &eight) != VMI_SUCCESS ||
      vmi_read_addr_va (shell->vmi, at, pid, &address) != VMI_SUCCESS) {
    return FALSE;
  }
  g_string_append_printf (shell->answer, "%x %x %x %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x",
                          one, two, four, eight, address);
  return TRUE;
}

/* write8, write16, write32, write64 ADDRESS PID VALUE */
static gboolean
write_typed (Shell *shell)
{
  addr_t at = shell->numbers[1];
  vmi_pid_t pid = (vmi_pid_t) shell->numbers[2];
  guint64 eight = shell->numbers[3];
  guint32 four = (guint32) eight;
  guint16 two = (guint16) eight;
  guint8 one = (guint8) eight;
  status_t status = VMI_FAILURE;

  switch (atoi (shell->words[0] + strlen ("write"))) {
  case 8:
    status = vmi_write_8_va (shell->vmi, at, pid, &one);
    break;
  case 16:
    status = vmi_write_16_va (shell->vmi, at, pid, &two);
    break;
  case 32:
    status = vmi_write_32_va (shell->vmi, at, pid, &four);
    break;
  case 64:
    status = vmi_write_64_va (shell->vmi, at, pid, &eight);
    break;
  default:
    break;
  }
  return status == VMI_SUCCESS;
}

/* scribble ADDRESS COUNT SEED: numbers that look random, into the kernel's memory */
static gboolean
scribble (Shell *shell)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed ((guint32) shell->numbers[3]);
  addr_t at = shell->numbers[1], end = at + shell->numbers[2];
  gboolean ok = TRUE;

  while (at < end && ok) {
    guint32 data[1024];
    gsize count = MIN (end - at, sizeof data);

    for (guint i = 0; i < G_N_ELEMENTS (data); i++) {
      data[i] = g_rand_int (rand);
    }
    ok = vmi_write_va (shell->vmi, at, 0, count, data, NULL) == VMI_SUCCESS;
    at += count;
  }
  return ok;
}

/* regs VCPU: RIP, RSP, CR0, CR3, CR4, R15 */
static gboolean
regs (Shell *shell)
{
  registers_t all;
  guint64 cr3;

  if (vmi_get_vcpuregs (shell->vmi, &all, shell->numbers[1]) != VMI_SUCCESS ||
      vmi_get_vcpureg (shell->vmi, &cr3, CR3, shell->numbers[1]) != VMI_SUCCESS) {
    return FALSE;
  }
  g_string_append_printf (shell->answer,
                          "%" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER
                          "x %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER
                          "x",
                          all.x86.rip, all.x86.rsp, all.x86.cr0, cr3, all.x86.cr4, all.x86.r15);
  return TRUE;
}

/* r15 VCPU VALUE: sets it; the guest should be paused */
static gboolean
set_r15 (Shell *shell)
{
  return vmi_set_vcpureg (shell->vmi, shell->numbers[2], R15, shell->numbers[1]) == VMI_SUCCESS;
}

static gboolean
pause_guest (Shell *shell)
{
  return vmi_pause_vm (shell->vmi) == VMI_SUCCESS;
}

static gboolean
resume_guest (Shell *shell)
{
  return vmi_resume_vm (shell->vmi) == VMI_SUCCESS;
}

static gboolean
run_command (Shell *shell)
{
  static const struct {
    const char *name;
    gboolean (*run) (Shell *shell);
  } commands[] = {
    { "info", info },           { "symbol", symbol },       { "dtb", dtb },
    { "pa", physical },         { "string", string },       { "bytes", bytes },
    { "read", read_typed },     { "write8", write_typed },  { "write16", write_typed },
    { "write32", write_typed }, { "write64", write_typed }, { "regs", regs },
    { "r15", set_r15 },         { "pause", pause_guest },   { "resume", resume_guest },
    { "scribble", scribble },   { "member", member },       { "pages", pages },
  };

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++) {
    if (g_strcmp0 (shell->words[0], commands[i].name) == 0) {
      return commands[i].run (shell);
    }
  }
  return FALSE;
}

static void
answer_line (Shell *shell, char *line)
{
  g_auto (GStrv) words = g_strsplit (g_strstrip (line), " ", WORDS_MAX);

  memset (shell->words, 0, sizeof shell->words);
  memset (shell->numbers, 0, sizeof shell->numbers);
  for (guint i = 0; words[i] != NULL; i++) {
    shell->words[i] = words[i];
    shell->numbers[i] = g_ascii_strtoull (words[i], NULL, 0);
  }
  g_string_truncate (shell->answer, 0);
  puts (run_command (shell) ? shell->answer->str : "-");
  fflush (stdout);
}

/* The modes of configuration that have a value, by the names that the command line has. */
static gboolean
find_mode (const char *name, vmi_config_t *ret)
{
  static const char *const names[] = {
    [VMI_CONFIG_GLOBAL_FILE_ENTRY] = "global", [VMI_CONFIG_STRING] = "string",
    [VMI_CONFIG_GHASHTABLE] = "hash",          [VMI_CONFIG_JSON_PATH] = "json",
    [VMI_CONFIG_FILE_PATH] = "file",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (strcmp (names[i], name) == 0) {
      *ret = (vmi_config_t) i;
      return TRUE;
    }
  }
  return FALSE;
}

/* "KEY=VALUE" */
static GHashTable *
make_table (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "=", 2);
  GHashTable *table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  if (g_strv_length (parts) == 2) {
    (void) g_hash_table_insert (table, g_strdup (parts[0]), g_strdup (parts[1]));
  }
  return table;
}

/* GUEST [MODE [VALUE]] */
static status_t
open_guest (int argc, char **argv, vmi_instance_t *vmi, vmi_init_error_t *reason)
{
  vmi_config_t mode = VMI_CONFIG_GLOBAL_FILE_ENTRY;
  char *value = argc > 3 ? argv[3] : NULL;
  g_autoptr (GHashTable) table = NULL;
  void *config = value;

  if (argc < 2 || argc > 4 || (argc > 2 && !find_mode (argv[2], &mode))) {
    return VMI_FAILURE;
  }
  if (mode == VMI_CONFIG_GHASHTABLE && value != NULL) {
    config = table = make_table (value);
  }
  return vmi_init_complete (vmi, argv[1], VMI_INIT_DOMAINNAME, NULL, mode, config, reason);
}

int
main (int argc, char **argv)
{
  vmi_init_error_t reason = VMI_INIT_ERROR_NONE;
  Shell shell = { 0 };
  char line[LINE_MAX_BYTES];

  if (open_guest (argc, argv, &shell.vmi, &reason) != VMI_SUCCESS) {
    fprintf (stderr, "vmi-shell: cannot open the guest (%d)\n", (int) reason);
    return 1;
  }
  shell.answer = g_string_new (NULL);
  puts ("ready");
  fflush (stdout);
  while (fgets (line, sizeof line, stdin) != NULL) {
    answer_line (&shell, line);
  }
  g_string_free (shell.answer, TRUE);
  return vmi_destroy (shell.vmi) == VMI_SUCCESS ? 0 : 1;
}
