/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Netlink attributes, and the structures and values in them, by tables. */
#ifndef GT_NLATTR_H
#define GT_NLATTR_H

#include "decode/printer.h"

G_BEGIN_DECLS

/* @size bytes of the program's memory, of which the first @there were copied. */
typedef struct {
  const guint8 *data;
  gsize there;
  gsize size;
} GtNlBytes;

typedef enum {
  GT_NL_BYTES, /* in hexadecimal */
  GT_NL_TEXT,
  GT_NL_UNSIGNED,
  GT_NL_SIGNED,
  GT_NL_HEX,
  GT_NL_PORT, /* in network order */
  GT_NL_ENUM,
  GT_NL_FLAGS,
  GT_NL_MAC,
  GT_NL_ADDRESS, /* of the message's family */
  GT_NL_FD,
  GT_NL_NESTED, /* attributes */
  GT_NL_STRUCT
} GtNlForm;

typedef struct GtNlTable GtNlTable;

/* What an attribute of a type holds, or a member of a structure. */
typedef struct {
  guint16 type;     /* an attribute's */
  guint8 size;      /* of a number */
  guint8 form;      /* GtNlForm */
  const char *name; /* a member's */
  const GtNames *names;
  const GtNlTable *table; /* of nested attributes, and of structures */
} GtNlRow;

/* Attributes, in any order, or the members of a structure, in theirs. */
struct GtNlTable {
  const GtNames *types; /* NULL: a structure */
  const GtNlRow *rows;
  guint n;
};

#define GT_NL_ATTRIBUTES(types, rows)                                                              \
  {                                                                                                \
    &gt_names_##types, rows, G_N_ELEMENTS (rows)                                                   \
  }
#define GT_NL_MEMBERS(rows)                                                                        \
  {                                                                                                \
    NULL, rows, G_N_ELEMENTS (rows)                                                                \
  }

/* What is @at bytes behind the beginning of @bytes; nothing where there are not so many. */
GtNlBytes gt_nl_rest (GtNlBytes bytes, gsize at);
/* The first @size bytes of @bytes, if there are so many. */
GtNlBytes gt_nl_first (GtNlBytes bytes, gsize size);
/* "\x01\x02", as much of it as the user wants to see. */
void gt_print_nl_bytes (GtPrinter *printer, GtNlBytes bytes);
/* "{nd_family=AF_INET, nd_index=1}": the members that @bytes reach to, and
 * "..." for those that were not copied. */
void gt_print_nl_struct (GtPrinter *printer, GtNlBytes bytes, const GtNlTable *table);
/* "[A, B]", or "A" alone: what begins with its length, a number of @length_size bytes, and has at
 * least @head bytes, is padded, and follows one another. @func gets each as far as its length goes;
 * @head bytes at its address were copied. */
typedef void (*GtNlFunc) (GtPrinter *printer, GtNlBytes bytes, gconstpointer user_data);
void gt_print_nl_list (GtPrinter *printer, GtNlBytes bytes, gsize head, gsize length_size,
                       GtNlFunc func, gconstpointer user_data);
/* "[[{nla_len=8, nla_type=IFLA_MTU}, 1500], ...]". Addresses are those of @family. */
void
gt_print_nl_attributes (GtPrinter *printer, GtNlBytes bytes, const GtNlTable *table, guint8 family);

G_END_DECLS

#endif
