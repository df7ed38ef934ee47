#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nothing of the tracer stays in the guest: its kernel's text and memory before, while and after;
attaching again and again under load; tracers that are killed or stopped."""

import pathlib
import re
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestkernel  # noqa: E402
import guestlab  # noqa: E402
from guestkernel import (changed_functions, check_health, differing,  # noqa: E402
                         kernel_text, probe_caller, probe_memory)

CYCLES = 8
KILLS = 5
HOOKED = ('(do_syscall_64|syscall_enter_from_user_mode|do_int80_.*|__do_fast_syscall_32|(__)?io_.*|'
          '__SCT__tp_func_io_uring_.*)$')
LOAD = 'while :; do cat /etc/hosts | wc -l; ls -l /bin; find /etc; done >/dev/null 2>&1'


def test_text(tap, guest):
    before = kernel_text(guest)
    with guestlab.trace(guest) as trace:
        during, caller = kernel_text(guest), probe_caller(guest)
        memory = probe_memory(guest, caller)
        guest.sh('cat /etc/hosts')
    after = kernel_text(guest)
    changed = changed_functions(guest, before, during)
    tap.ok(changed and all(re.match(HOOKED, name) for name in changed),
           'only where calls enter and leave, and where io_uring tells of itself, differs', changed)
    tap.ok(before == after, 'the kernel text is what it was', differing(before, after))
    after = probe_memory(guest, caller)
    tap.ok(memory > 0 and after == 0, 'the pages were given back',
           f'{memory} bytes while tracing, {after} after it')
    tap.ok(trace.status == 0 and '"/etc/hosts"' in trace.output, 'and it was traced')
    return caller


def test_cycles(tap, guest, caller):
    """Attach and detach under load: text identical, pages given back."""
    text = kernel_text(guest)
    guest.sh(f'({LOAD}) & ({LOAD}) & echo')
    losses = []
    for _ in range(CYCLES):
        run = guestlab.guestrace('--for', '0.3', '-o', '/dev/null', guest.name)
        if run.returncode != 0 or ' 0 events lost' not in run.stderr:
            losses.append(run.stderr)
    tap.ok(not losses, f'{CYCLES} attachments under load, nothing lost', '\n'.join(losses))
    tap.ok(kernel_text(guest) == text, 'text identical after them')
    tap.equal(probe_memory(guest, caller), 0, 'every page was given back')
    check_health(tap, guest, 'after attaching again and again')


def start_tracer(guest):
    """A tracer that has attached: its file has lines."""
    tracer = guestlab.trace(guest)
    tracer.start()
    return tracer


def test_kills(tap, guest, caller):
    """SIGKILL while tracing under load: the guest goes on, the next attachment tidies up."""
    text = kernel_text(guest)
    for _ in range(KILLS):
        tracer = start_tracer(guest)
        tracer.process.send_signal(signal.SIGKILL)
        tracer.process.wait()
        guest.sh('calls 1000', timeout=60)
    tap.ok(True, f'{KILLS} killed tracers')
    run = guestlab.guestrace('--for', '1', guest.name)
    tap.ok(run.returncode == 0 and '(' in run.stdout, 'the next one traces', run.stderr)
    tap.ok(kernel_text(guest) == text, 'text identical after it')
    tap.equal(probe_memory(guest, caller), 0, 'and what was left behind is gone')
    check_health(tap, guest, 'after killed tracers')


def test_stop(tap, guest):
    """A tracer that is stopped does not stop the guest."""
    tracer = start_tracer(guest)
    tracer.process.send_signal(signal.SIGSTOP)
    start = time.monotonic()
    guest.sh('calls 200000', timeout=120)
    tap.diag(f'200,000 calls beside a stopped tracer took {time.monotonic() - start:.1f} s')
    tracer.process.send_signal(signal.SIGCONT)
    time.sleep(0.5)
    tracer.stop()
    tap.ok(tracer.status == 0, 'the guest goes on beside a stopped tracer', tracer.stderr)
    check_health(tap, guest, 'after a stopped tracer')


def test_one_at_a_time(tap, guest):
    """A second tracer is refused, and does the first no harm."""
    with guestlab.trace(guest) as trace:
        second = guestlab.guestrace('--for', '1', guest.name)
        guest.sh('cat /etc/hosts')
    tap.ok(second.returncode == 1 and second.stderr.count('\n') == 1, 'a second tracer is refused',
           second.stderr)
    tap.ok(trace.status == 0 and '"/etc/hosts"' in trace.output, 'the first one goes on')


def main():
    with guestlab.Tap() as tap, guestkernel.boot(sys.argv[1]) as guest:
        caller = test_text(tap, guest)
        test_one_at_a_time(tap, guest)
        test_cycles(tap, guest, caller)
        test_kills(tap, guest, caller)
        test_stop(tap, guest)


main()
