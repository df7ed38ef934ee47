# SPDX-License-Identifier: LGPL-2.1-or-later
"""What guest tests in Python are written with: guests with the test programs in them, the
guestrace command run on them, and results in TAP.

    import guestlab

    with guestlab.boot(kernel='6.12', smp=1) as guest, guestlab.Tap() as tap:
        with guestlab.trace(guest, '-n', 'calls') as trace:
            guest.sh('calls 100')
        tap.ok(trace.output.count('close(') == 100, 'every close is there')
"""

import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
SOURCE = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(SOURCE / 'scripts'))
import testbed  # noqa: E402
from testbed import Guest, TestbedError  # noqa: E402,F401

BUILD = pathlib.Path(os.environ.get('GT_BUILD_DIR') or SOURCE / 'build')
PROGRAMS = BUILD / 'tests/guest/programs'
GUESTRACE = pathlib.Path(os.environ.get('GT_GUESTRACE') or BUILD / 'src/cli/guestrace')
INITRAMFS_KEPT = 8
# The table with the columns that strace's has.
TABLE = ('-c', '-U', 'time-percent,total-time,avg-time,calls,errors,name')
# Lines that a test takes apart: one for each call, with its times, and no others.
WHOLE_LINES = ('-tt', '-T', '--whole', '-e', 'signal=none', '-e', 'quiet=exit,fork,exec')

# meson ends a test that takes too long with SIGTERM: contexts are to be left in order then, too.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
# What a shell starts in the background ignores SIGINT, and so would the tracers that tests start:
# one that has not come to set its own handler would miss the SIGINT that is to end it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def cache_directory():
    base = os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache'
    directory = pathlib.Path(base) / 'guestrace' / 'initramfs'
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def test_programs():
    """The static programs that the build made for guests."""
    if not PROGRAMS.is_dir():
        raise TestbedError(f'{PROGRAMS} is not there; build first, or set GT_BUILD_DIR')
    return sorted(p for p in PROGRAMS.iterdir() if p.is_file() and os.access(p, os.X_OK))


def initramfs(programs=(), strace=True, tools=()):
    """An initramfs with the test programs, more programs, strace and other tools that this machine
    has; cached by contents."""
    programs = [*test_programs(), *map(pathlib.Path, programs)]
    inputs = [*programs, testbed.SCRIPTS / 'guest-init', testbed.SCRIPTS / 'make-initramfs']
    digest = hashlib.sha256(repr((strace, *tools)).encode())
    for file in inputs:
        digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    out = cache_directory() / f'{digest.hexdigest()[:24]}.gz'
    if out.exists():
        os.utime(out)
        return str(out)
    command = [testbed.SCRIPTS / 'make-initramfs', out, *(['--strace'] if strace else [])]
    for program in programs:
        command += ['--program', program]
    for tool in tools:
        command += ['--tool', tool]
    if subprocess.run(command).returncode != 0:
        raise TestbedError('could not make an initramfs')
    kept = sorted(cache_directory().glob('*.gz'), key=lambda p: p.stat().st_mtime)
    for old in kept[:-INITRAMFS_KEPT]:
        old.unlink(missing_ok=True)
    return str(out)


def modules(kernel):
    """A few of the kernel's modules, to be loaded from /bin."""
    run = subprocess.run([testbed.SCRIPTS / 'fetch-kernel', '--modules', kernel],
                         stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        raise TestbedError(f'could not fetch the modules of kernel {kernel}')
    return sorted(pathlib.Path(run.stdout.strip()).glob('*.ko'))


class ScratchGuest(Guest):
    """A guest whose directory goes with it. When it died of itself, its console is shown."""

    def stop(self, remove=True):
        if self.process is not None and not self.alive():
            tail = '\n'.join(self.console().splitlines()[-30:])
            print(f'# the guest had ended; its console:\n{tail}', file=sys.stderr)
        super().stop(remove)


def boot(programs=(), **options):
    """Boots a guest with the test programs; options as boot-guest's. Dies with this process."""
    options.setdefault('name', f'gttest-{os.getpid()}-{time.monotonic_ns() % 1000000}')
    if not options.get('initrd'):
        options['initrd'] = initramfs(programs)
    if not options.get('dir'):
        options['dir'] = tempfile.mkdtemp(prefix='gttest-')
    try:
        guest = testbed.boot(testbed.boot_options(**options))
    except BaseException as error:
        console = pathlib.Path(options['dir']) / 'console.log'
        if isinstance(error, TestbedError) and console.exists():
            print(console.read_text(errors='replace')[-3000:], file=sys.stderr)
        shutil.rmtree(options['dir'], ignore_errors=True)
        raise
    return ScratchGuest(guest.dir, guest.process)


def guestrace(*arguments, timeout=60):
    """Runs the command to its end: a CompletedProcess with text in stdout and stderr."""
    return subprocess.run([GUESTRACE, *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors='replace', timeout=timeout)


def per_call(guest, command, times):
    """The nanoseconds of a call that "calls" printed, the least of several short runs of it."""
    lines = guest.sh(f'for i in $(seq {times}); do {command}; done', timeout=900).splitlines()
    return min(float(line.split()[2]) for line in lines if line.startswith('calls '))


def cpu_seconds(pid):
    """The processor time that a process of this machine has had."""
    words = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')')[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf('SC_CLK_TCK')


def fetch_text(guest, path):
    return guest.fetch(path).decode(errors='replace')


def keep_awake(guest):
    """Calls in the guest all the time, so that no tracer waits for an idle kernel's next worker."""
    guest.sh('(while :; do usleep 50000; done) >/dev/null 2>&1 & echo')


def big_areas(guest):
    """How many large areas the guest's kernel has allocated: a probe's ring is one."""
    return int(guest.sh("awk '$2 > 4000000 && /vmalloc/' /proc/vmallocinfo | wc -l"))


def is_hooked(guest, areas):
    """A ring is there that was not before: the kernel is hooked some milliseconds later."""
    if big_areas(guest) == areas:
        return False
    time.sleep(0.5)
    return True


def wait_until_hooked(guest, process, areas):
    deadline = time.monotonic() + 30
    while not is_hooked(guest, areas):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise TestbedError('the tracer did not attach')


class Trace:
    """The guestrace command on a guest, as a context: it traces from enter to exit.

    ping is a command for the guest whose calls the trace's filters let through: it is run until
    lines arrive. Without it, and with filters or -c among the arguments, a ring in the guest is the
    sign. program is another build of the command.
    After exit: output (-o's file), stdout, stderr, status.
    """

    def __init__(self, guest, *arguments, name=None, ping=None, style=WHOLE_LINES, program=GUESTRACE):
        arguments = [str(argument) for argument in arguments]
        self.guest = guest
        self.program = program
        self.ping = ping
        if ping is None and not any(
                a[:2] in ('-n', '-p', '-P', '-u', '-e', '-c') or a.startswith(('--c', '--exe')) for a in arguments):
            self.ping = ':'
        self.scratch = tempfile.TemporaryDirectory(prefix='gttrace-')
        self.file = pathlib.Path(self.scratch.name) / 'trace'
        self.arguments = ['-o', str(self.file), *style, *arguments, name or guest.name]
        self.output = self.stdout = self.stderr = ''
        self.process = self.status = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, timeout=20):
        areas = big_areas(self.guest) if self.ping is None else None
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', self.program, *self.arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors='replace')
        start = time.monotonic()
        while self.process.poll() is None and time.monotonic() < start + timeout:
            if self.has_begun(areas):
                return
            time.sleep(0.1)
        self.process.kill()
        out, err = self.process.communicate()
        self.scratch.cleanup()
        raise TestbedError(f'guestrace did not attach: {err.strip() or out.strip() or "no message"}')

    def has_begun(self, areas):
        if self.ping is None:
            return is_hooked(self.guest, areas)
        self.guest.run(self.ping)
        return self.file.exists() and self.file.stat().st_size > 0

    def stop(self, sig=signal.SIGINT, timeout=30):
        if self.status is not None or self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            self.stdout, self.stderr = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.stdout, self.stderr = self.process.communicate()
            raise TestbedError(f'guestrace did not end in {timeout} s after {sig.name}') from None
        finally:
            self.status = self.process.returncode
            if self.file.exists():
                self.output = self.file.read_text(errors='replace')
            self.scratch.cleanup()


def trace(guest, *arguments, **options):
    return Trace(guest, *arguments, **options)


class Tap:
    """Counts and prints results in TAP; at the end of the context the plan, and exit status 1
    when something failed. An exception counts as a failure and is shown."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _traceback):
        if kind is not None and issubclass(kind, TestbedError):
            self.ok(False, 'no error', str(error))
        elif kind is not None:
            self.ok(False, 'no exception', f'{kind.__name__}: {error}')
            return False
        print(f'1..{self.count}', flush=True)
        if self.failed:
            sys.exit(1)
        return True

    def ok(self, condition, name, detail=''):
        """One result; detail is shown when it failed. Returns the condition."""
        self.count += 1
        print(f'{"ok" if condition else "not ok"} {self.count} - {name}', flush=True)
        if not condition:
            self.failed += 1
            for line in str(detail).splitlines():
                print(f'# {line}', flush=True)
        return condition

    def equal(self, got, wanted, name):
        return self.ok(got == wanted, name, f'got    {got!r}\nwanted {wanted!r}')

    def skip(self, name, why):
        self.count += 1
        print(f'ok {self.count} - {name} # SKIP {why}', flush=True)

    def diag(self, text):
        for line in str(text).splitlines():
            print(f'# {line}', flush=True)
