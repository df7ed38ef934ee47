#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Readers that are slow, stop or go, a full disk, a tracer that is stopped: what is lost is counted
to the event, what is shown is right, and the guest is then as it was."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import counted  # noqa: E402
import guestlab  # noqa: E402
import vmishell  # noqa: E402

THREADS, CALLS = 4, 50000  # more than the ring, the output's queue and a pipe take together
JOINED = re.compile(rb'lseek\(\d+, (\d+), SEEK_SET\) = (\d+) <[\d.]+>\n')
LOST = re.compile(r', (\d+) events lost$', re.M)
SLOW = 3  # s


class Tracer:
    """guestrace on the program's calls, writing into a pipe that is read when told to."""

    def __init__(self, guest, *arguments):
        areas = guestlab.big_areas(guest)
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', guestlab.GUESTRACE, *guestlab.WHOLE_LINES, *counted.FILTER, *arguments,
             guest.name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.output = b''
        self.pause = 0  # s, between one read and the next
        self.reader = threading.Thread(target=self.read)
        guestlab.wait_until_hooked(guest, self.process, areas)

    def read(self):
        chunks = []
        while chunk := os.read(self.process.stdout.fileno(), 1 << 16):
            chunks.append(chunk)
            time.sleep(self.pause)
        self.output = b''.join(chunks)

    def stop(self, sig=signal.SIGINT):
        """What it said on standard error."""
        if not self.reader.is_alive():
            self.reader.start()
        if sig is not None:
            self.process.send_signal(sig)
        self.process.wait(60)
        self.reader.join()
        return self.process.stderr.read().decode()


def check_account(tap, output, said, what):
    """Events shown and events lost are all that there were, and no call has another's return."""
    joined = JOINED.findall(output)
    events = (2 * len(joined) + output.count(b' <unfinished ...>\n') +
              output.count(b'<... lseek resumed> = '))
    lost = int((LOST.search(said) or [0, -1])[1])
    tap.ok(events + lost == 2 * THREADS * CALLS, f'{what}: each event is shown or counted',
           f'{events} shown, {lost} lost, of {2 * THREADS * CALLS}\n{said}')
    tap.ok(all(argument == result for argument, result in joined),
           f"{what}: no call has another's return")
    tap.diag(f'{what}: {len(joined)} calls, {events - 2 * len(joined)} halves, {lost} lost')
    return lost


def check_drop(tap, guest):
    """Nobody reads: the programs go on all the same."""
    tracer = Tracer(guest, '--drop')
    counted.run(guest, THREADS, CALLS)
    tracer.reader.start()
    time.sleep(1)
    guest.sh('counted 1 0')
    said = tracer.stop()
    lost = check_account(tap, tracer.output, said, '--drop')
    tap.ok(lost > 0 and re.search(rf'^guestrace: {lost} events were dropped.*--drop', said, re.M),
           '--drop: it says what to do about it', said)


def check_drop_now_and_then(tap, guest):
    """A reader that is a little too slow: the ring is full, has room, is full again."""
    tracer = Tracer(guest, '--drop')
    tracer.pause = 0.005
    tracer.reader.start()
    counted.run(guest, THREADS, CALLS)
    tracer.pause = 0
    said = tracer.stop()
    check_account(tap, tracer.output, said, 'now and then')


def check_slow_reader(tap, guest):
    """A reader that sleeps, then reads: the programs wait for it, nothing is lost."""
    tracer = Tracer(guest)
    late = threading.Timer(SLOW, tracer.reader.start)
    late.start()
    start = time.monotonic()
    counted.run(guest, THREADS, CALLS)
    took = time.monotonic() - start
    said = tracer.stop()
    tap.equal(check_account(tap, tracer.output, said, 'a slow reader'), 0,
              'a slow reader: nothing is lost')
    tap.ok(took >= SLOW, 'a slow reader: the programs waited', f'{took:.1f} s')


def check_stopped(tap, guest, *arguments):
    """A tracer that is stopped: the guest goes on without it, and then with it."""
    tracer = Tracer(guest, *arguments)
    tracer.reader.start()
    tracer.process.send_signal(signal.SIGSTOP)
    threading.Timer(4, tracer.process.send_signal, [signal.SIGCONT]).start()
    # The first half is over before it goes on, unless the machine is very slow.
    counted.run(guest, THREADS, CALLS // 2)
    time.sleep(4)
    counted.run(guest, THREADS, CALLS - CALLS // 2)
    said = tracer.stop()
    check_account(tap, tracer.output, said, ' '.join(('stopped', *arguments)))


def check_gone_reader(tap, guest, text):
    """A reader that goes away under load."""
    tracer = Tracer(guest)
    reading = threading.Thread(target=counted.run, args=(guest, THREADS, CALLS))
    reading.start()
    os.read(tracer.process.stdout.fileno(), 1 << 16)
    tracer.process.stdout.close()
    status = tracer.process.wait(60)
    reading.join()
    said = tracer.process.stderr.read().decode()
    tap.equal((status, said), (-signal.SIGPIPE, ''), 'a reader that goes')
    tap.equal(vmishell.kernel_text(guest.name), text, "the kernel's code is as it was")


@contextlib.contextmanager
def full_disk():
    """A place for a file that takes a megabyte; without the right to mount, a file that takes
    nothing."""
    with tempfile.TemporaryDirectory(prefix='gtlosses-') as directory:
        mount = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', directory],
                               stderr=subprocess.DEVNULL)
        if mount.returncode != 0:
            yield '/dev/full'
            return
        try:
            yield f'{directory}/trace'
        finally:
            subprocess.run(['umount', directory], check=True)


def check_full_disk(tap, guest, text):
    with full_disk() as file:
        tracer = Tracer(guest, '-q', '-o', file)
        start = time.monotonic()
        counted.run(guest, THREADS, CALLS)
        took = time.monotonic() - start
        said = tracer.stop(None)
    tap.equal((tracer.process.returncode, said),
              (1, f'guestrace: cannot write to {file}: No space left on device\n'), 'a full disk')
    tap.equal(vmishell.kernel_text(guest.name), text, "the kernel's code is as it was")
    tap.diag(f'{THREADS * CALLS} calls while the disk became full: {took:.1f} s')


def main():
    with guestlab.Tap() as tap, guestlab.boot(kernel=sys.argv[1], smp=2) as guest:
        text = vmishell.kernel_text(guest.name)
        check_drop(tap, guest)
        check_drop_now_and_then(tap, guest)
        check_slow_reader(tap, guest)
        check_stopped(tap, guest)
        check_stopped(tap, guest, '--drop')
        check_gone_reader(tap, guest, text)
        check_full_disk(tap, guest, text)
        tap.equal(guest.sh('echo well'), 'well\n', 'the guest is well')


main()
