#!/usr/bin/env python3
"""The runner is no better than what it notices: crashes, silence, empty programs, wrong tallies."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import tally

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUN = ROOT / "tools" / "run_tests.py"

PROGRAM = """#!/usr/bin/env python3
import json, os, signal, sys, time
out = next(a for a in sys.argv if a.startswith("--gtest_output=json:"))[20:]
def report(*tests):
    suite = [dict(name=n, status="RUN", result=r, **more) for n, r, more in tests]
    open(out, "w").write(json.dumps({"testsuites": [{"name": "Suite", "testsuite": suite}]}))
def say(*lines): print(*lines, sep="\\n", flush=True)
"""
GOOD = 'say("[ RUN      ] Suite.A", "acvp.json: 12 vectors", "[       OK ] Suite.A (0 ms)")\n'
GOOD += 'report(("A", "COMPLETED", {}))\n'


class RunTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "tests").mkdir()
        (self.root / "scripts").mkdir()

    def program(self, name, body):
        path = self.root / "tests" / name
        path.write_text(PROGRAM + body)
        path.chmod(0o755)

    def script(self, name, body):
        path = self.root / "scripts" / name
        path.write_text("#!/bin/sh\n" + body)
        path.chmod(0o755)

    def run_all(self, *options):
        command = [sys.executable, RUN, "--build", self.root, "--scripts", self.root / "scripts"]
        done = subprocess.run([*command, *options], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def last(self, text):
        return text.splitlines()[-1]

    def test_passes_are_added_up_and_what_tests_print_is_shown(self):
        self.program("a_tests", GOOD)
        self.program("b_tests", GOOD)
        self.script("c_test.sh", "echo 3 passed, 0 failed\n")
        code, text = self.run_all()
        self.assertEqual(code, 0, text)
        self.assertEqual(self.last(text), "5 passed, 0 failed, 0 skipped")
        self.assertIn("acvp.json: 12 vectors", text)
        self.assertNotIn("[ RUN", text)

    def test_a_failure_is_printed_in_full(self):
        self.program("a_tests", 'report(("A", "COMPLETED", {"failures": [{"failure": "1 is not 2"}]}))\nsys.exit(1)\n')
        code, text = self.run_all()
        self.assertEqual(code, 1)
        self.assertIn("FAILED a_tests: Suite.A\n1 is not 2", text)
        self.assertEqual(self.last(text), "0 passed, 1 failed, 0 skipped")

    def test_a_skip_is_listed_with_its_reason(self):
        self.program("a_tests", GOOD.replace("report((", 'say("[ RUN      ] Suite.B", "f.cc:9: Skipped", "no vectors here", "[  SKIPPED ] Suite.B (0 ms)")\nreport(("B", "SKIPPED", {}), ('))
        code, text = self.run_all()
        self.assertEqual(code, 0, text)
        self.assertIn("a_tests: Suite.B: no vectors here", text)
        self.assertEqual(self.last(text), "1 passed, 0 failed, 1 skipped")

    def test_a_crash_is_a_failure_with_the_test_it_was_in(self):
        self.program("a_tests", 'say("[ RUN      ] Suite.A")\nos.kill(os.getpid(), signal.SIGSEGV)\n')
        code, text = self.run_all()
        self.assertEqual(code, 1)
        self.assertIn("ended by signal 11 in Suite.A", text)

    def test_an_exit_code_after_the_last_test_is_a_failure(self):
        self.program("a_tests", GOOD + "sys.exit(23)\n")
        code, text = self.run_all()
        self.assertEqual(code, 1)
        self.assertIn("exit code 23 after the last test", text)

    def test_a_silent_program_is_ended_and_named(self):
        self.program("a_tests", 'say("[ RUN      ] Suite.Stuck")\ntime.sleep(600)\n')
        code, text = self.run_all("--patience", "0.5")
        self.assertEqual(code, 1)
        self.assertIn("silent for 0.5 s in Suite.Stuck", text)

    def test_a_program_that_talks_for_ever_is_ended(self):
        self.program("a_tests", 'while True: say("still here"); time.sleep(0.05)\n')
        code, text = self.run_all("--minutes", "0.01")
        self.assertEqual(code, 1)
        self.assertIn("ran over 0.01 minutes", text)

    def test_nothing_run_is_a_failure(self):
        code, text = self.run_all()
        self.assertEqual(code, 1)
        self.assertIn("no test ran", text)

    def test_a_program_without_tests_is_a_failure(self):
        self.program("a_tests", GOOD)
        self.program("b_tests", "report()\n")
        self.assertIn("FAILED b_tests\nran no test", self.run_all()[1])

    def test_a_script_without_tally_is_a_failure(self):
        self.script("a_test.sh", "echo done\n")
        self.assertIn("no closing tally", self.run_all()[1])

    def test_a_script_that_hides_its_failure_is_a_failure(self):
        self.script("a_test.sh", "echo 1 passed, 0 failed\nexit 3\n")
        code, text = self.run_all()
        self.assertEqual(code, 1)
        self.assertEqual(self.last(text), "1 passed, 1 failed, 0 skipped")

    def test_failures_of_a_script_are_added_up(self):
        self.script("a_test.sh", "echo 1 passed, 2 failed, 3 skipped\nexit 1\n")
        self.assertEqual(self.last(self.run_all()[1]), "1 passed, 2 failed, 3 skipped")


tally.main()
