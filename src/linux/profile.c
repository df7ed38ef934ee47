/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Symbol files: reading them, their symbols, and whose they are. */
#include "linux/profile.h"

#include <errno.h>
#include <guestrace/gt-error.h>
#include <lzma.h>
#include <string.h>

#include "linux/linux-private.h"
#include "linux/profile-private.h"

#define XZ_MAGIC      "\3757zXZ"
#define XZ_MEMORY     (256ull << 20)
#define XZ_CHUNK      (1u << 20)
#define TEXT_MAX      (1024ull << 20)
#define SYMBOLS_MAX   (4u << 20)
#define BANNER_SYMBOL "linux_banner"

struct GtProfile {
  char *path;
  char *banner;
  GStringChunk *names;
  GHashTable *by_name; /* of addr_t in symbols */
  GArray *symbols;     /* of GtNamedAddress */
  GtBtf *types;
};

static GtProfile *
profile_new (const char *path)
{
  GtProfile *profile = g_new0 (GtProfile, 1);

  profile->path = g_strdup (path);
  profile->names = g_string_chunk_new (64 * 1024);
  profile->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  profile->symbols = g_array_new (FALSE, FALSE, sizeof (GtNamedAddress));
  return profile;
}

void
gt_profile_free (GtProfile *profile)
{
  if (profile == NULL) {
    return;
  }
  g_free (profile->path);
  g_free (profile->banner);
  g_string_chunk_free (profile->names);
  g_hash_table_unref (profile->by_name);
  g_array_unref (profile->symbols);
  gt_btf_free (profile->types);
  g_free (profile);
}

/* ---- The file ---- */

/* Appends what @stream makes of its input; FALSE when that is damaged or too much. */
static gboolean
decompress (lzma_stream *stream, GByteArray *out)
{
  lzma_ret result = LZMA_OK;

  while (result == LZMA_OK) {
    gsize used = out->len;

    if (used + XZ_CHUNK > TEXT_MAX) {
      return FALSE;
    }
    g_byte_array_set_size (out, (guint) (used + XZ_CHUNK));
    stream->next_out = out->data + used;
    stream->avail_out = XZ_CHUNK;
    result = lzma_code (stream, LZMA_FINISH);
    g_byte_array_set_size (out, (guint) (out->len - stream->avail_out));
  }
  return result == LZMA_STREAM_END;
}

static char *
read_text (const char *path, gsize *ret_len, GError **error)
{
  g_autoptr (GByteArray) out = NULL;
  lzma_stream stream = LZMA_STREAM_INIT;
  g_autofree char *text = NULL;
  gboolean good;

  if (!g_file_get_contents (path, &text, ret_len, error)) {
    return NULL;
  }
  if (*ret_len < strlen (XZ_MAGIC) || memcmp (text, XZ_MAGIC, strlen (XZ_MAGIC)) != 0) {
    return g_steal_pointer (&text);
  }
  out = g_byte_array_new ();
  stream.next_in = (const guint8 *) text;
  stream.avail_in = *ret_len;
  good = lzma_stream_decoder (&stream, XZ_MEMORY, LZMA_CONCATENATED) == LZMA_OK &&
         decompress (&stream, out);
  lzma_end (&stream);
  if (!good) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID, "\"%s\" is a damaged xz file", path);
    return NULL;
  }
  *ret_len = out->len;
  return (char *) g_byte_array_free (g_steal_pointer (&out), FALSE);
}

json_object *
gt_profile_object (json_object *object, const char *member)
{
  json_object *value = NULL;

  return json_object_object_get_ex (object, member, &value) &&
                 json_object_is_type (value, json_type_object)
             ? value
             : NULL;
}

const char *
gt_profile_string (json_object *object, const char *member)
{
  json_object *value = NULL;

  return json_object_object_get_ex (object, member, &value) &&
                 json_object_is_type (value, json_type_string)
             ? json_object_get_string (value)
             : NULL;
}

/* Addresses are above what a signed number can be; negative ones keep their bits. */
static guint64
number_of (json_object *value)
{
  gint64 number = json_object_is_type (value, json_type_int) ? json_object_get_int64 (value) : 0;

  return number < 0 || number < G_MAXINT64 ? (guint64) number : json_object_get_uint64 (value);
}

guint64
gt_profile_number (json_object *object, const char *member)
{
  json_object *value = NULL;

  return json_object_object_get_ex (object, member, &value) ? number_of (value) : 0;
}

gboolean
gt_profile_flag (json_object *object, const char *member)
{
  json_object *value = NULL;

  return json_object_object_get_ex (object, member, &value) && json_object_get_boolean (value);
}

static json_object *
parse (const char *path, const char *text, gsize len, GError **error)
{
  json_tokener *tokener = json_tokener_new ();
  json_object *root = len <= G_MAXINT ? json_tokener_parse_ex (tokener, text, (gint) len) : NULL;
  enum json_tokener_error why = json_tokener_get_error (tokener);

  if (root == NULL) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID, "\"%s\" is no JSON file: %s", path,
                 why == json_tokener_continue ? "it ends too early"
                                              : json_tokener_error_desc (why));
  }
  json_tokener_free (tokener);
  return root;
}

/* ---- Symbols ---- */

static void
add_symbol (GtProfile *profile, const char *name, addr_t address)
{
  GtNamedAddress symbol = { NULL, address };

  if (profile->symbols->len >= SYMBOLS_MAX || g_hash_table_contains (profile->by_name, name)) {
    return;
  }
  symbol.name = g_string_chunk_insert (profile->names, name);
  g_array_append_val (profile->symbols, symbol);
  (void) g_hash_table_insert (profile->by_name, (gpointer) symbol.name,
                              GUINT_TO_POINTER (profile->symbols->len));
}

static void
read_symbols (GtProfile *profile, json_object *symbols)
{
  json_object_object_foreach (symbols, name, symbol)
  {
    json_object *address = NULL;

    if (json_object_object_get_ex (symbol, "address", &address) &&
        json_object_is_type (address, json_type_int)) {
      add_symbol (profile, name, number_of (address));
    }
  }
}

static void
read_banner (GtProfile *profile, json_object *symbols)
{
  const char *encoded =
      gt_profile_string (gt_profile_object (symbols, BANNER_SYMBOL), "constant_data");
  g_autofree guint8 *bytes = NULL;
  gsize len = 0;

  if (encoded == NULL) {
    return;
  }
  bytes = g_base64_decode (encoded, &len);
  if (len > strlen (GT_LINUX_BANNER_START) &&
      memcmp (bytes, GT_LINUX_BANNER_START, strlen (GT_LINUX_BANNER_START)) == 0) {
    profile->banner = g_strchomp (g_strndup ((const char *) bytes, len));
  }
}

static gboolean
read_root (GtProfile *profile, json_object *root, GError **error)
{
  json_object *symbols = gt_profile_object (root, "symbols");

  if (symbols == NULL || gt_profile_object (root, "user_types") == NULL) {
    g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
                 "\"%s\" is no symbol file of Volatility 3 (ISF), as guestrace profile and "
                 "dwarf2json write it: it has no \"symbols\" and \"user_types\"",
                 profile->path);
    return FALSE;
  }
  read_symbols (profile, symbols);
  read_banner (profile, symbols);
  profile->types = gt_profile_read_types (root);
  return TRUE;
}

GtProfile *
gt_profile_new (const char *path, GError **error)
{
  g_autoptr (GtProfile) profile = profile_new (path);
  g_autofree char *text = NULL;
  json_object *root;
  gboolean good;
  gsize len;

  text = read_text (path, &len, error);
  if (text == NULL) {
    return NULL;
  }
  root = parse (path, text, len, error);
  if (root == NULL) {
    return NULL;
  }
  good = read_root (profile, root, error);
  json_object_put (root);
  return good ? g_steal_pointer (&profile) : NULL;
}

/* "ffffffff81000000 T _text"; FALSE when it is not that. */
static gboolean
add_map_line (GtProfile *profile, char *line)
{
  char *end = NULL;
  guint64 address = g_ascii_strtoull (line, &end, 16);

  if (end == line || end[0] != ' ' || end[1] == '\0' || end[2] != ' ' || end[3] == '\0') {
    return FALSE;
  }
  end[3 + strcspn (end + 3, " \t\r")] = '\0';
  add_symbol (profile, end + 3, address);
  return TRUE;
}

GtProfile *
gt_profile_new_from_map (const char *path, GError **error)
{
  g_autoptr (GtProfile) profile = profile_new (path);
  g_autofree char *text = NULL;
  char *rest, *line;
  gsize len;

  text = read_text (path, &len, error);
  if (text == NULL) {
    return NULL;
  }
  rest = text;
  while ((line = strsep (&rest, "\n")) != NULL) {
    if (line[0] != '\0' && !add_map_line (profile, line)) {
      g_set_error (error, GT_ERROR, GT_ERROR_INVALID,
                   "\"%s\" is no System.map of a kernel: it has lines that are not \"ADDRESS TYPE "
                   "NAME\"",
                   path);
      return NULL;
    }
  }
  return g_steal_pointer (&profile);
}

const char *
gt_profile_path (const GtProfile *profile)
{
  return profile->path;
}

const char *
gt_profile_banner (const GtProfile *profile)
{
  return profile->banner;
}

gboolean
gt_profile_lookup (const GtProfile *profile, const char *name, addr_t *ret_address)
{
  guint number = GPOINTER_TO_UINT (g_hash_table_lookup (profile->by_name, name));

  if (number == 0) {
    return FALSE;
  }
  *ret_address = g_array_index (profile->symbols, GtNamedAddress, number - 1).address;
  return TRUE;
}

GtKallsyms *
gt_profile_symbols (const GtProfile *profile, const GtKimage *image, addr_t slide)
{
  g_autofree GtNamedAddress *moved = NULL;
  guint n = profile->symbols->len;

  if (n == 0) {
    return NULL;
  }
  moved = g_memdup2 (profile->symbols->data, n * sizeof *moved);
  for (guint i = 0; i < n; i++) {
    moved[i].address += gt_linux_move (moved[i].address, slide);
  }
  return gt_kallsyms_new_from (moved, n, gt_kimage_start (image), gt_kimage_end (image));
}

GtBtf *
gt_profile_types (const GtProfile *profile)
{
  return profile->types;
}
