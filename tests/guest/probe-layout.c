/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the probe keeps what in the memory that it shares with the host, for tests in Python: a
 * line for each part, its name, offset and length. */
#include <stddef.h>
#include <stdio.h>

#include "guestcode/shared.h"

#define PART(member)                                                                               \
  {                                                                                                \
#member, offsetof(struct gt_shared, member), sizeof((struct gt_shared *) 0)->member            \
  }

int
main (void)
{
  static const struct {
    const char *name;
    size_t offset, len;
  } parts[] = {
    PART (config),
    PART (config.magic),
    PART (config.beat),
    PART (config.tail),
    PART (config.flags),
    PART (config.actions),
    PART (config.steps),
    PART (state),
    PART (state.head),
    PART (state.slots_taken),
    PART (state.dropped),
    PART (state.waiting),
    PART (state.nonce),
    PART (state.clock_tsc),
    PART (slots),
    PART (ring),
    PART (state.functions_waiting),
    PART (function_sites),
    PART (function_returns),
    PART (function_slots),
  };

  printf ("magic %zu %zu\n", (size_t) GT_PROBE_MAGIC, sizeof (uint64_t));
  printf ("header.shared %zu %zu\n", offsetof (struct gt_probe_header, shared), sizeof (uint64_t));
  printf ("header.code_size %zu %zu\n", offsetof (struct gt_probe_header, code_size),
          sizeof (uint64_t));
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    printf ("%s %zu %zu\n", parts[i].name, parts[i].offset, parts[i].len);
  }
  return 0;
}
