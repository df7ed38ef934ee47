#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The unit tests of src/linux on the tables of a real kernel: they are read out of a guest's memory and
compared with the guest's own /proc/kallsyms, then damaged in every way the unit tests know."""

import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestlab  # noqa: E402

UNIT = guestlab.BUILD / 'tests/unit'


def dump_tables(guest, directory):
    dump = subprocess.run([UNIT / 'dump-fixtures', guest.name, directory], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if dump.returncode != 0:
        raise guestlab.TestbedError(f'dump-fixtures: {dump.stdout.strip()}')
    guest.sh("grep -v '\\[' /proc/kallsyms >/tmp/symbols")
    (directory / 'symbols').write_bytes(guest.fetch('/tmp/symbols'))


def main():
    kernel = sys.argv[1]
    with guestlab.Tap() as tap, tempfile.TemporaryDirectory(prefix='gttables-') as scratch:
        directory = pathlib.Path(scratch) / kernel
        directory.mkdir()
        with guestlab.boot(kernel=kernel) as guest:
            dump_tables(guest, directory)
        for name in ('test-linux-kallsyms', 'test-linux-types', 'test-linux-profile'):
            run = subprocess.run([UNIT / name, '--tap'], text=True, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT,
                                 env=dict(os.environ, GT_TEST_FIXTURES=scratch))
            tap.ok(run.returncode == 0 and '# SKIP' not in run.stdout and kernel in run.stdout,
                   f'{name} on the tables of {kernel}', run.stdout[-3000:])


main()
