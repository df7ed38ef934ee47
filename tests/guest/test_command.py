#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guestrace command: what it prints, how it ends, and that the guest is then as it was."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestlab  # noqa: E402
import vmishell  # noqa: E402

LINE = re.compile(r'\d\d:\d\d:\d\d\.\d{6} (\S+)\[(?:\d+/)?(\d+)\] (?:<\.\.\. )?(\w+)')
TOTALS = re.compile(r'guestrace: \d+ calls? of \d+ process(es)? in \d+\.\d s, 0 events lost\n')
SILENT = "sh -c 'while :; do usleep 20000; done'"  # a process that is never silent for long
ENDS_IN = 20  # s; when the guest goes away


class Run:
    """The command in the background, with its output in files."""

    def __init__(self, *arguments, stdout=None):
        self.scratch = tempfile.TemporaryDirectory(prefix='gtcommand-')
        self.out, self.err = (pathlib.Path(self.scratch.name) / name for name in ('out', 'err'))
        with open(self.out, 'wb') as out, open(self.err, 'wb') as err:
            self.process = subprocess.Popen(
                ['setpriv', '--pdeathsig', 'KILL', guestlab.GUESTRACE, *guestlab.WHOLE_LINES, *map(str, arguments)],
                stdin=subprocess.DEVNULL, stdout=stdout or out, stderr=err)

    def wait_for_lines(self, seconds=30):
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and self.out.stat().st_size == 0:
            if time.monotonic() > deadline:
                self.process.kill()
                raise guestlab.TestbedError(f'no line in {seconds} s')
            time.sleep(0.02)
        return self

    def end(self, sig=None, timeout=60):
        """(status, stdout, stderr, seconds that it took)"""
        start = time.monotonic()
        if sig is not None and self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise guestlab.TestbedError(f'guestrace did not end in {timeout} s') from None
        seconds = time.monotonic() - start
        out, err = (p.read_text(errors='replace') for p in (self.out, self.err))
        self.scratch.cleanup()
        return status, out, err, seconds


def start_busy(guest, command):
    return int(guest.sh(f'{command} </dev/null >/dev/null 2>&1 & echo $!'))


def seen(output, group):
    return {match.group(group) for match in map(LINE.match, output.splitlines()) if match}


def one_sentence(text):
    return re.fullmatch(r'guestrace: [^\n]+\n', text) is not None


def check_filters(tap, guest):
    ping = 'cat /etc/passwd'
    with guestlab.trace(guest, '-e', 'trace=openat,close', '-n', 'cat', ping=ping) as trace:
        guest.sh('cat /etc/hosts')
    tap.equal((seen(trace.output, 1), seen(trace.output, 3)), ({'cat'}, {'openat', 'close'}),
              '-e and -n')
    tap.ok(trace.stdout == '' and TOTALS.fullmatch(trace.stderr), '-o keeps stdout free',
           trace.stdout + trace.stderr)
    with guestlab.trace(guest, '-q', '-n', 'cat', '-n', 'ls', ping=ping) as trace:
        guest.sh('ls /; wc /etc/hosts')
    tap.equal(seen(trace.output, 1), {'cat', 'ls'}, '-n twice')
    tap.equal(trace.stderr, '', '-q')


def check_pids(tap, guest, busy):
    other = start_busy(guest, SILENT)
    with guestlab.trace(guest, '-e', 'wait4', '-p', busy, ping=':') as trace:
        pass
    tap.equal(seen(trace.output, 2), {str(busy)}, '-p')
    with guestlab.trace(guest, '-p', f'{busy},{other}', ping='sleep 0.2') as trace:
        guest.sh('sleep 1')
    tap.ok(seen(trace.output, 2) == {str(busy), str(other)}, '-p twice',
           [line for line in trace.output.splitlines()
            if not {f'[{busy}', f'[{other}'} & set(re.findall(r'\[\d+', line))])
    guest.sh(f'kill {other}')
    guest.sh('threads 2 100000000 >/dev/null & while [ $(ls /proc/$!/task | wc -l) != 3 ]; do :; '
             'done; echo $! >/tmp/pid')
    pid = int(guest.sh('cat /tmp/pid'))
    threads = set(guest.sh(f'ls /proc/{pid}/task').split())
    thread = max(map(int, threads))
    with guestlab.trace(guest, '-e', 'close', '-p', thread, ping=':') as trace:
        pass
    tap.equal(seen(trace.output, 2), {str(thread)}, '-p of a thread')
    with guestlab.trace(guest, '-e', 'close', '-p', pid, ping=':') as trace:
        time.sleep(1)
    tap.equal(seen(trace.output, 2), threads - {str(pid)}, '-p of a process has its threads')
    guest.sh(f'kill -9 {pid}')


def check_summary(tap, guest):
    with guestlab.trace(guest, *guestlab.TABLE, '-n', 'calls') as trace:
        guest.sh('calls 123')
    tap.ok(re.search(r'^.*\b124 +123 close$|^.*\b123 +123 close$', trace.output, re.M), '-c counts',
           trace.output)
    tap.ok(TOTALS.fullmatch(trace.stderr), '-c has totals', trace.stderr)
    run = guestlab.guestrace('--for', '0.5', '-n', 'nobody', guest.name)
    tap.equal((run.returncode, run.stdout), (0, ''), '--for')
    tap.ok(TOTALS.fullmatch(run.stderr), '--for has totals', run.stderr)


def check_usage(tap, guest):
    run = guestlab.guestrace('list')
    release = guest.sh('uname -r').strip()
    tap.ok(run.returncode == 0 and re.search(
        rf'^{guest.name} +qemu:{guest.pid} +Linux +{re.escape(release)}$', run.stdout, re.M), 'list',
        run.stdout + run.stderr)
    for option in ('--help', '--version'):
        run = guestlab.guestrace(option)
        tap.ok(run.returncode == 0 and 'guestrace' in run.stdout and not run.stderr, option,
               run.stdout + run.stderr)
    for arguments in ([], ['a', 'b'], ['--no-such', 'a'], ['-p', 'x', 'a'], ['-p', '0', 'a'],
                      ['-s', '99999', 'a'], ['--for', 'x', 'a'], ['-e', 'signal=x', 'a'],
                      ['-e', 'trace=,', 'a'], ['-e', 'read=x', 'a'], ['--color=red', 'a'], ['-e'], ['list', 'a']):
        run = guestlab.guestrace(*arguments)
        tap.ok(run.returncode == 2 and not run.stdout and one_sentence(run.stderr),
               f'usage: {" ".join(arguments)}', run.stdout + run.stderr)
    for names in ('opnat', 'openat,nonsense', 'trace=nonsense'):
        run = guestlab.guestrace('-e', names, guest.name)
        tap.ok(run.returncode == 1 and not run.stdout and one_sentence(run.stderr) and
               names.split('=')[-1].split(',')[-1] in run.stderr, f'no such call: {names}', run.stderr)


def check_signals(tap, guest, text):
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        status, _, err, seconds = Run(guest.name).wait_for_lines().end(sig)
        tap.ok(status == 0 and TOTALS.fullmatch(err), sig.name, f'{status} {err}')
        tap.equal(vmishell.kernel_text(guest.name), text, "the kernel's code is as it was")
        tap.diag(f'detach {seconds:.2f} s')
    run = Run(guest.name).wait_for_lines()
    for _ in range(20):
        run.process.send_signal(signal.SIGINT)
        time.sleep(0.005)
    status, _, err, _ = run.end(signal.SIGTERM)
    tap.ok(status == 0 and TOTALS.fullmatch(err), 'many signals', f'{status} {err}')
    tap.equal(vmishell.kernel_text(guest.name), text, "the kernel's code is as it was")


def check_early_signals(tap, guest, text):
    """A signal at any point of the attach."""
    ends = []
    for ms in (0, 10, 30, 60, 90, 120, 160, 200, 250):
        run = Run(guest.name)
        time.sleep(ms / 1000)
        ends.append(run.end(signal.SIGINT)[:3:2])
    # Before it takes signals, it just dies of them; it has done nothing to the guest by then.
    tap.ok(all((status == -signal.SIGINT and not err) or (status == 0 and TOTALS.fullmatch(err))
               for status, err in ends), 'Ctrl-C while it attaches', ends)
    tap.ok(any(status == 0 for status, _ in ends), 'some came in time', ends)
    tap.equal(vmishell.kernel_text(guest.name), text, "the kernel's code is as it was")


def check_outputs(tap, guest, text):
    shell = subprocess.run(['bash', '-c', '"$@" | head -n 1; echo "${PIPESTATUS[0]}"', 'bash',
                            guestlab.GUESTRACE, '-tt', guest.name], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    lines = shell.stdout.splitlines()
    tap.ok(len(lines) == 2 and LINE.match(lines[0]) and lines[1] == '141', 'a reader that goes',
           shell.stdout)
    tap.equal(shell.stderr, '', 'nothing to say about it')
    status, _, err, _ = Run('-q', '-o', '/dev/full', guest.name).end()
    tap.ok(status == 1 and one_sentence(err) and '/dev/full' in err, '/dev/full', f'{status} {err}')
    status, _, err, _ = Run('-o', '/no/such/place', guest.name).end()
    tap.ok(status == 1 and one_sentence(err) and '/no/such/place' in err, 'no such directory',
           f'{status} {err}')
    tap.equal(vmishell.kernel_text(guest.name), text, "the kernel's code is as it was")


def on_terminal(guest, arguments, **variables):
    """What a terminal gets."""
    ours, theirs = os.openpty()
    environment = {key: value for key, value in os.environ.items() if key != 'NO_COLOR'}
    process = subprocess.Popen([guestlab.GUESTRACE, '-q', '--for', '1', *arguments, guest.name], stdin=subprocess.DEVNULL,
                               stdout=theirs, env={**environment, 'TERM': 'xterm', **variables})
    os.close(theirs)
    with os.fdopen(ours, 'rb', buffering=0) as terminal:
        said = b''
        try:
            while more := terminal.read(65536):
                said += more
        except OSError:  # its other end is closed
            pass
    process.wait(60)
    return said.decode(errors='replace')


def check_colors(tap, guest):
    colored = on_terminal(guest, [])
    tap.ok(re.search(r'^\033\[36m\S+\[\d+\]\033\[0m \033\[1m\w+\033\[0m\(', colored, re.M), 'colours on a terminal',
           colored[:300])
    for what, arguments, variables in (('NO_COLOR', [], {'NO_COLOR': '1'}), ('a dumb terminal', [], {'TERM': 'dumb'}),
                                       ('--color=never', ['--color=never'], {})):
        plain = on_terminal(guest, arguments, **variables)
        tap.ok(len(plain.splitlines()) > 5 and '\033' not in plain, f'no colours: {what}', plain[:300])
    run = guestlab.guestrace('-q', '--for', '1', '--color=always', guest.name)
    tap.ok('\033[36m' in run.stdout, 'colours into a pipe', run.stdout[:300])
    for arguments in ([], ['-o', '/dev/stdout']):
        run = guestlab.guestrace('-q', '--for', '1', *arguments, guest.name)
        tap.ok(run.stdout and '\033' not in run.stdout, f'none into a pipe: {" ".join(arguments)}', run.stdout[:300])


def check_delay(tap, guest):
    """A line is in the file at the latest a second after its call."""
    with tempfile.TemporaryDirectory(prefix='gtcommand-') as directory:
        file = pathlib.Path(directory) / 'trace'
        run = Run('-q', '-e', 'mkdir', '-o', file, guest.name)
        deadline = time.monotonic() + 30
        while not (file.exists() and 'first' in file.read_text()) and time.monotonic() < deadline:
            guest.run('mkdir /tmp/first')
        guest.sh('mkdir /tmp/second')
        time.sleep(1)
        text = file.read_text()
        tap.ok(re.search(r'mkdir\("/tmp/second", 0777\) += 0 <[\d.]+>\n', text), 'written as it happens', text)
        run.end(signal.SIGINT)


def check_order(tap, guest):
    """What had not returned stands at the end, in order of its times."""
    sleepers = [start_busy(guest, 'sleep 1000') for _ in range(3)]
    with guestlab.trace(guest, ping=':') as trace:
        sleepers += [start_busy(guest, 'sleep 1000') for _ in range(5)]
        guest.sh('sleep 0.5')
    times = [line[:15] for line in trace.output.splitlines() if line.endswith('<unfinished ...>')]
    tap.ok(len(times) >= 5 and times == sorted(times), 'unfinished calls in order', times)
    guest.sh('kill ' + ' '.join(map(str, sleepers)))


def check_living(tap, kernel):
    with guestlab.boot(kernel=kernel, smp=2) as guest:
        busy = start_busy(guest, SILENT)
        text = vmishell.kernel_text(guest.name)
        check_usage(tap, guest)
        check_filters(tap, guest)
        check_pids(tap, guest, busy)
        check_summary(tap, guest)
        check_signals(tap, guest, text)
        check_early_signals(tap, guest, text)
        check_outputs(tap, guest, text)
        check_order(tap, guest)
        check_colors(tap, guest)
        check_delay(tap, guest)
        tap.equal(guest.sh('echo well'), 'well\n', 'the guest is well')


def check_end(tap, kernel, what, leave, words, **options):
    """The guest goes while it is traced."""
    with guestlab.boot(kernel=kernel, smp=1, **options) as guest:
        name = guest.name
        start_busy(guest, SILENT)
        run = Run('-q', name).wait_for_lines()
        leave(guest)
        status, _, err, seconds = run.end()
        tap.ok(status == 1 and one_sentence(err) and guest_name_of(err) == name and
               re.search(words, err), what, f'{status} {err}')
        tap.ok(seconds < ENDS_IN, f'{what}: at once', f'{seconds:.1f} s')
        tap.diag(err.strip())


def guest_name_of(sentence):
    match = re.search(r'guest "([^"]*)"', sentence)
    return match and match[1]


def later(command):
    return lambda guest: guest.sh(f'(sleep 0.5; {command}) </dev/null >/dev/null 2>&1 &')


def main():
    kernel = sys.argv[1]
    with guestlab.Tap() as tap:
        check_living(tap, kernel)
        check_end(tap, kernel, 'poweroff', later('poweroff -f'), 'shut down')
        check_end(tap, kernel, 'reboot', later('reboot -f'), 'reboot', allow_reboot=True)
        check_end(tap, kernel, 'panic', later('echo c >/proc/sysrq-trigger'), 'crashed|rebooted')
        check_end(tap, kernel, 'QEMU killed', lambda guest: guest.process.kill(), 'gone')


main()
