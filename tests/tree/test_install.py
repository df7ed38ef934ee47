#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What meson install puts down is whole: the examples build against it with pkg-config alone.
usage: test_install.py SOURCE_DIRECTORY BUILD_DIRECTORY PREFIX"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

count = failed = 0


def ok(condition, name, detail=''):
    global count, failed
    count += 1
    failed += not condition
    print(f'{"ok" if condition else "not ok"} {count} - {name}', flush=True)
    for line in ('' if condition else str(detail)).splitlines()[:20]:
        print(f'# {line}')
    return condition


def run(*command, **options):
    """(Whether it went well, its output)."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            **options)
    return result.returncode == 0, result.stdout


def pkg_config(root, *arguments):
    file = next(root.rglob('guestrace.pc'))
    # The file speaks of the prefix; below DESTDIR that is elsewhere, and GLib's is not.
    file.write_text(re.sub(r'^prefix=.*$', f'prefix={root}', file.read_text(), flags=re.MULTILINE))
    environment = dict(os.environ, PKG_CONFIG_PATH=str(file.parent))
    result = subprocess.run(['pkg-config', *arguments, 'guestrace'], capture_output=True, text=True,
                            env=environment)
    return shlex.split(result.stdout)


def check_files(root):
    wanted = ('bin/guestrace', 'include/guestrace/guestrace.h', 'include/guestrace/gt-loop.h',
              'include/guestrace/libvmi-embedded/libvmi/libvmi.h',
              'include/guestrace/libvmi-embedded/libvmi/events.h')
    for name in wanted:
        ok((root / name).is_file(), name)
    ok(list(root.rglob('libguestrace.so')), 'the library')
    ok(not (root / 'include/libvmi').exists(), "no libvmi where a system's would be")
    if shutil.which('rst2man') or shutil.which('rst2man.py'):
        ok(list(root.rglob('man1/guestrace.1*')), 'the man page')


def check_examples(source, root, scratch):
    flags, libs = pkg_config(root, '--cflags'), pkg_config(root, '--libs')
    library = next(root.rglob('libguestrace.so')).parent
    environment = dict(os.environ, LD_LIBRARY_PATH=str(library))
    cxx = shutil.which('c++') or shutil.which('g++')
    ok(flags and libs, 'pkg-config knows guestrace')
    for example in sorted((source / 'examples').glob('*.c')):
        program = scratch / example.stem
        good, output = run('cc', '-std=c11', '-Wall', '-Wextra', '-Werror', *flags, str(example),
                           *libs, '-o', str(program))
        if ok(good, f'{example.name} builds', output):
            good, output = run(str(program), 'no-such-guest-anywhere', '1', env=environment)
            ok('no-such-guest-anywhere' in output or 'usage' in output, f'{example.stem} runs',
               output)
    if cxx:
        text = ('#include <guestrace/guestrace.h>\n#include <libvmi/libvmi.h>\n'
                'int main () { return GT_OS_LINUX == 2 ? 0 : 1; }\n')
        good, output = run(cxx, '-std=c++11', '-Wall', '-Wextra', '-Werror', '-fsyntax-only',
                           *flags, '-x', 'c++', '-', input=text)
        ok(good, 'the headers in C++', output)
    good, output = run(str(root / 'bin/guestrace'), '--version', env=environment)
    ok(good and output.startswith('guestrace '), 'the command', output)


def main(source, build, prefix):
    with tempfile.TemporaryDirectory(prefix='gtinstall-') as scratch:
        scratch = pathlib.Path(scratch)
        good, output = run('meson', 'install', '-C', build, '--no-rebuild', '--quiet',
                           '--destdir', str(scratch / 'root'))
        if ok(good, 'meson install', output):
            root = scratch / 'root' / prefix.lstrip('/')
            check_files(root)
            check_examples(source, root, scratch)
    print(f'1..{count}')
    sys.exit(1 if failed else 0)


main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3])
