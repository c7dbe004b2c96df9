#!/usr/bin/env python3
"""Bitwarden's password-protected export beside an implementation of its own: hashlib, hmac and openssl."""

import base64
import hashlib
import hmac
import json
import shutil
import subprocess
import sys

from holdfast_process import DENIED, USAGE, Skip, expect, expect_error, main, unlocked_home

PASSWORD = "pässword of the file"
SALT = "c2FsdCBvZiB0aGUgZmlsZQ=="
PLAIN = {"encrypted": False, "folders": [{"id": "f1", "name": "Work"}],
         "items": [{"id": "i1", "folderId": "f1", "type": 1, "name": "mail", "notes": "two\nlines",
                    "login": {"username": "ann", "password": "p,\"w d", "uris": [{"match": None, "uri": "https://a.example"}]}}]}
PBKDF2 = {"kdfType": 0, "kdfIterations": 5000}
ARGON2 = {"kdfType": 1, "kdfIterations": 3, "kdfMemory": 64, "kdfParallelism": 4}


def openssl(*arguments, data=b""):
    if not shutil.which("openssl"):
        raise Skip("openssl is not installed")
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, timeout=60)
    if done.returncode != 0 and b"ARGON2" in done.stderr.upper():
        raise Skip("this openssl has no Argon2 (3.2 and later have)")
    expect(done.returncode == 0, arguments, done.stderr)
    return done.stdout


def keys(file, password):
    """The cipher's key and the tag's."""
    salt = file["salt"].encode()
    if file["kdfType"] == 0:
        master = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, file["kdfIterations"], 32)
    else:
        master = openssl("kdf", "-keylen", "32", "-binary", "-kdfopt", "hexpass:" + password.encode().hex(),
                         "-kdfopt", "hexsalt:" + hashlib.sha256(salt).hexdigest(),
                         "-kdfopt", f"iter:{file['kdfIterations']}", "-kdfopt", f"memcost:{file['kdfMemory'] * 1024}",
                         "-kdfopt", f"lanes:{file['kdfParallelism']}", "ARGON2ID")
    return [hmac.digest(master, info + b"\1", "sha256") for info in (b"enc", b"mac")]


def encrypted(text, cipher_key, tag_key):
    iv = bytes(range(16))
    body = openssl("enc", "-aes-256-cbc", "-K", cipher_key.hex(), "-iv", iv.hex(), data=text.encode())
    parts = (iv, body, hmac.digest(tag_key, iv + body, "sha256"))
    return "2." + "|".join(base64.b64encode(part).decode() for part in parts)


def decrypted(text, cipher_key, tag_key):
    iv, body, tag = (base64.b64decode(part) for part in text.removeprefix("2.").split("|"))
    expect(hmac.digest(tag_key, iv + body, "sha256") == tag, "tag")
    return openssl("enc", "-d", "-aes-256-cbc", "-K", cipher_key.hex(), "-iv", iv.hex(), data=body).decode()


def made_elsewhere(kdf):
    file = {"encrypted": True, "passwordProtected": True, "salt": SALT, **kdf}
    pair = keys(file, PASSWORD)
    return {**file, "encKeyValidation_DO_NOT_EDIT": encrypted("any text", *pair),
            "data": encrypted(json.dumps(PLAIN), *pair)}


def read(kdf):
    with unlocked_home() as home:
        path = home.path / "bitwarden.json"
        path.write_text(json.dumps(made_elsewhere(kdf), indent=2))
        expect_error(home.run("import", str(path), give={"--file-passphrase-fd": "wrong"}), DENIED, "wrong passphrase")
        report = home.ok("import", str(path), "--json", give={"--file-passphrase-fd": PASSWORD}).json()
        expect(report["format"] == "bitwarden-encrypted-json" and report["added"] == 1, report)
        found = home.ok("get", "Work/mail", "--reveal", "--json").json()
        expect(found["username"] == "ann" and found["password"] == "p,\"w d" and found["notes"] == "two\nlines", found)
        again = home.ok("import", str(path), "--json", give={"--file-passphrase-fd": PASSWORD}).json()
        expect(again["added"] == 0 and again["skipped"] == 1, again)


def a_file_made_elsewhere_with_pbkdf2_is_read():
    read(PBKDF2)


def a_file_made_elsewhere_with_argon2_is_read():
    read(ARGON2)


def our_file_opens_elsewhere():
    with unlocked_home() as home:
        home.ok("add", "mail", "-u", "ann", "--notes", "-", stdin="hällo")
        path = home.path / "out.json"
        home.ok("export", str(path), "-f", "bitwarden-encrypted-json", give={"--file-passphrase-fd": PASSWORD})
        file = json.loads(path.read_text())
        expect(file["encrypted"] and file["passwordProtected"] and "ann" not in path.read_text(), file)
        pair = keys(file, PASSWORD)
        decrypted(file["encKeyValidation_DO_NOT_EDIT"], *pair)
        item, = json.loads(decrypted(file["data"], *pair))["items"]
        expect(item["name"] == "mail" and item["login"]["username"] == "ann" and item["notes"] == "hällo", item)


def the_form_for_one_account_is_refused_with_its_reason():
    with unlocked_home() as home:
        path = home.path / "account.json"
        path.write_text(json.dumps({"encrypted": True, "encKeyValidation_DO_NOT_EDIT": "2.x", "data": "2.y"}))
        for flags in ([], ["-f", "bitwarden-encrypted-json"]):
            expect_error(home.run("import", str(path), *flags, give={"--file-passphrase-fd": PASSWORD}), USAGE,
                         "key of its account")


TESTS = [a_file_made_elsewhere_with_pbkdf2_is_read, a_file_made_elsewhere_with_argon2_is_read,
         our_file_opens_elsewhere, the_form_for_one_account_is_refused_with_its_reason]

if __name__ == "__main__":
    sys.exit(main(TESTS, "Bitwarden's protected export"))
