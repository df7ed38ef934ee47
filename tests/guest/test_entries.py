#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every way into the kernel: 32-bit programs by int 0x80, sysenter and syscall, numbers that do not
exist and those of x32, processes in a pid namespace, and one that the kernel itself started. The
guest's own strace must see the same; programs count their own calls."""

import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import calllog  # noqa: E402
import guestlab  # noqa: E402
import straced  # noqa: E402

N = 3000
# QEMU's processor has the way of the vendor that it says it is by: syscall for AMD, sysenter for
# Intel; the kernel's vdso takes that one.
PROCESSORS = {'syscall': 'max', 'sysenter': 'max,vendor=GenuineIntel'}
IN_NAMESPACE = "unshare -p -f sh -c 'calls 3; entries32 1; echo $$'"


def threads_of(trace, comm):
    """By tid the calls that threads made under that name."""
    threads = {}
    for tid, calls in calllog.guestrace_threads(trace.output).items():
        own = [call for call in calls if call.comm == comm]
        if own:
            threads[tid] = own
    return threads


def check_strace(tap, guest, way):
    """Run under strace while traced: the calls are ptraced, too."""
    programs = {'a 32-bit program': 'entries32 2', 'other calls of a 64-bit program': 'entries64 5'}
    with guestlab.trace(guest) as trace:
        for i, (name, program) in enumerate(programs.items()):
            output = guest.sh(f'strace -f -o /tmp/{i}.strace {program}', timeout=120)
            tap.ok('OK\n' in output and 'FAILED' not in output, f'{name} ({way}): runs', output)
    threads = calllog.guestrace_threads(trace.output)
    for i, name in enumerate(programs):
        strace = calllog.StraceLog(guest.fetch(f'/tmp/{i}.strace').decode())
        straced.compare(tap, f'{name} ({way})', strace, threads)
    wrong = [call.line for calls in threads_of(trace, 'entries32').values() for call in calls
             if call.abi != 'i386' and call.name not in ('execve', 'munmap')]
    tap.equal(wrong, [], f'{way}: all calls of a 32-bit program are marked')
    straced.check_totals(tap, way, trace)


def check_counts(tap, guest, way):
    """Two programs at once, each way counted exactly; nothing else in between."""
    with guestlab.trace(guest) as trace:
        output = guest.sh(f'entries32 {N} & entries32 {N} & entries64 {N} high; wait', timeout=120)
    tap.equal(output.count('OK\n'), 3, f'{way}: programs that count run')
    calls = {tid: own for tid, own in threads_of(trace, 'entries32').items()
             if any(call.name == 'getuid32' for call in own)}
    counts = [(sum(call.name == 'getppid' for call in own),
               sum(call.name == 'getuid32' for call in own)) for own in calls.values()]
    tap.equal(counts, [(N, N)] * 2, f'{way}: as many calls by each way as they made')
    # The child's execve comes back under another name.
    odd = [call.line for own in calls.values() for call in own
           if call.late != (call.name == 'munmap' and call.abi != 'i386') or call.unfinished]
    tap.equal([line for line in odd if 'execve' not in line and 'munmap' not in line], [],
              f'{way}: every entry has its return')
    own = [call for calls in threads_of(trace, 'entries64').values() for call in calls]
    shown = {name: sum(call.name == name and call.abi == abi and call.result == result
                       for call in own)
             for name, abi, result in (('syscall_0x40000027', 'x86_64', 'ENOSYS'),
                                       ('syscall_0x3e8', 'x86_64', 'ENOSYS'))}
    shown['open'] = sum(call.name == 'open' and call.abi == 'i386' and
                        call.args == ['"/proc/version"', 'O_RDONLY'] for call in own)
    shown['getppid'] = sum(call.name == 'getppid' and call.abi == 'i386' for call in own)
    tap.equal(shown, dict.fromkeys(shown, N), f'{way}: int 0x80, x32 and absent numbers counted')
    straced.check_totals(tap, f'{way}, counting', trace)


def check_choice(tap, guest):
    """-e names a call of both kinds of programs, or of 32-bit ones only; -c has rows for each."""
    def lines(*arguments):
        ping = 'entries32 1; elapsed 0'
        with guestlab.trace(guest, *arguments, ping=ping) as trace:
            guest.sh('entries32 4; refused 10 >/tmp/refused')
        return [calllog.guestrace_call(line) for line in trace.output.splitlines()]
    both = lines('-e', 'trace=getppid,stat64', '-n', 'entries32')
    tap.equal({(call.name, call.abi) for call in both}, {('getppid', 'i386'), ('stat64', 'i386')},
              'calls that 32-bit programs have can be chosen')
    only = lines('-e', 'trace=i386:write')
    tap.equal({(call.name, call.abi) for call in only}, {('write', 'i386')},
              'calls of 32-bit programs only can be chosen')
    with guestlab.trace(guest, *guestlab.TABLE, '-n', 'entries32') as trace:
        guest.sh(f'entries32 {N}')
    rows = re.findall(r'^ *\S+ +\S+ +\S+ +(\d+) +(?:\d+ )?(i386:\w+)$', trace.output, re.M)
    rows = {name: int(count) for count, name in rows}
    tap.equal((rows.get('i386:getppid'), rows.get('i386:getuid32')), (N, N),
              'the summary counts them apart')


def check_callbacks(tap, guest):
    """A portable name holds the call of either kind; arguments and results are the program's."""
    guest.sh('echo secret >/etc/secret; echo other >/etc/other')
    deny = subprocess.Popen([guestlab.BUILD / 'examples/deny', guest.name, '/etc/secret'],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        end = time.monotonic() + 30
        while time.monotonic() < end and deny.poll() is None:
            if guest.run('cat /etc/secret >/dev/null 2>&1')[0] != 0:
                break
            time.sleep(0.1)
        output = guest.sh('entries32 /etc/secret; entries32 /etc/other')
    finally:
        deny.terminate()
        said = deny.communicate(timeout=60)[0]
    tap.ok(output == 'int80 EACCES\nvsyscall EACCES\nint80 opened\nvsyscall opened\n',
           'a callback refuses a 32-bit program its call', output + said)
    tap.equal(guest.sh('entries32 /etc/secret'), 'int80 opened\nvsyscall opened\n',
              'and no longer when it is gone')


def check_namespace(tap, guest):
    """Shown are the guest's own numbers of processes, strace's too, whatever they call themselves."""
    with guestlab.trace(guest) as trace:
        output = guest.sh(f'strace -f -o /tmp/ns.strace {IN_NAMESPACE}', timeout=120)
    tap.ok('OK\n1\n' in output, 'a pid namespace: its first process is 1 to itself', output)
    strace = calllog.StraceLog(guest.fetch('/tmp/ns.strace').decode())
    straced.compare(tap, 'a pid namespace', strace, calllog.guestrace_threads(trace.output))


def check_kernel_thread(tap, guest):
    """A program that the kernel itself starts: it comes into being as a kernel's thread."""
    guest.sh("printf '#!/bin/sh\\nexec calls 50 >/tmp/helped\\n' >/tmp/helper; chmod +x /tmp/helper;"
             "echo '|/tmp/helper' >/proc/sys/kernel/core_pattern")
    with guestlab.trace(guest) as trace:
        guest.sh("sh -c 'kill -SEGV $$'; for i in $(seq 100); do"
                 " grep -q calls /tmp/helped && break; sleep 0.1; done; cat /tmp/helped;"
                 " echo core >/proc/sys/kernel/core_pattern")
    own = [sum(call.name == 'close' and call.args == ['-1'] for call in calls)
           for calls in threads_of(trace, 'calls').values()]
    tap.equal(own, [50], 'a program that the kernel starts')


def main():
    kernel = sys.argv[1]
    with guestlab.Tap() as tap:
        for way, cpu in PROCESSORS.items():
            with guestlab.boot(kernel=kernel, smp=2, cpu=cpu) as guest:
                check_strace(tap, guest, way)
                check_counts(tap, guest, way)
                if way == 'syscall':
                    check_choice(tap, guest)
                    check_callbacks(tap, guest)
                    check_namespace(tap, guest)
                    check_kernel_thread(tap, guest)
                tap.equal(guest.sh('echo well'), 'well\n', f'{way}: the guest is well')


main()
