#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which calls are shown: -e trace= with classes and expressions as the guest's own strace has them,
-e status=, -z, -Z, -e fd= and -P."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestkernel  # noqa: E402
import guestlab  # noqa: E402

SETS = ['%file', '%process', '%network', '%signal', '%ipc', '%desc', '%memory', '%creds', '%clock', '%pure',
        '%lstat', '%%stat', '%fstatfs', '%%statfs', '/^get', '/at$',
        '!%desc,%file', '!/^[a-q]', 'open,?nosuchcall,39', 'openat@32,close@64']
OURS_32 = re.compile(r'^allcalls\[\d+\] i386: (\w+)\(.*ENOSYS', re.M)
OURS_64 = re.compile(r'^allcalls\[\d+\] (\w+)\(.*ENOSYS', re.M)
STRACE = re.compile(r'^(\w+)\(.*ENOSYS', re.M)
STYLE = '--whole', '-qq', '-e', 'signal=none'


def named(pattern, text):
    return {name for name in pattern.findall(text) if not name.startswith('syscall_')}


def names(guest, expression):
    """[(strace's, ours)]: the names of the calls that were shown, of 64 and of 32 bits."""
    with guestlab.Trace(guest, '-n', 'allcalls', '-e', f'trace={expression}', style=STYLE) as trace:
        for bits in 64, 32:
            guest.run(f"rm -f /tmp/s{bits}; strace -qq -o /tmp/s{bits} -e trace='{expression}' allcalls {bits}")
    return [(named(STRACE, guestlab.fetch_text(guest, f'/tmp/s{bits}')), named(pattern, trace.output))
            for bits, pattern in ((64, OURS_64), (32, OURS_32))]


def check_sets(tap, guest):
    known = []
    for strace, ours in names(guest, 'all'):
        known.append(strace & ours)  # strace does not know newer calls; the kernel lacks some
        tap.ok(len(known[-1]) > 320, f'{len(known[-1])} calls that both know', ours ^ strace)
    for expression in SETS:
        for bits, both, (strace, ours) in zip((64, 32), known, names(guest, expression)):
            wanted, got = strace & both, ours & both
            tap.ok(wanted == got, f'{bits} bits: {expression}: {len(got)} calls',
                   f'strace only {sorted(wanted - got)}\nours only   {sorted(got - wanted)}')


def check_status(tap, guest):
    def shown(*options):
        with guestlab.trace(guest, '-n', 'cat', *options) as trace:
            guest.run('cat /etc/passwd /no/such')
        return trace.output

    good, bad = shown('-z'), shown('-Z', '-e', 'trace=openat,open,read,close')
    tap.ok('"/etc/passwd"' in good and '"/no/such"' not in good, '-z', good)
    tap.ok('"/no/such"' in bad and '"/etc/passwd"' not in bad, '-Z', bad)
    ends = shown('-e', 'status=unfinished')
    tap.ok('exit_group' in ends and 'openat(' not in ends, '-e status=unfinished', ends)
    only = shown('-e', 'fd=3')
    tap.ok(re.search(r'openat\(.*\) = 3 ', only) and 'close(3)' in only and 'exit_group' not in only,
           '-e fd=3', only)
    for more in (), ('-y',):
        on = shown('-P', '/etc/passwd', *more)
        fd = '3</etc/passwd>' if more else '3'
        tap.ok('"/etc/passwd"' in on and f'close({fd})' in on and '/no/such' not in on and
               'exit_group' not in on, ' '.join(('-P', *more)), on)
    counted = shown('-c', '-P', '/etc/passwd')
    tap.ok(' close' in counted and ' exit_group' not in counted, '-c -P', counted)


def check_errors(tap, guest):
    for expression, words in (('trace=%nosuch', ('nosuch', '%file')), ('trace=/[', ('[', 'expression')),
                              ('trace=opnat', ('opnat', 'openat')), ('trace=/^nosuch', ('nosuch',))):
        run = guestlab.guestrace('-e', expression, guest.name)
        tap.ok(run.returncode == 1 and all(word in run.stderr for word in words) and
               run.stderr.count('\n') == 1, f'-e {expression}', run.stderr)


def main():
    with guestlab.Tap() as tap, guestkernel.boot(sys.argv[1], smp=2) as guest:
        guestlab.keep_awake(guest)
        check_sets(tap, guest)
        check_status(tap, guest)
        check_errors(tap, guest)
        guestkernel.check_health(tap, guest, 'after all that')


main()
