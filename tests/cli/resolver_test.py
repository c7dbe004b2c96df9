#!/usr/bin/env python3
"""The strategy custom: a program of the user's settles conflicts, and nothing is lost if it fails."""

import json
import os
import sys
import time

from holdfast_process import USAGE, Home, expect, expect_error, main

LOST = "canary-password"


def home_with(program, name="newest"):
    """A vault whose conflicts go to a Python program; `given` is what it was given."""
    home = Home()
    script = home.path / "resolver.py"
    script.write_text(f"import json, os, sys, time\nhome = {str(home.path)!r}\n" + program)
    home.ok("config", "set", "conflicts.resolvers", f"{name}={sys.executable} {script} an-argument")
    home.init()
    home.ok("conflicts", "strategy", "custom", "--resolver", name)
    return home


def in_conflict(home, label="github"):
    home.ok("add", label, "-u", "ann", "--notes", "-", stdin="old", give={"--password-fd": LOST})
    base = home.ok("get", label, "--json").json()
    home.ok("edit", label, "-u", "laptop", "--tags", "a")
    status, answer = home.request("PATCH", f"/v1/vaults/-/secrets/{base['id']}?base={base['version']}",
                                  {"username": "phone", "notes": "from the phone"})
    expect(status == 200, status, answer)
    return base["id"]


def waits(home):
    return [c["label"] for c in home.ok("conflicts", "list", "--json").json()["items"] if c["open"]]


def the_program_decides_and_the_rest_is_merged():
    with home_with('''
given = json.load(sys.stdin)
open(home + "/given", "w").write(json.dumps([given, sys.argv[1:], dict(os.environ)]))
names = [head["secret"]["username"] for head in given["heads"]]
print(json.dumps({"username": " and ".join(names)}))''') as home:
        in_conflict(home)
        now = home.ok("get", "github", "--json").json()
        expect(now["username"] == "laptop and phone" and not now["conflict"], now)
        expect(now["tags"] == ["a"] and now["notes"] == "from the phone", "the rest is not merged", now)
        given, arguments, variables = json.loads((home.path / "given").read_text())
        expect(given["type"] == "concurrent_update" and given["ancestor"]["username"] == "ann", given)
        expect(given["heads"][0]["secret"]["password"] == LOST and given["heads"][0]["own"], given)
        expect(arguments == ["an-argument"] and LOST not in str(variables), arguments, variables)
        expect(len(home.ok("history", "github", "--json").json()["items"]) == 4, "the heads are in the history")
        home.ok("verify")


def whatever_a_program_does_wrong_the_conflict_waits_with_an_alert():
    with home_with('exec(open(home + "/code").read())') as home:
        for number, (code, why) in enumerate([
                ("sys.exit(3)", "ended with code 3"), ("print('nonsense')", "not a JSON object"),
                ("print('[]')", "not a JSON object"), ("pass", "not a JSON object"),
                ("print('{\"usrname\": \"x\"}')", "no change of a secret"),
                ("print('{\"label\": \"\"}')", "no change of a secret"),
                ("print('{\"category\": \"x\"}')", "moves the secret"),
                ("sys.stdin.close(); print('{\"username\": 5}')", "no change of a secret"),
                ("print('x' * (5 << 20))", "more than 4194304 bytes"),
                ("import signal; os.kill(os.getpid(), signal.SIGKILL)", "")]):
            (home.path / "code").write_text(code)
            label = f"secret {number}"
            in_conflict(home, label)
            expect(label in waits(home), f"{code}: {waits(home)}")
            listed = home.ok("conflicts", "list")
            expect("warning" in listed.err and "'newest' failed" in listed.err and why in listed.err,
                   code, listed)
            expect(LOST not in listed.err, listed)
            expect(home.ok("get", label, "--field", "username").text == "laptop\n", "the first side stays")
        home.ok("conflicts", "resolve", "secret 0", "--merge")  # the user still can
        # mended, it settles what waits
        (home.path / "code").write_text("print('{\"username\": \"mended\"}')")
        home.ok("conflicts", "strategy", "custom", "--resolver", "newest")
        expect(waits(home) == [], waits(home))
        expect(home.ok("get", "secret 1", "--field", "username").text == "mended\n", "not mended")
        expect("warning" not in home.ok("conflicts", "list").err, "an alert is left")
        home.ok("verify")


def a_program_that_hangs_is_killed_with_what_it_started():
    with home_with('''
import subprocess
child = subprocess.Popen(["sleep", "600"])
open(home + "/child", "w").write(str(child.pid))
child.wait()''') as home:
        started = time.monotonic()
        in_conflict(home)
        expect(4 < time.monotonic() - started < 30, "it was not waited for as long as promised")
        listed = home.ok("conflicts", "list")
        expect(waits(home) == ["github"] and "longer than 5 s" in listed.err, listed)
        child = (home.path / "child").read_text()
        if os.path.exists(f"/proc/{child}"):  # or it is gone altogether
            with open(f"/proc/{child}/stat") as stat:
                expect(stat.read().rsplit(")", 1)[1].split()[0] == "Z", "its child still runs")
        started = time.monotonic()
        in_conflict(home, "second")  # writers do not wait again
        expect(time.monotonic() - started < 4, "it was asked again at once")
        expect(waits(home) == ["github", "second"], waits(home))


def a_resolver_that_this_device_lacks_leaves_the_conflict_and_says_so():
    with home_with("print('{\"username\": \"x\"}')") as home:
        home.ok("conflicts", "strategy", "custom", "--resolver", "other")
        in_conflict(home)
        listed = home.ok("conflicts", "list")
        expect(waits(home) == ["github"] and "no resolver 'other'" in listed.err, listed)
        expect("conflicts.resolvers" in listed.err, listed)
        home.ok("conflicts", "strategy", "custom", "--resolver", "newest")
        expect(waits(home) == [] and home.ok("get", "github", "--field", "username").text == "x\n", "not settled")


def the_settings_hold_a_table_of_programs():
    with Home() as home:
        key = "conflicts.resolvers"
        home.ok("config", "set", key, 'a=prog --flag "x y"\nb-2=/bin/b')
        expect(home.ok("config", "get", key).text == 'a=prog --flag "x y"\nb-2=/bin/b\n', "get")
        file = home.path / "config" / "holdfast" / "config.toml"
        expect('resolvers = { a = "prog --flag \\"x y\\"", b-2 = "/bin/b" }' in file.read_text(), file.read_text())
        for bad in ("a", "a b=c", "=c", "a=", "a=b\na=c", "x" * 65 + "=y"):
            expect_error(home.run("config", "set", key, bad), USAGE, "table of NAME")
        file.write_text('[conflicts.resolvers]\nc = "d"\n')
        file.chmod(0o600)
        expect(home.ok("config", "get", key).text == "c=d\n", "a section of its own")
        file.write_text('conflicts = { resolvers = { c = 5 } }\n')
        expect_error(home.run("config", "get", key), USAGE, "line 1", "table of NAME")


if __name__ == "__main__":
    sys.exit(main([the_program_decides_and_the_rest_is_merged,
                   whatever_a_program_does_wrong_the_conflict_waits_with_an_alert,
                   a_program_that_hangs_is_killed_with_what_it_started,
                   a_resolver_that_this_device_lacks_leaves_the_conflict_and_says_so,
                   the_settings_hold_a_table_of_programs],
                  "programs that settle conflicts"))
