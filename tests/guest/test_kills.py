#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tracers that are killed or stopped at any moment while a guest with two vCPUs works hard: the
guest goes on, what it computes is right, and the next tracer finds what was left and takes it out.

usage: test_kills.py KERNEL [--kills N] [--stops N] [--stopped SECONDS] [--cycles N] [--seed N]
"""

import argparse
import pathlib
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestkernel  # noqa: E402
import guestlab  # noqa: E402

LIVES = 1.2  # seconds: attaching, tracing and detaching all fall into them
HOLDER = guestlab.BUILD / 'examples/opens'
SOON = 2  # seconds after which a guest whose tracer was killed is to be as fast as ever
# Times untraced. One that waits for a dead tracer sleeps for a hundred microseconds and more, some
# hundred times as long as it takes; what the machine does beside it is less.
WAITS = 100
SHORT_RUNS = 'calls 2000', 6  # over before another program has its turn
# Said by a tracer that did not run for a second on a machine that is too busy, which is nobody's fault.
STARVED = 'had no processor'
GROWTH = 4096  # KiB: what the kernel takes more or less of for the programs that run


def start_tracer(guest, rng):
    """The command on all calls, or a program that holds threads for callbacks."""
    command = rng.choice([[guestlab.GUESTRACE, '-o', '/dev/null'], [HOLDER]])
    return subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', *command, guest.name],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def end_tracer(tracer, rng):
    """SIGKILL at a random moment; sometimes while it detaches, which it was told to before."""
    time.sleep(rng.uniform(0, LIVES))
    if rng.random() < 0.4:
        tracer.send_signal(signal.SIGINT)
        time.sleep(rng.uniform(0, 0.3))
    tracer.kill()
    return tracer.communicate()[1].strip()


def wait_running(guest, timeout=20):
    """Seconds until the hypervisor says that the vCPUs run."""
    start = time.monotonic()
    while not guestkernel.is_running(guest):
        if time.monotonic() > start + timeout:
            return None
        time.sleep(0.01)
    return time.monotonic() - start


def test_kills(tap, guest, work, kills, rng, untraced):
    before, slowest, sayings, standing, slow = work.rounds(), 0, set(), 0, []
    for _ in range(kills):
        saying, killed = end_tracer(start_tracer(guest, rng), rng), time.monotonic()
        if saying and 'events lost' not in saying:
            sayings.add(saying)
        took = wait_running(guest)
        if took is None:
            standing += 1
            guest.hmp('cont')
        slowest = max(slowest, took or 0)
        guest.sh('calls 100', timeout=120)
        time.sleep(max(0, killed + SOON - time.monotonic()))
        slow.append(guestlab.per_call(guest, *SHORT_RUNS) / untraced)
    tap.equal(standing, 0, f'{kills} killed tracers, and the guest runs after each')
    tap.diag(f'longest until the vCPUs ran: {slowest:.2f} s')
    slow.sort()
    tap.ok(slow[-1] < WAITS, f'no call waits for the dead tracer {SOON} s later', slow[-5:])
    tap.diag(f'a call {SOON} s later, times untraced: {slow[len(slow) // 2]:.2f} in the middle, '
             f'{slow[-1]:.2f} at most')
    tap.ok(not sayings, 'none of them failed before it was killed', '\n'.join(sayings))
    after = work.rounds()
    tap.ok(all(a > b for a, b in zip(after, before)), 'the programs in the guest went on',
           f'{before} {after}')
    check_work(tap, guest, work, 'after killed tracers')


def test_stops(tap, guest, work, stops, stopped, rng):
    """SIGSTOP at random moments, also while the vCPUs are held."""
    for _ in range(stops):
        tracer = start_tracer(guest, rng)
        time.sleep(rng.uniform(0, LIVES / 2))
        tracer.send_signal(signal.SIGSTOP)
        before = work.rounds()
        time.sleep(stopped)
        after = work.rounds()
        tap.ok(wait_running(guest) is not None and all(a > b for a, b in zip(after, before)),
               'the guest works beside a stopped tracer', f'{before} {after}')
        tracer.send_signal(signal.SIGCONT)
        time.sleep(0.2)
        tracer.send_signal(signal.SIGINT)
        try:
            tracer.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            tracer.kill()
            tap.ok(False, 'the tracer ends after it was continued')
    check_work(tap, guest, work, 'after stopped tracers')


def test_asleep(tap, guest, work):
    """A tracer that is stopped has its place still: another one is told so, and it goes on later."""
    first = guestlab.trace(guest)
    first.start()
    first.process.send_signal(signal.SIGSTOP)
    time.sleep(2.5)  # until its heart counts as stopped
    second = guestlab.guestrace('--for', '1', guest.name)
    first.process.send_signal(signal.SIGCONT)
    time.sleep(0.5)
    guest.sh('cat /etc/hosts')
    first.stop()
    tap.ok(second.returncode == 1 and str(first.process.pid) in second.stderr,
           'another tracer is told who is in its way', second.stderr)
    tap.ok(first.status == 0 and '"/etc/hosts"' in first.output, 'the first one goes on',
           first.stderr)
    check_work(tap, guest, work, 'after a tracer slept')


def test_cycles(tap, guest, work, cycles, caller):
    """Attaching and detaching again and again: what is free of the guest's memory stays."""
    text, memory = guestkernel.kernel_text(guest), guestkernel.kernel_memory(guest)
    failed, starved, changed, kept = [], [], 0, 0
    for i in range(cycles):
        run = guestlab.guestrace('--for', '0.05', '-o', '/dev/null', guest.name)
        if run.returncode != 0 or ' 0 events lost' not in run.stderr:
            (starved if STARVED in run.stderr else failed).append(run.stderr)
        if i % 10 == 9 or i == cycles - 1:
            changed += guestkernel.kernel_text(guest) != text
            kept += guestkernel.probe_memory(guest, caller)
    tap.ok(not failed and len(starved) <= cycles // 100, f'{cycles} attachments',
           '\n'.join([*failed, *starved][:5]))
    tap.diag(f'{len(starved)} tracers without a processor for a second')
    tap.equal(changed, 0, 'the kernel text is what it was')
    tap.equal(kept, 0, 'the pages were given back')
    grown = guestkernel.kernel_memory(guest) - memory
    tap.ok(grown < GROWTH + cycles, "the kernel's own memory has not grown", f'{grown} KiB')
    tap.diag(f"the kernel's own memory: {grown:+} KiB in {cycles} attachments")
    check_work(tap, guest, work, 'after attaching again and again')


def check_work(tap, guest, work, what):
    tap.equal(work.failures(), '', f'{what}: the programs in the guest computed what is right')
    guestkernel.check_health(tap, guest, what)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('kernel')
    parser.add_argument('--kills', type=int, default=8)
    parser.add_argument('--stops', type=int, default=1)
    parser.add_argument('--stopped', type=float, default=3)
    parser.add_argument('--cycles', type=int, default=3)
    parser.add_argument('--seed', type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with guestlab.Tap() as tap, guestkernel.boot(options.kernel, smp=2) as guest:
        tap.diag(f'--seed {options.seed}')
        with guestlab.trace(guest):
            caller = guestkernel.probe_caller(guest)
        untraced = guestlab.per_call(guest, *SHORT_RUNS)
        work = guestkernel.Work(guest, 'find /etc /bin')
        work.warm_up()
        text = guestkernel.kernel_text(guest)
        test_kills(tap, guest, work, options.kills, rng, untraced)
        test_stops(tap, guest, work, options.stops, options.stopped, rng)
        test_asleep(tap, guest, work)
        run = guestlab.guestrace('--for', '1', guest.name)
        tap.ok(run.returncode == 0 and '(' in run.stdout, 'the next one traces', run.stderr)
        now = guestkernel.kernel_text(guest)
        tap.ok(now == text, 'the kernel text is what it was',
               now != text and guestkernel.changed_functions(guest, text, now))
        tap.ok(caller is not None and guestkernel.probe_memory(guest, caller) == 0,
               'what was left behind is gone', caller)
        test_cycles(tap, guest, work, options.cycles, caller)


main()
