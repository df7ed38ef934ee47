#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs programs under strace and under trace-native, and compares the lines: the decoder against
strace, without a guest.

usage: compare.py TRACE-NATIVE PROGRAM [OPTION]...   (options for both, such as -v or -X verbose)

Only what a program calls between begin() and end() of programs/marks.h counts. Its pid is what
differs between the two runs; addresses do not, for they are not randomized. Lines that may differ
are listed, with the reason, in differences.txt.
"""

import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BEGIN, END = '/marks/begin', '/marks/end'


def allowed_differences(is_32):
    """[(pattern of what lines have, what it becomes)]; a reason stands above each."""
    rules = []
    for line in (HERE / 'differences.txt').read_text().splitlines():
        if line.startswith('i386: ') and is_32:
            line = line.removeprefix('i386: ')
        if line.startswith(('^', 'anywhere: ')):
            pattern, becomes = line.removeprefix('anywhere: ').split(' -> ')
            rules.append((re.compile(pattern), becomes))
    return rules


def is_mark(line, path):
    """Also where strings are shown in hexadecimal, and behind -i's address."""
    line = re.sub(r'^\[[0-9a-f]+\] ', '', line)
    hexed = ''.join(f'\\x{byte:02x}' for byte in path.encode())
    return line.startswith((f'chdir("{path}")', f'chdir("{hexed}")'))


def marked(text, pid):
    """The calls between the marks, without the blanks before the result."""
    lines, inside = [], False
    for line in text.splitlines():
        if is_mark(line, BEGIN):
            inside = True
        elif is_mark(line, END):
            inside = False
        elif inside and not line.startswith(('+++', '---')):
            line = re.sub(r'\)\s+= ', ') = ', line)
            line = re.sub(r'left \{tv_sec=\d+, tv_[nu]sec=\d+\}', 'left {TIME}', line)
            line = re.sub(r'<(pipe|socket):\[\d+\]>', r'<\1:[N]>', line)
            line = re.sub(r'\b((?:msg|sem|shm)_\wtime)=\d+', r'\1=TIME', line)
            line = line.replace('if_nametoindex("lo")', '1')
            line = re.sub(r'\b([ct]stamp)=\d+', r'\1=TIME', line)
            # Queues and the like get another number each time.
            line = re.sub(r'^((?:(?:msg|sem|shm)get\(|add_key\(|\w+ctl\(.*INFO).*\) = )\d+$', r'\1ID', line)
            line = re.sub(r'^((?:msg|sem|shm)(?!get)\w+\()\d+', r'\1ID', line)
            lines.append(re.sub(rf'\b{pid}\b', 'PID', line))
    return lines


def differences(wanted, got, is_32=False):
    """What differs without a reason, as lines."""
    for pattern, becomes in allowed_differences(is_32):
        wanted = [pattern.sub(becomes, line) for line in wanted]
        got = [pattern.sub(becomes, line) for line in got]
    return list(difflib.unified_diff(wanted, got, 'strace', 'guestrace', lineterm='', n=0))


def apart(program):
    """What gives the program a network of its own, if it changes that and the kernel allows it."""
    own = ['unshare', '-n' if os.geteuid() == 0 else '-rn']
    if program.endswith('-netlink') and subprocess.run([*own, 'true'], stderr=subprocess.DEVNULL).returncode == 0:
        return own
    return []


def run(command, program):
    """Runs the program in an empty directory; returns the trace and the program's own pid."""
    with tempfile.TemporaryDirectory(prefix='gtdecode-') as directory:
        trace = pathlib.Path(directory) / 'trace'
        work = pathlib.Path(tempfile.gettempdir()) / f'gtdecode-{os.getpid()}'  # the same for both
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        done = subprocess.run([*apart(program), 'setarch', '-R', *map(str, command), str(trace), str(program)], cwd=work,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=60,
                              env={'PATH': os.environ['PATH'], 'LC_ALL': 'C'})
        shutil.rmtree(work)
        pid = re.search(r'^pid (\d+)$', done.stdout, re.M)
        return trace.read_text(errors='replace'), pid[1] if pid else 'none'


def main():
    native, program, *options = sys.argv[1:]
    native, program = os.path.abspath(native), os.path.abspath(program)
    wanted = marked(*run(['strace', *options, '-o'], program))
    got = marked(*run([native, *options], program))
    different = differences(wanted, got)
    same = sum(a == b for a, b in zip(wanted, got))
    print('1..1')
    if not different and wanted:
        print(f'ok 1 - {pathlib.Path(program).name} {" ".join(options)}: {same} calls as strace has them')
        return 0
    print(f'not ok 1 - {pathlib.Path(program).name} {" ".join(options)}: {same} of {len(wanted)} calls')
    for line in different:
        print(f'# {line}')
    return 1


if __name__ == '__main__':
    sys.exit(main())
