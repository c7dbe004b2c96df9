#!/usr/bin/env python3
"""One plant for every banned kind is caught; words in comments and strings are not."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import tally

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECK = ROOT / "tools" / "check_banned.py"

PLANTS = {
    "clock": ["auto t = std::chrono::steady_clock::now();", "auto t = time(nullptr);",
              "auto t = std::time(0);", "clock_gettime(CLOCK_REALTIME, &now);", "#include <ctime>"],
    "random": ["std::random_device device;", "int r = rand();", "Botan::AutoSeeded_RNG rng;",
               "getrandom(out, 32, 0);", "RAND_bytes(out, 32);", "std::mt19937_64 engine;"],
    "thread": ["std::jthread worker;", "thread_local int cache = 0;", "std::async(f);",
               "pthread_create(&t, 0, f, 0);"],
    "lock": ["std::mutex mutex;", "std::scoped_lock guard{m};", "#include <shared_mutex>"],
    "atomic": ["std::atomic<int> count;", "#include <atomic>"],
    "logging": ['spdlog::info("x");', 'std::cerr << "x";', 'printf("x");', "#include <iostream>"],
    "file": ["std::ifstream in;", "FILE* f = fopen(name, mode);", "int fd = ::open(path, O_RDONLY);",
             "std::filesystem::path p;", "#include <fcntl.h>"],
    "socket": ["#include <sys/socket.h>", "int s = ::socket(AF_UNIX, 1, 0);",
               "#include <boost/asio/ip/tcp.hpp>"],
    "environment": ['auto* home = std::getenv("HOME");', "secure_getenv(name);"],
    "unordered": ["std::unordered_map<int, int> m;", "std::pmr::unordered_set<int> s;"],
}
HARMLESS = """
// std::mutex and time(nullptr) in a comment
/* rand(); \n std::thread */
constexpr auto kText = "getenv( std::cout time(NULL)";
constexpr auto kRaw = R"(std::random_device fopen()" ")";
constexpr auto kBig = 1'000'000;  // a separator opens no literal
char quote = '"'; auto after = "std::mutex";
auto opened = open(key, box); auto commit_time = time(header); view.connect(other);
auto wait = std::chrono::milliseconds{5};
std::map<int, int> ordered; struct Operand { int strand; };
"""


class CheckBanned(unittest.TestCase):
    def check(self, text, module="vault"):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            shutil.copytree(ROOT / "cmake", root / "cmake")
            (root / "src" / module).mkdir(parents=True)
            (root / "src" / module / "planted.cc").write_text(text)
            command = [sys.executable, CHECK, "--root", root]
            done = subprocess.run(command, capture_output=True, text=True)
            return done.returncode, done.stdout

    def test_this_source_tree_has_none(self):
        done = subprocess.run([sys.executable, CHECK], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_comments_strings_and_look_alikes_pass(self):
        code, text = self.check(HARMLESS)
        self.assertEqual(code, 0, text)

    def test_a_banned_call_after_a_literal_is_still_seen(self):
        code, text = self.check(HARMLESS + "std::mutex after_everything;\n")
        self.assertEqual(code, 1)
        self.assertIn("planted.cc:12: lock", text)

    def test_higher_levels_are_free(self):
        for rule, plants in PLANTS.items():
            self.assertEqual(self.check("\n".join(plants), module="node")[0], 0, rule)


def plant(rule, line):
    def test(self):
        code, text = self.check(f"#include <vector>\n{line}\n")
        self.assertEqual(code, 1, f"not caught: {line}")
        self.assertIn(f"src/vault/planted.cc:2: {rule}: ", text)

    return test


for rule, plants in PLANTS.items():
    for number, line in enumerate(plants, 1):
        setattr(CheckBanned, f"test_{rule}_{number}", plant(rule, line))

tally.main()
