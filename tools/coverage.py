#!/usr/bin/env python3
"""Line coverage of src/ by module, from the counters of a build with --coverage.

A line counts once however many objects contain it, and as run if any of them ran it.
"""

import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    source = pathlib.Path(__file__).resolve().parent.parent / "src"
    counters = sorted(build.rglob("*.gcda"))
    if not counters:
        print("no counters: run the tests of the cover preset first")
        return 1
    lines = collections.defaultdict(int)  # (file, line) -> times run
    with tempfile.TemporaryDirectory() as folder:
        for counter in counters:
            command = ["gcov-14", "--json-format", "--object-directory", counter.parent, counter]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            for report in pathlib.Path(folder).glob("*.gcov.json.gz"):
                data = json.loads(gzip.decompress(report.read_bytes()))
                report.unlink()
                for file in data["files"]:
                    path = pathlib.Path(data["current_working_directory"], file["file"]).resolve()
                    if path.is_relative_to(source):
                        for line in file["lines"]:
                            lines[path.relative_to(source), line["line_number"]] += line["count"]
    modules = collections.defaultdict(lambda: [0, 0])
    for (path, _), count in lines.items():
        for name in (path.parts[0], "all"):
            modules[name][0] += count > 0
            modules[name][1] += 1
    for name in sorted(modules, key=lambda n: (n == "all", n)):
        run, total = modules[name]
        print(f"{name:<12} {run:>6} of {total:>6} lines  {100 * run / total:5.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
