#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""embed.py FILE NAME: prints FILE as a C array called NAME."""
import sys

data = open(sys.argv[1], "rb").read()
print("/* Made by embed.py. */")
print(f"#include <stddef.h>\nextern const unsigned char {sys.argv[2]}[];")
print(f"extern const size_t {sys.argv[2]}_size;")
print(f"const size_t {sys.argv[2]}_size = {len(data)};")
print(f"const unsigned char {sys.argv[2]}[] __attribute__ ((aligned (16))) = {{")
for i in range(0, len(data), 16):
    print("  " + ", ".join(f"0x{b:02x}" for b in data[i:i + 16]) + ",")
print("};")
