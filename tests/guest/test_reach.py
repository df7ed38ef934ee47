#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ways to name a guest and to get at it; and what is said when it cannot be had."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestlab  # noqa: E402
import testbed  # noqa: E402

SILENT = "sh -c 'while :; do usleep 20000; done'"  # a process that is never silent for long
SOON = 30  # s; an error comes at once, but the machine may be busy
NOBODY = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups')
# A boot sector: cli; hlt; jmp to the hlt.
HALTS = bytes.fromhex('faf4ebfd').ljust(510, b'\0') + b'\x55\xaa'


def start_busy(guest):
    guest.sh(f'{SILENT} </dev/null >/dev/null 2>&1 &')


def check_trace(tap, name, what, stdout=True):
    run = guestlab.guestrace('--for', '1', '-e', 'execve,wait4,clone,vfork', name)
    tap.ok(run.returncode == 0 and run.stdout and re.fullmatch(
        r'guestrace: [^\n]*, 0 events lost\n', run.stderr), what, f'{run.returncode} {run.stderr}')


def check_error(tap, arguments, words, what, prefix=()):
    """Exit status 1, soon, and one sentence with all the words."""
    start = time.monotonic()
    run = subprocess.run([*prefix, guestlab.GUESTRACE, *arguments], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    sentence = re.fullmatch(r'guestrace: [^\n]+\n', run.stderr)
    tap.ok(run.returncode == 1 and not run.stdout and sentence and
           all(word in run.stderr for word in words) and time.monotonic() < start + SOON, what,
           f'{run.returncode} {run.stdout}{run.stderr}')
    tap.diag(run.stderr.strip())


def check_well(tap, guest, what):
    tap.equal(guest.sh('echo well'), 'well\n', f'{what}: the guest is well')


class Qemu:
    """A bare QEMU, as a context: for machines that boot nothing that a guest does."""

    def __init__(self, name, *arguments):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='gtreach-'))
        self.qmp = self.dir / 'qmp.sock'
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', 'qemu-system-x86_64', '-name', name, '-M',
             'q35,accel=tcg', '-m', '64', '-display', 'none', '-nodefaults', '-qmp',
             f'unix:{self.qmp},server=on,wait=off', *arguments], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not self.qmp.exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir)


def check_names(tap, guest):
    check_trace(tap, guest.name, 'a plain name')
    check_trace(tap, f'qemu:{guest.pid}', 'qemu:PID')
    check_trace(tap, f'qmp:{guest.dir}/qmp.sock', 'qmp:PATH')
    check_error(tap, ['no-such-guest'], ['"no-such-guest"', guest.name], 'no such name')
    check_error(tap, ['qemu:1'], ['process 1 '], 'a process that is no QEMU')
    check_error(tap, ['qemu:99999999'], ['99999999'], 'no such process')
    check_error(tap, ['qemu:x'], ['"x"'], 'no number')
    check_error(tap, ['qmp:/no/such/socket'], ['/no/such/socket'], 'no such monitor')
    check_error(tap, ['gdb:unix:/no/such/socket'], ['/no/such/socket'], 'no such stub')
    check_error(tap, ['gdb:127.0.0.1:1'], ['127.0.0.1:1'], 'no stub at that port')
    check_error(tap, ['gdb:'], ['gdb:'], 'no stub named')
    check_error(tap, [''], ['no guest'], 'no name')


def check_busy_monitor(tap, guest):
    with socket.socket(socket.AF_UNIX) as other:
        other.connect(str(guest.dir / 'qmp.sock'))
        other.recv(4096)
        check_error(tap, [guest.name], [guest.name, 'monitor'], 'its monitor is in use')
    check_well(tap, guest, 'monitor in use')


def check_paused(tap, guest):
    """A guest that its owner paused stays so."""
    guest.hmp('stop')
    run = subprocess.run([guestlab.GUESTRACE, '--for', '1', guest.name], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    tap.ok(run.returncode == 1 and guest.name in run.stderr and 'paused' in run.stderr and
           run.stderr.count('\n') == 1, 'a paused guest', f'{run.returncode} {run.stderr}')
    tap.ok('paused' in guest.hmp('info status'), 'it stays paused')
    guest.hmp('cont')
    check_well(tap, guest, 'paused')
    check_trace(tap, guest.name, 'once it runs, it can be traced')


def check_other_user(tap, guest):
    if os.geteuid() != 0:
        tap.skip('a guest of another user', 'only root can become another user')
        return
    # A directory that everybody can look into, for the command and its library may be private.
    with tempfile.TemporaryDirectory(prefix='gtreach-') as scratch:
        os.chmod(scratch, 0o755)
        for file in (guestlab.GUESTRACE, *(guestlab.BUILD / 'src').glob('libguestrace.so*')):
            if file.is_file():
                shutil.copy(file, scratch)
        command = pathlib.Path(scratch) / 'guestrace'
        prefix = [*NOBODY, 'env', f'LD_LIBRARY_PATH={scratch}']
        run = subprocess.run([*prefix, command, guest.name], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        tap.ok(run.returncode == 1 and guest.name in run.stderr and 'root' in run.stderr and
               run.stderr.count('\n') == 1, 'a guest of another user', run.stderr)
        tap.diag(run.stderr.strip())
        run = subprocess.run([*prefix, command, 'list'], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        tap.ok(run.returncode == 0 and re.search(rf'^{guest.name} +qemu:{guest.pid} +- ', run.stdout,
                                                 re.M), 'list shows it', run.stdout + run.stderr)


def check_two_of_one_name(tap, guest):
    with Qemu(guest.name, '-S') as other:
        check_error(tap, [guest.name], [f'"{guest.name}"', f'qemu:{guest.pid}',
                                        f'qemu:{other.process.pid}'], 'two guests of one name')
        check_trace(tap, f'qemu:{guest.pid}', 'one of them')


def check_gdb_without_monitor(tap, kernel):
    """A stub is all there is. Memory comes through it."""
    with guestlab.boot(kernel=kernel, smp=1, mem=256, monitor='none', gdb=True) as guest:
        start_busy(guest)
        check_trace(tap, f'gdb:unix:{guest.dir}/gdb.sock', 'gdb:unix:PATH without a monitor')
        check_trace(tap, guest.name, 'a name, with a stub and no monitor')
        with socket.socket(socket.AF_UNIX) as other:
            other.connect(str(guest.dir / 'gdb.sock'))
            check_error(tap, [guest.name], [f'{guest.dir}/gdb.sock'], 'its stub is in use')
            other.sendall(b'$c#63')  # it stopped the guest when it came
        check_well(tap, guest, 'stub in use')


def check_hmp(tap, kernel):
    with guestlab.boot(kernel=kernel, smp=1, mem=256, monitor='hmp', gdb=True) as guest:
        start_busy(guest)
        check_trace(tap, guest.name, 'a human monitor only')
        check_trace(tap, f'gdb:unix:{guest.dir}/gdb.sock', 'gdb:unix:PATH beside a monitor')
        check_well(tap, guest, 'human monitor')


def check_no_way_in(tap, kernel):
    name = f'gtreach-{os.getpid()}'
    words = ['-name', f'guest={name},debug-threads=on']
    with guestlab.boot(kernel=kernel, smp=1, mem=256, monitor='none', qemu_arg=words) as guest:
        check_error(tap, [name], [f'"{name}"', 'monitor', '-qmp'], 'no monitor and no stub')
        check_well(tap, guest, 'no way in')


def check_not_linux(tap):
    name = f'gtreach-{os.getpid()}'
    with Qemu(name, '-S') as qemu:
        check_error(tap, ['--no-wait', name], ['has not booted'], 'a guest that was never started')
    with Qemu(name) as qemu:  # the firmware finds nothing to boot
        time.sleep(1)
        check_error(tap, ['--no-wait', name], ['has not booted'], 'a guest in its firmware')
        tap.ok(qemu.process.poll() is None, 'it lives on')
    with tempfile.NamedTemporaryFile(prefix='gtreach-') as disk:
        disk.write(HALTS.ljust(1 << 20, b'\0'))
        disk.flush()
        with Qemu(name, '-drive', f'file={disk.name},format=raw,if=ide') as qemu:
            time.sleep(2)
            check_error(tap, ['--no-wait', name], ['has not booted'], 'a guest that is no Linux')
            run = guestlab.guestrace('list')
            tap.ok(run.returncode == 0 and re.search(rf'^{name} +qemu:{qemu.process.pid} +- ',
                                                     run.stdout, re.M), 'list shows it', run.stdout)


def main():
    kernel = sys.argv[1]
    with guestlab.Tap() as tap:
        name = f'gtreach-{os.getpid()}-named'
        words = ['-name', f'guest={name},debug-threads=on']
        with guestlab.boot(kernel=kernel, smp=2, name='replaced', qemu_arg=words) as guest:
            start_busy(guest)
            check_trace(tap, name, 'a name with options')
            check_well(tap, guest, 'a name with options')
        with guestlab.boot(kernel=kernel, smp=2) as guest:
            start_busy(guest)
            check_names(tap, guest)
            check_busy_monitor(tap, guest)
            check_other_user(tap, guest)
            check_two_of_one_name(tap, guest)
            check_paused(tap, guest)
            check_well(tap, guest, 'all of it')
        check_gdb_without_monitor(tap, kernel)
        check_hmp(tap, kernel)
        check_no_way_in(tap, kernel)
        check_not_linux(tap)


main()
