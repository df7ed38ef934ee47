#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""--sample and --rate: so many calls, each whole, and with those left out as many as a program that
counts its calls has made. What is injected is injected always."""

import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import counted  # noqa: E402
import guestkernel  # noqa: E402
import guestlab  # noqa: E402

LINE = re.compile(r' lseek\(\d+, (\d+), SEEK_SET\) += (\d+) <[\d.]+>$', re.M)
TOTALS = re.compile(r'^guestrace: (\d+) calls? .* 0 events lost, (\d+) calls? left out$', re.M)
THREADS, CALLS = 4, 10000


def sampled(tap, guest, *options):
    """(positions that are shown, seconds that the program took)"""
    with guestlab.trace(guest, *counted.FILTER, *options, ping='counted 1 1000') as trace:
        guest.sh('sleep 1')
        before = len(LINE.findall(trace.file.read_text()))
        start = time.monotonic()
        counted.run(guest, THREADS, CALLS)
        took = time.monotonic() - start
    lines = LINE.findall(trace.output)
    what = ' '.join(options)
    totals = TOTALS.search(trace.stderr)
    calls, left_out = map(int, totals.groups()) if totals else (0, 0)
    tap.equal((calls + left_out) % 1000, 0, f'{what}: shown and left out are all')
    tap.ok(calls + left_out > THREADS * CALLS, f'{what}: and more than the program made last',
           trace.stderr)
    tap.equal(len(lines), calls, f'{what}: a line for each call that is shown')
    tap.ok(all(position == result for position, result in lines), f'{what}: with its own return')
    return [int(position) for position, _ in lines[before:]], took


def main():
    with guestlab.Tap() as tap, guestkernel.boot(sys.argv[1], smp=2) as guest:
        shown, _ = sampled(tap, guest, '--sample=10')
        wanted = THREADS * CALLS // 10
        tap.ok(abs(len(shown) - wanted) <= 20, f'one of ten of {THREADS * CALLS}: {len(shown)}')
        even = sum(position % 2 == 0 for position in shown)
        tap.ok(0.4 < even / max(len(shown), 1) < 0.6, f'of each second one as many: {even}')
        shown, took = sampled(tap, guest, '--rate=300')
        tap.ok(300 <= len(shown) <= 300 * (took + 2), f'300 a second: {len(shown)} in {took:.1f} s')
        with guestlab.trace(guest, '--sample=1000000', '-e', 'inject=umask:retval=0123',
                            ping='umask') as trace:
            said = [guest.sh('umask').strip() for _ in range(20)]
        tap.equal(set(said), {'0123'}, 'each call that is injected into')
        tap.ok(trace.status == 0, 'the end of it', trace.stderr)
        guestkernel.check_health(tap, guest, 'after that')


main()
