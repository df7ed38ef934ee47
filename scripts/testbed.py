# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test guests: boot one in QEMU, run commands in it, stop it. Standard library only."""

import argparse
import base64
import gzip
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SCRIPTS = pathlib.Path(__file__).resolve().parent
UP_LINE = b'guestrace test guest is up'
SOCKET_PATH_MAX = 107
KERNEL = re.compile(r'(5\.10|6\.1|6\.12|sid)(-(cloud|generic|rt))?')
NOT_IN_ARCHIVE = 3  # fetch-kernel's exit status


class TestbedError(Exception):
    """One plain sentence that says what went wrong."""


class KernelNotThere(TestbedError):
    """Debian's archive, as this machine reaches it, does not have that kernel."""


def fetch_kernel(kernel):
    """The path of a kernel image: a file as it is, a version from the cache or Debian's archive."""
    if not KERNEL.fullmatch(kernel):
        if not os.path.isfile(kernel):
            raise TestbedError(f'no kernel {kernel}: give 5.10, 6.1, 6.12 or sid, perhaps with '
                               '-generic or -rt, or a file')
        return kernel
    run = subprocess.run([SCRIPTS / 'fetch-kernel', kernel], stdout=subprocess.PIPE, text=True)
    if run.returncode == NOT_IN_ARCHIVE:
        raise KernelNotThere("Debian's archive, as this machine reaches it, has no kernel "
                             f'{kernel}')
    if run.returncode != 0:
        raise TestbedError(f'could not fetch kernel {kernel}')
    return run.stdout.strip()


def add_boot_options(parser):
    """The options of boot-guest; boot() takes what argparse makes of them."""
    parser.add_argument('--kernel', default='6.1',
                        help='5.10, 6.1, 6.12 or sid (also with -generic or -rt), or a file')
    parser.add_argument('--name', help="the guest's name (default: guestrace-PID)")
    parser.add_argument('--smp', type=int, default=2, metavar='N', help='vCPUs (2)')
    parser.add_argument('--mem', type=int, default=512, metavar='MIB', help='memory (512)')
    parser.add_argument('--ram', choices=('private', 'shared'), default='private',
                        help='anonymous memory, or a memfd that others can map')
    parser.add_argument('--cpu', default=os.environ.get('GT_CPU') or 'max',
                        help='CPU model (max, or what GT_CPU says; it pages with five levels, '
                             'max,la57=off with four)')
    parser.add_argument('--accel', default=os.environ.get('GT_ACCEL') or 'tcg',
                        help='tcg (default, or what GT_ACCEL says) or kvm, with their options')
    parser.add_argument('--qemu', default=os.environ.get('GT_QEMU') or 'qemu-system-x86_64',
                        metavar='PROGRAM', help='another QEMU (default: what GT_QEMU says)')
    parser.add_argument('--machine', default='q35', help='machine type (q35)')
    parser.add_argument('--append', default='', metavar='WORDS',
                        help='more words for the kernel command line: nokaslr, pti=on')
    parser.add_argument('--initrd', metavar='FILE', help='default: made with make-initramfs')
    parser.add_argument('--dir', metavar='DIR', help='where its sockets and logs go')
    parser.add_argument('--monitor', choices=('qmp', 'hmp', 'none'), default='qmp')
    parser.add_argument('--gdb', action='store_true', help='open a gdb stub at DIR/gdb.sock')
    parser.add_argument('--allow-reboot', action='store_true',
                        help='a reset starts the guest anew, instead of ending QEMU')
    parser.add_argument('--qemu-arg', action='append', default=[], metavar='ARG',
                        help='one more argument for QEMU; repeatable')
    parser.add_argument('--timeout', type=float, default=120, metavar='S',
                        help='how long it may take to boot (120)')


def boot_options(**changes):
    """The default boot options with some changed: boot_options(kernel='6.12', smp=1)."""
    parser = argparse.ArgumentParser()
    add_boot_options(parser)
    options = parser.parse_args([])
    for name, value in changes.items():
        if not hasattr(options, name):
            raise TypeError(f'no boot option {name}')
        setattr(options, name, value)
    return options


def monitor_arguments(options, directory):
    if options.monitor == 'none':
        return []
    sock = directory / f'{options.monitor}.sock'
    return ['-qmp' if options.monitor == 'qmp' else '-monitor', f'unix:{sock},server=on,wait=off']


def cpu_model(options):
    """TCG (seen in QEMU 7.2) sets random flags, TF and DF among them, in cmpxchg16b when its flags
    are stale; a kernel that uses it (6.12 does all the time) soon dies. So guests have none."""
    if options.accel.startswith('tcg') and 'cx16' not in options.cpu:
        return options.cpu + ',cx16=off'
    return options.cpu


def qemu_arguments(options, kernel, directory):
    """QEMU's command line for a guest with these options."""
    memory = ['-m', str(options.mem)]
    machine = options.machine
    if options.ram == 'shared':
        memory += ['-object', f'memory-backend-memfd,id=ram,size={options.mem}M,share=on']
        machine += ',memory-backend=ram'
    gdb = ['-gdb', f'unix:{directory}/gdb.sock,server=on,wait=off'] if options.gdb else []
    return [options.qemu, '-name', options.name, '-M', machine, '-accel', options.accel,
            '-cpu', cpu_model(options), '-smp', str(options.smp), *memory, '-display', 'none',
            '-nodefaults',
            *([] if options.allow_reboot else ['-no-reboot']),
            '-serial', f'file:{directory}/console.log',
            '-serial', f'unix:{directory}/ctl.sock,server=on,wait=off',
            '-serial', f'file:{directory}/bulk.log',
            '-kernel', kernel, '-initrd', options.initrd,
            '-append', f'console=ttyS0 panic=-1 {options.append}'.strip(),
            *monitor_arguments(options, directory), *gdb, *options.qemu_arg]


def make_directory(options):
    if options.dir:
        directory = pathlib.Path(options.dir).absolute()
        directory.mkdir(parents=True, exist_ok=True)
    else:
        directory = pathlib.Path(tempfile.mkdtemp(prefix='guestrace-'))
    if len(str(directory / 'ctl.sock')) > SOCKET_PATH_MAX:
        raise TestbedError(f'{directory} is too long a path for sockets; choose a shorter one')
    for stale in ('pid', 'ctl.sock', 'qmp.sock', 'hmp.sock', 'gdb.sock', 'console.log', 'bulk.log'):
        (directory / stale).unlink(missing_ok=True)
    return directory


def make_initramfs(directory):
    out = directory / 'initramfs.gz'
    if subprocess.run([SCRIPTS / 'make-initramfs', out]).returncode != 0:
        raise TestbedError('could not make an initramfs')
    return str(out)


class StaleCode(TestbedError):
    """A guest that died while booting because QEMU ran code that the guest had changed."""


def is_stale_code(options, console):
    """A QEMU 7.2 with a thread for each vCPU may go on with a translation of what the code was: now
    and then a kernel, which changes its own a few times while it boots, dies of an int3 that is no
    longer there."""
    return (options.accel.startswith('tcg') and console.exists() and
            b'int3: 0000' in console.read_bytes())


def wait_until_up(process, directory, options):
    deadline = time.monotonic() + options.timeout
    while True:
        console = directory / 'console.log'
        text = console.read_bytes() if console.exists() else b''
        if UP_LINE in text:
            return
        if process.poll() is not None:
            if is_stale_code(options, console):
                raise StaleCode(f'QEMU ran stale code while the guest booted: see {console}')
            why = (directory / 'qemu.log').read_text(errors='replace').strip()
            raise TestbedError(f'QEMU ended with status {process.returncode} while the guest '
                               f'booted: {why or "see " + str(console)}')
        if time.monotonic() > deadline:
            raise TestbedError(f'the guest was not up after {options.timeout:.0f} s; see {console}')
        time.sleep(0.1)


def start(command, directory, options):
    """Starts QEMU and returns its process once the guest is up."""
    process = None
    try:
        with open(directory / 'qemu.log', 'wb') as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, start_new_session=True)
        (directory / 'pid').write_text(f'{process.pid}\n')
        wait_until_up(process, directory, options)
    except FileNotFoundError:
        raise TestbedError(f'there is no {options.qemu}; run scripts/install-deps test') from None
    except BaseException:
        if process is not None:
            process.kill()
            process.wait()
        raise
    return process


def boot(options, tied=True):
    """Boots a guest and returns it once it is up. A tied guest dies with this process."""
    options.name = options.name or f'guestrace-{os.getpid()}'
    kernel = fetch_kernel(options.kernel)
    directory = make_directory(options)
    if not options.initrd:
        options.initrd = make_initramfs(directory)
    command = qemu_arguments(options, kernel, directory)
    if tied:
        command = ['setpriv', '--pdeathsig', 'KILL', *command]
    for tries_left in (2, 1, 0):
        try:
            return Guest(directory, start(command, directory, options))
        except StaleCode as error:
            if tries_left == 0:
                raise
            print(f'{error}; booting it once more', file=sys.stderr)


class Guest:
    """A running test guest, known by its directory."""

    def __init__(self, directory, process=None):
        self.dir = pathlib.Path(directory)
        self.process = process
        self.qmp_socket = 'qmp.sock'
        try:
            self.pid = int((self.dir / 'pid').read_text())
        except (OSError, ValueError):
            raise TestbedError(f'{directory} is not the directory of a guest') from None

    @property
    def name(self):
        words = self._cmdline()
        return words[words.index('-name') + 1] if '-name' in words else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _cmdline(self):
        try:
            text = pathlib.Path(f'/proc/{self.pid}/cmdline').read_bytes()
        except OSError:
            return []
        return text.decode(errors='replace').split('\0')

    def alive(self):
        """Whether its QEMU still runs; the pid may be another process's by now."""
        if self.process is not None:
            return self.process.poll() is None
        return any(str(self.dir) in word for word in self._cmdline())

    def run(self, command, timeout=60):
        """Runs a shell command in the guest: (exit status, output as bytes)."""
        token = secrets.token_hex(6)
        line = f'{token} {base64.b64encode(command.encode()).decode()}\n'
        pattern = re.compile(rf'@@{token} begin\n(.*)\n@@{token} (\d+)\n'.encode(), re.DOTALL)
        deadline = time.monotonic() + timeout
        got = b''
        with socket.socket(socket.AF_UNIX) as ctl:
            try:
                ctl.connect(str(self.dir / 'ctl.sock'))
                ctl.sendall(line.encode())
                # What comes before begin is the rest of an earlier command that was given up.
                while not (answer := pattern.search(got)):
                    ctl.settimeout(max(0.01, deadline - time.monotonic()))
                    more = ctl.recv(1 << 16)
                    if not more:
                        raise TestbedError(f'the guest of {self.dir} went away during: {command}')
                    got += more
            except TimeoutError:
                raise TestbedError(f'no answer from the guest in {timeout:.0f} s to: '
                                   f'{command}') from None
            except OSError as error:
                raise TestbedError(f'cannot reach the guest of {self.dir}: '
                                   f'{error.strerror}') from None
        return int(answer[2]), answer[1]

    def sh(self, command, timeout=60):
        """Like run(), for a command that must succeed: its output as text."""
        status, output = self.run(command, timeout)
        text = output.decode(errors='replace')
        if status != 0:
            raise TestbedError(f'status {status} in the guest from: {command}: {text}')
        return text

    def fetch(self, path, timeout=120):
        """A file of the guest's as bytes; compressed on the way, for serial ports are slow."""
        bulk = self.dir / 'bulk.log'
        start = bulk.stat().st_size
        size = int(self.sh(f'gzip -1 <"{path}" >/tmp/.fetch && wc -c </tmp/.fetch && '
                           'cat /tmp/.fetch >/dev/ttyS2 && rm /tmp/.fetch', timeout))
        deadline = time.monotonic() + 30
        while bulk.stat().st_size < start + size:
            if time.monotonic() > deadline:
                raise TestbedError(f'{path} did not arrive from the guest')
            time.sleep(0.02)
        with open(bulk, 'rb') as stream:
            stream.seek(start)
            return gzip.decompress(stream.read(size))

    def qmp(self, command, **arguments):
        """One QMP command (no other client may be connected); its result."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(30)
            sock.connect(str(self.dir / self.qmp_socket))
            with sock.makefile('rwb') as stream:
                for request in ({'execute': 'qmp_capabilities'},
                                {'execute': command, 'arguments': arguments}):
                    stream.write(json.dumps(request).encode() + b'\n')
                    stream.flush()
                    answer = json.loads(stream.readline())
                    while 'return' not in answer and 'error' not in answer:
                        answer = json.loads(stream.readline())
                    if 'error' in answer:
                        raise TestbedError(f'QMP {command}: {answer["error"]["desc"]}')
        return answer['return']

    def hmp(self, line):
        """One command of the human monitor, through QMP; its output."""
        return self.qmp('human-monitor-command', **{'command-line': line})

    def console(self):
        return (self.dir / 'console.log').read_text(errors='replace')

    def stop(self, remove=False):
        """Ends QEMU and takes its sockets away; logs stay unless remove is set."""
        for sig, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 10)):
            if not self.alive():
                break
            os.kill(self.pid, sig)
            deadline = time.monotonic() + patience
            while self.alive() and time.monotonic() < deadline:
                time.sleep(0.02)
        if self.process is not None:
            self.process.wait()
        for name in ('ctl.sock', 'qmp.sock', 'hmp.sock', 'gdb.sock', 'pid'):
            (self.dir / name).unlink(missing_ok=True)
        if remove:
            shutil.rmtree(self.dir, ignore_errors=True)
