#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls that are newer than guestrace's tables: their structures, by the guest's kernel's own
description, hold what the program that made the calls says they hold."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestkernel  # noqa: E402
import guestlab  # noqa: E402

# Members that one kernel has a name for and another one keeps for later: 0 here.
UNNAMED = re.compile(r'mnt_ns_fd=0, ')


def check(tap, program, said, lines):
    for number, line in enumerate(said):
        name, result, structures = line.split(' ', 2)
        # The last ones: the program ran before, to see that the trace had begun.
        left = sum(other.startswith(f'{name} ') for other in said[number:])
        shown = [text for text in lines if f' {name}(' in text][-left:]
        text = shown[0] if len(shown) == left else 'nothing'
        tap.ok(structures.replace('} {', '}, {') in text and re.search(rf'\) += {result}\b', text),
               f'{program}: {line}', text)
    tap.equal(len(said), 6, f'{program}: calls that were made')


def main():
    with guestlab.Tap() as tap, guestkernel.boot(sys.argv[1]) as guest:
        for program in 'structs', 'structs32':
            with guestlab.trace(guest, '-n', program, ping=program) as trace:
                said = guest.sh(program).splitlines()
            check(tap, program, said, UNNAMED.sub('', trace.output).splitlines())
        guestkernel.check_health(tap, guest, 'after that')


main()
