#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the first instruction: guests that are not there yet, in their firmware, or paused before they
began are waited for, and traced from the execve of their first program on; also after a reboot."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestlab  # noqa: E402
import testbed  # noqa: E402

FIRST = re.compile(r'\S+ \S+\[1\] execve\("/init", \["/init"\], \S+(?: /\* \d+ vars \*/)?\) = 0\b')
WAITING = 'guestrace: waiting for '


class Machine:
    """A guest's QEMU whose boot nobody waits for, as a context; Guest once it is started."""

    def __init__(self, kernel, *arguments, **options):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='gtboot-'))
        name = f'gtboot-{os.getpid()}-{time.monotonic_ns() % 1000000}'
        self.options = testbed.boot_options(name=name, kernel=kernel, mem=256,
                                            initrd=guestlab.initramfs(), dir=str(self.dir),
                                            qemu_arg=[*arguments, '-qmp',
                                                      f'unix:{self.dir}/second.sock,server=on,wait=off'],
                                            **options)
        self.image = testbed.fetch_kernel(kernel)
        self.guest = None

    @property
    def name(self):
        return self.options.name

    def start(self):
        (self.dir / 'console.log').touch()
        command = testbed.qemu_arguments(self.options, self.image, self.dir)
        process = subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', *command],
                                   stdin=subprocess.DEVNULL, start_new_session=True)
        (self.dir / 'pid').write_text(f'{process.pid}\n')
        self.guest = guestlab.Guest(self.dir, process)
        self.guest.qmp_socket = 'second.sock'
        return self.guest

    def wait_until_up(self, times=1):
        deadline = time.monotonic() + 120
        while self.guest.console().encode().count(testbed.UP_LINE) < times:
            if not self.guest.alive() or time.monotonic() > deadline:
                raise guestlab.TestbedError(f'the guest is not up: {self.guest.console()[-500:]}')
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.guest is not None:
            self.guest.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


class Tracer:
    def __init__(self, machine, *arguments):
        self.out, self.err = machine.dir / 'trace', machine.dir / 'said'
        with open(self.err, 'wb') as err:
            self.process = subprocess.Popen(
                ['setpriv', '--pdeathsig', 'KILL', guestlab.GUESTRACE, '-o', self.out, *guestlab.WHOLE_LINES, *arguments,
                 machine.name], stdin=subprocess.DEVNULL, stderr=err)

    def text(self):
        return self.out.read_text(errors='replace') if self.out.exists() else ''

    def said(self):
        return self.err.read_text(errors='replace')

    def wait_for(self, condition, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise guestlab.TestbedError(f'no {what} from guestrace: {self.said()}')
            time.sleep(0.05)
        return self

    def end(self, sig=signal.SIGINT):
        self.process.send_signal(sig)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None


def check_first_lines(tap, machine, tracer, what):
    machine.wait_until_up()
    machine.guest.sh('cat /etc/hosts')
    tracer.wait_for(lambda: '"/etc/hosts"' in tracer.text(), 'cat of a file')
    status = tracer.end()
    lines = tracer.text().splitlines()
    tap.ok(lines and FIRST.match(lines[0]), f'{what}: the first line is the execve of init',
           '\n'.join(lines[:3]))
    tap.diag('\n'.join(lines[:2]))
    tap.ok(status == 0 and ' 0 events lost' in tracer.said(), f'{what}: traced to the end',
           f'{status} {tracer.said()}')
    check_pids(tap, lines, what)
    tap.equal(machine.guest.sh('echo well'), 'well\n', f'{what}: the guest is well')
    bad = [line for line in machine.guest.sh('dmesg').splitlines()
           if re.search('BUG|WARNING|Oops|stall|lockup', line)]
    tap.ok(not bad, f'{what}: its log is clean', bad)


def check_pids(tap, lines, what):
    """Every process of the trace was begun in it: its first call comes after the call that returned
    its number, or it is init. The kernel's own helpers (modprobe) are begun by nobody."""
    begun, strangers = {1}, set()
    for line in lines:
        match = re.match(r'\S+ (\S+)\[(?:\d+/)?(\d+)\]', line)
        if match and int(match[2]) not in begun:
            strangers.add((match[1], int(match[2])))
        match = re.search(r'(?:fork|clone3?)(?:\(| resumed).* = (\d+)', line)
        if match:
            begun.add(int(match[1]))
    # A child may run before its parent returns.
    strangers = {s for s in strangers if s[1] not in begun and not s[0].startswith('kworker')}
    tap.ok(not strangers, f'{what}: every process was seen to begin', sorted(strangers)[:5])


def check_firmware(tap, kernel, smp):
    with Machine(kernel, smp=smp) as machine:
        machine.start()
        tracer = Tracer(machine, '--wait')
        tracer.wait_for(tracer.said, 'word of waiting')
        check_first_lines(tap, machine, tracer, f'in its firmware, {smp} vCPUs')
        tap.ok(tracer.said().startswith(WAITING), 'and says what it waits for', tracer.said())


def check_not_there(tap, kernel):
    """Nobody there, then paused (-S), then let run."""
    with Machine(kernel, '-S', smp=1) as machine:
        run = guestlab.guestrace(machine.name)
        tap.ok(run.returncode == 1 and machine.name in run.stderr, 'no such guest, without --wait',
               run.stderr)
        tracer = Tracer(machine, '--wait')
        tracer.wait_for(lambda: WAITING in tracer.said(), 'word of waiting')
        guest = machine.start()
        tracer.wait_for(lambda: 'let run' in tracer.said(), 'word of the pause')
        guest.hmp('cont')
        check_first_lines(tap, machine, tracer, 'started paused')


def check_give_up(tap, kernel):
    with Machine(kernel, '-S', smp=1) as machine:
        guest = machine.start()
        tracer = Tracer(machine, '--wait')
        tracer.wait_for(lambda: 'let run' in tracer.said(), 'word of the pause')
        status = tracer.end()
        run = guestlab.guestrace('--no-wait', machine.name)
        tap.ok(run.returncode == 1 and 'has not booted' in run.stderr and
               run.stderr.count('\n') == 1, '--no-wait', run.stderr)
        tap.ok(status == 1 and tracer.said().count('\n') <= 4, 'Ctrl-C while it waits',
               f'{status} {tracer.said()}')
        guest.hmp('cont')
        tracer = Tracer(machine)
        tracer.wait_for(tracer.said, 'word of waiting')
        guest.process.kill()
        status = tracer.process.wait(30)
        tap.ok(status == 1 and 'ended' in tracer.said(), 'QEMU killed while it waits', tracer.said())
        tap.diag(tracer.said())


def check_follow(tap, kernel):
    with Machine(kernel, smp=1, allow_reboot=True) as machine:
        guest = machine.start()
        machine.wait_until_up()
        tracer = Tracer(machine, '--follow-reboot')
        guest.sh('cat /etc/passwd')
        tracer.wait_for(lambda: '"/etc/passwd"' in tracer.text() or guest.sh('cat /etc/passwd') is None,
                        'cat of a file')
        for times, command in ((2, 'reboot -f'), (3, 'echo 1 >/proc/sys/kernel/panic; '
                                                     'echo c >/proc/sysrq-trigger')):
            guest.sh(f'(sleep 0.3; {command}) </dev/null >/dev/null 2>&1 &')
            machine.wait_until_up(times)
        guest.sh('cat /etc/hosts')
        tracer.wait_for(lambda: '"/etc/hosts"' in tracer.text(), 'cat of a file')
        status = tracer.end()
        firsts = [line for line in tracer.text().splitlines() if FIRST.match(line)]
        tap.equal((status, len(firsts)), (0, 2), '--follow-reboot: two more kernels from their first program')
        tap.ok(' rebooted' in tracer.said() and ' crashed ' in tracer.said(), 'and says so', tracer.said())
        tap.diag(tracer.said())


def main():
    kernel = sys.argv[1]
    with guestlab.Tap() as tap:
        check_firmware(tap, kernel, 2)
        check_not_there(tap, kernel)
        check_give_up(tap, kernel)
        check_follow(tap, kernel)


main()
