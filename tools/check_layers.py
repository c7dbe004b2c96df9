#!/usr/bin/env python3
"""Compares every #include and every link of src/ with the table of edges, cmake/layers.txt.

The table: `MODULE LEVEL USES...` a line, `-` for none; an edge must point to a lower level. A module
may always use itself. A quoted include of another module, an angled one that names a module, and
the DEPENDS, LINKS and target_link_libraries of every CMakeLists.txt in src/ are edges.
Exit code 1 and one line for each edge the table lacks.
"""

import argparse
import pathlib
import re
import sys

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def read_table(path):
    """({module: set of modules it may use}, {module: level}, [problems])."""
    edges, levels, problems = {}, {}, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        name = words[0]
        if name in levels:
            problems.append(f"{path}:{number}: module '{name}' stands here twice")
        levels[name] = int(words[1])
        edges[name] = {word for word in words[2:] if word != "-"}
    for name, uses in edges.items():
        for used in sorted(uses):
            if used not in levels:
                problems.append(f"{path}: '{name}' uses '{used}', which is not in the table")
            elif levels[used] >= levels[name]:
                problems.append(
                    f"{path}: '{name}' (level {levels[name]}) may not use '{used}'"
                    f" (level {levels[used]}): an edge points downward"
                )
    return edges, levels, problems


def check_includes(root, edges):
    problems = []
    source = root / "src"
    for path in sorted([*source.rglob("*.h"), *source.rglob("*.cc")]):
        module = path.relative_to(source).parts[0]
        where = path.relative_to(root)
        if module not in edges:
            problems.append(f"{where}: '{module}' is not in cmake/layers.txt")
            continue
        text = path.read_text()
        for match in INCLUDE.finditer(text):
            quoted, angled = match.groups()
            target = (quoted or angled).split("/")[0]
            line = text.count("\n", 0, match.start()) + 1
            if quoted and (target not in edges or "/" not in quoted):
                problems.append(f'{where}:{line}: "{quoted}" does not begin with a module')
            elif angled and (target not in edges or not (source / angled).exists()):
                continue  # a library of others
            elif target != module and target not in edges[module]:
                problems.append(f"{where}:{line}: '{module}' may not use '{target}'")
    return problems


def cmake_calls(text, name):
    """The argument lists of each call of `name`, comments removed."""
    text = re.sub(r"#[^\n]*", "", text)
    return [m.group(1).split() for m in re.finditer(rf"\b{name}\s*\(([^)]*)\)", text)]


def check_links(root, edges):
    problems = []
    for path in sorted((root / "src").rglob("CMakeLists.txt")):
        where = path.relative_to(root)
        text = path.read_text()
        links = []  # (module, used)
        for words in cmake_calls(text, "holdfast_module"):
            module, kind = words[0], None
            if module not in edges:
                problems.append(f"{where}: '{module}' is not in cmake/layers.txt")
                continue
            for word in words[1:]:
                if word in ("DEPENDS", "LINKS"):
                    kind = word
                elif kind == "DEPENDS":
                    links.append((module, word))
                elif word.removeprefix("holdfast_") in edges:
                    links.append((module, word.removeprefix("holdfast_")))
        for words in cmake_calls(text, "target_link_libraries"):
            module = words[0].removeprefix("holdfast_")
            for word in words[1:]:
                used = word.removeprefix("holdfast_")
                if word.startswith("holdfast_") and used in edges and module in edges:
                    links.append((module, used))
        for module, used in links:
            if used != module and used not in edges[module]:
                problems.append(f"{where}: '{module}' may not link '{used}'")
    return problems


def main():
    parser = argparse.ArgumentParser(description="check includes and links against the layer table")
    default_root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--root", type=pathlib.Path, default=default_root)
    root = parser.parse_args().root.resolve()
    edges, _, problems = read_table(root / "cmake" / "layers.txt")
    problems += check_includes(root, edges) + check_links(root, edges)
    for problem in problems:
        print(problem)
    if not problems:
        print(f"layers: every include and link of {len(edges)} modules stands in the table")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
