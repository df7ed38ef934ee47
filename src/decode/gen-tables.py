#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the decoder's tables as C: what arguments each call has (tables/*.calls), and what constants
are called (tables/*.names), with the values that the kernel's own headers give them.

usage: gen-tables.py OUTPUT-C OUTPUT-H [-I DIR]... COMPILER [ARGUMENT]... -- TABLE...

tables/README has the language of both kinds of tables.
"""
import fnmatch
import os
import re
import subprocess
import sys
import tempfile

TOKEN = re.compile(r'(?:(in|out|inout):)?(\w+)(?:\((\w+)\))?(?:@(\d)(?:,(\d))?)?$')
WORD = re.compile(r'[A-Za-z_]\w*$')
MOMENTS = {None: 'GT_IN', 'in': 'GT_IN', 'out': 'GT_OUT', 'inout': 'GT_INOUT'}


class Set:
    def __init__(self, name, unknown, is_sorted, headers):
        self.name, self.unknown, self.is_sorted, self.headers = name, unknown, is_sorted, headers
        self.words = []
        self.rows = []  # (value, name)


class Tables:
    def __init__(self):
        self.sets = {}
        self.calls = {}  # (abi, name): (result token, argument tokens)


def fail(path, number, text):
    sys.exit(f'{path}:{number}: {text}')


def lines_of(path):
    with open(path, encoding='ascii') as stream:
        for number, line in enumerate(stream, 1):
            line = line.split('#')[0].rstrip()
            if line.strip():
                yield number, line


def read_names(path, tables):
    headers, current = (), None
    for number, line in lines_of(path):
        words = line.split()
        if words[0] == 'include':
            headers = tuple(words[1:])
        elif words[0] == 'set':
            if len(words) not in (3, 4) or words[1] in tables.sets or words[3:] not in ([], ['sorted']):
                fail(path, number, 'set NAME UNKNOWN [sorted], each name once')
            current = tables.sets[words[1]] = Set(words[1], words[2], len(words) == 4, headers)
        elif line[0].isspace() and current is not None:
            current.words += words
        else:
            fail(path, number, f'neither include, set nor a list of names: {line}')


def read_calls(path, tables):
    for number, line in lines_of(path):
        name, result, *args = line.split()
        abi, name = name.split(':') if ':' in name else ('', name)
        if (abi, name) in tables.calls or abi not in ('', 'i386', 'x86_64') or len(args) > 6:
            fail(path, number, f'{name} stands there twice, or has too many arguments')
        for token in (result, *args):
            if not TOKEN.match(token):
                fail(path, number, f'{token} is no [MOMENT:]KIND[(NAMES)][@ARGUMENT[,ARGUMENT]]')
        tables.calls[abi, name] = (result, args)


class Headers:
    """The constants that some headers define."""

    def __init__(self, headers, compiler):
        self.text = ''.join(f'#include <{header}>\n' for header in headers)
        self.compiler = compiler
        self.macros = re.findall(r'^#define (\w+) +\S', self.compile('-E', '-dM'), re.MULTILINE)
        bodies = re.findall(r'\benum\b[^;{]*\{([^}]*)\}', self.compile('-E', '-P'))
        self.enumerators = [m for body in bodies for m in re.findall(r'(?:^|,)\s*([A-Za-z_]\w*)', body)]
        self.known = set(self.macros) | set(self.enumerators)

    def compile(self, *arguments, text=''):
        return subprocess.run(self.compiler + [*arguments, '-x', 'c', '-'], text=True, check=True,
                              input=self.text + text, stdout=subprocess.PIPE).stdout

    def matching(self, pattern):
        return sorted(fnmatch.filter(self.known, pattern))

    def values(self, names):
        """{name: value} of those that are numbers: one line each, without those that do not compile."""
        names = list(names)
        while names:
            head = (self.text + '#include <stdio.h>\n#define V(n) printf ("%s %llu\\n", #n, '
                    'sizeof (n) == 4 ? (unsigned long long) (unsigned) (n) : (unsigned long long) (n))\n'
                    'int main (void) {\n')
            text = head + ''.join(f'V ({name});\n' for name in names) + 'return 0; }\n'
            with tempfile.TemporaryDirectory() as directory:
                program = os.path.join(directory, 'values')
                run = subprocess.run(self.compiler + ['-w', '-fmax-errors=0', '-x', 'c', '-', '-o', program],
                                     input=text, text=True, stderr=subprocess.PIPE)
                if run.returncode == 0:
                    out = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout
                    return {a: int(b) for a, b in map(str.split, out.splitlines())}
            first = head.count('\n')
            bad = {int(n) - first - 1 for n in re.findall(r'^<stdin>:(\d+):', run.stderr, re.MULTILINE)}
            kept = [name for i, name in enumerate(names) if i not in bad]
            if len(kept) == len(names):
                sys.exit(f'cannot compile the constants of {self.text}{run.stderr}')
            names = kept
        return {}


def fill_set(names, headers):
    """Words in their order; a pattern's names by value."""
    wanted, given, shown = [], {}, {}
    dropped = [word[1:] for word in names.words if word[0] == '!']
    for word in names.words:
        if word[0] == '!':
            continue
        if '=' in word:  # NAME=NUMBER, for headers that are older than the name
            word, number = word.split('=')
            given[word] = int(number, 0)
        if ':' in word:  # CONSTANT:what it is called
            word, text = word.split(':')
            shown[word] = text
        if WORD.match(word):
            wanted.append([word])
        else:
            wanted.append([name for name in headers.matching(word)
                           if not any(fnmatch.fnmatchcase(name, drop) for drop in dropped)])
    values = dict(given)
    values.update(headers.values({name for group in wanted for name in group
                                  if name in headers.known}))
    seen = set()
    for group in wanted:
        rows = sorted((values[name], name) for name in group if name in values)
        for value, name in rows:
            if len(group) > 1 and value in seen:
                continue  # another name for the same
            seen.add(value)
            names.rows.append((value, shown.get(name, name)))
    if not names.rows:
        sys.exit(f'{names.name}: none of its constants is in the headers; is linux-libc-dev installed?')
    if names.is_sorted:
        names.rows.sort()


def c_string(text):
    return 'NULL' if text == '-' else f'"{text}"'


def c_spec(token):
    moment, kind, names, other, third = TOKEN.match(token).groups()
    return (f'{{ &gt_kind_{kind}, {f"&gt_names_{names}" if names else "NULL"}, {MOMENTS[moment]}, '
            f'{other or -1}, {third or -1}, NULL }}')


def write_source(out, tables):
    out.write('/* Generated by gen-tables.py from tables/ and the kernel\'s headers. */\n'
              '#include "decode-tables.h"\n\n')
    for names in tables.sets.values():
        rows = ',\n'.join(f'  {{ {value:#x}u, "{name}" }}' for value, name in names.rows)
        out.write(f'static const GtName {names.name}_rows[] = {{\n{rows}\n}};\n'
                  f'const GtNames gt_names_{names.name} = {{ {names.name}_rows, {len(names.rows)}, '
                  f'{c_string(names.unknown)}, {"TRUE" if names.is_sorted else "FALSE"} }};\n\n')
    out.write('const GtCallSpec gt_call_specs[] = {\n')
    for (abi, name), (result, args) in sorted(tables.calls.items(), key=lambda item: item[0][::-1]):
        specs = ', '.join(map(c_spec, args)) or '{ NULL }'
        only = {'': 'GT_SPEC_ANY', 'i386': 'GT_SPEC_I386', 'x86_64': 'GT_SPEC_X86_64'}[abi]
        out.write(f'  {{ "{name}", {only}, {len(args)}, {c_spec(result)},\n    {{ {specs} }} }},\n')
    out.write(f'}};\nconst guint gt_n_call_specs = {len(tables.calls)};\n')


def write_header(out, tables):
    tokens = {token for result, args in tables.calls.values() for token in (result, *args)}
    kinds = sorted({TOKEN.match(token)[2] for token in tokens})
    used = {TOKEN.match(token)[3] for token in tokens} - {None}
    missing = used - set(tables.sets)
    if missing:
        sys.exit(f'no set of names is called {", ".join(sorted(missing))}')
    out.write('/* Generated by gen-tables.py. */\n#pragma once\n#include "decode/kind.h"\n\n')
    for kind in kinds:
        out.write(f'extern const GtKind gt_kind_{kind};\n')
    for name in tables.sets:
        out.write(f'extern const GtNames gt_names_{name};\n')


def main():
    divide = sys.argv.index('--')
    source, header, *compiler = sys.argv[1:divide]
    tables = Tables()
    for path in sys.argv[divide + 1:]:
        (read_names if path.endswith('.names') else read_calls)(path, tables)
    groups = {}
    for names in tables.sets.values():
        if names.headers not in groups:
            groups[names.headers] = Headers(names.headers, compiler)
        fill_set(names, groups[names.headers])
    with open(source, 'w', encoding='ascii') as out:
        write_source(out, tables)
    with open(header, 'w', encoding='ascii') as out:
        write_header(out, tables)


main()
