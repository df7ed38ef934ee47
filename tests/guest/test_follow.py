#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""-f: what the chosen processes start is traced from its first instruction, as the guest's own strace
-f has it; -u: processes of a user.

usage: test_follow.py KERNEL
"""

import collections
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestkernel  # noqa: E402
import guestlab  # noqa: E402

SCRIPT = 'for i in 1 2 3; do cat /etc/passwd >/dev/null; done; (cd /tmp; ls / | wc; true) & wait; true'
STRACED = re.compile(r'^(\d+) +(\w+)\(', re.M)
OURS = re.compile(r'^\S+ (\S+)\[(?:\d+/)?(\d+)\] (\w+)\(', re.M)
QUIET = '-qq', '-e', 'signal=none'


def by_thread(pairs):
    threads = collections.defaultdict(list)
    for tid, name in pairs:
        threads[int(tid)].append(name)
    return threads


def check_children(tap, guest, *options):
    """The shell is chosen by name; its children have other names soon, and strace's own child, before
    it is the shell, is not chosen."""
    with guestlab.trace(guest, '-f', '-n', 'ash', *QUIET, *options) as trace:
        guest.run(f"strace -f -qq -o /tmp/strace -e signal=none /tmp/ash -c '{SCRIPT}'")
        guest.run('cat /etc/passwd')
    straced = by_thread(STRACED.findall(guest.sh('cat /tmp/strace')))
    ours = by_thread((tid, name) for _, tid, name in OURS.findall(trace.output))
    shell = min(straced)
    children = {tid: names for tid, names in straced.items() if tid != shell}
    tap.ok(len(children) >= 5 and all(ours.get(tid) == names for tid, names in children.items()),
           f'-f: {len(children)} children, from their first call',
           '\n'.join(f'{tid}\nstrace {names}\nours   {ours.get(tid)}'
                     for tid, names in children.items() if ours.get(tid) != names) or straced)
    tap.ok(set(ours) == set(straced) and 'lost' not in trace.stderr, 'and nobody else',
           f'{sorted(ours)} {sorted(straced)} {trace.stderr}')


def check_files(tap, guest):
    """-ff: the same, a file for each thread, under the names that strace gives them."""
    with tempfile.TemporaryDirectory(prefix='gttest-') as scratch:
        path = pathlib.Path(scratch) / 'trace'
        areas = guestlab.big_areas(guest)
        process = subprocess.Popen([guestlab.GUESTRACE, '-ff', '-o', path, '-n', 'ash', *QUIET, guest.name],
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        guestlab.wait_until_hooked(guest, process, areas)
        guest.run(f"strace -ff -qq -o /tmp/ff -e signal=none /tmp/ash -c '{SCRIPT}'")
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
        ours = {file.suffix: file.read_text() for file in path.parent.iterdir()}
    straced = guest.sh('cd /tmp; ls ff.*').split()
    tap.ok(process.returncode == 0 and len(ours) >= 6 and
           set(ours) == {pathlib.Path(name).suffix for name in straced}, '-ff: a file for each',
           f'{sorted(ours)} {straced} {said}')
    for suffix, text in sorted(ours.items(), key=lambda item: int(item[0][1:]))[1:]:
        wanted = re.findall(r'^(\w+)\(', guest.sh(f'cat /tmp/ff{suffix}'), re.M)
        got = re.findall(r'^\S+\[(?:\d+/)?\d+\] (\w+)\(', text, re.M)
        if got != wanted:
            tap.ok(False, f'-ff: {suffix}', f'{wanted}\n{text}')
    run = guestlab.guestrace('-ff', '-o', '/no/such/place', guest.name)
    tap.ok(run.returncode == 1 and '/no/such' in run.stderr, '-ff where nothing can be written', run.stderr)


def check_pid(tap, guest):
    """One process, which the probe's shortest way knows by its number."""
    guest.sh('mkfifo /tmp/go; (read -r line </tmp/go; cat /etc/passwd; true) >/dev/null & echo $! >/tmp/pid')
    pid = int(guest.sh('cat /tmp/pid'))
    for follow in (), ('-f',):
        with guestlab.trace(guest, '-p', str(pid), *follow, *QUIET) as trace:
            if follow:
                guest.sh(f'echo >/tmp/go; while kill -0 {pid} 2>/dev/null; do sleep 0.1; done')
        names = {comm for comm, _, _ in OURS.findall(trace.output)}
    tap.ok(names == {'sh', 'exe', 'cat'}, '-p with -f', trace.output)


def check_user(tap, guest):
    with guestlab.trace(guest, '-u', '1234', *QUIET) as trace:
        guest.run('asuser 1234 cat /etc/passwd')
        guest.run('asuser 1235 cat /etc/passwd; cat /etc/passwd')
    shown = {(comm, tid) for comm, tid, _ in OURS.findall(trace.output)}
    tap.ok({comm for comm, _ in shown} == {'cat'} and len(shown) == 1 and
           re.match(r'\S+ asuser\[\d+\] <\.\.\. setresuid resumed> = 0', trace.output) and
           'openat(AT_FDCWD, "/etc/passwd"' in trace.output, '-u, from setresuid on', trace.output)
    with guestlab.trace(guest, '-u', '1234,root', '-n', 'cat', *QUIET) as trace:
        guest.run('asuser 1235 cat /etc/passwd')
        guest.run('asuser 1234 cat /etc/passwd; cat /etc/passwd')
    tap.equal(trace.output.count('exit_group('), 2, '-u and -n')
    run = guestlab.guestrace('-u', 'mallory', guest.name)
    tap.ok(run.returncode == 2 and 'mallory' in run.stderr and 'number' in run.stderr, '-u by name',
           run.stderr)


def check_exe(tap, guest):
    """Processes by the file that they run, whatever their names; readlink, of the same file, is one, too."""
    guest.sh('mkdir /tmp/one /tmp/two /tmp/three; cp /tmp/ash /tmp/one/; cp /tmp/ash /tmp/two/; ln -s /tmp/one/ash /tmp/three/')
    run = "/ash -c 'echo $$; readlink /proc/$$/exe; read -r line </etc/passwd; :'"
    one = '--exe', '/tmp/one/ash'
    for options, command, wanted in ((one, f'/tmp/one{run}', True), (one, f'/tmp/three{run}', True),
                                     (one, f'/tmp/two{run}', False), (('--exe', '/tmp/one/as'), f'/tmp/one{run}', False),
                                     ((*one, '--exe', '/tmp/two/ash'), f'/tmp/two{run}', True),
                                     ((*one, '-n', 'sh'), f'/tmp/one{run}', False)):
        with guestlab.trace(guest, *options, *QUIET) as trace:
            said = guest.sh(command).split()
        shown = {(comm, of) for comm, of, _ in OURS.findall(trace.output)}
        tap.ok((('ash', said[0]) in shown and said[1] in options and '"/etc/passwd"' in trace.output)
               if wanted else not shown, f'{" ".join(options)}: {command.split()[0]}', f'{said}\n{trace.output}')
    for path in '', 'nginx', '/' + 'x' * 255:
        run = guestlab.guestrace('--exe', path, guest.name)
        tap.ok(run.returncode != 0 and run.stderr.count('\n') == 1 and 'program' in run.stderr, f'no program: {path[:8]}',
               run.stderr)


GROUP = '/tmp/cg/web.slice/docker-0123456789abcdef.scope'


def check_cgroup(tap, guest):
    """Processes of a control group, by its name, that of one above it, or a part of it."""
    guest.sh(f'mkdir -p /tmp/cg; mount -t cgroup2 none /tmp/cg; mkdir -p {GROUP} /tmp/cg/web')
    inside = f"sh -c 'echo $$ >{GROUP}/cgroup.procs; cat /proc/self/cgroup; echo $$; exec cat /etc/passwd'"
    outside = "sh -c 'echo $$ >/tmp/cg/web/cgroup.procs; exec cat /etc/passwd'; cat /etc/passwd"
    for options, wanted in ((('--cgroup', 'web.slice'), True), (('--cgroup', 'docker-0123456789abcdef.scope'), True),
                            (('--container', '0123456789ab'), True), (('--cgroup', 'docker-'), False),
                            (('--container', '0123456789abd'), False), (('--cgroup=x', '--cgroup=web.slice'), True),
                            (('--cgroup', 'web.slice', '-n', 'cat'), True)):
        with guestlab.trace(guest, *options, *QUIET) as trace:
            said = guest.sh(f'{inside}; {outside}')
        pid = re.search(r'^(\d+)$', said, re.M)[1]
        shown = {(comm, of) for comm, of, _ in OURS.findall(trace.output)}
        tap.ok('0::/web.slice/docker-' in said and (('cat', pid) in shown) == wanted and
               trace.output.count('exit_group(') == 2 * wanted,
               f'{" ".join(options)}: {len(shown)} processes', f'{said}\n{trace.output}')
    for name in '', 'a/b', 'x' * 124:
        run = guestlab.guestrace('--cgroup', name, guest.name)
        tap.ok(run.returncode != 0 and run.stderr.count('\n') == 1 and 'control group' in run.stderr, f'no group: {name[:8]}',
               run.stderr)


def main():
    with guestlab.Tap() as tap, guestkernel.boot(sys.argv[1], smp=2) as guest:
        guest.sh('cp /bin/busybox /tmp/ash')
        check_children(tap, guest)
        check_children(tap, guest, '-e', 'trace=all')
        check_files(tap, guest)
        check_pid(tap, guest)
        check_user(tap, guest)
        check_exe(tap, guest)
        check_cgroup(tap, guest)
        guestkernel.check_health(tap, guest, 'after all that')


main()
