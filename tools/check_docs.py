#!/usr/bin/env python3
"""Checks that the documents keep their promises.

- docs/requirements.md holds every ID V001..V194 and K001..K105 once, in order, with a state, and for
  `met` and `part` tests that exist: `Suite.Name` of GoogleTest, the path of a script in tests/, or
  `bench.name` of a benchmark, whose figure stands in docs/performance.md.
- Local links lead to files that exist.
- No word of FORBIDDEN, no path of one particular machine.
With --commands it prints the commands of the README's tour, one a line, for the test that types them.
"""

import argparse
import pathlib
import re
import sys

IDS = [f"V{n:03}" for n in range(1, 195)] + [f"K{n:03}" for n in range(1, 106)]
STATES = ("met", "part", "open")

# Promises nobody can keep, and notes to oneself.
FORBIDDEN = re.compile(
    r"\b(military[- ]grade|bank[- ]grade|unbreakable|unhackable|100 ?% secure|perfectly secure"
    r"|world[- ]class|blazing(?:ly)?|seamless(?:ly)?|state[- ]of[- ]the[- ]art|next[- ]gen\w*"
    r"|revolutionary|game[- ]chang\w+|to ?do:|todo|fixme|tbd|lorem ipsum)\b",
    re.IGNORECASE,
)
# An absolute path is one of these, or a path of the REST interface, or of somebody's machine.
PATH = re.compile(r"(?<![\w.~}$:/)\]<-])/([a-z][\w.-]*)/[\w.-]+")
PATHS_EVERYWHERE = {"usr", "etc", "var", "run", "proc", "sys", "dev", "tmp", "v1", "api", "home"}

MACRO = re.compile(
    r"\b(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)"
    r"\s*\(\s*(\w+)\s*,\s*(\w+)"
)
BENCHMARK = re.compile(r"^BENCHMARK\((\w+)\)", re.MULTILINE)
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def known_tests(root):
    names = set()
    for path in (root / "tests").rglob("*.cc"):
        names.update(".".join(m.groups()) for m in MACRO.finditer(path.read_text()))
    for path in (root / "bench").rglob("*.cc"):
        names.update("bench." + name for name in BENCHMARK.findall(path.read_text()))
    return names


def check_requirements(root):
    path = root / "docs" / "requirements.md"
    if not path.exists():
        return ["docs/requirements.md is missing"]
    problems, seen = [], []
    tests = known_tests(root)
    for number, line in enumerate(path.read_text().splitlines(), 1):
        row = re.match(r"\|\s*([VK]\d{3})\s*\|", line)
        if not row:
            continue
        where = f"docs/requirements.md:{number}: {row.group(1)}"
        seen.append(row.group(1))
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 5:
            problems.append(f"{where}: {len(cells)} columns instead of 5")
            continue
        _, _, requirement, state, named = cells
        if not requirement:
            problems.append(f"{where}: no requirement")
        if state not in STATES:
            problems.append(f"{where}: state '{state}' is none of {', '.join(STATES)}")
        names = re.findall(r"`([^`]+)`", named)
        if state in ("met", "part") and not names:
            problems.append(f"{where}: '{state}' without a test")
        for name in names:
            script = root / name
            if "/" in name:
                if not name.startswith("tests/") or not script.is_file():
                    problems.append(f"{where}: no such script {name}")
            elif name not in tests:
                problems.append(f"{where}: no such test {name}")
    if seen != IDS:
        missing = [i for i in IDS if i not in seen]
        more = sorted({i for i in seen if seen.count(i) > 1 or i not in IDS})
        for text, ids in (("missing", missing), ("twice or unknown", more)):
            if ids:
                problems.append(f"docs/requirements.md: {text}: {' '.join(ids)}")
        if not missing and not more:
            problems.append("docs/requirements.md: the IDs are not in order")
    return problems


def documents(root):
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])


def check_prose(root):
    problems = []
    for path in documents(root):
        where = path.relative_to(root)
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for match in FORBIDDEN.finditer(line):
                problems.append(f"{where}:{number}: forbidden: '{match.group(0)}'")
            for match in PATH.finditer(line):
                if match.group(1) not in PATHS_EVERYWHERE:
                    problems.append(f"{where}:{number}: a path of one machine: {match.group(0)}")
            for target in LINK.findall(line):
                if "://" in target or target.startswith("mailto:"):
                    continue
                if not (path.parent / target).exists():
                    problems.append(f"{where}:{number}: dead link: {target}")
    return problems


def readme_commands(root):
    """The commands a reader types: lines of ```sh blocks that begin with ./dev or holdfast.

    A trailing backslash joins lines. A comment after two blanks is cut off.
    """
    commands = []
    for block in FENCE.findall((root / "README.md").read_text()):
        for line in block.replace("\\\n", " ").splitlines():
            line = re.split(r"\s{2,}#", line.removeprefix("$ "))[0].strip()
            if re.match(r"(\./dev|holdfast)(\s|$)", line):
                commands.append(" ".join(line.split()))
    return commands


def check_readme(root):
    path = root / "README.md"
    if not path.exists():
        return ["README.md is missing"]
    commands = readme_commands(root)
    wanted = ("./dev run", "./dev test")
    return [f"README.md: the command `{w}` is not shown" for w in wanted if w not in commands]


def main():
    parser = argparse.ArgumentParser(description="check the documents")
    default_root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--root", type=pathlib.Path, default=default_root)
    parser.add_argument("--commands", action="store_true", help="print the README's commands")
    args = parser.parse_args()
    root = args.root.resolve()
    if args.commands:
        print("\n".join(readme_commands(root)))
        return 0
    problems = check_requirements(root) + check_prose(root) + check_readme(root)
    for problem in problems:
        print(problem)
    if not problems:
        print(f"documents: {len(IDS)} requirements, {len(documents(root))} files")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
