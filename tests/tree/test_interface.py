#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library exports what its headers declare, no more, no less, and says what each function
does. usage: test_interface.py SOURCE_DIRECTORY LIBRARY"""

import pathlib
import re
import subprocess
import sys

DECLARATION = re.compile(r'\b((?:gt|vmi|peparse)_\w+) \(', re.ASCII)


def declared(header):
    """The functions that a header declares: what stands before a parenthesis at depth 0."""
    text = re.sub(r'/\*.*?\*/', '', header.read_text(), flags=re.DOTALL)
    text = re.sub(r'^\s*#(?:.*\\\n)*.*$', '', text, flags=re.MULTILINE)
    text = re.sub(r'extern "C" \{', '', text)
    while re.search(r'\{[^{}]*\}', text):
        text = re.sub(r'\{[^{}]*\}', '', text)
    names = set()
    for statement in text.split(';'):
        match = DECLARATION.search(statement)
        if match and 'typedef' not in statement and 'static' not in statement:
            names.add(match[1])
    return names


def exported(library):
    lines = subprocess.run(['nm', '-D', '--defined-only', library], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    return {line.split()[2].split('@')[0] for line in lines if line.split()[1] != 'A'}


def documented(source):
    comment = re.compile(r'/\*\*\n \* (gt_\w+):\n(?: \*.*\n)+? \*/\n(?:[\w*][\w *]*\n)?\1 \(')
    return {match[1] for file in (source / 'src').rglob('*.c')
            for match in comment.finditer(file.read_text())}


def main(source, library):
    include = source / 'include'
    own = set().union(*map(declared, (include / 'guestrace').glob('*.h')))
    vmi = set().union(*map(declared, (include / 'libvmi-embedded/libvmi').glob('*.h')))
    there = exported(library)
    results = (
        ('headers declare functions', {'nothing found'} if not own or not vmi else set()),
        ('all that is declared is exported', (own | vmi) - there),
        ('all that is exported is declared', there - own - vmi),
        ('each function of guestrace is documented where it is defined', own - documented(source)),
    )
    print(f'1..{len(results)}')
    for number, (name, wrong) in enumerate(results, 1):
        print(f'{"not ok" if wrong else "ok"} {number} - {name}')
        for function in sorted(wrong):
            print(f'# {function}')


main(pathlib.Path(sys.argv[1]), sys.argv[2])
