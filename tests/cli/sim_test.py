#!/usr/bin/env python3
"""The simulator's command line: what a run says, and that a failure is run again from its own line."""

import pathlib
import re
import shlex
import subprocess
import sys

from holdfast_process import PROGRAM, expect, main

SIMULATOR = pathlib.Path(PROGRAM).with_name("holdfast-sim")


def simulate(*words):
    return subprocess.run([SIMULATOR, *words], capture_output=True, text=True, timeout=120, check=False)


def seeds_that_pass_say_what_was_injected():
    done = simulate("--seeds", "3", "--nodes", "4", "--byzantine", "1", "--seconds", "5")
    expect(done.returncode == 0, done)
    expect(re.search(r"^3 seeds, 4 nodes, 1 Byzantine: .* [1-9]\d* commits", done.stdout, re.MULTILINE), done.stdout)
    expect(re.search(r"^\s+3  Byzantine node$", done.stdout, re.MULTILINE), done.stdout)


def equal_seeds_print_equal_traces():
    one, two = (simulate("--seed", "7", "--seconds", "5", "--trace") for _ in range(2))
    expect(one.returncode == 0 and one.stdout == two.stdout, one.stdout[-400:], two.stdout[-400:])
    expect("deliver 1" in one.stdout, one.stdout[:400])


def a_failure_is_run_again_from_its_own_line():
    found = simulate("--seeds", "20", "--seconds", "10", "--bug", "sign-again-after-restart")
    expect(found.returncode == 1, found)
    replay = re.search(r"^replay: \./dev sim (.*)$", found.stdout, re.MULTILINE)
    expect(replay, found.stdout)
    again = simulate(*shlex.split(replay[1]))
    expect(again.returncode == 1, again)
    sentence = re.search(r"^seed \d+: equivocated: .*$", found.stdout, re.MULTILINE)
    expect(sentence and sentence[0] in again.stdout, found.stdout, again.stdout)


def wrong_words_are_named():
    for words in (["--seeds"], ["--seeds", "many"], ["--nodes", "0"], ["--nodes", "101"],
                  ["--nodes", "4", "--byzantine", "4"], ["--colour", "1"]):
        refused = simulate(*words)
        expect(refused.returncode == 2 and refused.stderr.startswith("usage:"), words, refused)
    refused = simulate("--bug", "no-such-bug")
    expect(refused.returncode == 2 and "no-such-bug" in refused.stderr, refused)


TESTS = [seeds_that_pass_say_what_was_injected, equal_seeds_print_equal_traces,
         a_failure_is_run_again_from_its_own_line, wrong_words_are_named]

if __name__ == "__main__":
    sys.exit(main(TESTS, "simulator"))
