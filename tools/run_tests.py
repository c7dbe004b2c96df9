#!/usr/bin/env python3
"""Runs every test program of a build and adds up what happened.

Programs: BUILD/tests/*_tests and *_corpus (GoogleTest), and with --scripts DIR the executables
*_test.py and *_test.sh there, whose last line is `N passed, N failed[, N skipped]`.
GoogleTest's own chatter about passing tests is left out; everything a test prints is shown. A
program that says nothing for --patience seconds, or runs longer than --minutes, is ended and
counts as a failure, with the name of the test it was in.
The last line is `N passed, N failed, N skipped`; the exit code is 1 on a failure or if nothing ran.
"""

import argparse
import json
import os
import pathlib
import queue
import re
import subprocess
import sys
import threading
import time

CHATTER = re.compile(
    r"^(\[ RUN      \]|\[       OK \]|\[----------\]|\[==========\]|\[  PASSED  \]|Note: Google Test filter"
    r"|Running main\(\)|\[  SKIPPED \]|\[  FAILED  \] \d+ tests?, listed|\s*\d+ FAILED TESTS?$|$)"
)
TALLY = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")


class Totals:
    def __init__(self):
        self.passed = 0
        self.failures = []  # (name, text)
        self.failed_more = 0  # failures of scripts, named in their own output
        self.skips = []  # (name, reason)
        self.skipped_more = 0

    @property
    def failed(self):
        return len(self.failures) + self.failed_more

    @property
    def skipped(self):
        return len(self.skips) + self.skipped_more


def run_watched(command, env, patience, minutes, on_line):
    """Runs command, gives each line to on_line; returns (exit code, why it was ended or None)."""
    process = subprocess.Popen(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        bufsize=1,
        start_new_session=True,
    )
    lines = queue.Queue()

    def pump():
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=pump, daemon=True).start()
    deadline = time.monotonic() + 60 * minutes
    while True:
        wait = min(patience, deadline - time.monotonic())
        try:
            line = lines.get(timeout=max(wait, 0.01))
        except queue.Empty:
            over = time.monotonic() >= deadline
            os.killpg(process.pid, 9)  # the program and what it started: its own session
            process.wait()
            return -9, f"ran over {minutes} minutes" if over else f"silent for {patience} s"
        if line is None:
            # a grandchild may hold the pipe open after the program: the pipe decides, as CI would
            return process.wait(), None
        on_line(line.rstrip("\n"))


def show(line):
    print(line, flush=True)


def read_results(path):
    """(passed names, [(name, text)], [(name, reason)]) from GoogleTest's JSON, or None."""
    try:
        report = json.loads(path.read_text(errors="replace"))
    except (OSError, ValueError):
        return None
    passed, failures, skips = [], [], []
    for suite in report.get("testsuites", []):
        for test in suite.get("testsuite", []):
            name = f"{suite['name']}.{test['name']}"
            if test.get("status") == "NOTRUN":
                continue
            if test.get("failures"):
                failures.append((name, "\n".join(f["failure"] for f in test["failures"])))
            elif test.get("result") == "SKIPPED":
                reasons = [s.get("message", "") for s in test.get("skipped", [])]
                skips.append((name, " ".join(reasons).strip()))
            else:
                passed.append(name)
    return passed, failures, skips


def run_googletest(program, args, totals):
    out = program.parent / (program.name + ".json")
    out.unlink(missing_ok=True)
    env = dict(os.environ, **args.env)
    command = [str(program), f"--gtest_output=json:{out}", "--gtest_color=no"]
    if args.filter:
        command.append(f"--gtest_filter={args.filter}")
    current = None
    body = []
    skip_reasons = {}
    seen_ok = 0

    def on_line(line):
        nonlocal current, body, seen_ok
        if line.startswith("[ RUN      ] "):
            current, body = line[13:], []
        elif line.startswith("[       OK ]"):
            current, seen_ok = None, seen_ok + 1
        elif line.startswith("[  SKIPPED ]") and current:
            text = [b for b in body if b and not b.endswith(": Skipped")]
            skip_reasons[current] = " ".join(text)
            current = None
        elif line.startswith("[  FAILED  ]") and current:
            current = None
        else:
            body.append(line)
        if not CHATTER.match(line):
            show(line)

    code, ended = run_watched(command, env, args.patience, args.minutes, on_line)
    results = read_results(out)
    if results is not None and ended is None:
        passed, failures, skips = results
        totals.passed += len(passed)
        totals.failures += [(f"{program.name}: {n}", text) for n, text in failures]
        for name, reason in skips:
            text = skip_reasons.get(name) or reason or "(gives no reason)"
            totals.skips.append((f"{program.name}: {name}", text))
        if code != 0 and not failures:  # a sanitizer at exit, a crash after the last test
            totals.failures.append((program.name, f"exit code {code} after the last test"))
        return len(passed) + len(failures) + len(skips)
    totals.passed += seen_ok
    what = ended or (f"ended by signal {-code}" if code < 0 else f"exit code {code}")
    where = f" in {current}" if current else ""
    totals.failures.append((program.name, f"{what}{where}\n" + "\n".join(body[-40:])))
    return seen_ok + 1


def run_script(script, args, totals):
    env = dict(os.environ, **args.env)
    last = ""

    def on_line(line):
        nonlocal last
        show(line)
        if line.strip():
            last = line.strip()

    code, ended = run_watched([str(script)], env, args.patience, args.minutes, on_line)
    tally = TALLY.match(last)
    if ended:
        totals.failures.append((str(script), f"{ended}; last line: {last}"))
        return 1
    if not tally:
        totals.failures.append((str(script), f"exit code {code}, no closing tally; last line: {last}"))
        return 1
    passed, failed, skipped = (int(n or 0) for n in tally.groups())
    totals.passed += passed
    totals.failed_more += failed
    totals.skipped_more += skipped
    if failed:
        totals.failed_more -= 1
        totals.failures.append((str(script), f"{failed} failed, see above"))
    elif code != 0:
        totals.failures.append((str(script), f"exit code {code} although its tally shows no failure"))
    return passed + failed + skipped


def main():
    parser = argparse.ArgumentParser(description="run every test program of a build")
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--filter", help="GoogleTest filter; scripts match by file name")
    parser.add_argument("--scripts", action="append", default=[], type=pathlib.Path)
    parser.add_argument("--programs", default="*_tests,*_corpus", help="names, with *")
    parser.add_argument("--patience", type=float, default=60, help="seconds without output")
    parser.add_argument("--minutes", type=float, default=15, help="longest run of one program")
    args = parser.parse_args()
    build = args.build.resolve()
    args.env = {
        "HOLDFAST_BUILD": str(build),
        "HOLDFAST_BIN": str(build / "bin" / "holdfast"),
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "detect_leaks=1:strict_string_checks=1"),
        "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "print_stacktrace=1"),
        "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", "halt_on_error=0:exitcode=66"),
    }

    programs = []
    for pattern in args.programs.split(","):
        found = sorted((build / "tests").glob(pattern))
        programs += [p for p in found if os.access(p, os.X_OK) and p.is_file()]
    scripts = []
    for folder in args.scripts:
        for pattern in ("*_test.py", "*_test.sh"):
            scripts += [s for s in sorted(folder.glob(pattern)) if os.access(s, os.X_OK)]
    if args.filter:
        scripts = [s for s in scripts if args.filter.strip("*") in s.name]

    totals = Totals()
    for kind, paths in ((run_googletest, programs), (run_script, scripts)):
        for path in paths:
            started = time.monotonic()
            name = path.name if kind is run_googletest else str(path)
            failed_before = totals.failed
            ran = kind(path.absolute() if kind is run_script else path, args, totals)
            if ran == 0 and args.filter:
                continue
            if ran == 0:
                totals.failures.append((name, "ran no test"))
            verdict = "ok" if totals.failed == failed_before else "FAILED"
            show(f"-- {name}: {ran} tests, {time.monotonic() - started:.1f} s, {verdict}")

    if totals.skips:
        show("\nskipped:")
        for name, reason in totals.skips:
            show(f"  {name}: {reason}")
    for name, text in totals.failures:
        show(f"\nFAILED {name}\n{text}")
    if totals.passed + totals.failed == 0:
        show("\nno test ran")
    show(f"\n{totals.passed} passed, {totals.failed} failed, {totals.skipped} skipped")
    return 1 if totals.failed or totals.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
