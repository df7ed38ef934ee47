#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that somebody else is at work on: another guestrace, a debugger, a client of its only
monitor. Whoever comes second is told who is there, soon, and does the first no harm."""

import getpass
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestlab  # noqa: E402

SOON = 15  # s; it takes less than one, but the machine may be busy
TOTALS = re.compile(r'guestrace: \d+ calls? of \d+ process(es)? in \d+\.\d s, 0 events lost\n')
# Connects to a socket and stays; says so on stdout.
CLIENT = '''import socket, sys, time
where = sys.argv[1]
if ":" in where:
    client = socket.create_connection(where.rsplit(":", 1))
else:
    client = socket.socket(socket.AF_UNIX)
    client.connect(where)
print("there", flush=True)
time.sleep(1000)
'''


class Client:
    """A process that is connected to one of QEMU's sockets, as a context."""

    def __init__(self, where):
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', sys.executable, '-c', CLIENT, str(where)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != 'there\n':
            raise guestlab.TestbedError(f'nobody listens at {where}')

    def __enter__(self):
        return self.process.pid

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def check_refused(tap, name, words, what):
    start = time.monotonic()
    run = guestlab.guestrace('--for', '1', '-o', '/dev/null', name)
    seconds = time.monotonic() - start
    tap.ok(run.returncode == 1 and run.stderr.count('\n') == 1 and
           all(str(word) in run.stderr for word in words), what, f'{run.returncode} {run.stderr}')
    tap.ok(seconds < SOON, f'{what}: at once', seconds)
    tap.diag(f'{run.stderr.strip()} ({seconds:.1f} s)')


def check_free(tap, guest, what):
    run = guestlab.guestrace('--for', '1', '-o', '/dev/null', guest.name)
    tap.ok(run.returncode == 0 and TOTALS.fullmatch(run.stderr), f'{what}: free again', run.stderr)


def check_second(tap, guest):
    me = getpass.getuser()
    with guestlab.trace(guest) as trace:
        pid = trace.process.pid
        for name in (guest.name, f'qemu:{guest.pid}', f'qmp:{guest.dir}/qmp.sock'):
            check_refused(tap, name, [f'guestrace (process {pid} of user {me})'],
                          f'a second guestrace, {name.split(":")[0]}')
        run = guestlab.guestrace('list')
        tap.ok(run.returncode == 0 and f'process {pid} ' in run.stdout, 'list names it', run.stdout)
        guest.sh('cat /etc/hosts')
    tap.ok(trace.status == 0 and '"/etc/hosts"' in trace.output, 'the first one goes on', trace.stderr)
    check_free(tap, guest, 'a second guestrace')


def check_race(tap, guest):
    """Of many that come at once one traces, and the others say so."""
    runs = [subprocess.Popen([guestlab.GUESTRACE, '--for', '3', '-o', '/dev/null', guest.name],
                             stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            for _ in range(4)]
    said = [run.communicate(timeout=60)[1] for run in runs]
    tap.equal(sorted(run.returncode for run in runs), [0, 1, 1, 1], 'one of four at once')
    tap.ok(sum('traced already, by guestrace (process ' in text for text in said) == 3,
           'the others name it', said)


def check_visit(tap, guest):
    """One that only looks, or is about to leave, is waited for."""
    visit = subprocess.Popen([guestlab.GUESTRACE, 'list'], stdout=subprocess.DEVNULL)
    check_free(tap, guest, 'guestrace list beside it')
    visit.wait()
    with guestlab.trace(guest) as trace:
        trace.process.send_signal(signal.SIGINT)
        check_free(tap, guest, 'one that is leaving')


def check_killed(tap, guest):
    tracer = guestlab.trace(guest)
    tracer.start()
    tracer.process.send_signal(signal.SIGKILL)
    tracer.process.wait()
    check_free(tap, guest, 'a guestrace that was killed')


def check_debugger(tap, guest):
    path = f'{guest.dir}/debug.sock'
    guest.hmp(f'gdbserver unix:{path},server=on,wait=off')
    with Client(path) as pid:
        check_refused(tap, guest.name, [path, f'(process {pid} of'], 'a debugger on the stub')
    guest.hmp('gdbserver none')
    guest.hmp('cont')
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    guest.hmp(f'gdbserver tcp:127.0.0.1:{port}')
    with Client(f'127.0.0.1:{port}') as pid:
        check_refused(tap, guest.name, [str(port), f'(process {pid} of'], 'a debugger, by TCP')
    guest.hmp('gdbserver none')
    guest.hmp('cont')
    tap.equal(guest.sh('echo well'), 'well\n', 'a debugger: the guest is well')
    check_free(tap, guest, 'a debugger')


def check_monitor(tap, kernel):
    with guestlab.boot(kernel=kernel, smp=1, mem=256, gdb=True) as guest:
        guest.sh("(while :; do usleep 20000; done) </dev/null >/dev/null 2>&1 &")
        with Client(f'{guest.dir}/qmp.sock') as pid:
            check_refused(tap, guest.name, [f'{guest.dir}/qmp.sock', f'(process {pid} of'],
                          'the only monitor in use')
        with Client(f'{guest.dir}/gdb.sock') as pid:
            check_refused(tap, guest.name, [f'{guest.dir}/gdb.sock', f'(process {pid} of'],
                          'a stub of the command line in use')
        guest.hmp('cont')
        tap.equal(guest.sh('echo well'), 'well\n', 'monitor and stub: the guest is well')
        check_free(tap, guest, 'monitor and stub')


def main():
    kernel = sys.argv[1]
    directory = tempfile.mkdtemp(prefix='gttest-')
    second = ['-qmp', f'unix:{directory}/second.sock,server=on,wait=off']
    with guestlab.Tap() as tap:
        with guestlab.boot(kernel=kernel, mem=256, dir=directory, qemu_arg=second) as guest:
            guest.qmp_socket = 'second.sock'
            guest.sh("(while :; do usleep 20000; done) </dev/null >/dev/null 2>&1 &")
            check_second(tap, guest)
            check_race(tap, guest)
            check_visit(tap, guest)
            check_killed(tap, guest)
            check_debugger(tap, guest)
        check_monitor(tap, kernel)


main()
