#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest whose root writes into the probe while it is traced: into the ring, the configuration and
the state, over the hooks, at last over the probe's code. Done from outside, by the guest's own page
tables, which comes to the same. Whatever happens to that guest, the tracer says what it found,
ends when it is told to, and stays within bounds."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
# A build with sanitizers, if it was made: set before guestlab asks.
SANITIZED = os.environ.get('GT_SANITIZED_DIR')
if SANITIZED and pathlib.Path(SANITIZED, 'src/cli/guestrace').exists():
    os.environ['GT_BUILD_DIR'] = SANITIZED
import guestlab  # noqa: E402
import vmishell  # noqa: E402

LAYOUT = guestlab.BUILD / 'tests/guest/probe-layout'
HOLD = guestlab.BUILD / 'bench/hold'
SECONDS = 1.0       # of scribbling in one case
END_SECONDS = 60    # to end in, after Ctrl-C
MEMORY_KIB = 512 << 10  # with a sanitizer; see also OUTPUT
OUTPUT = 64 << 20
UNREAD = 4096       # bytes
PAGE = 4096
LOAD = 'while :; do cat /etc/hosts; ls -l /bin; done >/dev/null 2>&1'
SEED = 20260101


def layout():
    lines = subprocess.run([LAYOUT], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {name: (int(at), int(length))
            for name, at, length in (line.split() for line in lines.splitlines())}


class NoProbe(Exception):
    pass


class Probe:
    """The probe that is in the guest now: found by the guest's own list of kernel memory."""

    def __init__(self, guest, vmi, parts):
        self.vmi, self.parts = vmi, parts
        for line in guest.sh('cat /proc/vmallocinfo').splitlines():
            for self.code in self.places(line):
                word = vmi.numbers('read', hex(self.code), 0)
                if word is not None and word[3] == parts['magic'][0] and self.is_alive():
                    return
        raise NoProbe

    @staticmethod
    def places(line):
        """Where in one of the list's areas the probe may begin. Since 6.13 code is allocated in parts
        of large ones, of which the beginning may be an earlier probe's."""
        start, end = (int(address, 16) for address in line.split()[0].split('-'))
        return range(start, end if 'execmem' in line else start + PAGE, PAGE)

    def is_alive(self):
        """Whether its host lives: what an earlier case left may be there, too."""
        self.shared = self.word(self.code + self.parts['header.shared'][0])
        self.code_size = self.word(self.code + self.parts['header.code_size'][0])
        beats = set()
        for _ in range(5):
            words = self.vmi.numbers('read', hex(self.at('config.beat')), 0)
            if words is None:
                return False
            beats.add(words[3])
            time.sleep(0.1)
        return len(beats) > 1

    def word(self, address):
        return self.vmi.numbers('read', hex(address), 0)[3]

    def at(self, part, offset=0):
        return self.shared + self.parts[part][0] + offset

    def write(self, address, value, bits=64):
        self.vmi.ask(f'write{bits}', hex(address), 0, hex(value & ((1 << bits) - 1)))

    def scribble(self, part, seed, offset=0, length=None):
        length = self.parts[part][1] if length is None else length
        self.vmi.ask('scribble', hex(self.at(part, offset)), length, seed)


class Tracer:
    """guestrace on the guest, with its lines in a file; its probe is in the guest."""

    def __init__(self, guest, vmi, parts, *arguments):
        self.scratch = tempfile.TemporaryDirectory(prefix='gthostile-')
        self.file = pathlib.Path(self.scratch.name) / 'trace'
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', guestlab.GUESTRACE, '-o', self.file, *guestlab.WHOLE_LINES, *arguments,
             guest.name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, errors='replace')
        self.memory = 0
        self.probe = None
        deadline = time.monotonic() + 60
        while not self.records(guest, vmi, parts):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise guestlab.TestbedError(f'no trace: {self.process.communicate()[1]}')
            time.sleep(0.1)

    def records(self, guest, vmi, parts):
        """Whether the probe is in the guest and the host has read some of its records."""
        try:
            self.probe = self.probe or Probe(guest, vmi, parts)
            self.probe.reader = self.process.pid
        except NoProbe:
            return False
        return self.probe.word(self.probe.at('config.tail')) > 0

    def look(self):
        """Whether it still runs; how much memory it had."""
        try:
            status = pathlib.Path(f'/proc/{self.process.pid}/status').read_text()
        except OSError:
            return False
        for line in status.splitlines():
            if line.startswith('VmRSS:'):
                self.memory = max(self.memory, int(line.split()[1]))
        return self.process.poll() is None

    def end(self):
        """Ctrl-C: the seconds that it took, None when it did not end."""
        start = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.stderr = self.process.communicate(timeout=END_SECONDS)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.stderr = self.process.communicate()[1]
            return None
        finally:
            self.output = self.file.read_bytes() if self.file.exists() else b''
            self.scratch.cleanup()
        return time.monotonic() - start


def is_printable(output):
    return not output.translate(None, bytes(range(32, 127)) + b'\n')


def check_end(tap, tracer, what):
    """Sound: ended by itself or when told to, with sentences, within its bounds, nothing raw."""
    seconds = tracer.end()
    tap.ok(seconds is not None, f'{what}: the tracer ends', f'not in {END_SECONDS} s')
    sound = tracer.process.returncode in (0, 1) and 'Sanitizer' not in tracer.stderr and \
        'runtime error' not in tracer.stderr
    lines = tracer.stderr.splitlines()
    tap.ok(sound and lines and len(lines) < 10 and all(s.startswith('guestrace: ') for s in lines),
           f'{what}: with plain sentences', f'status {tracer.process.returncode}\n{tracer.stderr}')
    tap.ok(is_printable(tracer.output) and is_printable(tracer.stderr.encode()),
           f'{what}: nothing raw in what it wrote')
    tap.ok(tracer.memory < MEMORY_KIB and len(tracer.output) < OUTPUT, f'{what}: within its bounds',
           f'{tracer.memory} KiB of memory, {len(tracer.output)} bytes of output')
    tap.diag(f'{what}: {tracer.stderr.strip()}')
    return tracer.stderr


def is_well(guest):
    try:
        return guest.alive() and guest.sh('echo well', timeout=30).strip() == 'well'
    except guestlab.TestbedError:
        return False


def unread(probe, rand):
    """Records that wait to be read: written while the reader is stopped, for what was there before
    it may have in its buffer already, whatever tail the guest was told."""
    os.kill(probe.reader, signal.SIGSTOP)
    time.sleep(0.1)
    before = head = probe.word(probe.at('state.head'))
    deadline = time.monotonic() + 0.4  # the probe lets go of a host that is silent for longer
    while head - before < 2 * UNREAD and time.monotonic() < deadline:
        time.sleep(0.02)
        head = probe.word(probe.at('state.head'))
    offset = (head - UNREAD) % probe.parts['ring'][1]
    probe.scribble('ring', rand.getrandbits(32), offset,
                   min(UNREAD, probe.parts['ring'][1] - offset))
    os.kill(probe.reader, signal.SIGCONT)
    time.sleep(0.1)


def ring(probe, rand):
    """Anything in the ring, most of it where it is read next."""
    size = probe.parts['ring'][1]
    head = probe.word(probe.at('state.head'))
    for _ in range(20):
        offset = (head + 8 * rand.randrange(-64, 512)) % size
        probe.scribble('ring', rand.getrandbits(32), offset, min(8 * rand.randrange(1, 64),
                                                                 size - offset))


def marks(probe, rand):
    """Records with proper marks, but wild lengths and kinds."""
    size = probe.parts['ring'][1]
    head = probe.word(probe.at('state.head'))
    for i in range(30):
        position = (head & ~7) + 8 * (i * rand.randrange(1, 40))
        mark = (position // 8 + 1 & 0xffffffff) << 32 | rand.getrandbits(16) << 16 | \
            rand.randrange(0, 7)
        probe.write(probe.at('ring', position % size), mark)


def head(probe, rand):
    """The place where the next record goes."""
    now = probe.word(probe.at('state.head'))
    probe.write(probe.at('state.head'), rand.choice((
        rand.getrandbits(64), now + rand.randrange(1 << 24), now - rand.randrange(1 << 16), now + 1,
        0)))
    time.sleep(0.02)


def state(probe, rand):
    """Counters, and slots that nobody gives back."""
    start = probe.parts['state.slots_taken'][0]
    for _ in range(5):
        at = start + 8 * rand.randrange(24)
        if at != probe.parts['state.nonce'][0]:
            probe.write(probe.shared + at, rand.getrandbits(64))
    probe.write(probe.at('state.slots_taken'), rand.getrandbits(64))
    probe.write(probe.at('state.dropped'), (1 << 64) - 1)
    probe.write(probe.at('state.clock_tsc'), rand.getrandbits(64))
    time.sleep(0.02)


def actions(probe, rand):
    """What to do for which call: calls are held, too, that nobody holds."""
    where = rand.randrange(probe.parts['config.actions'][1] - 64)
    probe.scribble('config.actions', rand.getrandbits(32), where, 64)
    time.sleep(0.01)


def tail(probe, rand):
    """How far the host has read, by the guest's word."""
    for i in range(2):
        probe.write(probe.at('config.tail', 8 * i), rand.getrandbits(64))


def nonce(probe, rand):
    """By what the host knows that the pages are its own."""
    probe.write(probe.at('state.nonce'), rand.getrandbits(64))
    time.sleep(0.1)


def magic(probe, rand):
    probe.write(probe.at('config.magic'), rand.getrandbits(64))


def beat(probe, rand):
    probe.write(probe.at('config.beat'), rand.getrandbits(64))


def trace_and_scribble(tap, guest, vmi, parts, name, scribble, *arguments):
    rand = random.Random(SEED)
    tracer = Tracer(guest, vmi, parts, *arguments)
    stop = time.monotonic() + SECONDS
    times = 0
    while time.monotonic() < stop and tracer.look():
        scribble(tracer.probe, rand)
        times += 1
    tap.diag(f'{name}: {times} times')
    return check_end(tap, tracer, name)


def test_data(tap, guest, vmi, parts):
    for name, scribble, arguments in (
            ('unread', unread, ()), ('ring', ring, ()), ('marks', marks, ()), ('head', head, ()), ('state', state, ()),
            ('actions', actions, ()), ('tail', tail, ()), ('magic', magic, ()), ('beat', beat, ()),
            ('nonce', nonce, ()),
            ('unread, counted', unread, ('-c',))):
        said = trace_and_scribble(tap, guest, vmi, parts, name, scribble, *arguments)
        if name == 'unread':
            tap.ok('wrote over' in said, f'{name}: the damage is reported', said)
        if name in ('unread', 'ring', 'marks', 'head', 'tail'):
            tap.ok('does not leave' not in said, f'{name}: the pages are given back', said)
        if not tap.ok(is_well(guest), f'{name}: the guest goes on', guest.console()[-2000:]):
            return False
    return True


def test_after(tap, guest):
    """What the guest has been through does not matter to the next tracer."""
    run = guestlab.guestrace('--for', '1', guest.name, timeout=120)
    tap.ok(run.returncode == 0 and run.stdout.count('\n') > 10 and
           is_printable(run.stdout.encode()), 'the next tracer traces', run.stderr)


def functions(probe, rand):
    """Threads that wait at functions, or do not, and the calls that are under way."""
    probe.scribble('function_slots', rand.getrandbits(32))
    probe.write(probe.at('state.functions_waiting'), rand.getrandbits(64))
    for part in 'function_sites', 'function_returns':
        probe.scribble(part, rand.getrandbits(32), 8 * rand.randrange(64), 256)


class FunctionTracer(Tracer):
    """Callbacks on functions: a program of ours, for the command has none."""
    def __init__(self, guest, vmi, parts):
        self.process = subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', HOLD, guest.name, 'vfs_read', 'do_filp_open'],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.scratch = tempfile.TemporaryDirectory(prefix='gthostile-')
        self.file = pathlib.Path(self.scratch.name) / 'none'
        self.memory = 0
        deadline = time.monotonic() + 60
        while True:
            try:
                self.probe = Probe(guest, vmi, parts)
                return
            except NoProbe:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
            time.sleep(0.1)


def test_functions(tap, guest, vmi, parts):
    """Whatever becomes of that guest, whose threads go on where those pages say."""
    rand = random.Random(SEED)
    tracer = FunctionTracer(guest, vmi, parts)
    stop = time.monotonic() + SECONDS
    while time.monotonic() < stop and tracer.look():
        functions(tracer.probe, rand)
    seconds = tracer.end()
    tap.ok(seconds is not None and tracer.process.returncode in (0, 1) and 'Sanitizer' not in tracer.stderr and
           'runtime error' not in tracer.stderr, 'functions: the tracer ends',
           f'status {tracer.process.returncode}\n{tracer.stderr}')
    tap.ok(tracer.stderr.count('\n') <= 1 and tracer.memory < MEMORY_KIB, 'functions: within its bounds, with a sentence',
           f'{tracer.memory} KiB\n{tracer.stderr}')
    tap.diag(f'functions: {tracer.stderr.strip()}')


def test_code(tap, guest, vmi, parts):
    """The probe's code overwritten, as far as QEMU takes notice: that is the guest's end, if any."""
    tracer = Tracer(guest, vmi, parts)
    vmi.ask('scribble', hex(tracer.probe.code), tracer.probe.code_size, SEED)
    for _ in range(20):
        tracer.look()
        time.sleep(0.05)
    check_end(tap, tracer, 'code')


def test_hooks(tap, guest, vmi, parts):
    """The kernel's text around the hooks overwritten: it is not the kernel that was attached to."""
    tracer = Tracer(guest, vmi, parts)
    text = vmi.symbol('do_syscall_64')
    vmi.ask('scribble', hex(text), 400, SEED)
    for _ in range(20):
        tracer.look()
        time.sleep(0.05)
    check_end(tap, tracer, 'hooks')


def boot():
    """A guest with a monitor for us beside the one that guestrace uses."""
    directory = tempfile.mkdtemp(prefix='gttest-')
    guest = guestlab.boot(kernel=sys.argv[1], dir=directory, qemu_arg=[
        '-qmp', f'unix:{directory}/second.sock,server=on,wait=off'])
    guest.qmp_socket = 'second.sock'
    guest.sh('echo 1 >/proc/sys/kernel/kptr_restrict')  # /proc/vmallocinfo has addresses then
    return guest


def run(tap, test):
    with boot() as guest:
        guest.sh(f'({LOAD}) & echo')
        with vmishell.VmiShell(f'qmp:{guest.dir}/second.sock') as vmi:
            test(guest, vmi)


def main():
    parts = layout()

    def data(guest, vmi):
        if test_data(tap, guest, vmi, parts):
            test_after(tap, guest)
            test_hooks(tap, guest, vmi, parts)

    with guestlab.Tap() as tap:
        run(tap, data)
        run(tap, lambda guest, vmi: test_functions(tap, guest, vmi, parts))
        run(tap, lambda guest, vmi: test_code(tap, guest, vmi, parts))


main()
