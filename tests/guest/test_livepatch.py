#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A livepatch of the guest's kernel goes in and out while guestrace traces it, under load: the
kernel checks the stacks of all threads for that, and waits until they are reliable. The module is
built from the kernel's headers, which are fetched.

usage: test_livepatch.py KERNEL
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestkernel  # noqa: E402
import guestlab  # noqa: E402
import testbed  # noqa: E402

CALLS = 2000
STATE = '/sys/kernel/livepatch/livepatched'
MODULE = pathlib.Path(__file__).resolve().parent / 'modules'


def build(kernel, scratch):
    run = subprocess.run([testbed.SCRIPTS / 'fetch-kernel', '--headers', kernel],
                         stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        raise guestlab.TestbedError(f'could not fetch the headers of kernel {kernel}')
    shutil.copytree(MODULE, scratch, dirs_exist_ok=True)
    make = ['make', '-C', run.stdout.strip(), f'M={scratch}', 'CONFIG_DEBUG_INFO_BTF_MODULES=']
    run = subprocess.run([*make, 'modules'], text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    if run.returncode != 0:
        raise guestlab.TestbedError(f'could not build the livepatch: {run.stdout}')
    return scratch / 'livepatched.ko'


def timed(tap, guest, command, what):
    start = time.monotonic()
    guest.sh(command, timeout=180)
    tap.diag(f'{what} took {time.monotonic() - start:.1f} s')
    return guest.sh('cat /proc/cmdline').strip()


def patch(tap, guest):
    """Loads the livepatch and waits until every thread has it."""
    return timed(tap, guest, 'insmod /bin/livepatched.ko && '
                 f'while [ "$(cat {STATE}/transition)" != 0 ]; do sleep 0.1; done', 'patching')


def unpatch(tap, guest):
    return timed(tap, guest, f'echo 0 >{STATE}/enabled; while [ -e {STATE} ]; do sleep 0.1; done; '
                 'until rmmod livepatched 2>/dev/null; do sleep 0.1; done', 'taking the patch out')


def traced(tap, trace, what):
    closed = trace.output.count('close(')
    tap.ok(trace.status == 0 and closed == CALLS and ' 0 events lost' in trace.stderr,
           f'{what}: {CALLS} calls traced, none lost', f'{closed}: {trace.stderr}')


def test_livepatch(tap, guest, line):
    with guestlab.trace(guest, '-n', 'calls', ping='calls 0') as trace:
        tap.equal(patch(tap, guest), 'livepatched', 'a livepatch goes in while traced')
        guest.sh(f'calls {CALLS}')
        tap.equal(unpatch(tap, guest), line, 'and out')
        tap.equal(patch(tap, guest), 'livepatched', 'and in again')
    traced(tap, trace, 'with a livepatch')
    with guestlab.trace(guest, '-n', 'calls', ping='calls 0') as trace:
        guest.sh(f'calls {CALLS}')
    tap.equal(unpatch(tap, guest), line, 'and out after that')
    traced(tap, trace, 'attached to a kernel that is patched')
    guestkernel.check_health(tap, guest, 'after livepatches')


def main():
    with guestlab.Tap() as tap, tempfile.TemporaryDirectory(prefix='gttest-') as scratch:
        module = build(sys.argv[1], pathlib.Path(scratch))
        with guestkernel.boot(sys.argv[1], programs=[module], accel=guestkernel.PATCHING) as guest:
            line = guest.sh('cat /proc/cmdline').strip()
            guest.sh('mkfifo /tmp/wake; sleepers /tmp/wake 3000 >/tmp/sleepers & '
                     'lively 0 20 >/tmp/lively & echo')
            # What the kernel changes in itself when it is patched is its own business.
            tap.equal(patch(tap, guest), 'livepatched', 'a livepatch goes in, untraced')
            tap.equal(unpatch(tap, guest), line, 'and out')
            text = guestkernel.kernel_text(guest)
            test_livepatch(tap, guest, line)
            now = guestkernel.kernel_text(guest)
            tap.ok(now == text, 'kernel text as before',
                   now == text or guestkernel.changed_functions(guest, text, now))


main()
