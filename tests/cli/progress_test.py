#!/usr/bin/env python3
"""Progress bars: on a terminal, for what takes long, and nowhere else."""

import json
import sys

from holdfast_process import expect, main, unlocked_home

ENTRIES = 20_000  # well over half a second


def file_of(home, entries):
    items = [{"id": f"i{n}", "type": 1, "name": f"site {n}", "login": {"username": "u", "password": f"p{n}"}}
             for n in range(entries)]
    path = home.path / "b.json"
    path.write_text(json.dumps({"encrypted": False, "folders": [], "items": items}))
    return path


def a_bar_shows_what_takes_long_and_goes():
    with unlocked_home() as home:
        path = file_of(home, ENTRIES)
        code, seen = home.type("import", path, "-f", "bitwarden-json", timeout=300)
        expect(code == 0 and "import" in seen, seen)
        expect(f"of {ENTRIES}" in seen and "%" in seen, "no bar", seen[:500])
        expect("\x1b" not in seen.split("read")[0], "control sequences", seen[:500])
        last = seen[:seen.index("read ")].rsplit("\r", 2)
        expect(last[-2].strip() == "" and last[-1].strip() in ("", "\x1b[1m"), "the bar stays", last)
        out = home.path / "out.json"
        quiet = ["export", out, "-f", "holdfast-json", "--plaintext", "--yes"]
        for flags, env in ((["--quiet"], {}), (["--json"], {}), ([], {"HOLDFAST_OUTPUT_PROGRESS": "never"})):
            code, seen = home.type(*flags, *quiet, env=env, timeout=300)
            expect(code == 0 and "%" not in seen and "..." not in seen, flags, env, seen[:300])
        piped = home.ok("verify")
        expect("%" not in piped.err, piped.err)


def what_is_quick_shows_none():
    with unlocked_home() as home:
        code, seen = home.type("import", file_of(home, 3), "-f", "bitwarden-json")
        expect(code == 0 and "%" not in seen and "..." not in seen, seen)


TESTS = [value for name, value in list(globals().items())
         if callable(value) and getattr(value, "__module__", "") == "__main__" and name != "file_of"]

if __name__ == "__main__":
    sys.exit(main(TESTS, "progress bars"))
