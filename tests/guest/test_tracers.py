#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""perf and bpftrace in a guest count right while guestrace traces it, and guestrace while they do:
before, while, over attaching and over detaching.

usage: test_tracers.py KERNEL
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestkernel  # noqa: E402
import guestlab  # noqa: E402
import testbed  # noqa: E402

CALLS = 2000
COUNTED = ('enter', 'exit', 'probe', 'return', 'entry', 'main')
# Tracepoints, a kprobe, a kretprobe, a BPF trampoline, and a uprobe in the program itself.
SCRIPT = """
tracepoint:raw_syscalls:sys_enter /comm == "calls" && args->id == 3/ { @enter = count(); }
tracepoint:raw_syscalls:sys_exit /comm == "calls" && args->id == 3/ { @exit = count(); }
kprobe:__x64_sys_close /comm == "calls"/ { @probe = count(); }
kretprobe:__x64_sys_close /comm == "calls"/ { @return = count(); }
kfunc:__x64_sys_close /comm == "calls"/ { @entry = count(); }
uprobe:/bin/calls:main { @main = count(); }
BEGIN { printf("ready\\n"); }
"""


def initramfs(directory):
    """The tools' archive, which is not compressed, and after it that of every guest."""
    run = subprocess.run([testbed.SCRIPTS / 'fetch-tools'], stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        raise guestlab.TestbedError('could not fetch perf and bpftrace')
    out = pathlib.Path(directory) / 'initramfs'
    with open(out, 'wb') as stream:
        for file in (run.stdout.strip(), guestlab.initramfs()):
            with open(file, 'rb') as part:
                shutil.copyfileobj(part, stream)
    return str(out)


def trace(guest):
    return guestlab.trace(guest, '-n', 'calls', ping='calls 0')


def counted(tap, traced, wanted, what):
    closed = traced.output.count('close(')
    tap.ok(traced.status == 0 and closed == wanted and ' 0 events lost' in traced.stderr,
           f'{what}: guestrace has {wanted} calls, none lost',
           f'{closed} of {wanted} calls, status {traced.status}: {traced.stderr}')


class Bpftrace:
    """bpftrace with SCRIPT in the guest: counts from when it is made until it is asked."""

    def __init__(self, guest):
        self.guest = guest
        guest.sh('rm -f /tmp/out; bpftrace -B line /tmp/script >/tmp/out 2>&1 & echo $! >/tmp/pid; '
                 'until grep -qs ready /tmp/out || ! kill -0 $(cat /tmp/pid); do sleep 0.2; done; '
                 'grep -q ready /tmp/out || { cat /tmp/out; false; }', timeout=120)

    def counts(self):
        # It may not hear the signal while it begins to listen: it is sent again, later.
        text = self.guest.sh('read -r pid </tmp/pid; kill -INT $pid; n=0; '
                             'while kill -0 $pid 2>/dev/null; do sleep 0.2; n=$((n+1)); '
                             'test $((n % 100)) != 0 || kill -INT $pid; done; cat /tmp/out',
                             timeout=120)
        return {name: int(n) for name, n in re.findall(r'@(\w+): (\d+)', text)}


def wanted(runs):
    return {name: runs if name == 'main' else runs * CALLS for name in COUNTED}


def test_bpftrace(tap, guest):
    """It starts before guestrace attaches and ends after it detached, then the other way around."""
    guest.sh(f"cat >/tmp/script <<'END'{SCRIPT}END")
    work = f'calls {CALLS}'
    outer = Bpftrace(guest)
    guest.sh(work)
    with trace(guest) as inner:
        guest.sh(work)
    guest.sh(work)
    pings = outer.counts()
    tap.equal({**pings, 'main': 3}, wanted(3), 'bpftrace counts right before, while and after')
    tap.ok(pings.get('main', 0) > 3, 'a uprobe, too', pings)
    counted(tap, inner, CALLS, 'beside bpftrace')
    with trace(guest) as outer:
        inner = Bpftrace(guest)
        guest.sh(work)
        tap.equal(inner.counts(), wanted(1), 'bpftrace counts right from start to end while traced')
        inner = Bpftrace(guest)
        guest.sh(work)
    guest.sh(work)
    tap.equal(inner.counts(), wanted(2), 'and when it goes on after that')
    counted(tap, outer, 2 * CALLS, 'around bpftrace')


def perf_counts(guest):
    """What perf trace, with room for all of it, says of a program's calls, and what perf stat
    counts."""
    table = guest.sh(f'taskset 1 perf trace -m 4M -s calls {CALLS} 2>&1')
    rows = {row[0]: int(row[1]) for row in re.findall(r'^ +(\w+) +(\d+) +\d+ +[\d.]+', table, re.M)}
    numbers = guest.sh('perf stat -x, -e raw_syscalls:sys_enter,raw_syscalls:sys_exit,'
                       f'syscalls:sys_enter_close calls {CALLS} 2>&1')
    return rows, [int(n) for n in re.findall(r'^(\d+),,\w+:', numbers, re.M)]


def test_perf(tap, guest):
    untraced = perf_counts(guest)
    rows, numbers = untraced
    tap.ok(rows.get('close') == CALLS and len(numbers) == 3 and numbers[2] == CALLS,
           'perf counts right, untraced', untraced)
    with trace(guest) as traced:
        tap.equal(perf_counts(guest), untraced,
                  'perf trace and perf stat say the same while traced')
    counted(tap, traced, 2 * CALLS, 'beside perf')
    tap.equal(perf_counts(guest), untraced, 'and after it')
    with trace(guest) as traced:
        guest.sh('perf record -a -g -e cpu-clock -o /tmp/perf.data '
                 f'calls {20 * CALLS} >/dev/null 2>&1')
    counted(tap, traced, 20 * CALLS, 'beside perf record -a -g')


def main():
    with guestlab.Tap() as tap, tempfile.TemporaryDirectory(prefix='gttest-') as scratch:
        with guestkernel.boot(sys.argv[1], accel=guestkernel.PATCHING, mem=1024,
                              initrd=initramfs(scratch)) as guest:
            guest.sh('mount -t tracefs tracefs /sys/kernel/tracing; '
                     'mount -t debugfs debugfs /sys/kernel/debug')
            text = guestkernel.kernel_text(guest)
            test_perf(tap, guest)
            test_bpftrace(tap, guest)
            guestkernel.check_health(tap, guest, 'after perf and bpftrace')
            now = guestkernel.kernel_text(guest)
            tap.ok(now == text, 'kernel text as before', guestkernel.differing(text, now))


main()
