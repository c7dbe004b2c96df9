#!/usr/bin/env python3
"""Refuses calls that would give levels 0-3 a clock, a random source, threads, logging or IO.

The modules of those levels come from cmake/layers.txt. Comments, strings and character literals are
taken out before looking. Durations of std::chrono are fine, its clocks are not; `open` alone is no
file, for a sealed box opens too. What is allowed nevertheless stands in EXCEPTIONS, with its
reason; an exception that no file needs any more is an error, so that the table stays true.
"""

import argparse
import pathlib
import re
import sys

LEVEL_MAX = 3

RULES = {
    "clock": r"#\s*include\s*<(ctime|time\.h|sys/time\.h)>|\b\w*clock\s*::\s*now\b"
    r"|\b(clock_gettime|gettimeofday|localtime|gmtime|strftime|mktime|nanosleep|usleep)\s*\("
    r"|\b(system_clock|steady_clock|high_resolution_clock|utc_clock|tai_clock|file_clock)\b"
    r"|(?<![\w.>])(?:std\s*::\s*|::\s*)?(?:time|clock|sleep)\s*\(\s*(?:nullptr|NULL|0|&\s*\w+|\d+)?\s*\)",
    "random": r"\b(random_device|mt19937\w*|default_random_engine|getrandom|getentropy|arc4random\w*"
    r"|RAND_bytes|AutoSeeded_RNG|System_RNG|system_rng|Processor_RNG)\b|#\s*include\s*<random>"
    r"|\b(rand|srand|srandom|drand48)\s*\(|\brandom\s*\(\s*\)",
    "thread": r"\bstd\s*::\s*(jthread|thread|async|future|promise|packaged_task|this_thread)\b"
    r"|\bpthread_\w+|\bthread_local\b|#\s*include\s*<(thread|future|stop_token)>|\bfork\s*\(",
    "lock": r"\bstd\s*::\s*(\w*mutex|lock_guard|unique_lock|scoped_lock|shared_lock"
    r"|condition_variable\w*|counting_semaphore|binary_semaphore|latch|barrier|call_once|once_flag)\b"
    r"|#\s*include\s*<(mutex|shared_mutex|condition_variable|semaphore|latch|barrier)>",
    "atomic": r"\bstd\s*::\s*atomic\w*|#\s*include\s*<(atomic|stdatomic\.h)>",
    "logging": r"\bspdlog\b|\bstd\s*::\s*(cout|cerr|clog|print|println)\b|#\s*include\s*<iostream>"
    r"|\b(printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|perror|syslog)\s*\(",
    "file": r"\bstd\s*::\s*(\w*fstream|filebuf|filesystem)\b|#\s*include\s*<(fstream|filesystem|fcntl\.h)>"
    r"|\b(fopen|freopen|tmpfile|openat|creat|mkstemp)\s*\(|(?<![\w>])(?:std\s*)?::\s*(unlink|rename|remove)\s*\(|(?<![\w:])::\s*open\s*\(|\bO_(RDONLY|WRONLY|RDWR|CREAT)\b"
    r"|#\s*include\s*<(sys/mman\.h|sys/stat\.h|unistd\.h|dirent\.h)>|\b(mmap|mlock|munmap)\s*\(",
    "socket": r"(?<![\w.>])(?:::\s*)?(socket|accept4?|connect|bind|listen|recv|recvfrom|send|sendto|epoll_\w+)\s*\(\s*(AF_\w+|fd|\w*socket\w*|\w*_fd)\b"
    r"|#\s*include\s*<(sys/socket\.h|netinet/\w+\.h|arpa/inet\.h|sys/epoll\.h|netdb\.h|boost/asio[^>]*)>",
    "environment": r"\b(getenv|secure_getenv|setenv|putenv|unsetenv)\s*\(|\benviron\b"
    r"|\bstd\s*::\s*system\b",
    "unordered": r"\bstd\s*::\s*(pmr\s*::\s*)?unordered_\w+|#\s*include\s*<unordered_(map|set)>",
}

# (file, rule): why it is allowed there.
EXCEPTIONS = {
    ("src/base/secret.h", "atomic"): "counts protected memory; one object serves every thread",
    ("src/base/secret.h", "lock"): "hands out protected memory; one object serves every thread",
    ("src/base/secret.cc", "lock"): "hands out protected memory; one object serves every thread",
    ("src/base/secret.cc", "file"): "mmap and mlock give memory, not files",
    ("src/base/check.cc", "logging"): "says which CHECK failed, the last thing before abort()",
}

# In this order: a raw string, a comment, a string, a digit separator, a character literal.
LITERALS = re.compile(
    r'(?P<raw>R"(?P<tag>[^()\\\s]{0,16})\((?:.|\n)*?\)(?P=tag)")'
    r"|(?P<comment>//(?:[^\n\\]|\\.|\\\n)*|/\*(?:.|\n)*?\*/)"
    r'|(?P<string>"(?:[^"\\\n]|\\(?:.|\n))*")'
    r"|(?P<separator>(?<=[0-9a-fA-F])'(?=[0-9a-fA-F]))"
    r"|(?P<character>'(?:[^'\\\n]|\\.)+')"
)
QUOTED_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"[^"]*"', re.MULTILINE)


def strip(text):
    """Comments and literals become blanks; line numbers stay."""

    def blank(match):
        if match.lastgroup == "separator":
            return ""
        return re.sub(r"[^\n]", " ", match.group(0))

    return LITERALS.sub(blank, text)


def modules_up_to(root, level_max):
    names = []
    for line in (root / "cmake" / "layers.txt").read_text().splitlines():
        words = line.split("#")[0].split()
        if words and int(words[1]) <= level_max:
            names.append(words[0])
    return names


def check(root, exceptions):
    problems, used = [], set()
    rules = {name: re.compile(pattern) for name, pattern in RULES.items()}
    for module in modules_up_to(root, LEVEL_MAX):
        folder = root / "src" / module
        for path in sorted([*folder.rglob("*.h"), *folder.rglob("*.cc")]):
            where = path.relative_to(root).as_posix()
            text = strip(path.read_text())
            for rule, pattern in rules.items():
                for match in pattern.finditer(text):
                    if (where, rule) in exceptions:
                        used.add((where, rule))
                        continue
                    line = text.count("\n", 0, match.start()) + 1
                    token = " ".join(match.group(0).split())
                    problems.append(f"{where}:{line}: {rule}: '{token}' is banned in levels 0-3")
    for where, rule in sorted(set(exceptions) - used):
        problems.append(f"tools/check_banned.py: the exception {where} ({rule}) is not needed")
    return problems


def main():
    parser = argparse.ArgumentParser(description="check levels 0-3 for banned calls")
    default_root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--root", type=pathlib.Path, default=default_root)
    args = parser.parse_args()
    exceptions = EXCEPTIONS if args.root.resolve() == default_root else {}
    problems = check(args.root.resolve(), exceptions)
    for problem in problems:
        print(problem)
    if not problems:
        print(f"banned calls: none in levels 0-{LEVEL_MAX}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
