#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens to a machine while it is traced: paused, saved, put back, extended, moved away, reset,
crashed, shut down, killed. Each ends in correct tracing or in one plain sentence, never in a hang."""

import contextlib
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestlab  # noqa: E402
import vmishell  # noqa: E402

TOTALS = re.compile(r'guestrace: \d+ calls? of \d+ process(es)? in \d+\.\d s, 0 events lost\n')
BUSY = "sh -c 'while :; do usleep 20000; done' </dev/null >/dev/null 2>&1 &"
SOON = 30  # s; everything here takes less than one, but the machine may be busy
# Of a core, and in seconds: what a tracer may use from when it traces. Attaching took much of one.
IDLE, LEAVING = 0.5, 1


class Tracer:
    """The command in the background, with what it says."""

    def __init__(self, guest, *arguments):
        self.scratch = tempfile.TemporaryDirectory(prefix='gtlife-')
        self.out, self.err = (pathlib.Path(self.scratch.name) / name for name in ('out', 'err'))
        with open(self.err, 'wb') as err:
            self.process = subprocess.Popen(
                ['setpriv', '--pdeathsig', 'KILL', guestlab.GUESTRACE, '-o', self.out, *guestlab.WHOLE_LINES, *arguments,
                 guest.name], stdin=subprocess.DEVNULL, stderr=err)
        self.start = self.traced = time.monotonic()
        self.attaching = 0  # seconds of processor time
        self.usage = None

    def text(self):
        return self.out.read_text(errors='replace') if self.out.exists() else ''

    def wait_for(self, condition, what):
        while not condition():
            if self.process.poll() is not None or time.monotonic() > self.start + 60:
                said = self.err.read_text(errors='replace')
                raise guestlab.TestbedError(f'no {what} from guestrace: {said}')
            time.sleep(0.05)
        return self

    def wait_for_lines(self):
        self.wait_for(self.text, 'line')
        self.attaching = guestlab.cpu_seconds(self.process.pid)
        self.traced = time.monotonic()
        return self

    def end(self, sig=None):
        """(status, what it said, seconds it took); kills it when it hangs."""
        begin = time.monotonic()
        if sig is not None:
            self.process.send_signal(sig)
        while time.monotonic() < begin + SOON:
            pid, status, self.usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.process.returncode = os.waitstatus_to_exitcode(status)
                return (self.process.returncode, self.err.read_text(errors='replace'),
                        time.monotonic() - begin)
            time.sleep(0.02)
        self.process.kill()
        self.process.wait()
        return None, f'it hung: {self.err.read_text(errors="replace")}', SOON

    def spins(self):
        """Whether it has used more of the processor than tracing and leaving need."""
        used = self.usage.ru_utime + self.usage.ru_stime - self.attaching
        return used > LEAVING + IDLE * (time.monotonic() - self.traced)


def make_qcow2(path, size=1 << 20):
    """An empty image, in which QEMU can keep snapshots of a machine. Clusters: header, table of
    reference counts, reference counts, L1 table."""
    cluster = 1 << 16
    header = struct.pack('>4sIQIIQIIQQIIQQQQII', b'QFI\xfb', 3, 0, 0, 16, size, 0, 1, 3 * cluster,
                         cluster, 1, 0, 0, 0, 0, 0, 4, 104)
    counts = struct.pack('>4H', 1, 1, 1, 1)
    clusters = (header, struct.pack('>Q', 2 * cluster), counts, b'')
    path.write_bytes(b''.join(data.ljust(cluster, b'\0') for data in clusters))


def probe_memory(guest):
    """Allocations of the kernel's that are as large as a probe's pages, by its own word."""
    return int(guest.sh("awk '$2 > 4600000 && $2 < 6000000 && /vmalloc/ {n++} END {print n + 0}' "
                        "/proc/vmallocinfo"))


class Case:
    """Tracers of one guest, and what must be true after each."""

    def __init__(self, tap, guest):
        self.tap = tap
        self.guest = guest
        self.text = vmishell.kernel_text(guest.name)
        self.memory = probe_memory(guest)

    def trace(self, *arguments):
        return Tracer(self.guest, *arguments).wait_for_lines()

    def check_stopped(self, tracer, what):
        """Ctrl-C ends it as ever, and it has lost nothing."""
        status, said, _ = tracer.end(signal.SIGINT)
        self.tap.ok(status == 0 and TOTALS.fullmatch(said), f'{what}: traced on, nothing lost',
                    f'{status} {said}')

    def check_ended(self, tracer, words, what):
        """It ends by itself, with a sentence that has the words."""
        status, said, _ = tracer.end()
        sentence = said.splitlines()[0] if said else ''
        self.tap.ok(status == 1 and f'"{self.guest.name}" {words}' in sentence and
                    said.count('\n') <= 2, f'{what}: a plain sentence', f'{status} {said}')
        self.tap.ok(tracer.usage and not tracer.spins(), f'{what}: no spin', tracer.usage)
        self.tap.diag(sentence)

    def check_clean(self, what):
        self.tap.ok(vmishell.kernel_text(self.guest.name) == self.text, f'{what}: text as it was')
        self.tap.equal(self.guest.sh('echo well'), 'well\n', f'{what}: the guest is well')

    def check_next(self, what):
        """The next guestrace traces, and leaves nothing."""
        run = guestlab.guestrace('--for', '1', '-o', '/dev/null', self.guest.name)
        self.tap.ok(run.returncode == 0 and TOTALS.fullmatch(run.stderr), f'{what}: the next one traces',
                    run.stderr)
        self.check_clean(what)
        self.tap.equal(probe_memory(self.guest), self.memory, f'{what}: its memory was given back')


def count(text, name):
    return len(re.findall(rf' calls\[[\d/]+\] (?:<\.\.\. )?{name}\b', text))


def check_pause(case):
    """Paused for some seconds: the calls made before and after are all there."""
    guest = case.guest
    tracer = Tracer(guest, '-n', 'calls', '-e', 'close')
    guest.sh('calls 10', timeout=60)
    tracer.wait_for(lambda: ' calls[' in tracer.text() or guest.sh('calls 10') is None, 'line')
    before = count(tracer.text(), 'close')
    guest.sh('(sleep 1; calls 20000) >/dev/null 2>&1 &')
    guest.hmp('stop')
    time.sleep(PAUSE)
    guest.hmp('cont')
    guest.sh('while pidof calls; do sleep 0.1; done', timeout=120)
    status, said, _ = tracer.end(signal.SIGINT)
    case.tap.ok(status == 0 and ' 0 events lost' in said, 'stop and cont: nothing lost', said)
    case.tap.diag(f'{before} lines before it')
    case.check_clean('stop and cont')


def check_leave_paused(case):
    tap, guest = case.tap, case.guest
    tracer = case.trace()
    guest.hmp('stop')
    tracer.process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    guest.hmp('cont')
    status, said, _ = tracer.end()
    tap.ok(status == 0 and TOTALS.fullmatch(said), 'Ctrl-C while paused, then cont', f'{status} {said}')
    case.check_clean('Ctrl-C while paused, then cont')
    tracer = case.trace()
    guest.hmp('stop')
    status, said, _ = tracer.end(signal.SIGINT)
    tap.ok(status == 1 and 'paused' in said and said.count('\n') <= 2, 'Ctrl-C while paused',
           f'{status} {said}')
    tap.diag(said.splitlines()[0])
    tap.ok('paused' in guest.hmp('info status'), 'it stays paused')
    guest.hmp('cont')
    case.check_clean('Ctrl-C while paused')
    case.check_next('Ctrl-C while paused')


def check_frozen(case):
    """QEMU itself is stopped by a signal."""
    tap, guest = case.tap, case.guest
    tracer = case.trace()
    with frozen(guest):
        time.sleep(PAUSE)
    guest.sh('cat /etc/hosts')
    tracer.wait_for(lambda: '"/etc/hosts"' in tracer.text(), 'cat of a file')
    case.check_stopped(tracer, 'SIGSTOP of QEMU')
    case.check_clean('SIGSTOP of QEMU')
    tracer = case.trace()
    with frozen(guest):
        status, said, _ = tracer.end(signal.SIGINT)
        run = guestlab.guestrace(guest.name)
    tap.ok(status == 1 and f'process {guest.pid}' in said, 'Ctrl-C while QEMU is stopped',
           f'{status} {said}')
    tap.ok(run.returncode == 1 and f'process {guest.pid}' in run.stderr, 'attach while QEMU is stopped',
           run.stderr)
    tap.diag(said.splitlines()[0])
    tap.diag(run.stderr)
    case.check_next('Ctrl-C while QEMU is stopped')


@contextlib.contextmanager
def frozen(guest):
    os.kill(guest.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(guest.pid, signal.SIGCONT)


def check_snapshots(case):
    guest = case.guest
    guest.hmp('savevm before')
    tracer = case.trace()
    guest.hmp('savevm during')
    guest.sh('cat /etc/hosts')
    tracer.wait_for(lambda: '"/etc/hosts"' in tracer.text(), 'cat of a file')
    case.tap.ok(tracer.process.poll() is None, 'savevm: traced on')
    guest.hmp('loadvm during')
    case.check_ended(tracer, 'was put back to an earlier state', 'loadvm to while it was traced')
    case.check_clean('loadvm to while it was traced')
    tracer = case.trace()
    guest.hmp('loadvm before')
    case.check_ended(tracer, 'was put back to an earlier state', 'loadvm to before it was traced')
    case.check_clean('loadvm to before it was traced')
    tracer = case.trace()
    guest.hmp('loadvm during')  # with the probe of a tracer that has long ended
    case.check_ended(tracer, 'was put back to an earlier state', "loadvm to another one's trace")
    start = time.monotonic()
    guest.sh('calls 100000', timeout=120)
    case.tap.diag(f'100,000 calls past a dead probe: {time.monotonic() - start:.1f} s')
    case.check_next("loadvm to another one's trace")


def check_hotplug(case):
    """A vCPU more. Kernels from 6.9 on take it only under a hypervisor that they know, which TCG is not:
    then there is at least no harm in it."""
    tap, guest = case.tap, case.guest
    guest.hmp('loadvm before')
    tracer = case.trace()
    slot = next(s for s in guest.qmp('query-hotpluggable-cpus') if 'qom-path' not in s)
    guest.qmp('device_add', driver=slot['type'], id='more', **slot['props'])
    guest.sh('while [ ! -d /sys/devices/system/cpu/cpu1 ] && ! dmesg | grep -q "Unable to map lapic"; '
             'do sleep 0.1; done')
    if guest.run('cd /sys/devices/system/cpu/cpu1 && { echo 1 >online; cat online; }')[1] == b'1\n':
        guest.sh('taskset 2 cat /etc/passwd')
        tracer.wait_for(lambda: '"/etc/passwd"' in tracer.text(), 'call of the new vCPU')
        tap.ok(True, 'a vCPU more: its calls are traced')
    else:
        tap.skip('a vCPU more: its calls are traced', 'this kernel does not take it')
    case.check_stopped(tracer, 'a vCPU more')
    tap.equal(guest.sh('echo well'), 'well\n', 'a vCPU more: the guest is well')
    run = guestlab.guestrace('--for', '1', '-o', '/dev/null', guest.name)
    tap.ok(run.returncode == 0 and TOTALS.fullmatch(run.stderr), 'and it is traced again', run.stderr)


def check_migrated(case):
    guest = case.guest
    tracer = case.trace()
    guest.hmp(f'migrate "exec:cat >{guest.dir}/moved"')
    case.check_ended(tracer, 'was migrated', 'migrate')
    os.unlink(guest.dir / 'moved')
    guest.hmp('cont')
    case.check_next('migrated, and run again')


def later(guest, command):
    guest.sh(f'(sleep 0.3; {command}) </dev/null >/dev/null 2>&1 &')


def check_resets(case):
    """Each of them from the same snapshot; the machine starts anew, and is put back before it has."""
    guest = case.guest
    for what, act, words in (
            ('system_reset', lambda: guest.hmp('system_reset'), 'rebooted'),
            ('reboot -f', lambda: later(guest, 'reboot -f'), 'rebooted'),
            ('a panic that halts', lambda: later(guest, 'echo 0 >/proc/sys/kernel/panic; '
                                                 'echo c >/proc/sysrq-trigger'), 'crashed'),
            ('a panic that reboots', lambda: later(guest, 'echo 1 >/proc/sys/kernel/panic; '
                                                   'echo c >/proc/sysrq-trigger'), 'crashed')):
        guest.hmp('loadvm before')
        tracer = case.trace()
        act()
        case.check_ended(tracer, words, what)
    guest.hmp('loadvm before')
    case.check_next('put back after all that')


def check_end(tap, kernel, act, words, what, **options):
    with guestlab.boot(kernel=kernel, smp=1, mem=256, **options) as guest:
        guest.sh(BUSY)
        name = guest.name
        tracer = Tracer(guest, '-q').wait_for_lines()
        act(guest)
        status, said, _ = tracer.end()
        tap.ok(status == 1 and f'"{name}" {words}' in said and said.count('\n') == 1,
               f'{what}: a plain sentence', f'{status} {said}')
        tap.ok(tracer.usage and not tracer.spins(), f'{what}: no spin', tracer.usage)
        tap.diag(said.strip())


PAUSE = 2 if len(sys.argv) < 3 else float(sys.argv[2])


def main():
    kernel = sys.argv[1]
    directory = pathlib.Path(tempfile.mkdtemp(prefix='gttest-'))
    disk = directory / 'disk.qcow2'
    make_qcow2(disk)
    with guestlab.Tap() as tap:
        with guestlab.boot(kernel=kernel, mem=256, dir=str(directory), allow_reboot=True, smp=1,
                           qemu_arg=['-smp', '1,maxcpus=2', '-drive', f'file={disk},if=virtio',
                                     '-qmp', f'unix:{directory}/second.sock,server=on,wait=off'],
                           ) as guest:
            guest.qmp_socket = 'second.sock'
            guest.sh(BUSY)
            case = Case(tap, guest)
            check_pause(case)
            check_leave_paused(case)
            check_frozen(case)
            check_snapshots(case)
            check_migrated(case)
            check_hotplug(case)
            check_resets(case)
        check_end(tap, kernel, lambda guest: later(guest, 'poweroff -f'), 'was shut down', 'poweroff')
        check_end(tap, kernel, lambda guest: guest.process.kill(), 'is gone', 'QEMU killed')
        check_end(tap, kernel, lambda guest: later(guest, 'reboot -f'), 'rebooted', 'reboot -f')


main()
