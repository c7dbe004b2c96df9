# fuzz.sh: runs the fuzzers of build/fuzz/fuzz. Sourced by ./dev.
# fuzz/corpus/NAME holds the kept inputs of NAME_fuzz; new ones are collected in build/fuzz/corpus,
# findings in build/fuzz/findings. A finding belongs into fuzz/corpus with its fix.

export ASAN_SYMBOLIZER_PATH=${ASAN_SYMBOLIZER_PATH:-/usr/lib/llvm-19/bin/llvm-symbolizer}

fuzz_one() {  # SECONDS PROGRAM
  local name log corpus seeds=() status=0
  name=$(basename "$2" _fuzz)
  corpus=build/fuzz/corpus/$name
  log=build/fuzz/logs/$name.log
  mkdir -p "$corpus" build/fuzz/logs build/fuzz/findings
  if [[ -d fuzz/corpus/$name ]]; then seeds=("fuzz/corpus/$name"); fi
  "$2" -max_total_time="$1" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/findings/$name-" "$corpus" "${seeds[@]}" >"$log" 2>&1 || status=$?
  if ((status == 0)); then
    echo "$name: no finding in $1 s, $(awk '/number_of_executed_units/ { print $2 }' "$log") runs"
  else
    tail -n 60 "$log"
    echo "$name: FINDING, see $log and build/fuzz/findings/"
  fi
  return "$status"
}

fuzz_all() {  # SECONDS [NAME]
  local programs=() program passed failed
  for program in build/fuzz/fuzz/${2:-*}_fuzz; do
    if [[ -x $program ]]; then programs+=("$program"); fi
  done
  ((${#programs[@]} > 0)) || die "no fuzzer was built"
  heading "fuzz: ${#programs[@]} programs, $1 s each, $(nproc) at a time"
  export -f fuzz_one
  # xargs gives one line a program; the exit codes are counted from the lines
  printf '%s\0' "${programs[@]}" |
    xargs -0 -n 1 -P "$(nproc)" bash -c 'fuzz_one "$0" "$1" || true' "$1" | tee build/fuzz/summary.txt
  passed=$(grep -c ': no finding in ' build/fuzz/summary.txt || true)
  failed=$((${#programs[@]} - passed))
  echo "$passed passed, $failed failed, 0 skipped"
  ((failed == 0))
}
