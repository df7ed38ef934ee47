#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""System calls of a guest on KVM by breakpoints that QEMU serves itself: exact counts, entry and
return, through stops of the whole machine; and QEMU is what it was when the tracer has ended, or was killed.
usage: test_kvm.py KERNEL [ARGUMENT FOR QEMU]..."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'guest/lib'))
sys.dont_write_bytecode = True
import calllog  # noqa: E402
import guestkernel  # noqa: E402
import guestlab  # noqa: E402

CALLS = 300


def state_of(pid):
    """What QEMU has mapped from files and from memfds, and how many descriptors it has."""
    maps = pathlib.Path(f'/proc/{pid}/maps').read_text()
    return ([line for line in maps.splitlines() if 'memfd' in line or ' r-x' in line],
            len(list(pathlib.Path(f'/proc/{pid}/fd').iterdir())))


def wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def is_traced(pid):
    return 'guestrace-vmm' in pathlib.Path(f'/proc/{pid}/maps').read_text()


def close_counts(output):
    lines = [line for line in output.splitlines() if ' close(-1' in line]
    return len(lines), sum(' = -1 EBADF' in line for line in lines)


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
    entries, returns = close_counts(trace.output)
    tap.ok(entries == returns > 0, f'{entries} calls, each with its return', f'{returns} returns')
    threads = calllog.guestrace_threads(trace.output).values()
    counts = sorted(sum(call.args[:1] == ['-1'] for call in calls) for calls in threads)
    tap.equal(counts[-2:], [CALLS, CALLS], 'every call of both programs is there, once')


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
        tap.ok(close_counts(trace.output)[0] >= CALLS, 'the probe works beside it')


main()
