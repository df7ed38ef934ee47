#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the names of ioctl commands as C: all that the kernel's headers define, for programs of 64
and of 32 bits, whose structures may have other sizes.

usage: gen-ioctls.py OUTPUT-C COMPILER [ARGUMENT]... -- COMMANDS...

A macro is a command's number when it is made with _IO() and the like, by whatever detour, or when
it is one of the old numbers that OLD below has patterns for. COMMANDS (tables/*.commands) have
what the headers do not say. No program is run: the compiler tells the numbers in its assembly.
"""
import fnmatch
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# Where headers are looked for, below each directory of the compiler's.
PLACES = ('linux', 'asm', 'asm-generic', 'drm', 'sound', 'rdma', 'scsi', 'video', 'mtd', 'misc', 'xen')

# Commands from before there was _IO(): header, names, what their numbers have in the upper byte.
OLD = (
    ('asm-generic/ioctls.h', 'T* FIO*', 0x54),
    ('asm-generic/sockios.h', 'FIO* SIOC*', 0x89),
    ('linux/sockios.h', 'SIOC*', 0x89),
    ('linux/wireless.h', 'SIOC*', 0x8b),
    ('linux/cdrom.h', 'CDROM* DVD_*', 0x53),
    ('linux/hdreg.h', 'HDIO_*', 0x03),
    ('linux/kd.h', 'GIO_* PIO_* KD* KIOC*', 0x4b),
    ('linux/vt.h', 'VT_*', 0x56),
    ('linux/fb.h', 'FBIO*', 0x46),
    ('linux/loop.h', 'LOOP_*', 0x4c),
    ('linux/lp.h', 'LP*', 0x06),
    ('scsi/sg.h', 'SG_*', 0x22),
    ('scsi/scsi_ioctl.h', 'SCSI_IOCTL_*', 0x53),
)
# How a form of ioctl.commands is written as a row.
FORMS = {'none': 'GT_IOCTL_ROW_NONE ({})',
         'pointer': 'GT_IOCTL_ROW_VALUE ({}, gt_ioctl_value_pointer, NULL)'}
for form in ('int', 'uint', 'ulong'):
    FORMS[form] = f'GT_IOCTL_ROW_VALUE ({{}}, gt_ioctl_value_{form}, NULL)'
for form, size, size_32 in (('int', 4, 4), ('uint', 4, 4), ('hex', 4, 4), ('ushort', 2, 2), ('long', 8, 4),
                            ('ulong', 8, 4), ('u64', 8, 8), ('two_u64', 16, 16)):
    for way in ('in', 'out'):
        FORMS[f'{way}_{form}'] = (f'GT_IOCTL_ROW_{way.upper()} ({{}}, {size}, {size_32}, gt_ioctl_{form}, '
                                  'NULL)')
# Some headers use these and do not include them.
NEEDED = ('stdbool.h', 'linux/ioctl.h', 'linux/types.h', 'asm/termbits.h')
MAKERS = {'_IO', '_IOR', '_IOW', '_IOWR', '_IOC'}
TAKEN_APART = re.compile(r'\b(_IOC_(NR|TYPE|DIR|SIZE)|IOCSIZE_MASK)\b')
DEFINE = re.compile(r'^[ \t]*#[ \t]*define[ \t]+(\w+)(\(?)', re.MULTILINE)
ENUMERATOR = re.compile(r'^[ \t]*(\w+)\s*=\s*_IO(?:|R|W|WR|C)\s*\(', re.MULTILINE)
WORD = re.compile(r'[A-Za-z_]\w*')


class Compiler:
    """Stand-ins for headers that may be missing are made in @directory, but for which others cannot
    be read: drm/ is no part of the kernel's own, and the C library has some for 64 bits alone."""

    def __init__(self, command, directory):
        self.command, self.directory = command, directory
        for name in ('drm/drm.h', 'gnu/stubs-32.h'):
            path = pathlib.Path(directory) / name
            path.parent.mkdir(exist_ok=True)
            path.touch()

    def run(self, text, *arguments):
        before = [word for header in NEEDED for word in ('-include', header)]
        return subprocess.run([*self.command, '-w', '-idirafter', self.directory, *before, *arguments,
                               '-x', 'c', '-', '-o', '-'],
                              input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, 'LC_ALL': 'C'})

    def directories(self):
        lines = self.run('', '-E', '-v').stderr.splitlines()
        return [pathlib.Path(line.strip()) for line in lines
                if line.startswith(' /') and pathlib.Path(line.strip()).is_dir()]

    def for_32(self, directories):
        """The same for 32-bit programs: the kernel's headers are the same for both."""
        after = [item for path in directories for item in ('-idirafter', str(path))]
        return Compiler([*self.command, '-m32', *after], self.directory)


def find_headers(directories):
    """{header: text} of those that may define commands."""
    found = {}
    for top in directories:
        for place in PLACES:
            for path in sorted((top / place).rglob('*.h')):
                name = str(path.relative_to(top))
                text = path.read_text(encoding='utf-8', errors='replace')
                if name not in found and ('_IO' in text or name in {old[0] for old in OLD}):
                    found[name] = text
    return found


def includes(headers):
    return ''.join(f'#include <{header}>\n' for header in headers)


def batches(headers, compiler):
    """Headers that compile together, and each of the others that does by itself."""
    lot, others = list(headers), []
    while lot:
        run = compiler.run(includes(lot), '-fsyntax-only', '-fmax-errors=0')
        # "In file included from <stdin>:5:", which is the fifth header.
        lines = {int(n) for n in re.findall(r'<stdin>:(\d+)', run.stderr)} if run.returncode else set()
        if not lines:
            break
        others += [header for i, header in enumerate(lot, 1) if i in lines]
        lot = [header for i, header in enumerate(lot, 1) if i not in lines]
    return [lot] + [[header] for header in others
                    if compiler.run(includes([header]), '-fsyntax-only').returncode == 0]


def commands(macros):
    """The names of the macros that are made with _IO() and the like."""
    words = {name: set(WORD.findall(body)) for (name, _), body in macros.items()
             if not TAKEN_APART.search(body)}
    known, more = set(MAKERS), True
    while more:
        more = {name for name, used in words.items() if name not in known and used & known}
        known |= more
    return {name for name, parameters in macros if not parameters and name in known}


def read_macros(text):
    return {(name, parameters): body for name, parameters, body
            in re.findall(r'^#define (\w+)(\(?)(.*)$', text, re.MULTILINE)}


def old_names(lot, headers):
    """{name: upper byte} of the macros that only look like commands by their header and name."""
    result = {}
    for header, patterns, upper in OLD:
        if header in lot:
            names = [name for name, parameters in DEFINE.findall(headers[header]) if not parameters]
            for pattern in patterns.split():
                result.update({name: upper for name in fnmatch.filter(names, pattern)})
    return result


def numbers(lot, names, compiler):
    """{name: number}, without what is no number."""
    names, head = sorted(names), includes(lot)
    first = head.count('\n') + 1
    while names:
        body = ''.join(f'asm (".ascii \\"@{name} %c0\\"" :: "i" ((unsigned) ({name})));\n' for name in names)
        run = compiler.run(f'{head}void gt_numbers (void) {{\n{body}}}\n', '-S', '-fmax-errors=0')
        if run.returncode == 0:
            return {name: int(number) & 0xffffffff for name, number
                    in re.findall(r'@(\w+) (-?\d+)', run.stdout)}
        bad = {int(n) - first - 1 for n in re.findall(r'^<stdin>:(\d+):', run.stderr, re.MULTILINE)}
        kept = [name for i, name in enumerate(names) if i not in bad]
        if len(kept) == len(names):
            return {}
        names = kept
    return {}


def scan(headers, compiler):
    """{name: number} of all headers."""
    result = {}
    for lot in batches(headers, compiler):
        macros = read_macros(compiler.run(includes(lot), '-E', '-dM').stdout)
        made = commands(macros)
        made |= {name for header in lot for name in ENUMERATOR.findall(headers[header])}
        old = old_names(lot, headers)
        for name, number in numbers(lot, made | set(old), compiler).items():
            if number and (name in made or number >> 8 == old[name]):
                result[name] = number
    return result


class Commands:
    """tables/*.commands"""

    def __init__(self, paths):
        self.dropped, self.forms = [], {}  # patterns; {name: form}
        self.numbers, self.numbers_32 = {}, {}
        for path in paths:
            self.read(path)

    def read(self, path):
        section = None
        for line in pathlib.Path(path).read_text(encoding='ascii').splitlines():
            words = line.split('#')[0].split()
            if words and not line[0].isspace():
                section = words.pop(0)
                if section not in FORMS and section not in ('numbers', 'dropped'):
                    sys.exit(f'{path}: no form is called {section}')
            for word in words:
                self.add(section, word)

    def add(self, section, word):
        if section == 'dropped':
            self.dropped.append(word)
        elif section == 'numbers':
            name, values = word.split('=')
            self.numbers[name] = int(values.split(',')[0], 0)
            self.numbers_32[name] = int(values.split(',')[-1], 0)
        else:
            self.forms[word] = section

    def is_dropped(self, name):
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.dropped)


def joined(names, commands):
    """{number: "A or B"}"""
    result = {}
    for name in sorted(names):
        if not commands.is_dropped(name):
            result.setdefault(names[name], []).append(name)
    return {number: ' or '.join(group) for number, group in result.items()}


def write_table(out, name, rows):
    out.write(f'static const GtName {name}_rows[] = {{\n')
    for number, text in sorted(rows) or [(0, '')]:
        out.write(f'  {{ {number:#010x}u, "{text}" }},\n')
    out.write(f'}};\nconst GtNames gt_names_{name} = {{ {name}_rows, {len(rows)}, NULL, TRUE }};\n\n')


def write_forms(out, commands, tables):
    """Rows of commands that need no code of their own."""
    rows = {}
    for names in tables:
        for name, form in commands.forms.items():
            if name in names:
                rows.setdefault(names[name], FORMS[form])
    out.write('static const GtIoctl form_rows[] = {\n')
    for number in sorted(rows):
        out.write(f'  {rows[number].format(f"{number:#010x}u")},\n')
    out.write('};\nconst GtIoctlTable gt_ioctls_forms = { form_rows, G_N_ELEMENTS (form_rows) };\n')


def main():
    divide = sys.argv.index('--')
    output, *command = sys.argv[1:divide]
    commands = Commands(sys.argv[divide + 1:])
    with tempfile.TemporaryDirectory() as directory:
        compiler = Compiler(command, directory)
        directories = compiler.directories()
        headers = find_headers(directories)
        found = scan(headers, compiler)
        found_32 = scan(headers, compiler.for_32(directories)) or found
    if 'TCGETS' not in found:
        sys.exit('no ioctl commands in the headers; is linux-libc-dev installed?')
    found, found_32 = {**commands.numbers, **found}, {**commands.numbers_32, **found_32}
    # Some commands have a second name for the number that 32-bit programs have for them.
    for name in [name for name in found_32 if '_IOC32_' in name]:
        found_32.pop(name.replace('_IOC32_', '_IOC_'), None)
    wide, narrow = joined(found, commands), joined(found_32, commands)
    with open(output, 'w', encoding='ascii') as out:
        out.write('/* Generated by gen-ioctls.py from the kernel\'s headers. */\n'
                  '#include "decode/ioctl.h"\n\n')
        write_table(out, 'ioctl', wide.items() & narrow.items())
        write_table(out, 'ioctl_64', wide.items() - narrow.items())
        write_table(out, 'ioctl_32', narrow.items() - wide.items())
        write_forms(out, commands, (found, found_32))


main()
