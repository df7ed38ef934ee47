#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tracer itself needs: processor time beside an idle guest, memory beside a busy one."""

import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import counted  # noqa: E402
import guestlab  # noqa: E402

HOLD = guestlab.BUILD / 'bench/hold'
IDLE = 8  # s
# Of one processor; it is 0.5 % on a quiet machine, and processor time is no exact measure on a
# busy one.
IDLE_MAX = 4.0
MEMORY_MAX = 64 << 10  # KiB
BUSY = ('sh -c "while :; do find /etc /bin; cat /bin/busybox; done" >/dev/null 2>&1 </dev/null & '
        'echo $!')


class Tracer:
    def __init__(self, guest, *command):
        areas = guestlab.big_areas(guest)
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', *map(str, command)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        guestlab.wait_until_hooked(guest, self.process, areas)
        time.sleep(2)

    def memory(self, what='VmHWM'):
        for line in pathlib.Path(f'/proc/{self.process.pid}/status').read_text().splitlines():
            if line.startswith(f'{what}:'):
                return int(line.split()[1])
        return 0

    def idle_percent(self):
        before, start = guestlab.cpu_seconds(self.process.pid), time.monotonic()
        time.sleep(IDLE)
        return 100 * (guestlab.cpu_seconds(self.process.pid) - before) / (time.monotonic() - start)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=60)[1]


def check_idle(tap, guest, what, *command):
    tracer = Tracer(guest, *command)
    percent = tracer.idle_percent()
    tap.ok(percent < IDLE_MAX, f'{what} needs next to no processor beside an idle guest',
           f'{percent:.2f} %')
    tap.diag(f'{what}: {percent:.2f} % of a processor')
    tracer.stop()


def check_memory(tap, guest, what, *arguments):
    """As many events as the guest can make, of all kinds."""
    busy = int(guest.sh(BUSY))
    tracer = Tracer(guest, guestlab.GUESTRACE, '-s', '4096', *arguments, guest.name)
    attached = tracer.memory()
    for threads in (1, 64):
        counted.run(guest, threads, 60000 // threads)
    peak, rest = tracer.memory(), tracer.memory('VmRSS')
    said = tracer.stop()
    guest.sh(f'kill {busy}')
    tap.ok(0 < peak < MEMORY_MAX, f'{what} stays under 64 MiB', f'{peak} KiB')
    tap.diag(f'{what}: {attached} KiB to attach, {peak} KiB at most, {rest} KiB then')
    tap.diag(said.strip())


def main():
    kernel = sys.argv[1]
    with guestlab.Tap() as tap:
        for ram in 'shared', 'private':
            with guestlab.boot(kernel=kernel, smp=2, ram=ram) as guest:
                check_idle(tap, guest, f'guestrace, {ram} RAM', guestlab.GUESTRACE, guest.name)
                check_idle(tap, guest, f'a loop with callbacks, {ram} RAM', HOLD, guest.name,
                           'sys_openat')
                check_memory(tap, guest, f'guestrace, {ram} RAM')
                check_memory(tap, guest, f'guestrace -c, {ram} RAM', '-c')


main()
