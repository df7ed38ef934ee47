#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signals, ends, new processes and new programs: what the guest's own strace says of a program."""

import collections
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestkernel  # noqa: E402
import guestlab  # noqa: E402

ENDS = ('exit', 'segv', 'fpe', 'ill', 'bus', 'kill', 'abort')
EVERYTHING = '-e', 'signal=all', '-e', 'quiet=none'
STARTING = '--- SIGSTOP ', '--- SIGCONT '  # strace's own way to start a program
STRACED = re.compile(r'(\d+) +(--- .* ---|\+\+\+ (?:exited|killed) .* \+\+\+)$', re.M)
OURS = re.compile(r'^\S+ (\S+)\[(?:\d+/)?(\d+)\] ((?:---|\+\+\+) .* (?:---|\+\+\+))$', re.M)
MADE = re.compile(r'^(\d+) .*\b(?:clone3?|v?fork)\b.*\) += (\d+)$', re.M)
RUN = re.compile(r'^(\d+) +execve\("([^"]*)", .*\) += 0$', re.M)


def by_thread(pairs):
    threads = collections.defaultdict(list)
    for tid, line in pairs:
        threads[int(tid)].append(line)
    return dict(threads)


def check(tap, guest, how):
    with guestlab.trace(guest, '-e', 'trace=close', *EVERYTHING) as trace:
        guest.run(f'strace -f -o /tmp/strace -e trace=%process lives {how}')
    log = guest.sh('cat /tmp/strace')
    wanted = by_thread(STRACED.findall(log))
    got = by_thread((tid, line) for _, tid, line in OURS.findall(trace.output)
                    if not line.startswith(('+++ created', '+++ runs', *STARTING)))
    tap.ok(len(wanted) >= 5 and all(got.get(tid) == lines for tid, lines in wanted.items()),
           f'{how}: signals and ends are as strace has them',
           '\n'.join(f'{tid}\nstrace {lines}\nours   {got.get(tid)}'
                     for tid, lines in wanted.items() if got.get(tid) != lines) or log)
    lines = OURS.findall(trace.output)
    made = {int(tid): int(line.split()[-2]) for _, tid, line in lines if ' created by ' in line}
    tap.ok(len(MADE.findall(log)) >= 4 and
           all(made.get(int(child)) == int(parent) for parent, child in MADE.findall(log)),
           f'{how}: who made whom', f'{MADE.findall(log)} {made}')
    ran = [(int(tid), line) for _, tid, line in lines if ' runs ' in line]
    tap.ok(all((int(tid), f'+++ runs "{path}" +++') in ran for tid, path in RUN.findall(log)),
           f'{how}: which programs ran', f'{RUN.findall(log)} {ran}')


def check_filters(tap, guest):
    options = ['-e', 'trace=close', '-n', 'lives', '-e', 'signal=USR1,RT_8', '-e', 'quiet=exit,fork']
    with guestlab.trace(guest, *options) as trace:
        guest.run('lives')
    lines = [line for _, _, line in OURS.findall(trace.output)]
    tap.equal([line.split()[1] for line in lines if line.startswith('---')], ['SIGRT_8', 'SIGUSR1'],
              '-e signal=')
    tap.ok(not any('exited' in line or 'created' in line for line in lines), '-e quiet=exit,fork', lines)
    with guestlab.trace(guest, '-e', 'trace=close', '-n', 'lives', '-e', 'signal=none', '-qq') as trace:
        guest.run('lives')
    tap.equal(OURS.findall(trace.output), [], '-e signal=none -qq')


def main():
    with guestlab.Tap() as tap, guestkernel.boot(sys.argv[1], smp=2) as guest:
        with guestlab.trace(guest, '-e', 'trace=close'):
            guest.run('lives')  # what is used for the first time changes the kernel's text
        text = guestkernel.kernel_text(guest)
        for how in ENDS:
            check(tap, guest, how)
        check_filters(tap, guest)
        now = guestkernel.kernel_text(guest)
        tap.ok(now == text, 'the kernel text is what it was',
               now != text and guestkernel.changed_functions(guest, text, now))
        guestkernel.check_health(tap, guest, 'after all that')


main()
