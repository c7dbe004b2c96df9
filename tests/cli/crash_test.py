#!/usr/bin/env python3
"""kill -9 of the daemon at random moments of adds and imports. After each: every acknowledged write
is there with its values, an import is visible by whole batches only, and the vault verifies.

HOLDFAST_KILLS (20) moments; HOLDFAST_SEED replays their choice. A new vault every 25 moments.
"""

import json
import os
import random
import signal
import sys
import threading

from holdfast_process import PASSPHRASE, Home, expect, main, wait_for_end

KILLS = int(os.environ.get("HOLDFAST_KILLS", "20"))
SEED = int(os.environ.get("HOLDFAST_SEED", "1"))
PER_VAULT = 25
IMPORTED = 600  # several batches
BATCH = 250     # changes of one transaction of an import: node::kImportBatch


def secret(label):
    return {"label": label, "username": f"user of {label}", "password": f"password of {label}",
            "notes": f"notes of {label}" * 3, "fields": [{"name": "f", "value": label, "protected": True}]}


def import_file(run):
    return json.dumps({"encrypted": False, "folders": [], "items": [
        {"id": f"run-{run}-{n}", "type": 1, "name": f"imported {run} {n}", "notes": None,
         "login": {"username": f"user of imported {run} {n}",
                   "password": f"password of imported {run} {n}", "totp": None, "uris": []}}
        for n in range(IMPORTED)]})


class Life:
    """One vault through many deaths of its daemon."""

    def __init__(self, home, chance):
        self.home, self.chance = home, chance
        self.acknowledged = {}  # id: label, of adds
        self.whole_imports = set()
        self.tried_imports = set()
        self.lock = threading.Lock()

    def add_until_it_dies(self, writer, run):
        number = 0
        while True:
            label = f"added {run} {writer} {number}"
            try:
                status, answer = self.home.request("POST", "/v1/vaults/-/secrets", secret(label))
            except Exception:  # the daemon is gone
                return
            if status != 201:
                return
            with self.lock:
                self.acknowledged[answer["id"]] = label
            number += 1

    def import_until_it_dies(self, run):
        self.tried_imports.add(run)
        try:
            status, answer = self.home.request(
                "POST", "/v1/vaults/-/import?format=bitwarden-json", import_file(run),
                headers={"Content-Type": "application/octet-stream"})
        except Exception:  # the daemon is gone
            return
        if status == 200 and answer["failed"] == 0:
            self.whole_imports.add(run)

    def die_at_a_random_moment(self, run):
        process = self.home.daemon()
        with_import = self.chance.random() < 0.5
        work = [threading.Thread(target=self.add_until_it_dies, args=(w, run)) for w in range(2)]
        if with_import:
            work.append(threading.Thread(target=self.import_until_it_dies, args=(run,)))
        for thread in work:
            thread.start()
        # the moment: nothing else ends this wait
        threading.Event().wait(self.chance.uniform(0.0, 0.4 if with_import else 0.12))
        os.kill(process, signal.SIGKILL)
        wait_for_end(process)
        for thread in work:
            thread.join()

    def look(self):
        home = self.home
        home.unlock()
        listed = home.ok("list", "--json").json()["items"]
        by_id = {item["id"]: item for item in listed}
        for identity, label in self.acknowledged.items():
            expect(identity in by_id, f"acknowledged '{label}' is gone")
            expect(by_id[identity]["label"] == label, by_id[identity], label)
        labels = [item["label"] for item in listed]
        expect(len(labels) == len(set(labels)), "something is there twice")
        for run in self.tried_imports:
            count = sum(label.startswith(f"imported {run} ") for label in labels)
            expect(count == IMPORTED or (run not in self.whole_imports and count % BATCH == 0),
                   f"import {run} shows {count} of {IMPORTED}")
        self.look_inside(listed)
        verified = home.ok("verify", "--json").json()
        status = home.ok("status", "--json").json()
        expect(verified["ok"] and verified["state_root"] == status["state_root"], verified, status)

    def look_inside(self, listed):
        """Whatever is visible is complete; the newest ones and a sample of the others are read."""
        sample = listed if len(listed) <= 60 else self.chance.sample(listed, 60)
        for item in sample:
            _, got = self.home.request("GET", f"/v1/vaults/-/secrets/{item['id']}?reveal=true")
            expect(got["username"] == f"user of {item['label']}", got)
            expect(got["password"] == f"password of {item['label']}", got)

    def finish_imports(self):
        """An import that died goes on where it stopped."""
        for run in self.tried_imports - self.whole_imports:
            status, answer = self.home.request(
                "POST", "/v1/vaults/-/import?format=bitwarden-json", import_file(run),
                headers={"Content-Type": "application/octet-stream"})
            expect(status == 200 and answer["failed"] == 0, answer)
            expect(answer["added"] + answer["skipped"] == IMPORTED, answer)
            self.whole_imports.add(run)


def nothing_acknowledged_is_lost():
    chance = random.Random(SEED)
    for first in range(0, KILLS, PER_VAULT):
        with Home() as home:
            home.init()
            life = Life(home, chance)
            for run in range(first, min(first + PER_VAULT, KILLS)):
                life.die_at_a_random_moment(run)
                life.look()
                print(f"        moment {run + 1} of {KILLS}: {len(life.acknowledged)} acknowledged "
                      f"adds, {len(life.whole_imports)} of {len(life.tried_imports)} imports complete",
                      flush=True)
            life.finish_imports()
            life.look()


def a_vault_whose_making_was_killed_is_there_or_not():
    chance = random.Random(SEED + 1)
    for _ in range(max(3, KILLS // 10)):
        with Home() as home:
            home.ok("daemon", "start")
            process = home.daemon()

            def make():
                try:
                    home.request("POST", "/v1/vaults", {"name": "main", "passphrase": PASSPHRASE,
                                                        "kdf_target_ms": 1})
                except Exception:
                    pass

            maker = threading.Thread(target=make)
            maker.start()
            threading.Event().wait(chance.uniform(0.0, 0.5))
            os.kill(process, signal.SIGKILL)
            wait_for_end(process)
            maker.join()
            if home.run("unlock", passphrase=PASSPHRASE).code == 0:
                home.ok("add", "x", "-g")
                home.ok("verify")
            else:  # what is left does not stand in the way
                home.init("another")
                home.ok("add", "x", "-g", "--vault", "another")


if __name__ == "__main__":
    sys.exit(main([nothing_acknowledged_is_lost, a_vault_whose_making_was_killed_is_there_or_not],
                  f"crashes: {KILLS} moments, seed {SEED}"))
