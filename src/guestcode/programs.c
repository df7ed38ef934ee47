/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs threads run: the file that was executed, by its path. */
#include "programs.h"

/* A thread of the same process may be giving its memory up, or have another program set: what is
 * read is looked at before it can be freed. */
int
is_running_one (const struct gt_config *config, uint64_t task)
{
  uint64_t mm = FIELD (uint64_t, task, k_task_mm), file, place[2];
  char buffer[GT_EXE_LEN];
  int64_t path = 0;

  k_rcu_read_lock ();
  file = mm ? FIELD (const volatile uint64_t, mm, k_mm_exe_file) : 0;
  if (file) {
    const volatile uint64_t *from = &FIELD (const volatile uint64_t, file, k_file_path);

    place[0] = from[0];
    place[1] = from[1];
    path = place[0] && place[1] ? k_d_path (place, buffer, sizeof buffer) : 0;
  }
  k_rcu_read_unlock ();
  if (path < (int64_t) buffer || path >= (int64_t) (buffer + sizeof buffer)) {
    return 0;
  }
  for (uint32_t i = 0; i < config->n_exes && i < GT_FILTER_EXES; i++) {
    if (same_text (config->exes[i], (const char *) path, GT_EXE_LEN)) {
      return 1;
    }
  }
  return 0;
}
