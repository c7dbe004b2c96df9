# setup.sh: installs the packages of tools/packages.txt, only those that are missing or too old.
# On Debian 12 the Debian 13 suite is added first, pinned at 100 so that nothing else is taken from
# it. The archive's address is the one this machine already uses. A second run changes nothing.
# Sourced by ./dev, which provides heading and die. tests/tools/setup_test.sh runs it on made-up
# apt folders.

apt_dir=${HOLDFAST_APT_DIR:-/etc/apt}
os_release=${HOLDFAST_OS_RELEASE:-/etc/os-release}

# missing_packages GROUP...: one name a line.
missing_packages() {
  local installed name version
  installed=$(dpkg-query -W -f='${Package} ${db:Status-Status} ${Version}\n' 2>/dev/null |
    awk '$2 == "installed" { print $1, $3 }')
  awk -v groups=" $* " '
    FNR == NR { version[$1] = $2; next }
    $1 ~ /^#/ || NF < 2 || index(groups, " " $1 " ") == 0 { next }
    { print $2, ($2 in version ? version[$2] : "-"), (NF > 2 ? $3 : "-") }
  ' <(printf '%s\n' "$installed") "$root/tools/packages.txt" |
    while read -r name version lowest; do
      if [[ $version == - ]]; then
        echo "$name"
      elif [[ $lowest != - ]] && dpkg --compare-versions "$version" lt "$lowest"; then
        echo "$name"
      fi
    done
}

# apt_sources: "URI SUITE SIGNED-BY" for each enabled binary source, from both file formats.
apt_sources() {
  local files=() file
  for file in "$apt_dir"/sources.list.d/*.sources; do [[ -f $file ]] && files+=("$file"); done
  for file in "${files[@]}"; do
    awk '
      function flush(  i, j, n, m, u, s) {
        if (field["types"] ~ /(^| )deb( |$)/ && field["enabled"] !~ /no|false/) {
          n = split(field["uris"], u, " "); m = split(field["suites"], s, " ")
          for (i = 1; i <= n; i++) for (j = 1; j <= m; j++)
            print u[i], s[j], (field["signed-by"] ~ /^\// ? field["signed-by"] : "-")
        }
        delete field
      }
      /^#/ { next }
      /^[ \t]*$/ { flush(); next }
      /^[ \t]/ { field[key] = field[key] " " $0; next }
      { key = tolower($1); sub(/:.*/, "", key); value = $0; sub(/^[^:]*:[ \t]*/, "", value)
        field[key] = value }
      END { flush() }' "$file"
  done
  for file in "$apt_dir"/sources.list "$apt_dir"/sources.list.d/*.list; do
    [[ -f $file ]] || continue
    sed -nE 's/^deb[ \t]+(\[([^]]*)\][ \t]+)?([^ \t]+)[ \t]+([^ \t]+).*/\3 \4 \2/p' "$file" |
      awk '{ key = "-"
             for (i = 3; i <= NF; i++) if ($i ~ /^signed-by=\//) key = substr($i, 11)
             print $1, $2, key }'
  done
}

# write_if_changed FILE: stdin becomes FILE; an equal file is left alone.
write_if_changed() {
  local text
  text=$(cat)
  if [[ -f $1 && $(<"$1") == "$text" ]]; then return 0; fi
  echo "  writing $1"
  printf '%s\n' "$text" | as_root tee "$1" >/dev/null
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "installing packages needs root: run ./dev setup as root, or install sudo"
  fi
}

# add_debian_13_suite: does nothing where the machine already has that suite.
add_debian_13_suite() {
  local sources uri suite key
  sources=$(apt_sources)
  if awk '$2 == "trixie" { found = 1 } END { exit !found }' <<<"$sources"; then return 0; fi
  read -r uri suite key < <(awk '$2 == "bookworm" || $2 == "oldstable"' <<<"$sources") ||
    die "no Debian 12 source found in $apt_dir"
  as_root mkdir -p "$apt_dir/sources.list.d" "$apt_dir/preferences.d"
  {
    echo "# Debian 13, for the build of Holdfast; pinned low in preferences.d/holdfast-trixie"
    printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: main\n' "$uri"
    if [[ $key != - ]]; then echo "Signed-By: $key"; fi
  } | write_if_changed "$apt_dir/sources.list.d/holdfast-trixie.sources"
  printf 'Package: *\nPin: release n=trixie\nPin-Priority: 100\n' |
    write_if_changed "$apt_dir/preferences.d/holdfast-trixie"
}

# native_suite: bookworm or trixie, by the machine's sources; a system half way between is bookworm.
native_suite() {
  local id codename suites
  command -v apt-get >/dev/null || die "this is not Debian: install tools/packages.txt by hand"
  id=$(. "$os_release" && echo "${ID:-}")
  codename=$(. "$os_release" && echo "${VERSION_CODENAME:-}")
  [[ $id == debian ]] || die "setup knows Debian 12 and 13 only (this is '$id'); install the" \
    "packages of tools/packages.txt by hand"
  suites=$(apt_sources | awk '{ print $2 }')
  if grep -qx bookworm <<<"$suites" || { grep -qx oldstable <<<"$suites" && [[ $codename == bookworm ]]; }; then
    echo bookworm
  elif grep -qx trixie <<<"$suites" || { grep -qx stable <<<"$suites" && [[ $codename == trixie ]]; }; then
    echo trixie
  else
    die "setup knows Debian 12 and 13 only; no such suite in $apt_dir"
  fi
}

# setup GROUP...
setup() {
  local missing suite target=()
  command -v dpkg-query >/dev/null || die "this is not Debian: install tools/packages.txt by hand"
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then return 0; fi
  heading "setup: ${#missing[@]} packages (${missing[*]})"
  suite=$(native_suite)
  if [[ $suite == bookworm ]]; then
    add_debian_13_suite
    target=(-t trixie)
  fi
  local apt=(env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a apt-get -qq
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef
    -o Dpkg::Options::=--force-confold)
  as_root "${apt[@]}" update </dev/null
  as_root "${apt[@]}" install -y --no-install-recommends "${target[@]}" "${missing[@]}" </dev/null
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} > 0)); then die "still missing after installing: ${missing[*]}"; fi
}
