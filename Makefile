# SPDX-License-Identifier: LGPL-2.1-or-later
# A front for meson and the scripts; see "make help".
.PHONY: all deps demo check bench install clean help

all:
	@scripts/build

deps:
	@scripts/install-deps

demo:
	@scripts/demo

check:
	@scripts/check

bench:
	@scripts/install-deps
	@scripts/build
	@bench/bench

install: all
	meson install -C build --no-rebuild

clean:
	rm -rf build

help:
	@echo "make          build into build/"
	@echo "make demo     trace a Debian kernel in QEMU (installs what is missing with apt)"
	@echo "make check    build and run all tests (installs what is missing)"
	@echo "make bench    measure what tracing costs"
	@echo "make deps     install the packages that all of this needs"
	@echo "make install  install the library, the command and its man page (DESTDIR is obeyed)"
	@echo "make clean    remove build/"
