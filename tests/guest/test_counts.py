#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every call is there once: programs that make exactly N calls are counted exactly N, each entry
with its own return, each thread's calls in order; with -c, in a file, and by the library's stream.

usage: test_counts.py [KERNEL] [--long]
"""

import argparse
import collections
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import counted  # noqa: E402
import guestlab  # noqa: E402

STREAM = guestlab.BUILD / 'tests/guest/count-stream'
LINE = re.compile(r'[\d:.]+ counted\[(?:\d+/)?(\d+)\] lseek\(\d+, (\d+), SEEK_SET\) = (\d+) <[\d.]+>$')
# vCPUs: (threads, calls of each)
SHORT = {1: [(1, 60000)], 2: [(64, 1000)], 4: [(8, 10000)]}
LONG = {1: [(1, 1000000), (64, 20000)], 2: [(1, 10000000), (8, 200000), (64, 20000)],
        4: [(1, 1000000), (8, 1000000), (64, 100000)]}
FILE_MAX = 2000000  # calls; a line is some 70 bytes


class Command:
    """The guestrace command on the program's lseek calls, with its output in a file."""

    def __init__(self, guest, *arguments):
        self.scratch = tempfile.TemporaryDirectory(prefix='gtcounts-')
        self.file = pathlib.Path(self.scratch.name) / 'out'
        areas = guestlab.big_areas(guest)
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', guestlab.GUESTRACE, *guestlab.WHOLE_LINES,
             *counted.FILTER, '-o', self.file, *arguments, guest.name], stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        guestlab.wait_until_hooked(guest, self.process, areas)

    def stop(self):
        """The output and the totals."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=600)
        with open(self.file, encoding='ascii', errors='replace') as stream:
            yield said
            yield from stream
        self.scratch.cleanup()


def count_lines(output):
    """(calls of each thread, lines that are none or out of order)"""
    following = collections.Counter()
    wrong = []
    for line in output:
        match = LINE.match(line)
        if not match or match[2] != match[3] or int(match[2]) != following[match[1]]:
            wrong.append(line)
        if match:
            following[match[1]] = int(match[2]) + 1
    return following, wrong[:5]


def check_file(tap, guest, threads, calls, what):
    command = Command(guest)
    tids = counted.run(guest, threads, calls)
    output = command.stop()
    said = next(output)
    counts, wrong = count_lines(output)
    tap.ok(not wrong and counts == {str(tid): calls for tid in tids} and
           f'{threads * calls} calls of 1 process ' in said and ' 0 events lost' in said,
           f'{what}, in a file', f'{said}{len(counts)} threads {counts.most_common(3)} {wrong}')


def check_summary(tap, guest, threads, calls, what):
    command = Command(guest, '-c', '-U', 'calls,name')
    counted.run(guest, threads, calls)
    output = command.stop()
    said = next(output)
    rows = [line.split() for line in output if line.endswith(' lseek\n')]
    tap.ok(rows == [[str(threads * calls), 'lseek']] and ' 0 events lost' in said, f'{what}, -c',
           f'{said}{rows}')


def check_stream(tap, guest, threads, calls, what):
    process = subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', STREAM, guest.name],
                               stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    tids = counted.run(guest, threads, calls)
    process.send_signal(signal.SIGINT)
    lines = process.communicate(timeout=600)[0].splitlines()
    wanted = {f'thread {tid} {calls}' for tid in tids}
    tap.ok(lines[-1] == 'wrong 0 lost 0' and set(lines[:-1]) == wanted, f"{what}, the library's",
           '\n'.join(lines[:5] + lines[-1:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('kernel', nargs='?', default='6.12')
    parser.add_argument('--long', action='store_true', help='up to 10 million calls at a time')
    options = parser.parse_args()
    with guestlab.Tap() as tap:
        for smp, cases in (LONG if options.long else SHORT).items():
            # Private memory is read in another way than shared one.
            with guestlab.boot(kernel=options.kernel, smp=smp,
                               ram='private' if smp == 2 else 'shared') as guest:
                for threads, calls in cases:
                    what = f'{smp} vCPUs, {threads} threads, {calls} calls each'
                    check_summary(tap, guest, threads, calls, what)
                    check_stream(tap, guest, threads, calls, what)
                    if threads * calls <= FILE_MAX:
                        check_file(tap, guest, threads, calls, what)
                if 'not tainted' not in guest.sh('dmesg | grep -c Tainted || echo not tainted'):
                    tap.ok(False, 'the kernel is well', guest.sh('dmesg | tail -n 40'))


main()
