#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guest's own tools go on working while it is traced and after: ftrace, kprobes, tracepoints,
modules, CPUs that come and go, stacks, suspend, kexec. Their results are compared with those of the
untraced guest, the trace's with what the program did.

usage: test_tools.py KERNEL [PART]...
"""

import bisect
import pathlib
import re
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestkernel  # noqa: E402
import guestlab  # noqa: E402
import testbed  # noqa: E402

CALLS = 2000
BATCHES = 200
TRACING = '/sys/kernel/tracing'
NEAR = 'x64_sys_call syscall_exit_to_user_mode_prepare syscall_exit_to_user_mode_work'
HIST = f"cat {TRACING}/events/%s/hist | sed -n 's/.*Hits: \\([0-9]*\\)$/\\1/p'"


class Bench:
    """A guest, the results of the test, and what its kernel's text was."""

    def __init__(self, tap, guest):
        self.tap = tap
        self.guest = guest
        guest.sh(f'mount -t tracefs tracefs {TRACING}; mount -t debugfs debugfs /sys/kernel/debug')
        guest.sh('dmesg -n 8')
        self.text = guestkernel.kernel_text(guest)
        self.start = guestkernel.symbols(guest, '_text')['_text']
        self.table = []

    def sh(self, command, timeout=120):
        return self.guest.sh(command, timeout)

    def trace(self, *arguments):
        """A trace of what calls does."""
        return guestlab.trace(self.guest, '-n', 'calls', *arguments, ping='calls 0')

    def counted(self, trace, wanted, what):
        """That guestrace, too, saw every call, and lost none."""
        closed = trace.output.count(' close(-1) = -1 EBADF')
        if not closed:
            closed = trace.output.count('close(')
        self.tap.ok(trace.status == 0 and closed == wanted and ' 0 events lost' in trace.stderr,
                    f'{what}: {wanted} calls traced, none lost',
                    f'{closed} of {wanted} calls, status {trace.status}: {trace.stderr}')

    def well(self, what, text=True):
        """That the kernel has nothing to say, and, with @text, that its code is what it was."""
        bad = guestkernel.complaints(self.guest)
        self.tap.ok(not bad, f'{what}: no complaints from the kernel', '\n'.join(bad))
        if text:
            changed = self.changed()
            self.tap.ok(not changed, f'{what}: kernel text as before', changed)


    def changed(self):
        """Where the kernel's text is not what it was: (function, offset)."""
        now = guestkernel.kernel_text(self.guest)
        places = [i for i, (a, b) in enumerate(zip(self.text, now)) if a != b]
        return [self.name(place) for place in places]

    def name(self, place):
        if not self.table:
            lines = self.guest.fetch('/proc/kallsyms').decode().splitlines()
            self.table = sorted((int(line.split()[0], 16), line.split()[2]) for line in lines)
        at, name = self.table[bisect.bisect(self.table, (self.start + place, chr(127))) - 1]
        return name, self.start + place - at


def tracer_counts(bench):
    """How often the tracer in use says that calls called close."""
    bench.sh(f'cd {TRACING} && echo >trace && echo 1 >tracing_on && calls {CALLS}; '
             'echo 0 >tracing_on')
    return int(bench.sh(f'grep -c "calls-.*__x64_sys_close" {TRACING}/trace; :'))


def start_tracer(bench, tracer, functions):
    """The guest's tracer on some functions, or, without, on all; close is in any case."""
    bench.sh(f'cd {TRACING} && echo {functions and functions + " __x64_sys_close" or ""} '
             f'>set_ftrace_filter && echo {tracer} >current_tracer && echo 1 >tracing_on && '
             'echo 1 >options/funcgraph-proc')


def stop_tracer(bench):
    bench.sh(f'cd {TRACING} && echo nop >current_tracer && echo >set_ftrace_filter && echo >trace')


def test_ftrace_counts(bench):
    """Tracers on the functions next to ours, on before attaching, while attached and after it."""
    tap = bench.tap
    near = ' '.join(f for f in NEAR.split() if bench.guest.run(
        f'grep -qx {f} {TRACING}/available_filter_functions')[0] == 0)
    for tracer in ('function', 'function_graph'):
        start_tracer(bench, tracer, near)
        untraced = tracer_counts(bench)
        with bench.trace() as trace:
            traced = tracer_counts(bench)
            stop_tracer(bench)
            start_tracer(bench, tracer, near)
            again = tracer_counts(bench)
        after = tracer_counts(bench)
        stop_tracer(bench)
        tap.equal([untraced, traced, again, after], [CALLS] * 4,
                  f'{tracer} of {near}: right before, while (twice) and after')
        bench.counted(trace, 2 * CALLS, tracer)
    bench.well('ftrace of functions next to ours')


def test_ftrace_all(bench):
    """Every function is traced, from before attaching, and from while attached to after it."""
    # To change 40,000 places takes an emulated guest on a busy machine half a minute, untraced, too.
    bench.sh('echo 30 >/proc/sys/kernel/watchdog_thresh')
    start_tracer(bench, 'function', '')
    with bench.trace() as first:
        bench.sh(f'calls {CALLS}')
        stop_tracer(bench)
        bench.sh(f'calls {CALLS}')
    bench.counted(first, 2 * CALLS, 'all functions traced by the guest before attaching')
    with bench.trace() as second:
        start_tracer(bench, 'function_graph', '')
        bench.sh(f'calls {CALLS}')
    bench.sh(f'calls {CALLS}')
    stop_tracer(bench)
    bench.counted(second, CALLS, 'all functions traced by the guest until after detaching')
    bench.well('ftrace of all functions')


def close_offset(bench):
    """An offset in __x64_sys_close where the kernel takes a kprobe; not its first instruction."""
    for offset in range(6, 40):
        place = f'__x64_sys_close+{offset}'
        if bench.guest.run(f'echo "p:t/try {place}" >{TRACING}/kprobe_events')[0] == 0:
            bench.sh(f'echo >{TRACING}/kprobe_events')
            return offset
    raise guestlab.TestbedError('no place for a kprobe in __x64_sys_close')


def count_events(bench, *events):
    """What the kernel counted of each event while calls made CALLS calls."""
    for event in events:
        bench.sh(f"""echo 'hist:keys=common_pid if comm == "calls"' """
                 f'>{TRACING}/events/{event}/trigger')
    bench.sh(f'calls {CALLS}')
    counts = [int(bench.sh(HIST % event)) for event in events]
    for event in events:
        bench.sh(f"""echo '!hist:keys=common_pid if comm == "calls"' """
                 f'>{TRACING}/events/{event}/trigger')
    return counts


def test_kprobes(bench):
    """Kprobes at an entry, a return, inside a function and on what the dispatcher calls."""
    tap = bench.tap
    probes = ['p:t/enter __x64_sys_close', 'r:t/leave __x64_sys_close',
              f'p:t/inside __x64_sys_close+{close_offset(bench)}',
              'p:t/prepare syscall_exit_to_user_mode_prepare']
    events = ['t/' + probe.split()[0].split('/')[1] for probe in probes]
    define = '; '.join(f'echo "{p}" >>kprobe_events' for p in probes)
    bench.sh(f'cd {TRACING} && {define}')
    untraced = count_events(bench, *events)
    tap.ok(untraced[:3] == [CALLS] * 3, 'kprobes count the calls', untraced)
    with bench.trace() as trace:
        tap.equal(count_events(bench, *events), untraced, 'kprobes count the same while traced')
        bench.sh(f'echo >{TRACING}/kprobe_events')
        bench.sh(f'cd {TRACING} && {define}')
        tap.equal(count_events(bench, *events), untraced, 'kprobes made while traced, too')
    tap.equal(count_events(bench, *events), untraced, 'kprobes count the same after it')
    bench.sh(f'echo >{TRACING}/kprobe_events')
    bench.counted(trace, 2 * CALLS, 'with kprobes')
    bench.well('kprobes')


def test_hooked_places(bench):
    """A kprobe on what guestrace hooks: the kernel refuses it, whether we are there or not."""
    with bench.trace() as trace:
        places = {f'{name}+{at - back}' for name, at in bench.changed() for back in range(5)}
        while_traced = sorted(p for p in places if bench.guest.run(
            f'echo "p:t/x {p}" >>{TRACING}/kprobe_events')[0] == 0)
        bench.sh(f'calls {CALLS}; echo >{TRACING}/kprobe_events')
    untraced = sorted(p for p in places if bench.guest.run(
        f'echo "p:t/x {p}" >>{TRACING}/kprobe_events')[0] == 0)
    bench.sh(f'echo >{TRACING}/kprobe_events')
    bench.tap.ok(places and not while_traced and not untraced,
                 'the kernel allows no kprobe where guestrace has its hooks',
                 f'while traced: {while_traced}, else: {untraced} of {sorted(places)}')
    bench.counted(trace, CALLS, 'with kprobes refused')


def test_tracepoints(bench):
    """raw_syscalls and syscalls: they turn on the kernel's slow way for every call."""
    tap = bench.tap
    events = ('raw_syscalls/sys_enter', 'raw_syscalls/sys_exit', 'syscalls/sys_enter_close',
              'syscalls/sys_exit_close')
    untraced = count_events(bench, *events)
    tap.ok(untraced[2:] == [CALLS] * 2 and untraced[0] > CALLS, 'tracepoints count the calls',
           untraced)
    with bench.trace() as trace:
        tap.equal(count_events(bench, *events), untraced, 'tracepoints count the same while traced')
        bench.sh(f'echo 1 >{TRACING}/events/raw_syscalls/enable')
    bench.counted(trace, CALLS, 'with tracepoints')
    with bench.trace() as trace:
        bench.sh(f'calls {CALLS}; echo 0 >{TRACING}/events/raw_syscalls/enable; calls {CALLS}')
    bench.counted(trace, 2 * CALLS, 'with tracepoints on since before attaching')
    tap.equal(count_events(bench, *events), untraced, 'tracepoints count the same after it')
    bench.well('tracepoints')


def count_operations(bench):
    """How many operations of io_uring the kernel says were completed in BATCHES batches."""
    event = f'{TRACING}/events/io_uring/io_uring_complete'
    bench.sh(f'echo hist:keys=common_pid >{event}/trigger; uring count {BATCHES}')
    count = int(bench.sh(HIST % 'io_uring/io_uring_complete'))
    bench.sh(f'echo !hist:keys=common_pid >{event}/trigger')
    return count


def test_uring(bench):
    """The guest looks at the very tracepoints that the probe is called by."""
    tap = bench.tap
    untraced = count_operations(bench)
    with guestlab.trace(bench.guest, '-e', 'io_uring', ping='uring count 1') as trace:
        tap.equal(count_operations(bench), untraced, 'the tracepoint of io_uring counts the same')
    tap.equal(count_operations(bench), untraced, 'and after it')
    # Those that showed when the trace had begun are other processes'.
    by = re.findall(r'uring\[(?:\d+/)?(\d+)\] io_uring\S*: openat\(', trace.output)
    opened = max((by.count(pid) for pid in set(by)), default=0)
    tap.ok(opened == BATCHES and ' 0 events lost' in trace.stderr and untraced >= 4 * BATCHES,
           f'{untraced} operations, and guestrace has them', f'{opened} opened: {trace.stderr}')
    bench.well('io_uring')


def test_modules(bench):
    """Modules live in the memory that the probe lives in: loaded and unloaded at every point."""
    load = 'insmod /bin/dummy.ko numdummies=1 && ip link show dummy0 >/dev/null'
    unload = 'rmmod dummy'
    with bench.trace() as trace:
        bench.sh(f'insmod /bin/loop.ko; {load} && {unload} && {load}; calls {CALLS}')
    bench.sh(f'{unload} && insmod /bin/veth.ko && losetup -f /bin/busybox && '
             'cmp -n 65536 /bin/busybox /dev/loop0 && losetup -d /dev/loop0')
    bench.counted(trace, CALLS, 'with modules loaded and unloaded')
    with bench.trace() as trace:
        bench.sh(f'rmmod veth; rmmod loop; calls {CALLS}')
    bench.counted(trace, CALLS, 'with modules unloaded that are older than the trace')
    bench.sh(f'(while ! [ -e /tmp/stop ]; do {load} && {unload} || echo failed >>/tmp/bad; done; '
             'echo end >/tmp/ended) >/dev/null 2>&1 & echo')
    runs = [guestlab.guestrace('--for', '0.2', '-o', '/dev/null', bench.guest.name)
            for _ in range(5)]
    bench.sh('touch /tmp/stop; while ! [ -e /tmp/ended ]; do sleep 0.1; done; ! [ -e /tmp/bad ]')
    errors = [run.stderr for run in runs
              if run.returncode != 0 or ' 0 events lost' not in run.stderr]
    bench.tap.ok(not errors, 'attaching and detaching while modules come and go', '\n'.join(errors))
    bench.well('modules')


STACKS = """for d in /proc/[0-9]*/task/*; do
  read -r comm <$d/comm
  case $comm in
  sleepers|sleep|calls|kworker/*) echo "@ $comm"; cat $d/stack 2>/dev/null ;;
  esac
done"""


def test_stacks(bench):
    """The stacks that the kernel shows of sleeping and running threads know nothing of us."""
    bench.sh('mkfifo /tmp/wake; sleepers /tmp/wake 3000 >/tmp/sleepers & sleep 1000 & '
             'calls 2000000000 & until grep -q ready /tmp/sleepers; do sleep 0.1; done')
    sleeping = re.compile(r'@ (?:sleepers|sleep)\n(?:\[.*\n)*')
    untraced = sorted(sleeping.findall(bench.sh(STACKS)))
    with bench.trace('-e', 'write'):
        bench.sh('sleep 1000 & echo')
        looks = [bench.sh(STACKS) for _ in range(3)]
        traced = sorted(sleeping.findall(looks[-1]))
    strange = [line for look in looks for line in look.splitlines()
               if line.startswith('[') and not re.search(r'\] \S+\+0x[0-9a-f]+/0x[0-9a-f]+', line)]
    bench.tap.ok(len(untraced) > 5 and not strange, 'stacks have no address without a name',
                 strange)
    bench.tap.equal(sorted(set(traced)), sorted(set(untraced)),
                    'sleeping threads have the same stacks while traced')
    bench.sh('killall sleep sleepers calls')
    bench.well('stacks')


def test_cpus(bench):
    """A CPU of the guest's goes and comes back while it is traced, before it and after it."""
    online = '/sys/devices/system/cpu/cpu1/online'
    both = f'taskset 1 calls {CALLS}; taskset 2 calls {CALLS}'
    with bench.trace() as trace:
        bench.sh(f'echo 0 >{online}; calls {CALLS}; echo 1 >{online}; {both}')
        bench.sh(f'echo 0 >{online}; calls {CALLS}')
    bench.counted(trace, 4 * CALLS, 'a CPU that goes, comes back and goes')
    with bench.trace() as trace:
        bench.sh(f'calls {CALLS}; echo 1 >{online}; {both}')
    bench.counted(trace, 3 * CALLS, 'attached with a CPU away that comes back')
    with bench.trace() as trace:
        bench.sh(both)
    bench.counted(trace, 2 * CALLS, 'with all CPUs again')
    bench.well('CPUs')


def wait_for(condition, what, timeout=60):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise guestlab.TestbedError(f'{what}: not in {timeout} s')
        time.sleep(0.1)


def suspend(bench):
    """Suspends the guest to RAM, wakes it after a while and waits until it runs again; what the
    guest said. QEMU has the later ones of several wake by themselves at once."""
    guest = bench.guest
    woken = guest.console().count('PM: suspend exit') + 1

    def is_awake():
        return guest.console().count('PM: suspend exit') == woken

    def is_suspended():
        return 'suspended' in guest.hmp('info status')

    bench.sh('(sleep 0.5; echo mem >/sys/power/state; echo $? >/tmp/woken) >/tmp/log 2>&1 & echo')
    wait_for(lambda: is_suspended() or is_awake(), 'the guest suspends')
    if is_suspended():
        time.sleep(2)
        guest.hmp('system_wakeup')
    # What comes to its serial ports before it is awake is lost.
    wait_for(is_awake, 'the guest wakes')
    return guest.sh('while ! [ -s /tmp/woken ]; do sleep 0.1; done; cat /tmp/log /tmp/woken; '
                    'rm /tmp/woken').strip()


def test_suspend(bench):
    tap = bench.tap
    with bench.trace() as trace:
        bench.sh(f'calls {CALLS}')
        tap.equal(suspend(bench), '0', 'the guest suspends and wakes while traced')
        bench.sh(f'taskset 1 calls {CALLS}; taskset 2 calls {CALLS}')
        tap.equal(suspend(bench), '0', 'and once more')
        bench.sh(f'taskset 1 calls {CALLS}; taskset 2 calls {CALLS}')
    bench.counted(trace, 5 * CALLS, 'before and after suspending')
    tap.equal(suspend(bench), '0', 'and after it')
    bench.well('suspending')


def up_again(guest, times):
    wait_for(lambda: guest.console().count('guestrace test guest is up') >= times,
             'the new kernel is up', 120)


def test_kexec(bench):
    """The kernel starts another one: guestrace says so, and traces that when asked again."""
    tap, guest = bench.tap, bench.guest
    bench.sh('kexec /bin/vmlinuz /bin/initramfs "$(cat /proc/cmdline)"')
    with bench.trace() as trace:
        bench.sh(f'calls {CALLS}')
        bench.sh('(sleep 0.5; kexec -e) >/dev/null 2>&1 & echo')
        trace.process.wait(60)
    closed = trace.output.count('close(')
    tap.ok(trace.status == 1 and trace.stderr.count('\n') <= 2 and 'kexec' in trace.stderr and
           closed == CALLS, 'kexec is seen and said',
           f'{closed} calls, {trace.status}: {trace.stderr}')
    up_again(guest, 2)
    with bench.trace() as trace:
        bench.sh(f'calls {CALLS}')
    bench.counted(trace, CALLS, 'the kernel that was started')
    bench.well('after kexec', text=False)


def test_crash(bench):
    """The kernel crashes, and the one that was loaded for that starts: guestrace says the former,
    and does no harm to the latter."""
    tap, guest = bench.tap, bench.guest
    bench.sh('kexec -p /bin/vmlinuz /bin/initramfs "$(cat /proc/cmdline) reset_devices nr_cpus=1"')
    with bench.trace() as trace:
        bench.sh(f'calls {CALLS}')
        bench.sh('(sleep 0.5; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 & echo')
        trace.process.wait(60)
    closed = trace.output.count('close(')
    tap.ok(trace.status == 1 and 'crash' in trace.stderr and closed == CALLS,
           'a crash is seen and said', f'{closed} calls, {trace.status}: {trace.stderr}')
    up_again(guest, 2)
    tap.equal(bench.sh('ls /proc/vmcore').strip(), '/proc/vmcore',
              'the crash kernel is up, and has the memory of the one that crashed')
    bad = guestkernel.complaints(guest)
    tap.ok(not bad, 'and has no complaints', bad)


PARTS = {name[5:]: part for name, part in list(globals().items()) if name.startswith('test_')}
LAST_OF_A_GUEST = ('kexec', 'crash')


def boot(kernel, scratch, crashes):
    """A guest with modules, and with a kernel and an initramfs to start from there."""
    second = {'vmlinuz': testbed.fetch_kernel(kernel), 'initramfs': guestlab.initramfs()}
    for name, file in second.items():
        if not (scratch / name).exists():
            (scratch / name).symlink_to(file)
    programs = [*guestlab.modules(kernel), *(scratch / name for name in second)]
    if crashes:
        return guestkernel.boot(kernel, programs=programs, mem=768, append='crashkernel=192M',
                                accel=guestkernel.PATCHING)
    return guestkernel.boot(kernel, programs=programs, accel=guestkernel.PATCHING)


def run_parts(tap, guest, parts):
    bench = Bench(tap, guest)
    for part in parts:
        start = time.monotonic()
        PARTS[part](bench)
        tap.diag(f'{part} took {time.monotonic() - start:.1f} s')


def main():
    kernel, parts = sys.argv[1], sys.argv[2:] or list(PARTS)
    with guestlab.Tap() as tap, tempfile.TemporaryDirectory() as scratch:
        while parts:
            ends = [i + 1 for i, part in enumerate(parts) if part in LAST_OF_A_GUEST]
            now, parts = parts[:min(ends or [len(parts)])], parts[min(ends or [len(parts)]):]
            with boot(kernel, pathlib.Path(scratch), 'crash' in now) as guest:
                run_parts(tap, guest, now)


main()
