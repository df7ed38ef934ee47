#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What guestrace shows is what the guest's own strace shows of the same programs (lib/straced.py
says where the two may differ), and as many calls as programs say that they made."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import calllog  # noqa: E402
import guestlab  # noqa: E402
import straced  # noqa: E402

PIPELINES = r'''
seq 1 100 | sort -rn | head -n 3
cat /proc/version | tr a-z A-Z | wc -c
(cd /proc/self; ls -l | grep exe | cat) >/tmp/pipe.out; cat </tmp/pipe.out
for i in 1 2 3; do echo "$i $(expr $i + $i)"; done | sed s/1/one/
trap 'echo usr1' USR1; kill -USR1 $$
tar -cf - -C /etc . | gzip -1 | gunzip | tar -tf -
find /etc -type f | xargs md5sum
yes | head -n 1000 | tail -n 1
sleep 0.1 & wait $!
cat /no/such/file; no-such-program
echo OK
'''
INJECT = '-e inject=getppid:error=EPERM:when=2+3'
PROGRAMS = {
    'a shell with pipelines': ('', 'sh /tmp/pipelines'),
    'files, sockets, a thread, fork and exec': ('', 'lively 2'),
    'threads': ('', 'threads 6 40'),
    'signals, restarts and a killed process': ('', 'signals'),
    'calls with paths': ('', 'paths'),
    'busy threads killed, exited and replaced': ('', 'struck 3'),
    'execve from a thread': ('', 'execthread'),
    'vfork, clone, fork, posix_spawn': ('', 'vforks 2'),
    'absent numbers and seccomp': ('', 'refused 1000'),
    'calls that a tracer turns away': (INJECT, 'threads 2 40'),
}
ROOT = pathlib.Path(__file__).resolve().parents[2]
DAY_US = 24 * 60 * 60 * 1000000


def check_heads(tap, name, trace):
    """The man page's regular expression takes each line apart."""
    head = re.search(r'^    (\^\(.*\] )$', (ROOT / 'doc/guestrace.1.rst').read_text(), re.M)[1]
    heads = [(line, re.match(head, line)) for line in trace.output.splitlines()]
    wrong = [line for line, found in heads if not found or found[4] == '0' or found[5] == f'/{found[4]}']
    tap.ok(heads and not wrong, f"{name}: {len(heads)} lines begin as the man page says", '\n'.join(wrong[:5]))


def check_programs(tap, guest):
    guest.sh(f"cat >/tmp/pipelines <<'END'\n{PIPELINES}END")
    with guestlab.trace(guest) as trace:
        for i, (name, (options, program)) in enumerate(PROGRAMS.items()):
            output = guest.sh(f'cd /tmp; strace -f {options} -o /tmp/{i}.strace {program} 2>&1',
                              timeout=240)
            tap.ok('OK\n' in output and 'FAILED' not in output, f'{name}: runs', output)
    threads = calllog.guestrace_threads(trace.output)
    for i, name in enumerate(PROGRAMS):
        strace = calllog.StraceLog(guest.fetch(f'/tmp/{i}.strace').decode())
        straced.compare(tap, name, strace, threads)
    straced.check_totals(tap, 'programs', trace)
    check_heads(tap, 'programs', trace)


def disorder(calls):
    """The first call of a thread that began before the one before it had ended."""
    for before, call in zip(calls, calls[1:]):
        passed = (call.start - before.start) % DAY_US
        # Both the start and the duration are cut to microseconds.
        if passed > DAY_US // 2 or passed + 1 < before.duration:
            return f'{before.line}\n{call.line}'
    return ''


def miscount(calls, n_getppid, n_close):
    """What is wrong with a thread's calls: all of its getppid and close, in their order."""
    names = [call.name for call in calls if call.result is not None]
    begin = names.index('getppid') if 'getppid' in names else 0
    wanted = (['getppid'] * 9 + ['close']) * n_close
    if names.count('getppid') != n_getppid:
        return f'{names.count("getppid")} getppid instead of {n_getppid}'
    if names.count('close') != n_close:
        return f'{names.count("close")} close instead of {n_close}'
    return '' if names[begin:begin + len(wanted)] == wanted else 'not in their order'


def check_counts(tap, guest):
    """Two vCPUs under load: as many calls as the programs say, not one more or less."""
    name = 'two programs with 8 threads and 5000 calls each'
    with guestlab.trace(guest) as trace:
        guest.sh('threads 8 5000 >/tmp/a & threads 8 5000 >/tmp/b & lively 3 >/tmp/c & wait',
                 timeout=240)
    output = guest.sh('cat /tmp/a /tmp/b /tmp/c')
    said = re.findall(r'thread (\d+) getppid=(\d+) close=(\d+)', output)
    tap.equal((len(said), output.count('OK\n')), (16, 3), f'{name}: all run')
    threads = calllog.guestrace_threads(trace.output)
    wrong = [f'thread {tid}: {text}' for tid, *numbers in said
             if (text := miscount(threads.get(int(tid), []), *map(int, numbers)))]
    tap.ok(not wrong, f'{name}: each thread has its calls in their order', '\n'.join(wrong))
    odd = [call.line for calls in threads.values() for call in calls
           if call.comm in ('threads', 'lively') and (call.late or call.unfinished)]
    tap.equal(odd, [], f'{name}: every entry has its return')
    late = [text for calls in threads.values() if (text := disorder(calls))]
    tap.ok(not late, f"{name}: each thread's times are in order", '\n'.join(late[:5]))
    straced.check_totals(tap, name, trace)


def main():
    with guestlab.Tap() as tap:
        with guestlab.boot(kernel=sys.argv[1], smp=2) as guest:
            check_programs(tap, guest)
            check_counts(tap, guest)


main()
