#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names that a terminal would act on: of processes and files in the guest, of guests on command lines
of processes that look like QEMU. Nothing of them reaches the output raw, and nothing gets lost."""

import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unicodedata

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))
sys.dont_write_bytecode = True
import guestlab  # noqa: E402

SOURCE = pathlib.Path(__file__).resolve().parent / 'programs/oddnames.c'
QEMU_NAMES = ('evil\x1b[31m\x1b]0;owned\x07', 'up\nguestrace: all is well\r', 'rtl\u202egpj',
              'line\u2028end', 'caf\u00e9', b'bad\xff\xc3(', b'c1\xc2\x9b2J', b'raw\x9b2J', 'x' * 20000)


def names():
    """The program's names, out of its source."""
    table = re.search(r'names\[\] = \{(.*?)\n\};', SOURCE.read_text(), re.S).group(1)
    table = re.sub(r'/\*.*?\*/', '', table)
    result = []
    for entry in re.split(r',\s*\n', table):
        parts = re.findall(r'"((?:[^"\\]|\\.)*)"', entry)
        if parts:
            result.append(b''.join(part.encode().decode('unicode_escape').encode('latin-1')
                                   for part in parts))
    return result


def escaped(text, quoted):
    """As C would write it, in octal; strace's way."""
    short = {9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r', 92: '\\'}
    out = ''
    for i, byte in enumerate(text):
        digit = i + 1 < len(text) and 48 <= text[i + 1] <= 57
        if byte in short:
            out += '\\' + short[byte]
        elif byte == 34 and quoted:
            out += '\\"'
        elif 32 <= byte < 127:
            out += chr(byte)
        else:
            out += f'\\{byte:03o}' if digit else f'\\{byte:o}'
    return out


def raw(output):
    """What of the output is neither printable ASCII nor a line's end."""
    return output.translate(None, bytes(range(32, 127)) + b'\n')


def command(*arguments, timeout=60):
    return subprocess.run([guestlab.GUESTRACE, *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)


def unfit(text):
    """What of a message is no character that is just shown."""
    try:
        characters = text.decode()
    except UnicodeDecodeError as error:
        return repr(error)
    return [c for c in characters if c != '\n' and
            unicodedata.category(c) in ('Cc', 'Cf', 'Cs', 'Co', 'Cn', 'Zl', 'Zp')]


def test_lines(tap, guest):
    with guestlab.trace(guest) as trace:
        pid, n = guest.sh('oddnames').split()
    wanted = names()
    tap.equal(len(wanted), int(n), 'the names are known')
    output = trace.output.encode()
    tap.ok(not raw(output), 'nothing raw in the lines', raw(output)[:100])
    for name in wanted:
        line = (f' {escaped(name[:15], False)}[{pid}] open(at)?(AT_FDCWD, )?'
                f'"{escaped(b"/tmp/none/" + name, True)}", O_RDONLY) = -1 ENOENT')
        pattern = re.escape(line).replace(r'open\(at\)\?\(AT_FDCWD,\ \)\?',
                                          r'open(?:at\(AT_FDCWD, |\()')
        tap.equal(len(re.findall(pattern, trace.output)), 2, f'{name!r} is there')


def test_summary(tap, guest):
    """On standard output: by line, and counted."""
    for arguments in (['--for', '4'], ['--for', '4', '-c']):
        with tempfile.TemporaryFile() as file:
            process = subprocess.Popen([guestlab.GUESTRACE, *arguments, guest.name],
                                       stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE)
            while process.poll() is None:
                guest.run('oddnames')
                time.sleep(0.2)
            err = process.communicate()[1]
            file.seek(0)
            out = file.read()
        tap.ok(process.returncode == 0 and out.count(b'\n') > 3 and not raw(out + err),
               f'{" ".join(arguments)}: nothing raw', err)


def pretend(name):
    """A process that looks like QEMU to who reads its command line."""
    return subprocess.Popen(['qemu-system-x86_64', '-c', 'import time; time.sleep(600)', '-name', name],
                            executable=sys.executable)


def test_messages(tap):
    processes = [pretend(name) for name in QEMU_NAMES]
    try:
        for process in processes:
            while b'-name' not in pathlib.Path(f'/proc/{process.pid}/cmdline').read_bytes():
                time.sleep(0.01)
        listed = command('list')
        tap.ok(listed.returncode == 0 and not unfit(listed.stdout), 'the list shows no raw name',
               unfit(listed.stdout))
        rows = [line for line in listed.stdout.decode(errors='replace').splitlines()
                if any(f'qemu:{p.pid} ' in line for p in processes)]
        tap.equal(len(rows), len(processes), 'a row for each')
        tap.ok(any(row.startswith('caf\u00e9 ') for row in rows), 'and letters are letters', rows)
        for guest in ('no-such-guest', *(f'qemu:{p.pid}' for p in processes)):
            run = command('--for', '1', guest)
            tap.ok(run.returncode != 0 and not unfit(run.stderr) and run.stderr.count(b'\n') == 1 and
                   len(run.stderr) < 8000, f'an error about {guest if guest[0] == "n" else "it"} is '
                   'one plain line', run.stderr[:300])
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main():
    with guestlab.Tap() as tap:
        test_messages(tap)
        with guestlab.boot(kernel=sys.argv[1]) as guest:
            test_lines(tap, guest)
            test_summary(tap, guest)


main()
