#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""--engine=trap: the guest's calls by breakpoints, as the guest's own strace has them, with nothing
written to the guest."""

import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'decode'))
sys.dont_write_bytecode = True
import compare  # noqa: E402
import compared  # noqa: E402
import guestkernel  # noqa: E402
import guestlab  # noqa: E402

TRAP = '--engine=trap'
COMPARED = 'decode-open', 'decode32-memory'
CALLS = 30
ONLY_PROBE = 'pagefault_disabled'  # a member of struct task_struct
ON_LIBVMI = guestlab.BUILD / 'tests/guest/guestrace-on-libvmi'
REFUSED = (('-y',), ('-P', '/etc/hosts'), ('-f', '-p', '1'), ('--exe', '/bin/sh'), ('--cgroup', 'a'), ('--sample', '2'),
           ('--rate', '9'), ('-e', 'inject=close:error=EIO'), ('-e', 'trace=io_uring'))


def traced(guest, *arguments, during=True, **options):
    """Whether the kernel's text stays the same while, or else until after, calls are traced; and the trace."""
    traces = []

    def act():
        with guestlab.trace(guest, *arguments, **options) as trace:
            traces.append(trace)
            guest.sh(f'calls {CALLS}', timeout=120)
            return guestkernel.kernel_text(guest) if during else None
    kept = guestkernel.keeps_text(guest, act)
    return kept, traces[-1]


def test_counts(tap, guest):
    """A program that says how many calls it makes, counted, and its lines; what is in the kernel's
    text meanwhile."""
    guest.sh(f'calls {CALLS}')
    kept, trace = traced(guest, TRAP)
    lines = re.findall(r' calls\[\d+\] close\(-1\) += -1 EBADF \(Bad file descriptor\) <\d', trace.output)
    tap.equal(len(lines), CALLS, 'the lines of a program that says how many calls it makes')
    tap.ok(trace.status == 0 and ' 0 events lost' in trace.stderr, 'nothing is lost', trace.stderr)
    tap.ok(kept, 'the kernel text does not change')
    guest.sh(f'(sleep 4; calls {CALLS}) >/dev/null 2>&1 & echo')
    done = guestlab.guestrace(TRAP, '-n', 'calls', '-c', '--for', '15', *guestlab.TABLE, guest.name)
    tap.ok(re.search(rf' {CALLS} +{CALLS} close$', done.stdout, re.M), 'and a table', done.stdout + done.stderr)


def run(guest, command):
    """In an empty directory; returns the pid that the program says it has."""
    said = guest.sh(f'rm -rf /tmp/work; mkdir /tmp/work; cd /tmp/work && {command}', timeout=200)
    return re.search(r'^pid (\d+)$', said, re.M)[1]


def test_compared(tap, guest):
    """Under strace first, for strace's own calls would take minutes; at the same addresses then."""
    guest.sh('echo 0 >/proc/sys/kernel/randomize_va_space')
    stracings = {}
    for name in COMPARED:
        pid = run(guest, f'strace -o /tmp/strace {name}')
        stracings[name] = compare.marked(guestlab.fetch_text(guest, '/tmp/strace'), pid)
    with guestlab.trace(guest, TRAP, style=compared.STYLE) as trace:
        pids = {name: run(guest, name) for name in COMPARED}
    for name, wanted in stracings.items():
        got = compared.marked_lines(trace.output, pids[name])
        differences = compare.differences(wanted, got, name.startswith(compared.IS_32))
        tap.ok(wanted and not differences, f'{name}: {len(wanted)} calls as strace has them', '\n'.join(differences[:40]))


def test_refusals(tap, guest):
    for options in REFUSED:
        done = guestlab.guestrace(TRAP, *options, guest.name)
        tap.ok(done.returncode == 1 and done.stderr.count('\n') == 1 and 'trap' in done.stderr,
               f'{" ".join(options)} is refused', done.stderr)
    done = guestlab.guestrace('--engine=magic', guest.name)
    tap.ok(done.returncode == 2 and 'magic' in done.stderr and 'probe' in done.stderr, 'no such engine', done.stderr)


def test_fallback(tap, guest):
    """A kernel without something that only the probe needs: its type information says nothing of it."""
    done = guestlab.guestrace('-v', '--for', '1', '-e', 'trace=mount', guest.name)
    tap.ok('the probe shows the guest' in done.stderr, 'the probe is what shows calls', done.stderr)
    renamed = guestkernel.rename_in_types(guest, ONLY_PROBE, ONLY_PROBE.upper())
    guest.sh(f'calls {CALLS}')
    kept, trace = traced(guest, '-e', 'trace=close', ping='cat /dev/null')
    tap.equal((renamed > 0, trace.output.count('close(-1)')), (True, CALLS), 'where it cannot be, breakpoints do')
    tap.ok(re.search(rf'breakpoints show .* lacks task_struct\.{ONLY_PROBE}\b', trace.stderr), 'it is said why',
           trace.stderr)
    tap.ok(trace.status == 0 and kept, 'nothing is written to the kernel then')
    done = guestlab.guestrace('-y', guest.name)
    tap.ok(done.returncode == 1 and '-y' in done.stderr and ONLY_PROBE in done.stderr, 'what they cannot do is refused',
           done.stderr)
    done = guestlab.guestrace('--engine=probe', guest.name)
    tap.ok(done.returncode == 1 and ONLY_PROBE in done.stderr, 'so is the probe', done.stderr)
    guestkernel.rename_in_types(guest, ONLY_PROBE.upper(), ONLY_PROBE)


def test_on_libvmi(tap, guest):
    """Both engines by nothing but libvmi's interface, as -Dlibvmi=system builds the command."""
    guest.sh(f'calls {CALLS}')
    for engine in 'probe', 'trap':
        kept, trace = traced(guest, f'--engine={engine}', '-e', 'trace=close', during=False, ping='cat /dev/null',
                             program=ON_LIBVMI)
        tap.ok(kept, f'the {engine}, on libvmi: the kernel text is what it was after it')
        tap.equal((trace.status, trace.output.count('close(-1)'), ' 0 events lost' in trace.stderr), (0, CALLS, True),
                  f'the {engine}, on libvmi: {CALLS} calls')


def test_killed(tap, guest):
    for _ in range(3):
        tracer = subprocess.Popen([guestlab.GUESTRACE, TRAP, '-o', '/dev/null', guest.name], stdin=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)
        time.sleep(1.5)
        tracer.send_signal(signal.SIGKILL)
        tracer.communicate()
        guest.sh('calls 1000')
    with guestlab.trace(guest) as trace:
        guest.sh('cat /etc/hosts')
    tap.ok(trace.status == 0 and '"/etc/hosts"' in trace.output, 'after killed ones the probe traces', trace.stderr)
    guestkernel.check_health(tap, guest, 'after all that')


def main():
    programs = [p for p in compared.PROGRAMS if p.name in COMPARED]
    with guestlab.Tap() as tap, guestkernel.boot(sys.argv[1], programs=programs, smp=2, ram='shared') as guest:
        test_counts(tap, guest)
        test_compared(tap, guest)
        test_refusals(tap, guest)
        test_fallback(tap, guest)
        test_on_libvmi(tap, guest)
        test_killed(tap, guest)


main()
