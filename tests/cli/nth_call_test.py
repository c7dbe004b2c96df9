#!/usr/bin/env python3
"""kill -9 at the N-th write, fsync, rename, unlink, truncation or new file of an operation, for every
N until one run ends without; then the N-th call that fails. After each: every acknowledged write is
there, any other is there as a whole or not at all, the vault verifies, and the command can be
repeated.

HOLDFAST_NTH=all takes every N in every mode (./dev campaign); without it each operation gets as many
N as HOLDFAST_NTH_RUNS (3) allows, spread over all it has; which ones is printed.
"""

import errno
import http.client
import itertools
import json
import os
import shutil
import signal
import sys

from holdfast_process import PASSPHRASE, Home, Skip, expect, main
from nth_call import (CHANGES, CREATE, FAIL, FOLDER, KILL_AFTER, KILL_BEFORE, MODES, OPEN, RENAME, SYNC, WRITE,
                      NthCommand, NthDaemon, sanitized)

ALL = os.environ.get("HOLDFAST_NTH") == "all"
RUNS = int(os.environ.get("HOLDFAST_NTH_RUNS", "3"))
IMPORTED, BATCH = 600, 250  # node::kImportBatch
CALLS_MAX = 3000            # an operation that has more does not end
SECRETS = "/v1/vaults/-/secrets"


def body(label, tail=""):
    return {"label": label, "username": f"user of {label}{tail}", "password": f"password of {label}{tail}",
            "notes": f"notes of {label}{tail}" * 20}


IMPORT_FILE = json.dumps({"encrypted": False, "folders": [{"id": "f", "name": "Imported"}], "items": [
    {"id": f"i-{n}", "type": 1, "folderId": "f", "name": f"imported {n}", "notes": None,
     "login": {"username": f"user of imported {n}", "password": f"password of imported {n}", "totp": None,
               "uris": []}} for n in range(IMPORTED)]})


class Template:
    """A vault with something of everything, made once; each run works on a copy."""

    def __init__(self):
        self.home = Home()
        self.home.init()
        add = lambda label: self.home.request("POST", SECRETS, body(label))[1]["id"]
        self.kept = {label: add(label) for label in ("kept one", "kept two")}
        self.edited, self.purged, self.deleted = add("edited"), add("purged"), add("deleted")
        status, _ = self.home.request("DELETE", f"{SECRETS}/{self.deleted}", headers={"If-Match": "*"})
        expect(status == 200, status)
        self.home.stop()

    def copy_to(self, home):
        shutil.rmtree(home.data, ignore_errors=True)
        shutil.copytree(self.home.data, home.data)


TEMPLATE = None


def template():
    global TEMPLATE
    if TEMPLATE is None:
        TEMPLATE = Template()
    return TEMPLATE


# --- operations: do() gives the status of the answer, check() looks at what there is afterwards ---

class Operation:
    name = ""
    unlocks = True

    def __init__(self, home):
        self.home = home

    def prepare(self):
        template().copy_to(self.home)

    def start(self):
        return NthDaemon(self.home)

    def unlock(self, acknowledged):
        return self.home.run("unlock", passphrase=PASSPHRASE)

    def reveal(self, identity):
        return self.home.request("GET", f"{SECRETS}/{identity}?reveal=true")

    def labels(self):
        return [item["label"] for item in self.home.ok("list", "--json").json()["items"]]

    def repeat(self):
        return self.do() in (200, 201)


class Unlock(Operation):
    name = "unlock"
    unlocks = False

    def do(self):
        return self.home.request("POST", "/v1/unlock", {"passphrase": PASSPHRASE})[0]

    def check(self, acknowledged):
        pass


class Init(Operation):
    name = "init"
    unlocks = False

    def prepare(self):
        shutil.rmtree(self.home.data, ignore_errors=True)

    def do(self):
        return self.home.request("POST", "/v1/vaults", {"name": "main", "passphrase": PASSPHRASE,
                                                        "kdf_target_ms": 1})[0]

    def check(self, acknowledged):
        pass


class Add(Operation):
    name = "add"

    def do(self):
        return self.home.request("POST", SECRETS, body("added"))[0]

    def check(self, acknowledged):
        found = [i for i in self.home.ok("list", "--json").json()["items"] if i["label"] == "added"]
        expect(len(found) == 1 if acknowledged else len(found) <= 1, found)
        if found:
            _, got = self.reveal(found[0]["id"])
            expect(all(got[k] == v for k, v in body("added").items()), got)


class Edit(Operation):
    name = "edit"

    def do(self):
        change = body("edited", " anew")
        return self.home.request("PATCH", f"{SECRETS}/{template().edited}", change, headers={"If-Match": "*"})[0]

    def check(self, acknowledged):
        _, got = self.reveal(template().edited)
        shown = {k: got[k] for k in body("x")}
        expect(shown == body("edited", " anew") or (not acknowledged and shown == body("edited")), got)
        _, history = self.home.request("GET", f"{SECRETS}/{template().edited}/versions")
        expect(len(history["items"]) <= 2, history)


class Import(Operation):
    name = "import"

    def do(self):
        status, answer = self.home.request("POST", "/v1/vaults/-/import?format=bitwarden-json", IMPORT_FILE,
                                           headers={"Content-Type": "application/octet-stream"})
        if status == 200:
            expect(answer["failed"] == 0 and answer["added"] + answer["skipped"] == IMPORTED, answer)
        return status

    def check(self, acknowledged):
        labels = [label for label in self.labels() if label.startswith("imported ")]
        expect(len(labels) == len(set(labels)), "something is there twice")
        expect(len(labels) == IMPORTED or (not acknowledged and len(labels) % BATCH == 0), len(labels))

    def repeat(self):
        done = super().repeat()
        self.check(True)
        return done


class Purge(Operation):
    name = "rm --purge"

    def do(self):
        return self.home.request("DELETE", f"{SECRETS}/{template().purged}?purge=true",
                                 headers={"If-Match": "*"})[0]

    def check(self, acknowledged):
        status, got = self.reveal(template().purged)
        if status == 200:
            expect(not acknowledged and got["password"] == "password of purged", got)
        else:
            expect(status == 404, status, got)
            expect("purged" not in self.labels(), "half of it is left")

    def repeat(self):
        return self.do() in (200, 404)


class AddCategory(Operation):
    name = "category add"

    def do(self):
        return self.home.request("POST", "/v1/vaults/-/categories", {"name": "Work"})[0]

    def check(self, acknowledged):
        names = [c["name"] for c in self.home.ok("category", "list", "--json").json()["items"]]
        expect(names.count("Work") == 1 if acknowledged else names.count("Work") <= 1, names)
        if "Work" in names:
            self.home.ok("add", "in a category", "-c", "Work", "-g")

    def repeat(self):
        return self.do() in (201, 409)


class Restore(Operation):
    name = "restore"

    def do(self):
        return self.home.request("POST", f"{SECRETS}/{template().deleted}/restore", {},
                                 headers={"If-Match": "*"})[0]

    def check(self, acknowledged):
        status, got = self.reveal(template().deleted)
        if acknowledged or "deleted" in self.labels():
            expect(status == 200 and got["password"] == "password of deleted", status, got)

    def repeat(self):
        return self.do() in (200, 400, 404, 409)


# --- what must hold after every run ---

def all_is_well(home, operation, acknowledged, where):
    try:
        leftovers_are_named(home)
        unlocked = operation.unlock(acknowledged)
        if isinstance(operation, Init) and unlocked.code != 0:
            expect(not acknowledged, "an acknowledged vault cannot be unlocked", unlocked)
            expect("no vault" in unlocked.err, unlocked)
            expect(operation.do() == 201, "what is left stands in the way")
        else:
            expect(unlocked.code == 0 and "read-only" not in unlocked.err, unlocked)
            if not isinstance(operation, Init):
                for label, identity in template().kept.items():
                    _, got = operation.reveal(identity)
                    expect(all(got[k] == v for k, v in body(label).items()), got)
            verified(home)
            operation.check(acknowledged)
            if not isinstance(operation, Init):
                expect(operation.repeat(), "it cannot be repeated")
        home.ok("add", "one more", "-g")
        verified(home)
    except Exception as problem:
        raise AssertionError(f"{operation.name}, {where}, acknowledged: {acknowledged}: {problem}") from problem


def leftovers_are_named(home):
    """Half a folder is no vault, and doctor says how to be rid of it."""
    left = [entry.name for entry in home.data.iterdir() if entry.name.startswith(".")]
    if left:
        said = home.run("doctor", "--json").text
        expect(any(name in said for name in left), "doctor does not name what is left", left, said)


def verified(home):
    result = home.ok("verify", "--json").json()
    expect(result["ok"] is True, result)


def run_one(home, operation, mode, number, kinds=CHANGES, error=errno.EIO):
    """(calls counted, whether it fired, what fired, status or None if the daemon died)."""
    if sanitized():
        raise Skip("the library would have to come before the sanitizer's")
    operation.prepare()
    daemon = operation.start()
    try:
        if operation.unlocks:
            home.unlock()
        daemon.arm(mode, number, kinds, error)
        try:
            status = operation.do()
        except (OSError, http.client.HTTPException):  # it died, perhaps in the middle of its answer
            status = None
        if mode == FAIL:
            daemon.disarm()
            after_failure(home, operation, daemon, status, error)
        elif daemon.fired:
            ended = daemon.ended()
            expect(ended == -signal.SIGKILL, "it ended in another way", ended)
        else:
            expect(status is not None, "it died by itself", daemon.what)
        return daemon.control.count, daemon.fired, daemon.what, status
    finally:
        daemon.end()


def numbers_for(count, runs):
    """All, or `runs` of them spread from the first to the last."""
    if ALL or count <= runs:
        return list(range(1, count + 1))
    return sorted({1 + round(i * (count - 1) / (runs - 1)) for i in range(runs)})


def is_acknowledged(status):
    return status is not None and status < 300


def killed_at_each_call(make, runs=RUNS):
    with Home() as home:
        operation = make(home)
        count, fired, _, status = run_one(home, operation, KILL_BEFORE, CALLS_MAX)
        expect(not fired and is_acknowledged(status), "it does not succeed undisturbed", status)
        all_is_well(home, operation, True, "undisturbed")
        home.kill()
        if ALL:
            plan = [(mode, number) for mode in MODES for number in range(1, count + 1)]
        else:
            plan = list(zip(itertools.cycle(MODES), numbers_for(count, runs)))
        lost = runs_made = 0
        while plan:
            mode, number = plan.pop(0)
            _, fired, what, status = run_one(home, operation, mode, number)
            all_is_well(home, operation, is_acknowledged(status), f"killed {MODES[mode]} call {number} ({what})")
            home.kill()
            lost += fired and not is_acknowledged(status)
            runs_made += 1
            if ALL and fired and number < CALLS_MAX and (not plan or plan[0][0] != mode):
                plan.insert(0, (mode, number + 1))  # until a run of this mode ends without
            progress(operation.name, runs_made, number)
        numbers = "every N, before, after and halfway" if ALL else \
            "N = " + ", ".join(map(str, numbers_for(count, runs))) + ", before, after, halfway in turn"
        print(f"        {operation.name}: {count} calls, {runs_made} runs at {numbers}; "
              f"{lost} died unacknowledged", flush=True)


def progress(name, runs_made, number):
    if runs_made % 50 == 0:
        print(f"        {name}: {runs_made} runs so far, now at N = {number}", flush=True)


def a_making_that_is_killed_leaves_a_whole_vault_or_none():
    killed_at_each_call(Init, runs=RUNS + 4)


def an_unlocking_that_is_killed_changes_nothing():
    killed_at_each_call(Unlock)


def an_add_that_is_killed_is_whole_or_not_there():
    killed_at_each_call(Add, runs=5)


def an_edit_that_is_killed_leaves_one_version_or_the_other():
    killed_at_each_call(Edit)


def an_import_that_is_killed_goes_on_where_it_stopped():
    killed_at_each_call(Import)


def a_purge_that_is_killed_is_done_or_not():
    killed_at_each_call(Purge)


def a_category_whose_making_is_killed_is_there_or_not():
    killed_at_each_call(AddCategory)


def a_restore_that_is_killed_is_done_or_not():
    killed_at_each_call(Restore)


# --- calls that fail ---

EXPECTED = {errno.EIO: {"store_io", "store_failed"}, errno.ENOSPC: {"store_full", "store_failed"},
            errno.EMFILE: {"too_many_files", "store_failed"}}


def after_failure(home, operation, daemon, status, error):
    if isinstance(daemon, NthCommand):
        said = daemon.result
        expect(said.code >= 0 and (said.code == 0 or said.err.startswith("holdfast: ")), daemon.what, said)
        return
    daemon_writes_on_or_says_why(home, operation, daemon, status, error)


def daemon_writes_on_or_says_why(home, operation, daemon, status, error):
    """The daemon lives. What it can read it reads; it either writes on or says why it does not."""
    expect(daemon.process.poll() is None and status is not None, "the daemon died of it", daemon.what)
    if not isinstance(operation, (Init, Unlock)):
        _, got = operation.reveal(template().kept["kept one"])
        expect(got["password"] == "password of kept one", got)
        again, answer = home.request("POST", SECRETS, body("after the failure"))
        if again != 201:
            expect(answer["code"] in EXPECTED[error], daemon.what, answer)
            expect(home.ok("status", "--json").json()["read_only"] is True, "it is not said to be read-only")


def failed_at_each_call(make, kinds, error, runs=RUNS):
    name = errno.errorcode[error]
    with Home() as home:
        operation = make(home)
        count, fired, _, status = run_one(home, operation, FAIL, CALLS_MAX, kinds, error)
        expect(not fired and is_acknowledged(status), "it does not succeed undisturbed", status)
        refused = 0
        numbers = numbers_for(count, runs)
        for number in numbers:
            _, fired, what, status = run_one(home, operation, FAIL, number, kinds, error)
            expect(status is None or status < 300 or status in (500, 503, 507), what, status)
            all_is_well(home, operation, is_acknowledged(status), f"{name} at call {number} ({what})")
            home.kill()
            refused += fired and not is_acknowledged(status)
            progress(f"{operation.name}, {name}", number, number)
        print(f"        {operation.name}, {name}: {count} calls, {len(numbers)} runs"
              f"{'' if ALL else ' at N = ' + ', '.join(map(str, numbers))}; {refused} refused", flush=True)


def a_call_that_fails_refuses_the_write_and_loses_nothing():
    for make in (Add, Edit, Purge, AddCategory, Restore, Import) if ALL else (Add, Import):
        for error in (errno.EIO, errno.ENOSPC):
            failed_at_each_call(make, WRITE | SYNC | RENAME, error)


def a_store_that_failed_for_want_of_space_does_nothing_behind_our_back():
    with Home() as home:
        operation = Add(home)
        if sanitized():
            raise Skip("the library would have to come before the sanitizer's")
        operation.prepare()
        daemon = NthDaemon(home)
        home.unlock()
        try:
            daemon.arm(FAIL, 1, SYNC, errno.ENOSPC)
            expect(operation.do() == 507 and "store/" in daemon.what, daemon.what)
            daemon.arm(KILL_AFTER, CALLS_MAX)
            for _ in range(50):  # meanwhile it would flush, column after column
                status, answer = home.request("POST", "/v1/vaults/-/verify")
                expect(status == 200 and answer["ok"], answer)
            expect(daemon.control.count == 0, "it wrote after a write that failed")
        finally:
            daemon.end()


def a_call_that_fails_leaves_a_whole_vault_or_none():
    for error in (errno.EIO, errno.ENOSPC):
        failed_at_each_call(Init, WRITE | SYNC | RENAME | CREATE | FOLDER, error)


def a_call_that_fails_in_an_unlocking_does_no_harm():
    for error in (errno.EIO, errno.ENOSPC):
        failed_at_each_call(Unlock, WRITE | SYNC | RENAME | CREATE, error, runs=2)


def too_many_open_files_are_named_and_pass():
    for make in (Init, Unlock, Import) if ALL else (Init, Unlock):
        failed_at_each_call(make, OPEN | CREATE, errno.EMFILE)


TESTS = [a_making_that_is_killed_leaves_a_whole_vault_or_none, an_unlocking_that_is_killed_changes_nothing,
         an_add_that_is_killed_is_whole_or_not_there, an_edit_that_is_killed_leaves_one_version_or_the_other,
         an_import_that_is_killed_goes_on_where_it_stopped, a_purge_that_is_killed_is_done_or_not,
         a_category_whose_making_is_killed_is_there_or_not, a_restore_that_is_killed_is_done_or_not,
         a_call_that_fails_refuses_the_write_and_loses_nothing,
         a_store_that_failed_for_want_of_space_does_nothing_behind_our_back,
         a_call_that_fails_leaves_a_whole_vault_or_none, a_call_that_fails_in_an_unlocking_does_no_harm,
         too_many_open_files_are_named_and_pass]

if __name__ == "__main__":
    code = main(TESTS, f"the N-th call, {'every N' if ALL else f'{RUNS} N an operation'}")
    if TEMPLATE is not None:
        shutil.rmtree(TEMPLATE.home.path, ignore_errors=True)
    sys.exit(code)
