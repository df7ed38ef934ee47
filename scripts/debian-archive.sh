# SPDX-License-Identifier: LGPL-2.1-or-later
# For scripts that fetch packages of Debian's suites, whatever this machine runs, from the archive that
# its own apt sources name. Nothing is installed and the machine's apt is untouched: lists and cache are
# private. To be sourced by a script that has say(), and has set
#   suites  the suites to read the lists of
#   apt     a folder for private lists and cache
#   work    a folder for what is of this run, with its log

# $1: main or security. The site that this machine's own apt uses for it.
own_lists=
site () {
  own=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
  case $1 in
  security) release="($own|stable|oldstable|testing)-security" ;;
  *) release="($own|stable|oldstable|testing|sid|unstable|bookworm)" ;;
  esac
  apt-get $own_lists indextargets --format '$(RELEASE) $(COMPONENT) $(SITE) $(LABEL)' \
    'Created-By: Packages' 2>/dev/null |
    awk -v release="^$release\$" '$1 ~ release && $2 == "main" && $4 ~ /^(Debian|\$)/ { print $3; exit }'
}

# apt names a site's label only once it has lists; where they were removed, private ones do.
read_own_lists () {
  mkdir -p "$apt/own/partial"
  own_lists="-o Dir::State::Lists=$apt/own -o Debug::NoLocking=1 -o Acquire::Languages=none"
  if [ "$(id -u)" = 0 ]; then
    own_lists="$own_lists -o APT::Sandbox::User=root"
  fi
  try apt-get -q $own_lists update >"$work/log" 2>&1 </dev/null || cat "$work/log" >&2
}

# $1: a suite
write_source () {
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  option=
  if [ -r "$keyring" ]; then
    option=" [signed-by=$keyring]"
  fi
  case $1 in
  *-security) from=$(site security) ;;
  *) from=$(site main) ;;
  esac
  if [ -n "$from" ]; then
    echo "deb$option $from $1 main"
  fi
}

write_sources () {
  for suite in $suites; do
    write_source "$suite"
  done >"$apt/sources.list"
  if ! [ -s "$apt/sources.list" ]; then
    say "found no Debian archive in this machine's apt sources (/etc/apt/sources.list*)${by_hand:-}"
    exit 1
  fi
}

# $1: a program of apt's
private () {
  program=$1
  shift
  sandbox=
  if [ "$(id -u)" = 0 ]; then
    sandbox='-o APT::Sandbox::User=root' # its usual user may not write into the cache directory
  fi
  "$program" -q -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State="$apt/state" -o Dir::State::Lists="$apt/lists" -o Dir::State::Status="$apt/status" \
    -o Dir::Cache="$apt/cache" -o Dir::Etc::Preferences=/dev/null \
    -o Dir::Etc::PreferencesParts=/dev/null -o APT::Architecture=amd64 -o APT::Architectures=amd64 \
    -o Acquire::Languages=none -o Acquire::Retries=3 $sandbox "$@" </dev/null
}

try () {
  for pause in 2 5 0; do
    if "$@"; then
      return 0
    fi
    sleep $pause
  done
  return 1
}

update () {
  private apt-get -o APT::Update::Error-Mode=any update >"$work/log" 2>&1
}

# A release that grows old leaves the archive suite by suite: what is left of it will do.
read_lists () {
  if try update; then
    return 0
  fi
  cp "$work/log" "$work/all-log"
  left=
  for suite in $suites; do
    write_source "$suite" >"$apt/sources.list"
    if update; then
      left="$left $suite"
    fi
  done
  suites=$left
  if [ -z "$suites" ]; then
    cat "$work/all-log" >&2
    return 1
  fi
  write_sources
  update
}

# Exit status 3: the archive does not have the suites.
open_archive () {
  mkdir -p "$apt/state" "$apt/lists/partial" "$apt/cache/archives/partial"
  : >"$apt/status"
  if [ -z "$(site main)" ]; then
    read_own_lists
  fi
  write_sources
  all_suites=$suites
  if ! read_lists; then
    say "cannot read the package lists of $all_suites: they have left the archive that this" \
      "machine's apt sources name, or the network is down"
    exit 3
  fi
}
