# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs of tests/decode whose calls guestrace and the guest's own strace print alike."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'decode'))
import compare  # noqa: E402
import guestlab  # noqa: E402

PROGRAMS = sorted(p for p in (guestlab.BUILD / 'tests/decode/programs').glob('decode*-*') if p.is_file())
STYLE = '--whole', '-qq', '-e', 'signal=none'
LINE = re.compile(r'^.{1,64}?\[(\d+)\] (.*)$', re.M)  # a program's name may have blanks in it
IS_32 = 'decode32-'


def marked_lines(trace, pid):
    """What guestrace has of the program."""
    lines = '\n'.join(line for of, line in LINE.findall(trace) if of == pid)
    return compare.marked(lines.replace('i386: ', ''), pid)


def check(tap, guest, programs, *options):
    """Runs the programs one after the other while all of them are traced: what strace has of each."""
    pids, stracings = {}, {}
    with guestlab.Trace(guest, *options, style=STYLE) as trace:
        for name in (program.name for program in programs):
            apart = 'unshare -n ' if name.endswith('-netlink') else ''  # it changes the network that it is in
            said = guest.sh('rm -rf /tmp/work; mkdir /tmp/work; cd /tmp/work && '
                            f'{apart}strace {" ".join(options)} -o /tmp/strace.{name} {name}', timeout=120)
            pids[name] = re.search(r'^pid (\d+)$', said, re.M)[1]
    for name, pid in pids.items():
        wanted = stracings[name] = compare.marked(guestlab.fetch_text(guest, f'/tmp/strace.{name}'), pid)
        differences = compare.differences(wanted, marked_lines(trace.output, pid), name.startswith(IS_32))
        tap.ok(wanted and not differences, f'{" ".join((name, *options))}: {len(wanted)} calls as strace has them',
               '\n'.join(differences[:40]))
    return stracings
