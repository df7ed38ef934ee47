#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every kernel that a user may have, and the variants in which its text differs: each is booted,
found out about, traced, and left as it was. A table at the end shows what was seen.
usage: test_kernels.py [PATTERN]... (of "KERNEL VARIANT": 'sid*', '5.10 default'; default: all)
"""

import dataclasses
import fnmatch
import pathlib
import re
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import calllog  # noqa: E402
import guestkernel  # noqa: E402
import guestlab  # noqa: E402
import testbed  # noqa: E402

REPORT = guestlab.BUILD / 'tests/guest/kernel-report'
DENY = guestlab.BUILD / 'examples/deny'
THREADS, CALLS, ABSENT, CALLS32 = 4, 2500, 500, 500
# What the program refused makes: name and result; and calls that end a thread or a process, of
# which only the entry is sure.
REFUSED = {('syscall_0x3e8', 'ENOSYS'): ABSENT, ('syscall_-1', 'ENOSYS'): 1,
           ('getpgrp', 'EBADFD'): 100}
ENDING = {'getsid': 1, 'getpriority': 1}
# Calls of which the guest's own tracing says how many arguments they have.
KNOWN = ('openat', 'mmap', 'execve', 'close', 'getpid', 'clone', 'recvfrom', 'io_uring_enter')

# What is appended to the kernel's command line, the CPU, and from which kernel on it exists. (The
# return thunk of call depth tracking changes flags in which the kernel's replacement of cmpxchg16b,
# see cpu_model(), returns its result; with slab_debug nobody uses that.)
VARIANTS = {
    'default': ('', 'max,la57=off', 0),
    'la57': ('', 'max,la57=on', 0),
    'pti': ('pti=on', 'max,la57=off', 0),
    'no-mitigations': ('mitigations=off', 'max,la57=off', 0),
    'retpoline': ('spectre_v2=retpoline', 'max,la57=off', 0),
    'ibt': ('ibt=on', 'max,la57=off', 6.12),
    'call-depth': ('retbleed=stuff spectre_v2=retpoline slab_debug=F', 'Skylake-Client-v4', 6.12),
    'nohz': ('nohz_full=1', 'max,la57=off', 6.0),
}
FLAVOURS = ('', '-generic', '-rt')
VERSIONS = {'5.10': 5.10, '6.1': 6.1, '6.12': 6.12, 'sid': 7.0}


@dataclasses.dataclass
class Row:
    kernel: str
    variant: str
    release: str = '-'
    discovery: str = '-'
    form: str = '-'
    i386: str = '-'
    traced: str = '-'
    expected: str = '-'
    restored: str = '-'
    said: str = ''

    def name(self):
        return f'{self.kernel} {self.variant}'

def rows(patterns):
    table = [Row(version + flavour, variant)
             for version, number in VERSIONS.items() for flavour in FLAVOURS
             for variant, (_, _, since) in VARIANTS.items()
             if number >= since and (flavour != '-rt' or variant == 'default')]
    chosen = [row for row in table
              if not patterns or any(fnmatch.fnmatch(row.name(), p) for p in patterns)]
    if not chosen:
        sys.exit(f'test_kernels: no row is called {" or ".join(patterns)}; the rows are: '
                 f'{", ".join(row.name() for row in table)}')
    return chosen


def call_sites(hooks):
    """FUNCTION +OFFSET KIND, where the function is another than the one before."""
    sites, last = [], None
    for place, _, _, code in hooks:
        function, offset = place.split('+')
        kind = {'e8': 'call', 'e9': 'jump'}.get(code[:2], 'nop')
        sites.append(f'{"" if function == last else function + " "}+{offset} {kind}')
        last = function
    return ', '.join(sites)


def report(tap, guest, row):
    """What discovery found: (hooks, calls)."""
    run = subprocess.run([REPORT, guest.name], text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    words = [line.split() for line in run.stdout.splitlines()]
    tap.ok(run.returncode == 0, 'it is found out about', run.stdout)
    for word in words:
        if word[0] == 'release':
            row.release = word[1]
        elif word[0] == 'discovery':
            row.discovery = f'{word[1]} ms'
    hooks = [word[1:] for word in words if word[0] == 'hook']
    row.form = call_sites(hook for hook in hooks if hook[1] == 'x86-64')
    row.i386 = 'yes' if any(hook[1] == 'i386' for hook in hooks) else 'no'
    return hooks, [word[1:] for word in words if word[0] == 'call']


def symbols(guest):
    """The guest's own word on where its calls and its code are: by name (type, address)."""
    table = guest.sh("grep -E ' (_text|_etext|sys_call_table|__x64_sys_.*)$' /proc/kallsyms",
                     timeout=180)
    return {line.split()[2]: int(line.split()[0], 16) for line in table.splitlines()}


def check_calls(tap, guest, calls, where):
    """The system calls, against the guest's own table and symbols."""
    start, n = where['sys_call_table'], int(calls[-1][0]) + 1
    table = struct.unpack(f'<{n}Q', guestkernel.image(guest, start, start + 8 * n))
    wrong = [call for call in calls if table[int(call[0])] != int(call[1], 16) or
             where.get(call[2]) != int(call[1], 16)]
    tap.ok(len(calls) > 300 and not wrong, f"{len(calls)} system calls are the guest's own",
           f'{len(calls)} {wrong[:5]}')


def check_arguments(tap, guest, calls):
    """How many arguments a call has, against the guest's own tracing."""
    guest.sh('mkdir -p /tmp/tracing; mount -t tracefs tracefs /tmp/tracing')
    found = {call[2].removeprefix('__x64_sys_'): call[3] for call in calls}
    wanted = {}
    for name in KNOWN:
        status, text = guest.run(f'cat /tmp/tracing/events/syscalls/sys_enter_{name}/format')
        if status == 0:
            fields = re.findall(r'field:.*?(\w+);\toffset', text.decode())
            wanted[name] = str(len([f for f in fields if not f.startswith(('common_', '__'))]))
    guest.sh('umount /tmp/tracing')
    tap.equal({name: found.get(name) for name in wanted}, wanted, 'calls have as many arguments')


def check_trace(tap, guest, row):
    """Programs that make an exact number of calls."""
    filters = [word for name in ('counted', 'refused', 'entries32') for word in ('-n', name)]
    with guestlab.trace(guest, *filters, ping='counted 1 1') as trace:
        counted = guest.sh(f'counted {THREADS} {CALLS}', timeout=120)
        refused = guest.sh(f'refused {ABSENT}', timeout=120)
        entries = guest.sh(f'entries32 {CALLS32}', timeout=120)
    tap.ok('OK' in counted and 'OK' in entries and 'FAILED' not in refused,
           'the programs run right', counted + refused + entries)
    threads = calllog.guestrace_threads(trace.output)
    traced, expected = 0, THREADS * CALLS + sum(REFUSED.values()) + sum(ENDING.values())
    for line in counted.splitlines():
        if line.startswith('thread'):
            results = [call.result for call in threads.get(int(line.split()[1]), [])
                       if call.name == 'lseek' and not call.unfinished]
            traced += len(results)
            tap.equal(results, list(range(CALLS)), 'a thread and all of its calls, in order')
    calls = [call for of in threads.values() for call in of if call.comm == 'refused']
    for key, n in REFUSED.items():
        seen = sum(call.key() == key and not call.unfinished for call in calls)
        traced += seen
        tap.equal(seen, n, f'{key[0]} is seen {n} times, with {key[1]}')
    for name, n in ENDING.items():
        seen = sum(call.name == name and not call.late for call in calls)
        traced += seen
        tap.equal(seen, n, f'{name} is entered')
    # One of them by int 0x80, the other one by sysenter or syscall.
    for name in ('getppid', 'getuid32') if row.i386 == 'yes' else ():
        seen = sum(call.comm == 'entries32' and call.name == name and call.abi == 'i386' and
                   not call.unfinished for of in threads.values() for call in of)
        traced, expected = traced + seen, expected + CALLS32
        tap.equal(seen, CALLS32, f'{name} of a 32-bit program is seen')
    tap.ok(trace.status == 0 and trace.stderr.endswith(', 0 events lost\n'), 'nothing is lost',
           trace.stderr)
    row.traced, row.expected = str(traced), str(expected)


def check_refusal(tap, guest):
    """A held call: its path is read, and the kernel does not run it."""
    deny = subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', DENY, guest.name, '/etc/hosts'],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 30
    while guest.run('cat /etc/hosts')[0] == 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    status, output = guest.run('cat /etc/hosts')
    other = guest.run('cat /etc/passwd')[0]
    deny.send_signal(signal.SIGINT)
    try:
        said = deny.communicate(timeout=30)[0]
    except subprocess.TimeoutExpired:
        deny.kill()
        said = 'it did not end\n' + deny.communicate()[0]
    tap.ok(status != 0 and b'Permission denied' in output and other == 0 and
           deny.returncode == 0, 'a held call is answered for the kernel', f'{output} {said}')
    tap.equal(guest.run('cat /etc/hosts')[0], 0, 'and afterwards runs again')


def check_memory(tap, guest, memory):
    after = guestkernel.areas(guest)
    big = [area for area in after if area[0] > guestkernel.PROBE_LEAST and area not in memory]
    tap.ok(not big, "the probe's memory was given back", big)


def what_took(guest):
    """What the guest's kernel says of the variant."""
    text = guest.sh('cd /sys/devices/system/cpu/vulnerabilities; cat spectre_v2 retbleed meltdown '
                    '2>/dev/null; true')
    words = [('Retpolines', 'retpolines'), ('Stuffing', 'call depth tracking'),
             ('Mitigation: PTI', 'PTI'), ('Vulnerable', 'vulnerable')]
    took = [short for word, short in words if word in text]
    log = guest.sh('dmesg')
    if 'Kernel/User page tables isolation: enabled' in log and 'PTI' not in took:
        took.append('PTI')
    if 'CET detected: Indirect Branch Tracking enabled' in log:
        took.append('IBT')
    if 'NO_HZ: Full dynticks CPUs' in log:
        took.append('no ticks')
    return ', '.join(took)


def boot(tap, row):
    """A guest that dies while it boots was not touched yet: emulated CPUs have their own flaws."""
    append, cpu, _ = VARIANTS[row.variant]
    for left in (2, 1, 0):
        try:
            return guestkernel.boot(row.kernel, append=append, cpu=cpu, mem=1024)
        except testbed.KernelNotThere:
            raise
        except guestlab.TestbedError as error:
            if left == 0:
                raise
            tap.diag(f'once more, because {error}')


def check_row(tap, row):
    with boot(tap, row) as guest:
        row.said = what_took(guest)
        memory, where = guestkernel.areas(guest), symbols(guest)
        text = guestkernel.image(guest, where['_text'], where['_etext'])
        hooks, calls = report(tap, guest, row)
        if not hooks:
            return
        check_calls(tap, guest, calls, where)
        check_arguments(tap, guest, calls)
        check_trace(tap, guest, row)
        check_refusal(tap, guest)
        after = guestkernel.image(guest, where['_text'], where['_etext'])
        row.restored = 'yes' if after == text else 'NO'
        tap.ok(after == text, "the kernel's text is what it was")
        check_memory(tap, guest, memory)
        guestkernel.check_health(tap, guest, 'at the end')


def try_row(tap, row):
    tap.diag(row.name())
    failed = tap.failed
    try:
        check_row(tap, row)
    except testbed.KernelNotThere as error:
        row.said = f'skipped: {error}'
        tap.skip(row.name(), error)
    except (guestlab.TestbedError, calllog.ParseError) as error:
        tap.ok(False, row.name(), error)
    if tap.failed > failed:
        row.said = ', '.join(filter(None, [row.said, 'FAILED']))


def print_table(tap, table):
    heads = ('kernel', 'release', 'variant', 'discovery', 'call sites', '32-bit', 'traced',
             'expected', 'restored', 'kernel says')
    lines = [heads] + [(row.kernel, row.release, row.variant, row.discovery, row.form, row.i386,
                        row.traced, row.expected, row.restored, row.said or '-') for row in table]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    for line in lines:
        tap.diag('  '.join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def main():
    table = rows(sys.argv[1:])
    with guestlab.Tap() as tap:
        for row in table:
            try_row(tap, row)
        print_table(tap, table)


main()
