#!/usr/bin/env python3
"""A missing requirement, an invented test, a dead link and an empty promise are caught."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import tally

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECK = ROOT / "tools" / "check_docs.py"
IDS = [f"V{n:03}" for n in range(1, 195)] + [f"K{n:03}" for n in range(1, 106)]
README = "```sh\n./dev run\n./dev test  # all of them\nls\nholdfast add mail \\\n    -u ann\n```\n"


class CheckDocs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.rows = {i: f"| {i} | Area | What | open | – |" for i in IDS}
        self.write("README.md", README)
        self.write("tests/base/a_test.cc", "TEST(Suite, ShowsIt) {}\nRC_GTEST_PROP(Prop, Holds, (int a)) {}\n")
        self.write("tests/cli/a_test.sh", "")

    def write(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def check(self, *options):
        if not (self.root / "docs/requirements.md").exists():
            self.write("docs/requirements.md", "\n".join(self.rows.values()) + "\n")
        command = [sys.executable, CHECK, "--root", self.root, *options]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def assertCaught(self, words):
        code, text = self.check()
        self.assertEqual(code, 1, text)
        self.assertIn(words, text)

    def test_the_documents_of_this_project_pass(self):
        done = subprocess.run([sys.executable, CHECK], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_complete_table_passes(self):
        self.rows["V001"] = "| V001 | A | W | met | `Suite.ShowsIt`, `Prop.Holds`, `tests/cli/a_test.sh` |"
        code, text = self.check()
        self.assertEqual(code, 0, text)

    def test_a_missing_row_is_caught(self):
        del self.rows["K105"]
        self.assertCaught("missing: K105")

    def test_a_row_that_stands_twice_is_caught(self):
        self.rows["again"] = self.rows["V007"]
        self.assertCaught("twice or unknown: V007")

    def test_an_unknown_state_is_caught(self):
        self.rows["V002"] = "| V002 | A | W | done | `Suite.ShowsIt` |"
        self.assertCaught("V002: state 'done'")

    def test_met_without_a_test_is_caught(self):
        self.rows["V003"] = "| V003 | A | W | met | – |"
        self.assertCaught("V003: 'met' without a test")

    def test_an_invented_test_is_caught(self):
        self.rows["V004"] = "| V004 | A | W | part | `Suite.Invented` |"
        self.assertCaught("V004: no such test Suite.Invented")

    def test_an_invented_benchmark_is_caught(self):
        self.write("bench/a_bench.cc", "BENCHMARK(known)->Arg(1);\n")
        self.rows["V004"] = "| V004 | A | W | part | `bench.known`, `bench.invented` |"
        self.assertCaught("V004: no such test bench.invented")

    def test_an_invented_script_is_caught(self):
        self.rows["V005"] = "| V005 | A | W | met | `tests/cli/invented_test.sh` |"
        self.assertCaught("V005: no such script tests/cli/invented_test.sh")

    def test_a_dead_link_is_caught(self):
        self.write("docs/a.md", "see [b](b.md) and [this](a.md)\n")
        self.assertCaught("docs/a.md:1: dead link: b.md")

    def test_an_empty_promise_is_caught(self):
        self.write("docs/a.md", "Our " + "military" + "-grade vault\n")
        self.assertCaught("docs/a.md:1: forbidden")

    def test_a_path_of_one_machine_is_caught(self):
        self.write("docs/a.md", "it lies in /somewhere/else, not in /etc/holdfast or ~/a/b\n")
        self.assertCaught("docs/a.md:1: a path of one machine: /somewhere/else")

    def test_a_readme_without_its_two_commands_is_caught(self):
        self.write("README.md", "```sh\n./dev run\n```\n")
        self.assertCaught("`./dev test` is not shown")

    def test_the_tour_is_read_as_it_is_typed(self):
        self.assertEqual(self.check("--commands")[1], "./dev run\n./dev test\nholdfast add mail -u ann\n")


tally.main()
