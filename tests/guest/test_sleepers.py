#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls that sleep while a trace begins or ends: what guestrace shows of them agrees with the
guest's own strace, and the programs notice nothing."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import calllog  # noqa: E402
import guestlab  # noqa: E402
import straced  # noqa: E402

# What the threads of sleepers sleep in, main thread and child included, as the kernel's numbers.
ASLEEP = {'openat': 257, 'read': 0, 'poll': 7, 'epoll_wait': 232, 'clock_nanosleep': 230,
          'futex': 202, 'accept': 43, 'wait4': 61}
SLEEPERS = sorted([*ASLEEP, 'read'])
# Only nanosleep ends by itself: when it has ended too early, all is tried again with a longer one.
NANOSLEEP_SECONDS = (4, 30, 120)


def wait_for(condition, timeout):
    """The first true value of condition (), or a false one when the time is up."""
    deadline = time.monotonic() + timeout
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return value


class Sleepers:
    """The program sleepers under strace in the background of a guest."""

    def __init__(self, guest, seconds):
        self.guest = guest
        self.seconds = seconds
        guest.sh('rm -f /tmp/fifo /tmp/out; (strace -f -o /tmp/sleepers.strace '
                 f'sleepers /tmp/fifo {seconds} >/tmp/out 2>&1 &)')
        self.pid = wait_for(lambda: guest.sh('sed -n "s/^ready //p" /tmp/out').strip(), 60)
        if not self.pid:
            raise guestlab.TestbedError(f'no sleepers: {guest.sh("cat /tmp/out")}')

    def states(self):
        """Each thread's state and the number of the call that it is in: "S 257"."""
        return self.guest.sh('for p in $(pidof sleepers); do for t in /proc/$p/task/*; do '
                             'echo $(sed "s/.*) //; s/ .*//" $t/stat) $(sed "s/ .*//" $t/syscall); '
                             'done; done 2>/dev/null; true').splitlines()

    def all_asleep(self):
        return sorted(self.states()) == sorted(f'S {ASLEEP[name]}' for name in SLEEPERS)

    def settle(self):
        """Waits until all sleep; False when nanosleep has not waited for the others."""
        return wait_for(self.all_asleep, self.seconds + 20)

    def stop_and_continue(self):
        self.guest.sh(f'kill -STOP {self.pid}')
        # The child is not stopped.
        stopped = wait_for(lambda: sum(state[0] not in 'tT' for state in self.states()) == 1, 60)
        self.guest.sh(f'kill -CONT {self.pid}')
        return stopped

    def finish(self):
        """Wakes them: what the program said, and strace's log."""
        self.guest.sh('echo go >/tmp/fifo')
        if not wait_for(lambda: self.guest.run('pidof strace')[0] != 0, self.seconds + 60):
            raise guestlab.TestbedError(f'the sleepers do not end: {self.states()}')
        log = self.guest.fetch('/tmp/sleepers.strace').decode()
        return self.guest.sh('cat /tmp/out'), calllog.StraceLog(log)


def attach(guest):
    """Sleepers, and a trace that began while all slept."""
    for seconds in NANOSLEEP_SECONDS:
        sleepers = Sleepers(guest, seconds)
        settled = sleepers.settle()
        trace = guestlab.trace(guest)
        trace.start()
        if settled and sleepers.all_asleep():
            return sleepers, trace
        trace.stop()
        sleepers.finish()
    raise guestlab.TestbedError('could not attach while all threads slept')


def detach(guest):
    """Sleepers, and a trace that ended while all slept."""
    for seconds in NANOSLEEP_SECONDS:
        with guestlab.trace(guest) as trace:
            sleepers = Sleepers(guest, seconds)
            settled = sleepers.settle()
        if settled and sleepers.all_asleep():
            return sleepers, trace
        sleepers.finish()
    raise guestlab.TestbedError('could not detach while all threads slept')


def check_answers(tap, name, output):
    answers = [line for line in output.splitlines() if line.endswith(' ok')]
    tap.ok(output.endswith('\nOK\n') and len(answers) == 7, f'{name}: all get their answers',
           output)


def check_attach(tap, guest):
    """Calls that sleep when the trace begins have a return only, and that is the right one."""
    name = 'attach'
    sleepers, trace = attach(guest)
    output, strace = sleepers.finish()
    trace.stop()
    check_answers(tap, name, output)
    threads = calllog.guestrace_threads(trace.output)
    first, wrong = [], []
    for tid, wanted in strace.threads.items():
        got = threads.get(tid, [])
        first += [call.name for call in got[:1] if call.late]
        text = straced.difference(wanted[-len(got):], got)
        wrong += [f'thread {tid}: {text}'] if text else []
    tap.equal(sorted(first), SLEEPERS, f'{name}: each begins with a return that has no entry')
    tap.ok(not wrong, f'{name}: all is as in the end of strace\'s log', '\n'.join(wrong))
    tap.equal([call.line for calls in threads.values() for call in calls[1:] if call.late], [],
              f'{name}: every other return has an entry')
    straced.check_totals(tap, name, trace)


def check_detach(tap, guest):
    """Calls that sleep when the trace ends have an entry only, and go on undisturbed."""
    name = 'detach'
    sleepers, trace = detach(guest)
    output, strace = sleepers.finish()
    check_answers(tap, name, output)
    threads = calllog.guestrace_threads(trace.output)
    last, wrong = [], []
    for tid, wanted in strace.threads.items():
        got = straced.after_exec(strace, tid, threads.get(tid, []))
        last += [call.name for call in got[-1:] if call.unfinished]
        text = straced.difference(wanted[:len(got) - 1], got[:-1])
        if not text and got and got[-1].name != wanted[len(got) - 1].name:
            text = f'strace    {wanted[len(got) - 1].line}\nguestrace {got[-1].line}'
        wrong += [f'thread {tid}: {text}'] if text else []
    tap.equal(sorted(last), SLEEPERS, f'{name}: each ends with an entry that has no return')
    tap.ok(not wrong, f'{name}: all is as in the beginning of strace\'s log', '\n'.join(wrong))
    straced.check_totals(tap, name, trace)


def check_both(tap, guest):
    """Calls that sleep through a whole trace."""
    name = 'attach and detach'
    sleepers, trace = attach(guest)
    trace.stop()
    asleep = sleepers.all_asleep()
    output, strace = sleepers.finish()
    check_answers(tap, name, output)
    threads = calllog.guestrace_threads(trace.output)
    lines = [call.line for tid in strace.threads for call in threads.get(tid, [])]
    if asleep:
        tap.equal(lines, [], f'{name}: not a line about them')
    else:
        tap.skip(f'{name}: not a line about them', 'nanosleep was over before the trace')
    straced.check_totals(tap, name, trace)


def check_stops(tap, guest):
    """SIGSTOP and SIGCONT make sleeping calls start anew, some of them as restart_syscall."""
    name = 'stop and continue'
    with guestlab.trace(guest) as trace:
        sleepers = Sleepers(guest, NANOSLEEP_SECONDS[0])
        sleepers.settle()
        tap.ok(sleepers.stop_and_continue(), f'{name}: all stop', sleepers.states())
        output, strace = sleepers.finish()
    check_answers(tap, name, output)
    straced.compare(tap, name, strace, calllog.guestrace_threads(trace.output))
    seen = {value for calls in strace.threads.values() for call in calls for value in call.key()}
    wanted = {'ERESTARTSYS', 'ERESTART_RESTARTBLOCK', 'restart_syscall', 'EINTR'}
    tap.equal(wanted - seen, set(), f'{name}: calls were restarted in every way')
    straced.check_totals(tap, name, trace)


def main():
    with guestlab.Tap() as tap:
        with guestlab.boot(kernel=sys.argv[1], smp=2) as guest:
            check_attach(tap, guest)
            check_detach(tap, guest)
            check_both(tap, guest)
            check_stops(tap, guest)


main()
