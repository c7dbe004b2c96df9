#!/usr/bin/env python3
"""The N-th allocation fails, in the daemon while it answers and in a command. The request or command
then succeeds, is refused with a named error, or the process ends and says why; whatever was acknowledged is there,
all else as a whole or not at all, the vault verifies, and the next request is answered.

HOLDFAST_NTH=all takes every N to the end (./dev faults); without it each operation gets as many N as
HOLDFAST_NTH_ALLOCATIONS (6) allows, spread over all it has.
"""

import http.client
import itertools
import os
import shutil
import sys

import nth_call_test as nth
from holdfast_process import PASSPHRASE, Home, Skip, expect, main
from nth_call import ALLOCATE, FAIL, NthCommand, NthDaemon, sanitized
from nth_call_test import ALL, IMPORT_FILE, SECRETS, body, numbers_for, template, verified

RUNS = int(os.environ.get("HOLDFAST_NTH_ALLOCATIONS", "6"))
NEVER = 1 << 40
REFUSED = (500, 503, 507)


class Disturbed:
    """A daemon whose allocations fail, started again where that ended it."""

    def __init__(self, home):
        if sanitized():
            raise Skip("the library would have to come before the sanitizer's")
        self.home, self.deaths, self.refused, self.fired_before = home, 0, 0, False
        template().copy_to(home)
        self.start()

    def start(self):
        self.daemon = NthDaemon(self.home)
        self.home.unlock()

    def disturb(self, number, do):
        """(whether it fired, the status or None if the daemon ended). It answers again afterwards."""
        self.daemon.arm(FAIL, number, ALLOCATE)
        try:
            status, answer = do()
        except (OSError, http.client.HTTPException, ValueError):
            status, answer = None, None
        fired, what = self.daemon.fired, self.daemon.what
        self.daemon.disarm()
        if status is not None and status >= 300:
            expect(status in REFUSED and answer["code"], number, what, status, answer)
            self.refused += 1
        if self.home.daemon() is None:
            expect(fired or self.fired_before, "it ended by itself")  # a thread may end it after the answer
            expect(self.daemon.process.wait(30) == 1, "it did not say why it ended", self.daemon.process.returncode)
            self.daemon.end()
            self.deaths += 1
            self.start()
        else:
            expect(fired or status is not None and status < 300, "refused undisturbed", number, status, answer)
        self.fired_before = fired
        return fired, status

    def count(self, do):
        expect(not self.disturb(NEVER, do)[0], "it fired")
        return self.daemon.control.count

    def each(self, name, do, after=lambda status: None):
        """Disturbs do(n) at every N; after(status) looks at what it left."""
        attempts = itertools.count()
        once = lambda: do(next(attempts))
        count = self.count(once)
        after(200)
        runs = 0
        for number in itertools.count(1) if ALL else numbers_for(count, RUNS):
            fired, status = self.disturb(number, once)
            after(status)
            runs += 1
            if ALL and not fired:
                break
        verified(self.home)
        for label, identity in template().kept.items():
            _, got = self.home.request("GET", f"{SECRETS}/{identity}?reveal=true")
            expect(all(got[k] == v for k, v in body(label).items()), got)
        print(f"        {name}: {count} allocations, {runs} runs, {self.refused} refused, "
              f"{self.deaths} ended the daemon", flush=True)

    def end(self):
        self.daemon.end()


def disturbed(check):
    with Home() as home:
        both = Disturbed(home)
        try:
            check(home, both)
        finally:
            both.end()


def what_was_added_is_whole_or_not_there():
    def check(home, daemon):
        acknowledged, attempted = set(), []

        def add(number):
            attempted.append(f"label {number}")
            return home.request("POST", SECRETS, body(attempted[-1]))

        def after(status):
            if status is not None and status < 300:
                acknowledged.add(attempted[-1])

        daemon.each("add", add, after)
        home.kill()
        home.unlock()
        items = listed(home)
        there = [item["label"] for item in items if item["label"].startswith("label ")]
        expect(len(there) == len(set(there)) and acknowledged <= set(there) <= set(attempted), acknowledged, there)
        for item in items:
            if item["label"] in attempted:
                _, got = home.request("GET", f"{SECRETS}/{item['id']}?reveal=true")
                expect(all(got[k] == v for k, v in body(item["label"]).items()), got)
        verified(home)

    disturbed(check)


def listed(home):
    return home.ok("list", "--json").json()["items"]


def an_edit_leaves_one_version_or_the_other():
    def check(home, daemon):
        target, wanted, state = f"{SECRETS}/{template().edited}", [body("edited")], {"now": body("edited")}

        def edit(number):
            wanted.append(body("edited", f" {number}"))
            return home.request("PATCH", target, wanted[-1], headers={"If-Match": "*"})

        def after(status):
            _, got = home.request("GET", f"{target}?reveal=true")
            shown = {key: got[key] for key in wanted[0]}
            acknowledged = status is not None and status < 300
            expect(shown == wanted[-1] or (not acknowledged and shown == state["now"]), status, shown)
            state["now"] = shown

        daemon.each("edit", edit, after)

    disturbed(check)


def reading_is_answered_or_refused():
    def check(home, daemon):
        daemon.each("list", lambda _: home.request("GET", SECRETS))
        daemon.each("reveal", lambda _: home.request("GET", f"{SECRETS}/{template().edited}?reveal=true"))
        daemon.each("verify", lambda _: home.request("POST", "/v1/vaults/-/verify"))

    disturbed(check)


def an_import_can_be_repeated():
    def check(home, daemon):
        send = lambda _: home.request("POST", "/v1/vaults/-/import?format=bitwarden-json", IMPORT_FILE,
                                      headers={"Content-Type": "application/octet-stream"})
        whole = send(0)
        expect(whole[0] == 200, whole)
        daemon.each("import again", send)
        labels = [item["label"] for item in listed(home) if item["label"].startswith("imported ")]
        expect(len(labels) == len(set(labels)), "something is there twice")

    disturbed(check)


def an_unlocking_unlocks_or_says_why_not():
    def check(home, daemon):
        def unlock():
            return home.request("POST", "/v1/unlock", {"passphrase": PASSPHRASE})

        def again(status):
            home.unlock()
            home.ok("lock")

        home.ok("lock")
        again(200)
        attempts = daemon.count(unlock)
        home.ok("lock")
        for number in range(1, attempts + 1) if ALL else numbers_for(attempts, RUNS):
            daemon.disturb(number, unlock)
            again(None)
        home.unlock()
        verified(home)
        print(f"        unlock: {attempts} allocations, {daemon.refused} refused, {daemon.deaths} ended the daemon",
              flush=True)

    disturbed(check)


def a_command_succeeds_or_names_the_error():
    if sanitized():
        raise Skip("the library would have to come before the sanitizer's")
    with Home() as home:
        template().copy_to(home)
        home.unlock()
        for arguments in (["list"], ["get", "edited", "--json", "--reveal"], ["add", "by command", "-g"],
                          ["export", "--format", "holdfast-json", "--plaintext", home.path / "all.json"],
                          ["backup", "create", home.path / "one.backup"],
                          ["backup", "verify", home.path / "whole.backup"]):
            if "verify" in arguments:
                home.ok("backup", "create", home.path / "whole.backup")
            at_each_allocation(home, arguments)
        verified(home)


def at_each_allocation(home, arguments):
    options = {"passphrase": PASSPHRASE} if "verify" in arguments else {}
    command = NthCommand(home)
    command.arm(FAIL, NEVER, ALLOCATE)
    done = command.run(*arguments, **options)
    expect(done.code == 0, done)
    count, refused, runs = command.control.count, 0, 0
    for number in itertools.count(1) if ALL else numbers_for(count, RUNS):
        (home.path / "one.backup").unlink(missing_ok=True)
        command.arm(FAIL, number, ALLOCATE)
        done = command.run(*arguments, **options)
        runs += 1
        said = done.code > 0 and "holdfast: " in done.err or "std::bad_alloc" in done.err  # before main
        expect(done.code == 0 or said, arguments, number, command.what, done)
        refused += done.code != 0
        if ALL and not command.fired:
            break
    print(f"        {' '.join(map(str, arguments[:2]))}: {count} allocations, {runs} runs, {refused} refused", flush=True)


TESTS = [what_was_added_is_whole_or_not_there, an_edit_leaves_one_version_or_the_other,
         reading_is_answered_or_refused, an_import_can_be_repeated, an_unlocking_unlocks_or_says_why_not,
         a_command_succeeds_or_names_the_error]

if __name__ == "__main__":
    code = main(TESTS, f"the N-th allocation, {'every N' if ALL else f'{RUNS} N an operation'}")
    if nth.TEMPLATE is not None:
        shutil.rmtree(nth.TEMPLATE.home.path, ignore_errors=True)
    sys.exit(code)
