#!/usr/bin/env python3
"""As nth_call_test.py, for what makes files and whole vaults: a backup and its restoring, a migration
from its first copy to the cut-over, a change of the passphrase, an export to a file."""

import errno
import json
import shutil
import signal
import sys

import nth_call_test as nth
from holdfast_process import PASSPHRASE, Home, expect, main
from nth_call import CREATE, FOLDER, RENAME, SYNC, WRITE, NthCommand
from nth_call_test import ALL, RUNS, Operation, body, failed_at_each_call, killed_at_each_call, template

NEW = "another passphrase"
OLD = "passphrase of the old vault"
MIGRATED, MIGRATION_BATCH = 12, 5


class Beside(Operation):
    """It makes a file in a folder of its own, beside that of the vaults."""

    def __init__(self, home):
        super().__init__(home)
        self.folder = home.data.parent / "files"
        home.env["HOLDFAST_DEFAULT_VAULT"] = "main"

    def prepare(self):
        super().prepare()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()

    def names(self):
        return sorted(entry.name for entry in self.folder.iterdir())


class Command(Beside):
    """The command is disturbed, not the daemon that it asks."""

    def start(self):
        self.process = NthCommand(self.home)
        return self.process

    def status(self, result):
        if result.code == -signal.SIGKILL:
            return None
        return 200 if result.code == 0 else 500


class Backup(Beside):
    name = "backup create"

    def do(self, name="one"):
        return self.home.request("POST", "/v1/vaults/-/backup", {"file": str(self.folder / name)})[0]

    def check(self, acknowledged):
        if acknowledged:
            expect("one" in self.names(), "the backup is not there")
        expect(set(self.names()) <= {"one", ".one.part"}, "a file of another name", self.names())
        if "one" in self.names():
            self.home.ok("backup", "verify", self.folder / "one", passphrase=PASSPHRASE)

    def repeat(self):
        again = self.do()
        self.home.ok("backup", "verify", self.folder / "one", passphrase=PASSPHRASE)
        expect(self.names() == ["one"], "something is left", self.names())
        return again == 200 or "one" in self.names()


class RestoreBackup(Command):
    name = "backup restore"
    unlocks = False
    backup = None

    def prepare(self):
        super().prepare()
        if RestoreBackup.backup is None:
            maker = template().home
            RestoreBackup.backup = maker.path / "backup"
            maker.unlock()
            maker.ok("backup", "create", RestoreBackup.backup)
            maker.stop()

    def do(self):
        return self.status(self.process.run("backup", "restore", self.backup, "again", passphrase=PASSPHRASE))

    def check(self, acknowledged):
        expect(not acknowledged or self.home.vault("again").exists(), "it is not there")
        if self.home.vault("again").exists():
            self.is_whole()

    def is_whole(self):
        self.home.ok("unlock", "--vault", "again", passphrase=PASSPHRASE)
        for label, identity in template().kept.items():
            _, got = self.home.request("GET", f"/v1/vaults/again/secrets/{identity}?reveal=true")
            expect(got["password"] == body(label)["password"], got)
        expect(self.home.ok("verify", "--vault", "again", "--json").json()["ok"], "it does not verify")

    def repeat(self):
        if not self.home.vault("again").exists():
            self.home.ok("backup", "restore", self.backup, "again", passphrase=PASSPHRASE)
            self.is_whole()
        return True


class Export(Command):
    name = "export"

    def do(self):
        return self.status(self.process.run("export", "--format", "holdfast-json", "--plaintext",
                                            self.folder / "all.json"))

    def check(self, acknowledged):
        expect(set(self.names()) <= {"all.json"}, "plaintext under another name", self.names())
        expect(not acknowledged or self.names() == ["all.json"], self.names())
        for left in self.folder.iterdir():
            expect(left.stat().st_mode & 0o777 == 0o600, left.name, "can be read by others")
        if "all.json" in self.names():
            json.loads((self.folder / "all.json").read_bytes())

    def repeat(self):
        self.home.ok("export", "--format", "holdfast-json", "--plaintext", self.folder / "all.json")
        expect(self.names() == ["all.json"], "something is left", self.names())
        return "password of kept one" in (self.folder / "all.json").read_text()


class Passphrase(Operation):
    name = "passwd"

    def do(self, old=PASSPHRASE, new=NEW):
        return self.home.request("POST", "/v1/vaults/-/passphrase", {"old": old, "new": new, "kdf_target_ms": 1})[0]

    def unlock(self, acknowledged):
        """Exactly one of the two opens it: the new one, if that was acknowledged."""
        opens = [text for text in (NEW, PASSPHRASE) if self.opens(text)]
        expect(len(opens) == 1 and (not acknowledged or opens == [NEW]), "these open it", opens)
        self.now = opens[0]
        return self.home.run("unlock", passphrase=self.now)

    def opens(self, text):
        self.home.run("lock")
        return self.home.run("unlock", passphrase=text).code == 0

    def check(self, acknowledged):
        expect(not (self.home.vault() / "header.new").exists() or not acknowledged, "half a header is left")

    def repeat(self):
        done = self.do(old=self.now)
        expect(not (self.home.vault() / "header.new").exists(), "half a header is left")
        return done == 200


class TwoVaults:
    """A vault to migrate, beside that of the template."""

    def __init__(self):
        self.home = Home()
        template().copy_to(self.home)
        self.home.ok("init", "old", "--kdf-target", "1ms", passphrase=OLD)
        for number in range(MIGRATED):
            status, _ = self.home.request("POST", "/v1/vaults/old/secrets", body(f"migrated {number}"))
            expect(status == 201, status)
        self.home.stop()


TWO = []


class Migrate(Operation):
    name = "migrate"

    def __init__(self, home):
        super().__init__(home)
        home.env["HOLDFAST_DEFAULT_VAULT"] = "main"

    def prepare(self):
        if not TWO:
            TWO.append(TwoVaults())
        shutil.rmtree(self.home.data, ignore_errors=True)
        shutil.copytree(TWO[0].home.data, self.home.data)

    def do(self):
        status, report = self.home.request("POST", "/v1/vaults/main/migrate", {
            "source": "old", "passphrase": OLD, "batch_size": MIGRATION_BATCH, "verify": True, "auto_cutover": True})
        if status == 200:
            expect(report["failed"] == 0 and not report["stopped"], report)
            expect(report["imported"] + report["skipped"] == MIGRATED and report["verification"]["ok"], report)
            expect(report["cut_over"], report)
        return status

    def check(self, acknowledged):
        arrived = [label for label in self.labels() if label.startswith("migrated ")]
        expect(len(arrived) == len(set(arrived)), "something is there twice", arrived)
        expect(len(arrived) == MIGRATED or not acknowledged, arrived)
        self.home.ok("unlock", "--vault", "old", passphrase=OLD)
        expect(self.home.ok("verify", "--vault", "old", "--json").json()["ok"], "the source does not verify")
        _, old = self.home.request("GET", "/v1/vaults/old")
        cut_over = old["read_only_reason"] == "vault_cut_over"
        expect(cut_over or not acknowledged, old)
        expect(len(arrived) == MIGRATED or not cut_over, "cut over before everything had arrived", arrived)
        if not cut_over:
            expect(not old["read_only"], "the source stays closed", old)

    def repeat(self):
        done = super().repeat()
        self.check(done)
        return done


FAILING = WRITE | SYNC | RENAME | CREATE | FOLDER


def a_backup_that_is_killed_is_whole_or_not_there():
    killed_at_each_call(Backup, runs=RUNS + 2)


def a_restoring_that_is_killed_leaves_a_whole_vault_or_none():
    killed_at_each_call(RestoreBackup, runs=RUNS + 3)


def an_export_that_is_killed_leaves_no_half_file_under_its_name():
    killed_at_each_call(Export, runs=RUNS + 4)


def a_change_of_the_passphrase_that_is_killed_leaves_exactly_one_that_opens():
    killed_at_each_call(Passphrase, runs=RUNS + 4)


def a_migration_that_is_killed_is_completed_by_another():
    killed_at_each_call(Migrate, runs=RUNS + 3)


def a_call_that_fails_is_refused_and_leaves_nothing_half():
    for make in (Backup, RestoreBackup, Export, Passphrase, Migrate):
        for error in (errno.EIO, errno.ENOSPC) if ALL else (errno.ENOSPC,):
            failed_at_each_call(make, FAILING, error)


if __name__ == "__main__":
    code = main([
        a_backup_that_is_killed_is_whole_or_not_there,
        a_restoring_that_is_killed_leaves_a_whole_vault_or_none,
        an_export_that_is_killed_leaves_no_half_file_under_its_name,
        a_change_of_the_passphrase_that_is_killed_leaves_exactly_one_that_opens,
        a_migration_that_is_killed_is_completed_by_another,
        a_call_that_fails_is_refused_and_leaves_nothing_half,
    ], f"the N-th call for files and vaults, {'every N' if ALL else f'{RUNS} N an operation and more'}")
    for made in ([nth.TEMPLATE] if nth.TEMPLATE else []) + TWO:
        shutil.rmtree(made.home.path, ignore_errors=True)
    sys.exit(code)
