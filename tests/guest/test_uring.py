#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operations of io_uring, against what the program that submits them says of them; attaching,
detaching and dying while they go on.

usage: test_uring.py KERNEL
"""

import pathlib
import re
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestkernel  # noqa: E402
import guestlab  # noqa: E402

BATCHES = 500
CYCLES = 2
KILLS = 2
PING = 'uring count 1'
LINE = re.compile(r'^\S+ (\S+)\[(?:\d+/)?(\d+)\] (io_uring(?:\|[A-Z_|]+)?: .*?)(?: <\d+\.\d+>)?$')
CALL = re.compile(r'^\S+ \S+ (\w+)\(')


def operations(output):
    """The lines of io_uring, as the program prints them; whose they are is checked apart."""
    return [match[3] for match in map(LINE.match, output.splitlines()) if match]


def names(output):
    """How often each operation is there, by its name."""
    found = [re.match(r'io_uring\S*: (\w+)\(', line)[1] for line in operations(output)]
    return {name: found.count(name) for name in found}


def trace(guest, *arguments, ping=PING):
    return guestlab.trace(guest, *arguments, ping=ping)


def test_exact(tap, guest, mode):
    """Every operation with every argument and result, as its own program has it."""
    with trace(guest, '-e', 'io_uring', '-s', '100') as tracer:
        said = guest.sh(f'uring all {mode} & echo pid $!; wait').splitlines()
    pid = next(line.split()[1] for line in said if line.startswith('pid '))
    said = [line for line in said if line.startswith('io_uring')]
    mine = '\n'.join(line for line in tracer.output.splitlines() if f' uring[{pid}] ' in line)
    seen = operations(mine)
    wrong = [f'- {line}'[:200] for line in said if line not in seen]
    wrong += [f'+ {line}'[:200] for line in seen if line not in said]
    tap.ok(len(said) > 50 and sorted(said) == sorted(seen),
           f'uring all {mode}: {len(said)} operations, each as the program has it', '\n'.join(wrong))
    tap.ok(tracer.status == 0 and ' 0 events lost' in tracer.stderr, 'and nothing lost',
           tracer.stderr)


def test_chosen(tap, guest):
    """-e takes a call's name for the operations that do the same; -n and -p obey."""
    with trace(guest, '-e', 'trace=openat,read') as tracer:
        guest.sh('uring all')
        guest.sh('cat /etc/hosts')
    found = names(tracer.output)
    calls = {match[1] for match in map(CALL.match, tracer.output.splitlines()) if match}
    tap.ok(set(found) == {'openat', 'read'} and calls == {'openat', 'read'},
           '-e openat,read: these operations and these calls', f'{found} {calls}')
    with trace(guest, '-n', 'cat', ping='cat /etc/hosts') as tracer:
        guest.sh('uring all; cat /etc/hosts')
    tap.ok(not operations(tracer.output) and '"/etc/hosts"' in tracer.output,
           'programs that were not chosen do not show')
    with trace(guest, '-n', 'uring') as tracer:
        guest.sh('uring all sqpoll >/dev/null')
    found = names(tracer.output)
    tap.ok(found.get('openat', 0) > 20 and 'io_uring_enter(' in tracer.output,
           "-n: the program's operations beside its calls, with a polling thread too", found)


def test_summary(tap, guest):
    """As many as there were, from several programs at once."""
    with guestlab.trace(guest, '-e', 'io_uring', *guestlab.TABLE) as tracer:
        said = guest.sh(f'for i in 1 2 3; do uring count {BATCHES} & done; wait', timeout=120)
    rows = {line.split()[-1]: line.split() for line in tracer.output.splitlines()}
    counts = {name: int(rows[f'io_uring:{name}'][3]) for name in ('read', 'write', 'openat', 'nop')
              if f'io_uring:{name}' in rows}
    tap.equal(counts, dict.fromkeys(('read', 'write', 'openat', 'nop'), 3 * BATCHES),
              '-c counts each operation')
    tap.ok(rows.get('io_uring:openat', [])[4:5] == [str(3 * BATCHES)], 'and those that failed',
           tracer.output)
    tap.equal(said.count(f'{BATCHES} batches, {5 * BATCHES} right'), 3, 'each of them was right')
    tap.ok(' 0 events lost' in tracer.stderr, 'nothing lost', tracer.stderr)


def start_load(guest):
    guest.sh('for i in 1 2; do (uring count 0 >/tmp/load.$i 2>&1) & done; echo')


def check_load(tap, guest, what):
    """Ends the programs that ran all the time; everything that they asked for was done right."""
    guest.sh('killall uring; sleep 1')
    said = guest.sh('cat /tmp/load.1 /tmp/load.2')
    results = [tuple(map(int, found)) for found in re.findall(r'(\d+) batches, (\d+) right', said)]
    tap.ok(len(results) == 2 and all(0 < 5 * n == good for n, good in results),
           f'{what}: the programs did everything right', said)
    tap.equal(guestkernel.complaints(guest), [], f'{what}: the kernel has nothing to complain of')


def test_cycles(tap, guest):
    """Attaching and detaching again and again while operations go on."""
    text = guestkernel.kernel_text(guest)
    start_load(guest)
    bad = []
    for _ in range(CYCLES):
        run = guestlab.guestrace('--for', '0.5', *guestlab.WHOLE_LINES, guest.name)
        # (A machine that is too busy lets the tracer miss its beat: not what this is about.)
        if run.returncode != 0 or not operations(run.stdout) or 'were dropped' in run.stderr:
            bad.append(run.stderr)
    tap.ok(not bad, f'{CYCLES} attachments, operations in each, nothing dropped',
           '\n'.join(bad))
    check_load(tap, guest, 'attaching and detaching')
    after = guestkernel.kernel_text(guest)
    tap.ok(text == after, 'the kernel text is what it was',
           guestkernel.changes(guest, text, after) if text != after else '')


def test_kills(tap, guest):
    """Tracers that die: what the tracepoints call stays until the next one takes it out."""
    text = guestkernel.kernel_text(guest)
    start_load(guest)
    for i in range(KILLS):
        tracer = guestlab.trace(guest, ping='uring count 1')
        tracer.start()
        time.sleep(0.1 * i)
        tracer.process.send_signal(signal.SIGKILL)
        tracer.process.wait()
        guest.sh('uring count 20')
    run = guestlab.guestrace('--for', '0.5', *guestlab.WHOLE_LINES, guest.name)
    tap.ok(run.returncode == 0 and operations(run.stdout), f'after {KILLS} killed tracers the next '
           'one traces', run.stderr)
    check_load(tap, guest, 'killed tracers')
    tap.ok(text == guestkernel.kernel_text(guest), 'and nothing of them is left in the kernel')


def main():
    with guestlab.Tap() as tap, guestkernel.boot(sys.argv[1], smp=2) as guest:
        test_exact(tap, guest, '')
        test_exact(tap, guest, 'sqpoll')
        test_chosen(tap, guest)
        test_summary(tap, guest)
        test_cycles(tap, guest)
        test_kills(tap, guest)


main()
