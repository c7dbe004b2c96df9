#!/usr/bin/env python3
"""A planted include and a planted link are caught, by the check and by the build itself."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import tally

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECK = ROOT / "tools" / "check_layers.py"


class CheckLayers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        shutil.copytree(ROOT / "cmake", self.root / "cmake")
        (self.root / "src").mkdir()
        self.write("src/base/a.h", "#pragma once\n#include <vector>\n")
        self.write("src/model/a.h", '#pragma once\n#include "base/a.h"\n#include "model/b.h"\n')
        self.write("src/CMakeLists.txt", "holdfast_module(base)\nholdfast_module(model DEPENDS base)\n")

    def write(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def check(self):
        command = [sys.executable, CHECK, "--root", self.root]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def test_this_source_tree_keeps_to_the_table(self):
        done = subprocess.run([sys.executable, CHECK], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_allowed_edges_pass(self):
        self.assertEqual(self.check()[0], 0)

    def test_an_include_of_a_higher_module_is_caught(self):
        self.write("src/base/bad.cc", '#include "base/a.h"\n\n#include "vault/apply.h"\n')
        code, text = self.check()
        self.assertEqual(code, 1)
        self.assertIn("src/base/bad.cc:3: 'base' may not use 'vault'", text)

    def test_an_include_of_a_sibling_is_caught(self):
        self.write("src/vault/bad.h", '  #  include "consensus/core.h"\n')
        self.assertIn("src/vault/bad.h:1: 'vault' may not use 'consensus'", self.check()[1])

    def test_an_angled_include_of_a_module_is_caught(self):
        self.write("src/vault/apply.h", "#pragma once\n")
        self.write("src/base/bad.h", "#include <vault/apply.h>\n")
        self.assertIn("'base' may not use 'vault'", self.check()[1])

    def test_an_include_that_names_no_module_is_caught(self):
        self.write("src/base/bad.h", '#include "a.h"\n#include "../vault/apply.h"\n')
        code, text = self.check()
        self.assertEqual(code, 1)
        self.assertEqual(text.count("does not begin with a module"), 2)

    def test_a_link_the_table_lacks_is_caught(self):
        self.write("src/CMakeLists.txt", "holdfast_module(base)\nholdfast_module(model DEPENDS base vault)\n")
        code, text = self.check()
        self.assertEqual(code, 1)
        self.assertIn("'model' may not link 'vault'", text)

    def test_a_link_behind_the_back_of_the_function_is_caught(self):
        self.write("src/CMakeLists.txt", "target_link_libraries(holdfast_base PUBLIC holdfast_node)\n")
        self.assertIn("'base' may not link 'node'", self.check()[1])

    def test_a_table_with_an_upward_edge_is_refused(self):
        table = self.root / "cmake" / "layers.txt"
        table.write_text(table.read_text().replace("base       0      -", "base       0      vault"))
        self.assertIn("an edge points downward", self.check()[1])

    def test_cmake_refuses_to_configure_an_edge_the_table_lacks(self):
        if not shutil.which("cmake") or not shutil.which("ninja"):
            self.skipTest("cmake and ninja are not installed")
        self.write("src/base/a.cc", "int a() { return 0; }\n")
        self.write("src/model/a.cc", "int b() { return 0; }\n")
        lines = "cmake_minimum_required(VERSION 3.25)\nproject(planted NONE)\n"
        lines += "include(cmake/HoldfastModule.cmake)\nadd_library(holdfast_options INTERFACE)\n"
        for edge, refused in (("model", False), ("vault", True)):
            with self.subTest(edge=edge):
                shutil.rmtree(self.root / "out", ignore_errors=True)
                call = "holdfast_module(model)\n" if not refused else ""
                call += f"holdfast_module({'vault' if not refused else 'base'} DEPENDS {edge})\n"
                self.write("CMakeLists.txt", lines + call)
                command = ["cmake", "-G", "Ninja", "-S", self.root, "-B", self.root / "out"]
                done = subprocess.run(command, capture_output=True, text=True)
                if refused:
                    self.assertNotEqual(done.returncode, 0)
                    self.assertIn("layer check: 'base' may not use 'vault'", done.stderr)
                else:
                    self.assertNotIn("layer check", done.stderr)


tally.main()
