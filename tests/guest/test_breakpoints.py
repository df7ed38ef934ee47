#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Breakpoints on a function of the kernel while a guest with two vCPUs works hard: nothing in its
code changes, and whatever becomes of the program that set them, the guest goes on and computes what
is right.

usage: test_breakpoints.py KERNEL [--seed N]
"""

import argparse
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestkernel  # noqa: E402
import guestlab  # noqa: E402

PROGRAM = guestlab.BUILD / 'examples/function'
FUNCTION = 'do_filp_open'
KILLS = 6
LINES = 40
LINE = re.compile(r'^(.+)\[(\d+)\] do_filp_open( \(0x[0-9a-f]+, .*\)| = 0x[0-9a-f]+)$')


class Breakpoints:
    """The program at work; lines are what it has printed."""

    def __init__(self, guest, function=FUNCTION):
        self.file = open(guest.dir / 'lines', 'w+', encoding='utf-8', errors='replace')
        self.process = subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', PROGRAM, guest.name, function, '--trap'],
                                        stdin=subprocess.DEVNULL, stdout=self.file,
                                        stderr=subprocess.PIPE, text=True)

    def lines(self):
        self.file.seek(0)
        return self.file.read().splitlines()

    def wait_for_lines(self, n=1, act=lambda: time.sleep(0.05)):
        """act is what may bring some."""
        deadline = time.monotonic() + 60
        while len(self.lines()) < n:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise guestlab.TestbedError(f'no breakpoint was hit: {self.process.communicate()[1]}')
            act()

    def end(self, sig=signal.SIGINT):
        self.process.send_signal(sig)
        return self.process.communicate(timeout=60)[1].strip()


def check_work(tap, guest, work, what, before):
    deadline = time.monotonic() + 60
    while not all(a > b for a, b in zip(work.rounds(), before)) and time.monotonic() < deadline:
        time.sleep(0.2)
    after, failures = work.rounds(), work.failures()
    tap.ok(guestkernel.is_running(guest) and all(a > b for a, b in zip(after, before)) and not failures,
           f'{what}: the programs in the guest go on, and are right', f'{before} {after}\n{failures}')


def test_text(tap, guest, work):
    """What is in its memory, by the hypervisor's word, while the breakpoints are there."""
    at = work.rounds()
    programs, said = [], []

    def act():
        programs.append(Breakpoints(guest))
        programs[-1].wait_for_lines()
        text = guestkernel.kernel_text(guest)
        programs[-1].wait_for_lines(LINES)
        said.append(programs[-1].end())
        return text
    tap.ok(guestkernel.keeps_text(guest, act), 'the kernel text does not change')
    program = programs[-1]
    said = said[-1]
    lines = program.lines()
    tap.ok(program.process.returncode == 0 and not said, 'it ends when it is told to', said)
    tap.ok(len(lines) >= LINES and all(LINE.match(line) for line in lines),
           f'{len(lines)} entries and returns', [line for line in lines if not LINE.match(line)][:5])
    check_work(tap, guest, work, 'after it', at)


def test_kills(tap, guest, work, rng):
    before = work.rounds()

    def act():
        for i in range(KILLS):
            program = Breakpoints(guest)
            if i % 2:
                program.wait_for_lines()
            time.sleep(rng.uniform(0, 1))
            program.end(signal.SIGKILL)
            guest.sh('calls 100', timeout=120)
    tap.ok(guestkernel.keeps_text(guest, act), 'the kernel text is what it was')
    check_work(tap, guest, work, f'after {KILLS} killed programs', before)


def test_stopped(tap, guest, work):
    program = Breakpoints(guest)
    program.wait_for_lines()
    program.process.send_signal(signal.SIGSTOP)
    time.sleep(1)
    check_work(tap, guest, work, 'beside a program that is stopped', work.rounds())
    program.process.send_signal(signal.SIGCONT)
    said = program.process.communicate(timeout=60)[1].strip()
    tap.ok(program.process.returncode == 1 and 'was stopped' in said, 'and it says what that did', said)


def test_paused(tap, guest):
    """By whoever owns it: nothing comes meanwhile, and what comes next comes by itself."""
    program = Breakpoints(guest)
    program.wait_for_lines()
    guest.qmp('stop')
    time.sleep(0.5)
    n = len(program.lines())
    time.sleep(1)
    tap.equal(len(program.lines()), n, 'a guest that its owner stops: nothing comes')
    guest.qmp('cont')
    program.wait_for_lines(n + LINES)
    said = program.end()
    tap.ok(program.process.returncode == 0 and not said, 'and lets go on: the breakpoints do, too', said)


def test_together(tap, guest):
    """With guestrace at work: one of them is told that the other is there."""
    with guestlab.trace(guest) as trace:
        program = Breakpoints(guest)
        said = program.process.communicate(timeout=60)[1].strip()
    tap.ok(program.process.returncode == 1 and str(trace.process.pid) in said,
           'a guest that is traced already: refused', said)
    program = Breakpoints(guest)
    program.wait_for_lines()
    run = guestlab.guestrace('--for', '1', guest.name)
    tap.ok(run.returncode == 1 and run.stderr.count('\n') == 1, 'and the other way round', run.stderr)
    n = len(program.lines())
    time.sleep(1)
    program.end()
    tap.ok(len(program.lines()) > n and program.process.returncode == 0, 'the first one goes on')


def test_module(tap, guest):
    """The driver of a network device that sends packets nowhere, and counts them."""
    guest.sh('insmod /bin/dummy.ko && ifconfig dummy0 10.9.9.1 up')
    sent = '/sys/class/net/dummy0/statistics/tx_packets'
    program = Breakpoints(guest, 'dummy_xmit')
    program.wait_for_lines(act=lambda: guest.sh('ping -c 1 -W 1 10.9.9.2 >/dev/null; :'))
    before = int(guest.sh(f'cat {sent}'))
    n = len(program.lines())
    guest.sh('ping -c 5 -i 0.2 -W 1 10.9.9.2 >/dev/null; :')
    after = int(guest.sh(f'cat {sent}'))
    said = program.end()
    got = len(program.lines()) - n
    tap.ok(after - before >= 5 and got == 2 * (after - before) and not said,
           f'a function of a module: {after - before} calls, and their returns', f'{got} {before} {after} {said}')


def comes_back(guest):
    """What is said to a guest before it has booted is lost."""
    for _ in range(60):
        try:
            return guest.sh('echo well', timeout=2) == 'well\n'
        except guestlab.TestbedError:
            pass
    return False


def test_ends(tap, guest):
    program = Breakpoints(guest, 'no_such_function')
    said = program.process.communicate(timeout=60)[1].strip()
    tap.ok(program.process.returncode == 1 and said.count('\n') == 0 and 'no_such_function' in said,
           'a function that is not there', said)
    for command, words in ('system_reset', 'rebooted'), ('quit', 'is gone'):
        program = Breakpoints(guest)
        program.wait_for_lines(act=lambda: guest.sh('cat /etc/hosts >/dev/null', timeout=60))
        guest.qmp(command)
        said = program.process.communicate(timeout=60)[1].strip()
        tap.ok(program.process.returncode == 1 and said.count('\n') == 0 and words in said,
               f'{command}: it is said in one sentence', said)
        if command != 'quit':
            tap.ok(comes_back(guest), f'{command}: the guest boots')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('kernel')
    parser.add_argument('--seed', type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    modules = guestlab.modules(options.kernel)
    with guestlab.Tap() as tap, guestkernel.boot(options.kernel, smp=2, programs=modules,
                                                       allow_reboot=True) as guest:
        tap.diag(f'--seed {options.seed}')
        work = guestkernel.Work(guest, 'cat /etc/hosts')
        guest.sh('calls 100')
        work.warm_up()
        test_text(tap, guest, work)
        test_kills(tap, guest, work, random.Random(options.seed))
        test_stopped(tap, guest, work)
        test_paused(tap, guest)
        test_together(tap, guest)
        test_module(tap, guest)
        guestkernel.check_health(tap, guest, 'after all that')
        test_ends(tap, guest)


main()
