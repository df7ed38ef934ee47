#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""C files are formatted as .clang-format says. usage: test_format.py SOURCE_DIRECTORY"""

import pathlib
import re
import shutil
import subprocess
import sys

VERSION = '14'  # others lay some lines out differently
FOLDERS = ('bench', 'examples', 'include', 'src', 'tests')


def main(source):
    tool = shutil.which(f'clang-format-{VERSION}') or shutil.which('clang-format')
    if tool is None:
        print('1..0 # SKIP there is no clang-format')
        return
    version = subprocess.run([tool, '--version'], capture_output=True, text=True).stdout
    found = re.search(r'version (\d+)\.', version)
    if found is None or found[1] != VERSION:
        print(f'1..0 # SKIP clang-format {found[1] if found else "?"} is not {VERSION}')
        return
    files = sorted(file for folder in FOLDERS for ending in ('c', 'h', 'cpp')
                   for file in (source / folder).rglob(f'*.{ending}'))
    result = subprocess.run([tool, '--dry-run', '--Werror', *files], capture_output=True, text=True)
    print('1..1')
    print('ok 1 - format' if files and result.returncode == 0 else 'not ok 1 - format')
    for line in result.stderr.splitlines()[:40]:
        print(f'# {line}')


main(pathlib.Path(sys.argv[1]))
