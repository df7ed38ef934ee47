#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""System calls of a guest on KVM by breakpoints that QEMU serves itself: exact counts, entry and
return, through stops of the whole machine; and QEMU is what it was when the tracer has ended, or was killed.
usage: test_kvm.py KERNEL [ARGUMENT FOR QEMU]..."""

import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'guest/lib'))
sys.dont_write_bytecode = True
import calllog  # noqa: E402
import guestkernel  # noqa: E402
import guestlab  # noqa: E402

CALLS = 300


def descriptors(pid):
    for fd in pathlib.Path(f'/proc/{pid}/fd').iterdir():
        try:
            yield os.readlink(fd)
        except FileNotFoundError:
            pass  # a client's, who has gone


def state_of(pid):
    """What QEMU has mapped to execute, and from memfds, and what its descriptors are of; not the sockets of
    clients, who come and go."""
    maps = pathlib.Path(f'/proc/{pid}/maps').read_text()
    return ([line for line in maps.splitlines() if 'memfd' in line or ' r-x' in line],
            sorted(link for link in descriptors(pid) if not link.startswith('socket:')))


def wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def is_traced(pid):
    return 'guestrace-vmm' in pathlib.Path(f'/proc/{pid}/maps').read_text()


def counts_of(output):
    """Of each thread how often it called close(-1), and how often that came back as it must."""
    counts = []
    for calls in calllog.guestrace_threads(output).values():
        closed = [call for call in calls if call.args[:1] == ['-1']]
        counts.append((len(closed), sum(call.result == 'EBADF' for call in closed)))
    return sorted(counts)


def check_counts(tap, guest):
    """Both vCPUs are busy, and the machine is stopped and let go meanwhile."""
    with guestlab.trace(guest, '--engine=trap', '-e', 'trace=close', ping='calls 1') as trace:
        tap.ok(is_traced(guest.pid), 'QEMU serves the breakpoints itself')
        guest.sh(f'(calls {CALLS} & calls {CALLS}; wait) >/tmp/out 2>&1 & echo')
        for _ in range(5):
            guest.hmp('stop')
            time.sleep(0.1)
            guest.hmp('cont')
            time.sleep(0.2)
        done = wait_until(lambda: guest.sh('grep -c ^calls /tmp/out || :').strip() == '2', 120)
        tap.ok(done, 'both programs came to their ends', guest.console()[-2000:])
    tap.equal(counts_of(trace.output)[-2:], [(CALLS, CALLS)] * 2, 'every call of both programs is there, once')


def check_killed(tap, guest, before):
    trace = guestlab.trace(guest, '--engine=trap', '-e', 'trace=close', ping='calls 1')
    trace.start()
    trace.process.kill()
    trace.process.communicate()
    trace.scratch.cleanup()
    tap.ok(wait_until(lambda: state_of(guest.pid) == before, 10), 'a killed tracer leaves nothing in QEMU',
           f'{before}\n{state_of(guest.pid)}')
    tap.ok('calls' in guest.sh('calls 100'), 'and a guest that runs')


def main():
    kernel, *qemu_arguments = sys.argv[1:]
    with guestlab.Tap() as tap, guestkernel.boot(kernel, smp=2, more=qemu_arguments) as guest:
        guest.sh('calls 10')
        before = state_of(guest.pid)
        check_counts(tap, guest)
        tap.equal(state_of(guest.pid), before, 'QEMU has mapped and opened what it had')
        check_killed(tap, guest, before)
        with guestlab.trace(guest, '-e', 'trace=close', ping='calls 1') as trace:
            guest.sh(f'calls {CALLS}')
        tap.equal(counts_of(trace.output)[-1], (CALLS, CALLS), 'the probe works on the same guest')


main()
