# tidy.sh: clang-tidy on the files that changed. Sourced by ./dev.
# Mostly headers cost the time (10 to 30 s a file), so files and seconds are bounded and what was
# left out is said.

tidy_files_max=${HOLDFAST_TIDY_FILES:-16}
tidy_seconds_max=${HOLDFAST_TIDY_SECONDS:-300}

# changed_files: against HOLDFAST_BASE, or where this branch left the main branch, or the last commit.
changed_files() {
  local base=${HOLDFAST_BASE:-}
  if [[ -z $base ]]; then
    base=$(git merge-base HEAD origin/HEAD 2>/dev/null || true)
    if [[ -z $base || $base == "$(git rev-parse HEAD)" ]]; then
      base=$(git rev-parse -q --verify HEAD~1 || true)
    fi
  fi
  { if [[ -n $base ]]; then git diff --name-only --diff-filter=d "$base" --; fi
    git ls-files --others --exclude-standard; } | sort -u
}

# units_of: a changed header counts as the .cc file beside it.
units_of() {
  local file
  while read -r file; do
    case $file in
      src/*.cc | src/*.h)
        file=${file%.*}.cc
        if [[ -f $file ]]; then echo "$file"; fi
        ;;
    esac
  done | sort -u
}

tidy_changed() {
  if ! git rev-parse -q --verify HEAD >/dev/null 2>&1; then
    echo "tidy: not a git checkout, nothing to compare with"
    return 0
  fi
  local files status=0
  mapfile -t files < <(changed_files | units_of)
  if ((${#files[@]} == 0)); then
    echo "tidy: no source file changed"
    return 0
  fi
  if ((${#files[@]} > tidy_files_max)); then
    echo "tidy: ${#files[@]} files changed, looking at $tidy_files_max"
    files=("${files[@]:0:tidy_files_max}")
  fi
  printf 'tidy: %s\n' "${files[@]}"
  printf '%s\0' "${files[@]}" |
    timeout "$tidy_seconds_max" xargs -0 -n 1 -P "$(nproc)" \
      clang-tidy-19 -p build/release --quiet --extra-arg=-Wno-unknown-warning-option 2> >(grep -v 'warnings\? generated' >&2) || status=$?
  case $status in
    124) echo "tidy: stopped after $tidy_seconds_max s; the rest was not looked at" ;;
    *) return "$status" ;;
  esac
}
