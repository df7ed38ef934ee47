#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The decoder in a guest: programs whose calls guestrace and the guest's own strace print alike.

The programs are those of tests/decode, which compares them without a guest and knows which lines may
differ. They run under strace, while guestrace traces them."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import compared  # noqa: E402
import guestlab  # noqa: E402

# Thousands of calls that say the same on every kernel: one is enough.
ON_ONE_KERNEL = '6.12'
LONG = 'decode-ioctl', 'decode32-bpf', 'decode32-ioctl-out', 'decode32-sockopt'
# Programs that are compared with the paths behind descriptors, with structures whole, and with calls
# chosen that others stand for, too.
AGAIN = (('decode-files', '-y'), ('decode-open', '-y'), ('decode32-socket', '-y'), ('decode-others', '-yy'),
         ('decode-poll', '-y'), ('decode32-old', '-y'), ('decode-files', '-i'), ('decode32-open', '-i'),
         ('decode-others', '-e decode-fds=pidfd'), ('decode-termios', '-e decode-fds=dev'),
         ('decode-dirs', '-v'),
         ('decode-filters', '-v'), ('decode32-filters', '-v'), ('decode-bpf', '-v'),
         ('decode-stat', '-e verbose=none'), ('decode-poll', '-e verbose=!poll'),
         ('decode32-old', '-e trace=chdir,connect,shmget,socketcall'))


def data_of(trace):
    return [line for line in trace.splitlines() if line.startswith((' | ', ' * '))]


def check_data(tap, guest, program, *options):
    """What is read and written, in hexadecimal."""
    guest.sh('rm -rf /tmp/work; mkdir /tmp/work; seq 1 600 >/tmp/data')
    with guestlab.Trace(guest, *options, '-n', program.split()[0][:15], style=compared.STYLE) as trace:
        guest.sh(f'cd /tmp/work && strace {" ".join(options)} -o /tmp/strace {program}', timeout=120)
    wanted, got = data_of(guestlab.fetch_text(guest, '/tmp/strace')), data_of(trace.output)
    tap.ok(wanted and wanted == got, f'{" ".join((program, *options))}: {len(wanted)} lines as strace has them',
           '\n'.join([*wanted, 'guestrace:', *got]))


FLAGS = re.compile(r'^peers\[\d+\] fcntl\((\d+)<(.*?)>, F_GETFL\)', re.M)


def check_sockets(tap, guest):
    """-yy: what sockets are connected to, as they themselves tell."""
    guest.sh('ifconfig lo up')
    with guestlab.Trace(guest, '-yy', '-n', 'peers', style=compared.STYLE) as trace:
        said = re.findall(r'^(\d+) (.*)$', guest.sh('peers'), re.M)
    got = FLAGS.findall(trace.output)
    tap.ok(len(said) >= 22 and got == said, f'-yy: {len(said)} sockets by their addresses',
           '\n'.join(f'{a}\n{b}' for a, b in zip(said, got) if a != b) or f'{said} {got}')
    tap.ok(re.search(r'accept\(\d+<TCP:\[[\d.:]+\]>, NULL, NULL\) = \d+<TCP:\[[\d.:]+->[\d.:]+\]>', trace.output),
           '-yy: also one that a call returns', [l for l in trace.output.splitlines() if 'accept' in l])


DEVICES = re.compile(r'\b(?:read|write|dup2|open|openat)\(.*')


def check_devices(tap, guest):
    """-yy: devices with their numbers, as strace has them."""
    with guestlab.Trace(guest, '-yy', '-n', 'dd', style=compared.STYLE) as trace:
        guest.sh('strace -yy -o /tmp/strace dd if=/dev/zero of=/dev/null bs=512 count=1 2>&1', timeout=120)
    wanted = [line for line in DEVICES.findall(guest.sh('cat /tmp/strace')) if '</dev/' in line]
    got = [line for line in DEVICES.findall(trace.output) if '</dev/' in line]
    tap.ok(len(wanted) >= 4 and [re.sub(r'\) += ', ') = ', line) for line in got] == wanted,
           f'-yy: {len(wanted)} calls on devices', '\n'.join(wanted + got))


def main():
    modules = guestlab.modules(sys.argv[1])
    with guestlab.Tap() as tap, guestlab.boot([*compared.PROGRAMS, *modules], kernel=sys.argv[1], smp=2) as guest:
        guest.sh('insmod /bin/netlink_diag.ko')  # strace asks it what sockets speak
        guestlab.keep_awake(guest)
        programs = [p for p in compared.PROGRAMS if p.name not in LONG or sys.argv[1] == ON_ONE_KERNEL]
        lines = compared.check(tap, guest, programs)
        for options in dict.fromkeys(options for _, options in AGAIN):
            again = [name for name, of in AGAIN if of == options]
            compared.check(tap, guest, [p for p in compared.PROGRAMS if p.name in again], *options.split())
        check_sockets(tap, guest)
        check_devices(tap, guest)
        check_data(tap, guest, 'decode-files', '-e', 'read=all', '-e', 'write=all')
        check_data(tap, guest, 'dd if=/tmp/data of=/dev/null bs=700', '-e', 'read=all', '-e', 'write=!2')
        for is_32, most in (False, 300), (True, 100):
            of = [line for name in lines if name.startswith(compared.IS_32) == is_32 for line in lines[name]]
            names = {line.partition('(')[0] for line in of}
            tap.ok(len(names) >= most, f'{len(of)} calls of programs of {32 if is_32 else 64} bits are compared, '
                   f'{len(names)} different ones', names)


main()
