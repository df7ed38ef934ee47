# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest's kernel and its hypervisor say of the guest's state: code, memory, health."""

import mmap
import os
import pathlib
import re
import tempfile
import time

import guestlab

BAD_WORDS = ('BUG', 'WARNING', 'Oops', 'soft lockup', 'detected stall', 'general protection',
             'unable to handle', 'hung_task', 'blocked for more than')
TRANSLATION_TRIES = 40
WORKERS = 2
# For guests that change code which all vCPUs run all the time: livepatches, perf's events of the
# scheduler, the function tracer. A QEMU with a thread for each vCPU may go on with a translation of
# what the code was: seen in 7.2, the kernel dies of an int3 that is no longer there, traced or not.
# One thread for all does not.
PATCHING = 'tcg,thread=single'
PROBE_LEAST = 4 << 20  # no other allocation of a small guest's is as big, but for these:
NOT_OURS = ('ioremap', 'bpf_prog_pack_alloc', 'pcpu_', 'unpurged')


def boot(kernel, more=(), **options):
    """A guest with a monitor for the tests beside the one that guestrace uses; more arguments are QEMU's."""
    directory = tempfile.mkdtemp(prefix='gttest-')
    guest = guestlab.boot(kernel=kernel, dir=directory, qemu_arg=[
        '-qmp', f'unix:{directory}/second.sock,server=on,wait=off', *more], **options)
    guest.qmp_socket = 'second.sock'
    return guest


def symbols(guest, *names):
    """Addresses of kernel symbols, by the guest's own word, which takes it seconds: asked once."""
    known = guest.__dict__.setdefault('symbols', {})
    if not known.keys() >= set(names):
        table = guest.sh("grep -E ' (%s)$' /proc/kallsyms" % '|'.join(names))
        known.update((line.split()[2], int(line.split()[0], 16)) for line in table.splitlines())
    return {name: known[name] for name in names if name in known}


def image(guest, start, end):
    """A part of the kernel's image by the hypervisor's word: the image is in one piece in the RAM."""
    file = guest.dir / 'image'
    # With page-table isolation the kernel is not mapped while the vCPU is in a program.
    for _ in range(TRANSLATION_TRIES):
        answer = guest.hmp(f'gva2gpa {start:#x}')
        found = re.match(r'gpa: (0x[0-9a-f]+)', answer)
        if found:
            answer = guest.hmp(f'pmemsave {found[1]} {end - start} "{file}"')
            if not answer.strip():
                return file.read_bytes()
        time.sleep(0.05)
    raise guestlab.TestbedError(f'0x{start:x} of the guest cannot be saved: {answer.strip()}')


def kernel_text(guest):
    where = symbols(guest, '_text', '_etext')
    return image(guest, where['_text'], where['_etext'])


def ram(guest):
    """The guest's memory, for a guest with ram='shared': a file's path."""
    for fd in pathlib.Path(f'/proc/{guest.pid}/fd').iterdir():
        if os.readlink(fd).startswith('/memfd:'):
            return fd
    raise guestlab.TestbedError('the guest has no memory that others can map')


def overwrite(path, old, new):
    """Puts as many other bytes where a file, an image or a guest's ram(), has some; how often."""
    assert len(old) == len(new)
    with open(path, 'r+b') as file, mmap.mmap(file.fileno(), 0) as memory:
        places = [m.start() for m in re.finditer(re.escape(old), memory)]
        for place in places:
            memory[place:place + len(new)] = new
    return len(places)


def rename_in_types(guest, old, new):
    """Another name for what the kernel's type information (BTF) calls so; how many were found."""
    return overwrite(ram(guest), f'\0{old}\0'.encode(), f'\0{new}\0'.encode())


def differing(a, b):
    return sum(x != y for x, y in zip(a, b)) + abs(len(a) - len(b))


def changed_functions(guest, before, after):
    """The functions in which the kernel's text differs."""
    start = symbols(guest, '_text')['_text']
    places = [start + i for i, (x, y) in enumerate(zip(before, after)) if x != y]
    # An instruction's bytes are one place. The table is in the order of addresses, in hexadecimal.
    firsts = [p for p in places if p - 1 not in places]
    wanted = ' '.join(f'{place:016x}' for place in firsts)
    program = ('BEGIN { n = split(wanted, p, " "); i = 1 } $2 ~ /[tT]/ { for (; i <= n && p[i] "" < $1 ""; i++) '
               'print last; last = $3; if (i > n) exit }')
    command = f"awk -v wanted='{wanted}' '{program}' /proc/kallsyms"
    return set(guest.sh(command, timeout=240).split())


def keeps_text(guest, act):
    """Whether the kernel's text stays what it is while act() is done, or is what that returns. The kernel
    itself changes it once when it finds its clock unstable (sched_clock_stable, a static key), as that of
    a guest may be which stands again and again; what is done to it from outside is done each time."""
    for _ in range(2):
        before = kernel_text(guest)
        now = act() or kernel_text(guest)
        if now == before:
            return True
        print(f'# the kernel text differs: {changed_functions(guest, before, now)}', flush=True)
        print('# ' + guest.sh('dmesg | tail -n 5').replace('\n', '\n# '), flush=True)
    return False


def areas(guest):
    """(bytes, who asked for it) of each area of the kernel's vmalloc space, by its own word."""
    lines = guest.sh('cat /proc/vmallocinfo').splitlines()
    rows = [re.match(r'\S+\s+(\d+)\s+(.*)', line) for line in lines]
    return [(int(row[1]), row[2]) for row in rows if row]


def probe_caller(guest):
    """On whose behalf the kernel's allocators were called for the probe that is in the guest now:
    whoever asked for its biggest part."""
    big = [what for size, what in areas(guest)
           if size > PROBE_LEAST and not any(word in what for word in NOT_OURS)]
    return big[0].split()[0] if len(big) == 1 else None


def probe_memory(guest, caller):
    """Bytes that the kernel has allocated on behalf of that caller."""
    return sum(size for size, what in areas(guest) if what.split()[0] == caller)


def kernel_memory(guest):
    """KiB that the kernel has taken for itself and cannot give back at will."""
    fields = dict(re.findall(r'^(\w+): +(\d+) kB$', guest.sh('cat /proc/meminfo'), re.M))
    return sum(int(fields.get(name, 0)) for name in ('SUnreclaim', 'VmallocUsed', 'Percpu'))


def complaints(guest):
    """What the kernel's log has of warnings and worse, and what follows them."""
    lines = guest.sh('dmesg').splitlines()
    bad = [i for i, line in enumerate(lines) if any(word in line for word in BAD_WORDS)]
    return lines[bad[0]:bad[0] + 40] if bad else []


def is_running(guest):
    return 'VM status: running' in guest.hmp('info status')


class Work:
    """Programs that check what they compute, round after round, in the guest, and a command again
    and again beside them."""

    def __init__(self, guest, load):
        self.guest = guest
        for i in range(WORKERS):
            guest.sh(f'(lively 0 >/tmp/work.{i} 2>&1; echo "ended $?" >>/tmp/work.{i}) & echo')
        guest.sh(f'(while :; do {load}; done >/dev/null 2>&1) & echo')

    def rounds(self):
        """How many rounds each has done; one that failed says so and ends."""
        return [int(n) for n in self.guest.sh('cd /tmp; for f in work.*; do grep -c ok $f || :; done',
                                              timeout=120).split()]

    def warm_up(self):
        """What they use for the first time changes the kernel's text."""
        while min(self.rounds()) < 2:
            time.sleep(0.2)

    def failures(self):
        return self.guest.sh("cd /tmp; grep -v '^round [0-9]* ok$' work.* || :").strip()


def check_health(tap, guest, what):
    bad = complaints(guest)
    tap.ok(not bad and guest.sh('echo alive').strip() == 'alive', f'{what}: the guest is well', '\n'.join(bad))
