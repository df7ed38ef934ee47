#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvmi's events on a guest: how many there are is what the guest's programs made, and the guest
is what it was afterwards, also when the program that listens is killed."""

import collections
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestlab  # noqa: E402
import vmishell  # noqa: E402

VMI_EVENTS = guestlab.BUILD / 'tests/guest/vmi-events'
FUNCTION = '__x64_sys_sched_get_priority_max'
N = 100


class Events:
    """vmi-events at work, as a context; lines of what it printed once it has ended."""

    def __init__(self, guest, *what):
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', VMI_EVENTS, guest.name, *map(str, what)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.first = self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def end(self):
        self.process.stdin.close()
        lines = self.process.stdout.read().splitlines()
        return self.process.wait(60), lines


def events_of(lines):
    found = [int(line.split()[1]) for line in lines if line.startswith('events ')]
    return found[0] if found else -1


def check_code(tap, guest):
    text = vmishell.kernel_text(guest.name, FUNCTION, 64)
    for how, wanted in ('emulate', f'sum {99 * N}'), ('step', f'sum {99 * N}'), \
            ('toggle', f'sum {99 * N}'), ('deny', f'sum {-N}'):
        with Events(guest, 'code', how, FUNCTION) as events:
            out = guest.sh(f'trapped calls {N}').strip()
            status, lines = events.end()
        tap.ok(events.first == 'ready\n' and status == 0 and events_of(lines) == N,
               f'{how}: a breakpoint on a function comes {N} times', f'{status} {events.first}{lines}')
        tap.equal(out, wanted, f'{how}: what its callers get')
        tap.equal(vmishell.kernel_text(guest.name, FUNCTION, 64), text,
                  f'{how}: the kernel text is what it was')


def start_function(guest, calls=N):
    """A process that waits to call a function: the function's address, its pid, a variable's."""
    guest.sh(f'trapped function /tmp/at {calls} >/tmp/sum 2>&1 &')
    return guest.sh('while ! test -s /tmp/at; do usleep 10000; done; cat /tmp/at').split()


def call_function(guest):
    """Has it call it, and gets what it then says."""
    return guest.sh('rm /tmp/at; while ! test -s /tmp/sum; do usleep 10000; done; '
                    'cat /tmp/sum; rm /tmp/sum', timeout=120).strip()


def check_user(tap, guest):
    for how in 'emulate', 'step':
        address, pid, _ = start_function(guest)
        with Events(guest, 'user', how, pid, address) as events:
            out = call_function(guest)
            status, lines = events.end()
        tap.ok(status == 0 and events_of(lines) == N, f'{how}: a breakpoint in a process',
               f'{status} {events.first}{lines}')
        tap.equal(out, f'sum {N}', f'{how}: the process counts what it did')


def check_own(tap, guest):
    with Events(guest, 'own') as events:
        out = guest.sh(f'trapped own {N}').strip()
        status, lines = events.end()
    tap.ok(status == 0 and events_of(lines) == N, "the guest's own breakpoints are seen",
           f'{status} {events.first}{lines}')
    tap.equal(out, f'signals {N}', 'and it gets them')


def instructions(code, start):
    """Where instructions begin in the code, as objdump sees it: address to (length, mnemonic)."""
    file = pathlib.Path('/tmp') / f'gt-events-{time.monotonic_ns()}'
    file.write_bytes(bytes.fromhex(code))
    text = subprocess.run(['objdump', '-D', '-b', 'binary', '-m', 'i386:x86-64', '--insn-width=16',
                           f'--adjust-vma={start:#x}', file], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    file.unlink()
    found = {}
    for match in re.finditer(r'^ *([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *\t(\S+)', text, re.M):
        found[int(match[1], 16)] = (len(match[2].split()), match[3])
    return found


def check_steps(tap, guest):
    """Each step goes to the next instruction or, from a jump, call or return, somewhere else."""
    count = 60
    with vmishell.VmiShell(guest.name) as vmi:
        start = vmi.symbol('do_sys_openat2')
        code = vmi.line('bytes', start, 0, 512)
    table = instructions(code, start)
    with Events(guest, 'steps', 'do_sys_openat2', count) as events:
        guest.sh('cat /proc/uptime >/dev/null')
        status, lines = events.end()
    steps = [int(line.split()[1], 16) for line in lines if line.startswith('step ')]
    tap.ok(status == 0 and len(steps) == count, f'{count} single steps', f'{status} {lines}')
    inside = 0
    wrong = []
    for before, after in zip([start, *steps], steps):
        if before not in table:
            if start <= before < start + 256:
                wrong.append(f'{before:x} is no instruction')
            continue
        inside += 1
        length, mnemonic = table[before]
        if after not in (before, before + length) and not mnemonic.startswith(('j', 'call', 'ret')):
            wrong.append(f'{before:x} {mnemonic} to {after:x}')
    tap.ok(not wrong and inside >= 5, f'{inside} of them as objdump has them', '; '.join(wrong))


def check_cr3(tap, guest):
    """Each process has its value of CR3, and a switch to it writes that; more writes than switches
    there cannot be."""
    turns = 10
    command = "grep ctxt /proc/stat; trapped turns %d; grep ctxt /proc/stat" % turns
    with Events(guest, 'register', 'cr3') as events:
        out = [line.split() for line in guest.sh(command, timeout=300).splitlines()]
        status, lines = events.end()
    n_all = int(out[-1][1]) - int(out[0][1])
    switches = sorted(int(words[1]) for words in out[1:-1])
    values = collections.Counter({line.split()[1]: int(line.split()[2])
                                  for line in lines if line.startswith('value ')})
    most = sorted(count for _value, count in values.most_common(2))
    tap.ok(status == 0 and events_of(lines) == sum(values.values()), 'writes of CR3',
           f'{status} {events.first}{lines}')
    # Those of the commands around it, and of idle processors, which keep what they had.
    tap.ok(len(switches) == 2 and len(most) == 2 and
           all(turns <= count and count >= 0.7 * times - 20 for count, times in zip(most, switches))
           and events_of(lines) <= n_all * 1.2 + 100,
           'as many for each of two processes as it was switched to',
           f'{switches} {most} {events_of(lines)} of {n_all}')


def check_memory(tap, guest):
    """The function is one instruction, which reads and writes the variable, and a return."""
    for access, calls in ('w', 40), ('r', 40), ('x', 8):
        address, pid, variable = start_function(guest, calls)
        with Events(guest, 'memory', access, pid, address if access == 'x' else variable) as events:
            out = call_function(guest)
            status, lines = events.end()
        # It reads it once more to say what it is.
        tap.ok(status == 0 and events_of(lines) == calls + (access == 'r'),
               f'accesses to memory: {access}', f'{status} {events.first}{lines}')
        tap.equal(out, f'sum {calls}', f'{access}: the process counts what it did')


def check_pages(tap, guest):
    """The pages that a process has, as its own kernel's pagemap has them."""
    pid = guest.sh('sleep 1000 >/dev/null & sleep 1; echo $!').strip()
    wanted = []
    for line in guest.sh(f'cat /proc/{pid}/maps').splitlines():
        start, end = (int(word, 16) for word in line.split()[0].split('-'))
        if '[v' in line:
            continue  # the kernel's own
        rows = guest.sh(f'dd if=/proc/{pid}/pagemap bs=8 skip={start >> 12} count={(end - start) >> 12} '
                        '2>/dev/null | xxd -p -c 8').split()
        wanted += [start + (i << 12) for i, row in enumerate(rows) if int(row[14:], 16) >= 0x80]
    with vmishell.VmiShell(guest.name) as vmi:
        pages = vmi.numbers('pages', pid)[:-1]
        offset, size = vmi.numbers('member', 'task_struct', 'comm')
        refused = vmi.line('member', 'task_struct', 'nothing')
        comm = vmi.symbol('init_task') + offset
        name = bytes.fromhex(vmi.line('bytes', comm, 0, 16)).split(b'\0')[0]
    common = [page for page in pages if page in wanted]
    tap.ok(wanted == common and 20 < len(wanted) and len(pages) <= len(wanted) + 8,
           'the pages of a process', f'{len(pages)} {len(wanted)} {len(common)}')
    tap.ok(name in (b'swapper/0', b'swapper') and size > offset and refused is None,
           "a structure's member by the kernel's profile", f'{name} {offset} {size} {refused}')


def check_refusals(tap, guest):
    for what, word in (('register', '0'), 'registers'), (('memory', 'z', 1, '0'), ''):
        with Events(guest, *what) as events:
            status, _ = events.end()
        tap.ok(events.first.startswith('failed: ') and word in events.first and status == 1,
               f'{what[0]} {what[1]}: refused, and it says why', events.first)


def check_killed(tap, guest):
    """Killed at any moment: breakpoints that it wrote are gone, whoever just ran into one goes on."""
    text = vmishell.kernel_text(guest.name, FUNCTION, 64)
    for what in ('register', 'cr3'), ('own',), ('steps', 'do_sys_openat2', 1000000), \
            ('code', 'emulate', FUNCTION), ('code', 'step', FUNCTION), ('code', 'toggle', FUNCTION):
        sums = []
        for round in range(2):
            guest.sh(f'(sleep 0.4; for i in 1 2 3; do trapped calls {N}; trapped own 20; done) '
                     '>/tmp/sums 2>&1 &')
            with Events(guest, *what) as events:
                time.sleep(0.5 + 0.2 * round)
                events.process.send_signal(signal.SIGKILL)
                events.process.wait()
            sums.append(guest.sh('while test $(grep -c . /tmp/sums) != 6; do usleep 20000; done; '
                                 'sort -u /tmp/sums').split('\n'))
        tap.equal(sums, [['signals 20', f'sum {99 * N}', '']] * 2,
                  f'killed at {" ".join(map(str, what))}: the guest runs, its programs are right')
    tap.equal(vmishell.kernel_text(guest.name, FUNCTION, 64), text, 'the kernel text is what it was')


def check_stopped(tap, guest):
    """A program that is stopped (Ctrl-Z) does not make the guest stand."""
    with Events(guest, 'code', 'emulate', FUNCTION) as events:
        events.process.send_signal(signal.SIGSTOP)
        time.sleep(3)
        tap.equal(guest.sh('trapped calls 20').strip(), 'sum 1980', 'stopped: the guest runs')
        events.process.send_signal(signal.SIGCONT)
        status = events.process.wait(60)
        lines = events.process.stdout.read()
    tap.ok(status == 1 and 'was stopped' in lines.splitlines()[0], 'and it is said', lines)
    tap.equal(guest.sh('trapped calls 20').strip(), 'sum 1980', 'going on: the guest runs')


def check_reboot(tap, guest):
    with Events(guest, 'own') as events:
        guest.sh('(sleep 0.5; reboot -f) >/dev/null 2>&1 &')
        status = events.process.wait(60)
        lines = events.process.stdout.read()
    tap.ok(status == 1 and 'began anew' in lines, 'a guest that reboots: it is said', lines)
    deadline = time.monotonic() + 60
    while guest.console().count('guestrace test guest is up') < 2 and time.monotonic() < deadline:
        time.sleep(0.2)
    tap.equal(guest.sh('trapped own 3').strip(), 'signals 3', 'and it boots')


def check_log(tap, guest):
    log = guest.sh('dmesg')
    bad = [line for line in log.splitlines()
           if re.search(r'BUG|Oops|WARNING|int3:|soft lockup|stall', line)]
    tap.ok(not bad, "nothing in the kernel's log", '\n'.join(bad[:10]))


def main():
    kernel = sys.argv[1]
    with guestlab.Tap() as tap, guestlab.boot(kernel=kernel, smp=2, allow_reboot=True) as guest:
        check_code(tap, guest)
        check_user(tap, guest)
        check_own(tap, guest)
        check_steps(tap, guest)
        check_cr3(tap, guest)
        check_memory(tap, guest)
        check_pages(tap, guest)
        check_refusals(tap, guest)
        check_killed(tap, guest)
        check_stopped(tap, guest)
        check_log(tap, guest)
        check_reboot(tap, guest)


if __name__ == '__main__':
    main()
