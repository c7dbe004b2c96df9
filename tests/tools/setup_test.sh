#!/usr/bin/env bash
# setup.sh on made-up apt folders: the Debian 13 suite is added once, from the machine's own archive.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
heading() { :; }
die() { echo "die: $*" >&2; exit 9; }
as_root_stub='as_root() { "$@"; }'
passed=0 failed=0

check() {  # NAME COMMAND...
  local name=$1
  shift
  if ("$@"); then
    passed=$((passed + 1))
  else
    echo "FAILED: $name"
    failed=$((failed + 1))
  fi
}

# fresh NAME CODENAME ID: an empty apt folder and an os-release
fresh() {
  export HOLDFAST_APT_DIR=$work/$1/apt HOLDFAST_OS_RELEASE=$work/$1/os-release
  mkdir -p "$HOLDFAST_APT_DIR/sources.list.d" "$HOLDFAST_APT_DIR/preferences.d"
  printf 'ID=%s\nVERSION_CODENAME=%s\n' "$3" "$2" >"$HOLDFAST_OS_RELEASE"
  # shellcheck source=tools/setup.sh
  source "$root/tools/setup.sh"
  eval "$as_root_stub"
}
state() { (cd "$HOLDFAST_APT_DIR" && find . -type f -exec stat -c '%n %Y %s %i' {} + | sort); }
debian_12() {
  printf 'Types: deb\n# a comment\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /keys/a.gpg\n\nTypes: deb\nURIs: http://mirror.example/security\nSuites: bookworm-security\nComponents: main\n' \
    >"$HOLDFAST_APT_DIR/sources.list.d/debian.sources"
}

adds_the_suite_from_the_archive_in_use() {
  fresh deb822 bookworm debian
  debian_12
  [[ $(native_suite) == bookworm ]] || return 1
  add_debian_13_suite >/dev/null
  local file=$HOLDFAST_APT_DIR/sources.list.d/holdfast-trixie.sources
  grep -qx 'URIs: http://mirror.example/debian' "$file" || return 1
  grep -qx 'Suites: trixie' "$file" || return 1
  grep -qx 'Signed-By: /keys/a.gpg' "$file" || return 1
  diff <(printf 'Package: *\nPin: release n=trixie\nPin-Priority: 100\n') \
    "$HOLDFAST_APT_DIR/preferences.d/holdfast-trixie"
}

twice_changes_nothing() {
  fresh twice bookworm debian
  debian_12
  add_debian_13_suite >/dev/null
  local before
  before=$(state)
  [[ -z $(add_debian_13_suite) && $(state) == "$before" ]]
}

reads_one_line_sources() {
  fresh oneline bookworm debian
  printf '# deb http://no.example/debian trixie main\ndeb [arch=amd64 signed-by=/keys/b.gpg] http://old.example/debian bookworm main contrib\ndeb-src http://old.example/debian trixie main\n' \
    >"$HOLDFAST_APT_DIR/sources.list"
  [[ $(apt_sources) == "http://old.example/debian bookworm /keys/b.gpg" ]] || return 1
  add_debian_13_suite >/dev/null
  grep -qx 'URIs: http://old.example/debian' "$HOLDFAST_APT_DIR/sources.list.d/holdfast-trixie.sources"
}

leaves_a_suite_added_by_hand_alone() {
  fresh byhand trixie debian  # base-files has been upgraded, the machine is still Debian 12
  debian_12
  printf 'Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\n' \
    >"$HOLDFAST_APT_DIR/sources.list.d/trixie.sources"
  local before
  before=$(state)
  [[ $(native_suite) == bookworm ]] || return 1
  add_debian_13_suite >/dev/null
  [[ $(state) == "$before" ]]
}

a_disabled_source_does_not_count() {
  fresh disabled bookworm debian
  debian_12
  printf 'Enabled: no\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\n' \
    >"$HOLDFAST_APT_DIR/sources.list.d/trixie.sources"
  add_debian_13_suite >/dev/null
  [[ -f $HOLDFAST_APT_DIR/sources.list.d/holdfast-trixie.sources ]]
}

debian_13_is_its_own() {
  fresh thirteen trixie debian
  printf 'Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie trixie-updates\nComponents: main\n' \
    >"$HOLDFAST_APT_DIR/sources.list.d/debian.sources"
  [[ $(native_suite) == trixie ]]
}

refuses_other_systems() {
  fresh other noble ubuntu
  local text
  if text=$(native_suite 2>&1); then return 1; fi
  [[ $text == *"Debian 12 and 13 only"* ]]
}

refuses_an_older_debian() {
  fresh older bullseye debian
  printf 'deb http://old.example/debian bullseye main\n' >"$HOLDFAST_APT_DIR/sources.list"
  if (native_suite) 2>/dev/null; then return 1; fi
}

says_what_is_missing_or_too_old() {
  fresh missing bookworm debian
  local root=$work/missing
  mkdir -p "$root/tools"
  printf '# build commented\nbuild bash\nbuild no-such-package-here\nbuild coreutils 999\ntest other-missing\n' \
    >"$root/tools/packages.txt"
  [[ $(missing_packages build | tr '\n' ' ') == "no-such-package-here coreutils " ]]
}

for name in adds_the_suite_from_the_archive_in_use twice_changes_nothing reads_one_line_sources \
  leaves_a_suite_added_by_hand_alone a_disabled_source_does_not_count debian_13_is_its_own \
  refuses_other_systems refuses_an_older_debian says_what_is_missing_or_too_old; do
  check "$name" "$name"
done
echo "$passed passed, $failed failed"
((failed == 0))
