#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests of all shapes: reached by name, traced, left as they were, and seen rightly by libvmi."""

import pathlib
import re
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestlab  # noqa: E402
import vmishell  # noqa: E402

FOUR_GIB = 1 << 32
LA57 = 1 << 12  # in CR4
PAGING = 0x80000001  # PG and PE in CR0
VMI_OS_LINUX, VMI_PM_IA32E = 1, 4
ATTACH_MAX = 10  # s; under 1 s on an idle machine
SYMBOLS = ('_stext', 'do_syscall_64', '__x64_sys_openat', 'init_task', 'linux_banner', 'jiffies_64')

# Each row is a guest; for any two of the columns, all four pairs of values occur.
# no KASLR, pti=on, vCPUs, MiB, four levels, shared memory
MATRIX = (
    (False, False, 1, 256, False, False),
    (True, True, 2, 6144, False, False),
    (True, True, 2, 256, True, False),
    (True, False, 1, 6144, True, True),
    (False, True, 1, 6144, False, True),
    (False, False, 2, 256, True, True),
)


def boot_options(nokaslr, pti, smp, mem, four_levels, shared):
    words = ['nokaslr'] * nokaslr + ['pti=on'] * pti
    return {'smp': smp, 'mem': mem, 'cpu': 'max,la57=off' if four_levels else 'max',
            'ram': 'shared' if shared else 'private', 'append': ' '.join(words)}


def start_busy(guest, command):
    """A process that lives on in the guest: its pid."""
    return int(guest.sh(f'{command} </dev/null >/dev/null 2>&1 & echo $!'))


def attach_time(guest):
    """Seconds from the command's start to its first line, in a guest that is never silent."""
    start = time.monotonic()
    trace = guestlab.trace(guest, '-q', ping='true')
    trace.guest = type('Silent', (), {'name': guest.name, 'run': lambda *_: None})()
    trace.start()
    seconds = time.monotonic() - start
    trace.stop()
    return seconds


def check_trace(tap, guest):
    before = vmishell.kernel_text(guest.name)
    with guestlab.trace(guest, '-e', 'openat', '-n', 'cat', ping='cat /etc/passwd') as trace:
        guest.sh('cat /etc/hosts')
    tap.ok(re.search(r' cat\[\d+\] openat\(AT_FDCWD, "/etc/hosts", O_RDONLY.*\) = 3 ',
                     trace.output), 'a path is traced', trace.output)
    tap.ok(trace.status == 0 and trace.stderr.endswith(', 0 events lost\n'), 'nothing is lost',
           trace.stderr)
    tap.equal(vmishell.kernel_text(guest.name), before, "the kernel's code is as it was")


def check_info(tap, guest, vmi, row):
    name, vcpus, size, end, system, mode, width = vmi.ask('info')
    tap.equal((name, int(vcpus)), (guest.name, row[2]), 'name and vCPUs')
    tap.ok(int(size) >= row[3] << 20 and (int(end) > FOUR_GIB) == (row[3] > 4096),
           'size of memory', f'{size} {end}')
    tap.equal((int(system), int(mode), int(width)), (VMI_OS_LINUX, VMI_PM_IA32E, 8),
              'Linux with 64 bits')


def check_symbols(tap, guest, vmi, nokaslr):
    wanted = {}
    for line in guest.sh(f"grep -E ' ({'|'.join(SYMBOLS)})$' /proc/kallsyms").splitlines():
        address, _, name = line.split()
        wanted[name] = int(address, 16)
    got = {name: vmi.ask('symbol', name) for name in SYMBOLS}
    tap.equal({name: answer and int(answer[0], 16) for name, answer in got.items()}, wanted,
              'symbols are where the guest has them')
    # Some addresses have several names.
    names = {name: answer and vmi.symbol(answer[1]) for name, answer in got.items()}
    tap.equal(names, wanted, 'addresses have names')
    tap.equal(vmi.ask('symbol', 'no_such_symbol'), None, 'a symbol that is not there')
    if nokaslr:
        tap.equal(vmi.symbol('_stext') >> 24, 0xffffffff81, 'no KASLR')
    tap.equal(vmi.line('string', vmi.symbol('linux_banner'), 0).strip(),
              guest.sh('cat /proc/version').strip(), 'the banner')


def check_process(tap, guest, vmi, mem):
    """A process's memory by its pid, read and written."""
    pid = start_busy(guest, 'sleep 10000')
    stat = guest.sh(f'while ! grep -q sleep /proc/{pid}/cmdline; do :; done; cat /proc/{pid}/stat')
    start = int(stat.rsplit(')', 1)[1].split()[45])  # arg_start, field 48
    root = vmi.ask('dtb', pid)
    tap.ok(root and root[1] == str(pid) and root[0] != vmi.ask('dtb', 1)[0],
           'a process by its page tables', root)
    tap.equal(vmi.ask('dtb', 99999999), None, 'a process that is not there')
    tap.equal(vmi.line('string', start, pid), 'sleep', 'its argv[0]')
    tap.equal(vmi.line('string', start, 99999999), None, 'memory of no process')
    if mem > 4096:
        address = vmi.numbers('pa', start, pid)
        tap.ok(address and address[0] >= FOUR_GIB, 'its memory is above 4 GiB', address)
    check_typed(tap, guest, vmi, start, pid)
    guest.sh(f'kill {pid}')


def check_typed(tap, guest, vmi, start, pid):
    data = b'sleep\x0010000'
    values = [data[0], *struct.unpack_from('<H', data), *struct.unpack_from('<I', data),
              *struct.unpack_from('<Q', data)]
    tap.equal(vmi.numbers('read', start, pid), [*values, values[3]], 'typed reads')
    for bits, text in ((8, b'S'), (16, b'AB'), (32, b'WXYZ'), (64, b'SLEEP\x0099')):
        wrote = vmi.line(f'write{bits}', start, pid, int.from_bytes(text, 'little'))
        seen = guest.run(f'cat /proc/{pid}/cmdline')[1]
        tap.ok(wrote == '' and seen.startswith(text), f'{bits} bits are written', seen)


def check_registers(tap, vmi, row):
    for vcpu in range(row[2]):
        regs = vmi.numbers('regs', vcpu)
        tap.ok(regs and regs[2] & PAGING == PAGING and regs[3] != 0 and
               bool(regs[4] & LA57) != row[4], f'registers of vCPU {vcpu}', regs)
    tap.equal(vmi.ask('regs', row[2]), None, 'a vCPU that is not there')


def check_pause(tap, guest, vmi, smp):
    """A counter of the guest's stands still while it is paused, and only then."""
    busy = [start_busy(guest, "sh -c 'while :; do :; done'") for _ in range(smp)]
    jiffies = vmi.symbol('jiffies_64')
    tap.equal(vmi.line('pause'), '', 'pause')
    before = [vmi.numbers('read', jiffies, 0)] + [vmi.numbers('regs', i)[:2] for i in range(smp)]
    time.sleep(0.3)
    after = [vmi.numbers('read', jiffies, 0)] + [vmi.numbers('regs', i)[:2] for i in range(smp)]
    tap.equal(after, before, 'nothing moves in a paused guest')
    old = vmi.numbers('regs', smp - 1)[5]
    wrote = vmi.line('r15', smp - 1, 0x1122334455667788)
    tap.equal((wrote, vmi.numbers('regs', smp - 1)[5]), ('', 0x1122334455667788),
              'a register is written')
    tap.equal((vmi.line('r15', smp - 1, old), vmi.numbers('regs', smp - 1)[5]), ('', old),
              'and put back')
    tap.equal(vmi.numbers('read', jiffies, 0), before[0], 'it still stands')
    tap.equal(vmi.line('resume'), '', 'resume')
    deadline = time.monotonic() + 30
    while vmi.numbers('read', jiffies, 0) == before[0] and time.monotonic() < deadline:
        time.sleep(0.05)
    tap.ok(vmi.numbers('read', jiffies, 0) != before[0], 'it runs again')
    guest.sh(f'kill {" ".join(map(str, busy))}')


def check_guest(tap, kernel, row):
    options = boot_options(*row)
    tap.diag(f'{kernel}: ' + ', '.join(f'{k} {v}' for k, v in options.items()))
    with guestlab.boot(kernel=kernel, **options) as guest:
        start_busy(guest, "sh -c 'while :; do usleep 20000; done'")
        seconds = attach_time(guest)
        tap.ok(seconds < ATTACH_MAX, 'the first line comes soon', f'{seconds:.2f} s')
        tap.diag(f'attach {seconds:.2f} s')
        check_trace(tap, guest)
        with vmishell.VmiShell(guest.name) as vmi:
            check_info(tap, guest, vmi, row)
            check_symbols(tap, guest, vmi, row[0])
            check_process(tap, guest, vmi, row[3])
            check_registers(tap, vmi, row)
            check_pause(tap, guest, vmi, row[2])
        tap.equal(guest.sh('echo well'), 'well\n', 'the guest is well')


def main():
    with guestlab.Tap() as tap:
        for row in MATRIX:
            check_guest(tap, sys.argv[1], row)


main()
