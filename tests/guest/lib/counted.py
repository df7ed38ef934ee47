# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program "counted" in a guest, and tracers that are known to have attached before it runs.

Its calls, lseek (FD, i, SEEK_SET) = i, have numbers that stand in their arguments and results.
"""

import guestlab

FILTER = ('-e', 'lseek', '-n', 'counted')


def run(guest, threads, calls):
    """The threads that made the calls, by the program's own word."""
    answer = guest.sh(f'counted {threads} {calls}', timeout=3600).split('\n')
    if not answer[-2].startswith('OK '):
        raise guestlab.TestbedError(f'counted failed: {answer}')
    return [int(line.split()[1]) for line in answer[:-2]]
