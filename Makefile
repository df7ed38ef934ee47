# SPDX-License-Identifier: LGPL-2.1-or-later
# A front for meson and the scripts; see "make help".
.PHONY: all deps demo check kvm-lab kernels fuzz bench install clean help

all:
	@scripts/build

deps:
	@scripts/install-deps

demo:
	@scripts/demo

check:
	@scripts/check

kvm-lab:
	@scripts/install-deps
	@scripts/build
	@scripts/kvm-lab $(if $(SHORT),--short)

kernels:
	@scripts/kernels

fuzz:
	@scripts/install-deps fuzz
	@SECONDS=$(SECONDS) scripts/fuzz

torture:
	@scripts/torture

bench:
	@scripts/install-deps
	@scripts/build
	@bench/bench $(if $(SHORT),--short)

install: all
	meson install -C build --no-rebuild

clean:
	rm -rf build

help:
	@echo "make          build into build/"
	@echo "make demo     trace a Debian kernel in QEMU (installs what is missing with apt)"
	@echo "make check    build and run all tests (installs what is missing)"
	@echo "make kernels  trace every kernel that Debian has, from 5.10 on, in its variants"
	@echo "make kvm-lab  test on real KVM: this machine's, else in an emulated machine (SHORT=1: the short form)"
	@echo "make fuzz     feed what guests and QEMU say with made-up bytes (SECONDS=60 a target)"
	@echo "make torture  the long forms of the tests: hundreds of killed tracers and the like (hours)"
	@echo "make bench    measure what tracing costs (SHORT=1: the short form)"
	@echo "make deps     install the packages that all of this needs"
	@echo "make install  install the library, the command and its man page (DESTDIR is obeyed)"
	@echo "make clean    remove build/"
