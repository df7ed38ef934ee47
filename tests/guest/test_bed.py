#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test bed itself: guests boot, run commands, hold the test programs, and go away."""

import os
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestlab  # noqa: E402

PROGRAMS = ('calls 100', 'execthread', 'lively 1', 'paths', 'signals', 'threads 4 100', 'vforks')
SLEEPERS = '(sleepers /tmp/fifo 1 >/tmp/out &); sleep 1; echo go >/tmp/fifo; sleep 1.5; cat /tmp/out'


# A QEMU that the first time ends as with a kernel that died of stale code.
STALE = """#!/bin/sh
if [ -e "$0.ran" ]; then
  exec {qemu} "$@"
fi
touch "$0.ran"
for argument; do
  case $argument in
  file:*/console.log) echo '[    3.4] Oops: int3: 0000 [#1] PREEMPT SMP' >"${{argument#file:}}" ;;
  esac
done
"""


def test_stale_code(tap, kernel):
    path = os.environ['PATH']
    with tempfile.TemporaryDirectory(prefix='gttest-') as scratch:
        qemu = pathlib.Path(scratch) / 'qemu-system-x86_64'
        qemu.write_text(STALE.format(qemu=shutil.which(qemu.name)))
        qemu.chmod(0o755)
        os.environ['PATH'] = f'{scratch}:{path}'
        try:
            with guestlab.boot(kernel=kernel) as guest:
                tap.ok(guest.sh('echo up') == 'up\n', 'a guest that QEMU let die is booted again')
        finally:
            os.environ['PATH'] = path


def main():
    with guestlab.Tap() as tap:
        test_stale_code(tap, sys.argv[1])
        with guestlab.boot(kernel=sys.argv[1]) as guest:
            tap.ok(guest.sh('uname -r').startswith(f'{sys.argv[1]}.'), 'the kernel asked for')
            tap.equal(guest.run('printf "a\\nb"; exit 3'), (3, b'a\nb'), 'output and status')
            guest.sh('seq 100000 >/tmp/big')
            tap.ok(guest.fetch('/tmp/big').endswith(b'\n99999\n100000\n'), 'a file comes out whole')
            for program in PROGRAMS:
                status, output = guest.run(program)
                tap.ok(status == 0 and b'FAILED' not in output, program, output.decode())
            tap.ok(guest.sh(SLEEPERS).endswith('\nOK\n'), 'sleepers')
            tap.ok('execve(' in guest.sh('strace -f lively 1 2>&1'), 'strace')
            tap.ok('running' in guest.hmp('info status'), 'the monitor answers')
        tap.ok(not guest.alive() and not guest.dir.exists(), 'nothing stays behind')


main()
