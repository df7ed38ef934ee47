#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each public header compiles on its own, as strict C11 and as C++11.
usage: test_headers.py SOURCE_DIRECTORY CC [ARGUMENT]...; $CXX, if set, is the C++ compiler."""

import os
import pathlib
import shlex
import shutil
import subprocess
import sys

WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wundef', '-Werror', '-fsyntax-only']


def cxx_command():
    if os.environ.get('CXX'):
        return shlex.split(os.environ['CXX'])
    found = shutil.which('c++') or shutil.which('g++') or shutil.which('clang++')
    return [found] if found else None


def compiles(command, standard, language, include, flags, text):
    """The compiler's complaints about text, or None."""
    result = subprocess.run(
        [*command, f'-std={standard}', '-x', language, *WARNINGS, *(f'-I{folder}' for folder in include), *flags, '-'],
        input=text, capture_output=True, text=True)
    return None if result.returncode == 0 else result.stderr


def main(source, cc):
    include = source / 'include', source / 'include/libvmi-embedded'
    headers = sorted(h for d in include for name in ('guestrace', 'libvmi') for h in (d / name).glob('*.h'))
    glib = subprocess.run(['pkg-config', '--cflags', 'glib-2.0'], check=True, capture_output=True,
                          text=True).stdout.split()
    # GLib's own headers are not what is tested here.
    glib = [flag.replace('-I', '-isystem', 1) for flag in glib]
    cases = [(cc, 'c11', 'c')]
    if cxx_command() is not None:
        cases.append((cxx_command(), 'c++11', 'c++'))
    results = []
    for command, standard, language in cases:
        for header in headers:
            name = header.relative_to(header.parent.parent)
            # A second time, for the guard.
            text = f'#include <{name}>\n#include <{name}>\nint main () {{ return 0; }}\n'
            if language == 'c':
                text = text.replace('main ()', 'main (void)')
            flags = glib if name.parts[0] == 'guestrace' else []
            results.append((f'{name} as {standard}',
                            compiles(command, standard, language, include, flags, text)))
    if len(cases) == 2:
        text = (source / 'tests/unit/test-vmi-headers.cpp').read_text()
        results.append(('a libvmi program in C++',
                        compiles(cases[1][0], 'c++11', 'c++', include, [], text)))
    print(f'1..{len(results)}')
    for number, (name, complaint) in enumerate(results, 1):
        print(f'{"not ok" if complaint else "ok"} {number} - {name}')
        for line in (complaint or '').splitlines()[:20]:
            print(f'# {line}')


main(pathlib.Path(sys.argv[1]), sys.argv[2:])
