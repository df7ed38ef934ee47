#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fault injection: a program gets what it gets under the guest's own strace."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestkernel  # noqa: E402
import guestlab  # noqa: E402

EXPRESSIONS = [
    ['inject=chdir:error=ENOENT'],
    ['inject=chdir,umask:retval=42:when=2+2'],
    ['inject=chdir:error=EIO:when=2..4'],
    ['fault=nanosleep,chdir:when=3+'],
    ['inject=nanosleep:signal=SIGUSR1:when=2'],
    ['inject=umask:signal=SIGRT_2:error=EPERM:when=1..5+3'],
    ['inject=umask:delay_enter=500ms:when=2', 'inject=chdir:delay_exit=0.5s:retval=7:when=3'],
    ['inject=uname:poke_exit=@arg1=4142:when=2', 'inject=chdir:poke_enter=@arg1=2f746d7000:when=1'],
    ['inject=uname:retval=0:poke_enter=@arg1=4142434445:when=1+3'],
    ['inject=umask:error=EPERM', 'inject=umask:retval=5:when=2'],
    ['inject=umask:error=EPERM:syscall=getpid:when=6'],
    ['inject=chdir:signal=KILL:when=3'],
]
# What is told apart by the program's kind: numbers, registers, pointers in its memory.
EXPRESSIONS_32 = [
    ['inject=chdir,umask:retval=42:when=2+2', 'inject=nanosleep:signal=SIGUSR1:when=2'],
    ['inject=umask:delay_enter=500ms:when=2', 'inject=chdir:error=EIO:delay_exit=0.5s:when=3'],
    ['inject=uname:poke_exit=@arg1=4142:when=2', 'inject=chdir:poke_enter=@arg1=2f746d7000:when=1'],
    ['inject=uname:retval=0:poke_enter=@arg1=4142434445:when=1+3'],
]
TAMPERED = re.compile(r'(chdir|umask|nanosleep|uname)\(.*(?<! )\s+= ([^<]*?)(?: <[\d.]+>)?$', re.M)


def results(text):
    """What follows "=" of each call, marks included; umask's octal numbers are the decoder's."""
    return [(name, re.sub(r'^0\d+', lambda n: str(int(n[0], 8)), result))
            for name, result in TAMPERED.findall(text)]


def check(tap, guest, expressions, program='injected'):
    what = f'{program}: {" ".join(expressions)}'
    options = [word for e in expressions for word in ('-e', e)]
    wanted = guest.sh('strace -qq -o /tmp/strace -e trace=chdir,umask,nanosleep,uname '
                      f'{" ".join(options)} {program} >/tmp/out 2>&1; echo $?; cat /tmp/out')
    lines = results(guest.sh('cat /tmp/strace'))
    with guestlab.trace(guest, '-e', 'trace=chdir,umask,nanosleep,uname', '-n', program,
                        *options, ping=f'{program} >/dev/null 2>&1') as trace:
        got = guest.sh(f'{program} >/tmp/out 2>&1; echo $?; cat /tmp/out')
    tap.equal(got, wanted, what)
    tid = re.findall(r'\[(?:\d+/)?(\d+)\]', trace.output)[-1:]
    mine = [line for line in trace.output.splitlines() if tid and f'[{tid[0]}]' in line]
    tap.equal(results('\n'.join(mine)), lines, f'{what}: its lines')
    tap.ok(trace.status == 0, f'{what}: detached', trace.stderr)


def check_long_delay(tap, guest):
    """A delay of minutes ends with the trace, or the thread's life, and holds nobody else up."""
    with guestlab.trace(guest, '-n', 'injected', '-e', 'trace=chdir,umask', '-e',
                        'inject=umask:delay_enter=100s',
                        ping='injected >/dev/null 2>&1 & sleep 0.2') as trace:
        guest.sh('injected >/tmp/out 2>&1 & echo $! >/tmp/pid; sleep 0.5')
        guest.sh('for i in 1 2 3 4 5; do injected >/dev/null 2>&1 & done; sleep 0.3')
        guest.sh('kill -9 $(cat /tmp/pid); sleep 0.3; ! kill -0 $(cat /tmp/pid) 2>/dev/null')
        tap.ok(True, 'a delayed thread can be killed')
    tap.ok(trace.status == 0, 'detach beside delayed threads', trace.stderr)
    guest.sh('sleep 1; ! pidof injected')
    tap.ok(True, 'they go on then')


def check_errors(tap, guest):
    for expression, words in {
        'inject=chdir': "invalid inject argument 'chdir'",
        'inject=:error=1': "invalid system call ''",
        'fault=chdir:signal=1': "invalid fault argument 'chdir:signal=1'",
        'inject=chdirr:error=1': 'no system call "chdirr"',
    }.items():
        run = guestlab.guestrace('-e', expression, guest.name)
        tap.ok(run.returncode in (1, 2) and words in run.stderr, expression, run.stderr)


def main():
    with guestlab.Tap() as tap, guestkernel.boot(sys.argv[1]) as guest:
        for expressions in EXPRESSIONS:
            check(tap, guest, expressions)
        for expressions in EXPRESSIONS_32:
            check(tap, guest, expressions, 'injected32')
        check_long_delay(tap, guest)
        check_errors(tap, guest)
        guestkernel.check_health(tap, guest, 'after injections')


main()
