#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The libvmi that we carry has libvmi's functions with libvmi's types, its constants and layouts, by the
compiler's judgement, and the core uses no others. usage: test_libvmi.py SOURCE_ROOT COMPILER..."""

import pathlib
import re
import subprocess
import sys

HEADERS = 'libvmi', 'events', 'libvmi_extra', 'peparse', 'x86'
CORE = 'loop', 'engine', 'linux', 'decode', 'cli', 'vmi-system'
FUNCTION = r'\b((?:vmi|peparse)_\w+) \('


def interface(root):
    """{function: (type of its result, types of its arguments)} and {expression: value}"""
    functions, values = {}, {}
    for line in (root / 'tests/tree/libvmi-interface.txt').read_text().splitlines():
        function = re.fullmatch(r'([^#].*?)(\w+) \((.*)\)', line)
        value = re.fullmatch(r'([^#].*) (-?\d+)', line)
        if function:
            functions[function[2]] = function[1], function[3]
        elif value:
            values[value[1]] = value[2]
    return functions, values


def without_comments(text):
    return re.sub(r'/\*.*?\*/|"(?:[^"\\\n]|\\.)*"', '', text, flags=re.S)


def declared(root):
    """The functions of our headers."""
    text = ''.join((root / 'include/libvmi-embedded/libvmi' / f'{name}.h').read_text() for name in HEADERS)
    return sorted(set(re.findall(FUNCTION, without_comments(text))))


def used(root):
    """The functions of libvmi's that the core calls, with a file that does."""
    found = {}
    for part in CORE:
        for file in sorted((root / 'src' / part).rglob('*.[ch]')):
            for name in re.findall(FUNCTION, without_comments(file.read_text())):
                found[name] = file.relative_to(root)
    return found


def complaints(compiler, root, functions, values):
    """What the compiler says about our declarations, when these are the right ones."""
    lines = ['#define LIBVMI_EXTRA_GLIB', '#define LIBVMI_EXTRA_JSON']
    lines += [f'#include <libvmi/{name}.h>' for name in HEADERS]
    for name, (result, arguments) in functions.items():
        lines.append(f'_Static_assert (__builtin_types_compatible_p (__typeof__ ({name}), {result}({arguments})), '
                     f'"{name}");')
    lines += [f'_Static_assert ((long long) ({name}) == {value}LL, "{name}");' for name, value in values.items()]
    flags = subprocess.run(['pkg-config', '--cflags', 'glib-2.0'], check=True, stdout=subprocess.PIPE,
                           text=True).stdout.split()
    return subprocess.run([*compiler, '-std=gnu11', '-fsyntax-only', '-I', root / 'include/libvmi-embedded', *flags, '-x', 'c', '-'],
                          input='\n'.join(lines) + '\n', stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True).stderr


def main():
    root, compiler = pathlib.Path(sys.argv[1]), sys.argv[2:]
    (types, values), ours, core = interface(root), declared(root), used(root)
    own = [name for name in ours if name not in types]
    print('1..5')
    print('ok' if len(ours) > 100 and not own else 'not ok', 1, '- our headers have libvmi\'s functions only', own)
    said = complaints(compiler, root, {name: types[name] for name in ours if name in types}, {})
    print('ok' if not said else 'not ok', 2, f'- and with its types, {len(ours)} of {len(types)}')
    print(''.join(f'# {line}\n' for line in said.splitlines()[:20]), end='')
    said = complaints(compiler, root, {}, values)
    print('ok' if not said and len(values) > 400 else 'not ok', 3, f'- {len(values)} constants, sizes and offsets')
    print(''.join(f'# {line}\n' for line in said.splitlines()[:20]), end='')
    beyond = {name: str(file) for name, file in core.items() if name not in types}
    print('ok' if len(core) > 10 and not beyond else 'not ok', 4, '- the core uses nothing beyond them', beyond or '')
    wrong = complaints(compiler, root, {'vmi_destroy': ('int ', 'void')}, {'CR3': '21'})
    print('ok' if 'vmi_destroy' in wrong and 'CR3' in wrong else 'not ok', 5, '- what is wrong would be found')


main()
