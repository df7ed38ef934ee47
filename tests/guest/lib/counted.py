# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program "counted" in a guest, and tracers that are known to have attached before it runs.

Its calls, lseek (FD, i, SEEK_SET) = i, have numbers that stand in their arguments and results.
"""

import time

import guestlab

FILTER = ('-e', 'lseek', '-n', 'counted')


def run(guest, threads, calls):
    """The threads that made the calls, by the program's own word."""
    answer = guest.sh(f'counted {threads} {calls}', timeout=3600).split('\n')
    if not answer[-2].startswith('OK '):
        raise guestlab.TestbedError(f'counted failed: {answer}')
    return [int(line.split()[1]) for line in answer[:-2]]


def big_areas(guest):
    """How many large areas the guest's kernel has allocated: a probe's ring is one."""
    return int(guest.sh("awk '$2 > 4000000 && /vmalloc/' /proc/vmallocinfo | wc -l"))


def wait_until_hooked(guest, process, areas):
    """A ring is there that was not before: the kernel is hooked some milliseconds later."""
    deadline = time.monotonic() + 30
    while big_areas(guest) == areas:
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise guestlab.TestbedError('the tracer did not attach')
    time.sleep(0.5)
