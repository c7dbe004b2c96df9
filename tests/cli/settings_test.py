#!/usr/bin/env python3
"""config, the settings' order of precedence, and the completion scripts."""

import shutil
import subprocess
import sys

from holdfast_process import PASSPHRASE, REMOTE, USAGE, Home, Skip, expect, expect_error, main


def config_file(home):
    return home.path / "config" / "holdfast" / "config.toml"


def written(home, text):
    config_file(home).parent.mkdir(parents=True, exist_ok=True)
    config_file(home).write_text(text)


def flag_beats_environment_beats_file_beats_default():
    with Home() as home:
        length = lambda *flags, env=None: len(home.ok("generate", *flags, env=env).text.strip())
        expect(length() == 20, "default")
        home.ok("config", "set", "generate.length", "30")
        expect(length() == 30, "file")
        env = {"HOLDFAST_GENERATE_LENGTH": "40"}
        expect(length(env=env) == 40, "environment")
        expect(length("--length", "50", env=env) == 50, "flag")
        expect(home.ok("config", "get", "generate.length", env=env).text == "40\n", "get")
        listed = {i["key"]: i for i in home.ok("config", "list", "--json", env=env).json()["items"]}
        expect(listed["generate.length"]["origin"] == "environment", listed["generate.length"])
        expect(listed["lock.idle"] == {**listed["lock.idle"], "origin": "default", "value": "15m"}, "default")
        home.ok("config", "unset", "generate.length")
        expect(length() == 20, "unset")
        expect(home.daemon() is None, "config and generate need no daemon")
        home.init()
        home.ok("add", "x", "-g", env={**env, "HOLDFAST_GENERATE_CLASSES": "digit"})
        made = home.ok("get", "x", "--field", "password").text.strip()
        expect(len(made) == 40 and made.isdigit(), "add -g obeys the settings, too", made)


def a_change_keeps_the_rest_of_the_file():
    with Home() as home:
        text = ('# mine\ndefault_vault = "main"  # the one\n\nlock = { idle = "5m", absolute = "8h" }\n'
                '[generate]\nwords = 4 # few\nclasses = ["lower",\n  "digit"]\n')
        written(home, text)
        home.ok("config", "set", "generate.words", "7")
        expect(config_file(home).read_text() == text.replace("words = 4", "words = 7"), "in place")
        home.ok("config", "set", "generate.words", "4")
        home.ok("config", "set", "lock.idle", "6m")
        expect('lock = { absolute = "8h", idle = "6m" }' in config_file(home).read_text(),
               config_file(home).read_text())
        home.ok("config", "unset", "lock.absolute")
        expect('lock = { idle = "6m" }' in config_file(home).read_text(), config_file(home).read_text())
        home.ok("config", "set", "generate.classes", "upper, digit")
        expect('classes = ["upper", "digit"]' in config_file(home).read_text(),
               config_file(home).read_text())
        home.ok("config", "set", "clipboard.clear_after", "10s")
        home.ok("config", "set", "generate.separator", 'a"\\b')
        expect(home.ok("config", "get", "generate.separator").text == 'a"\\b\n', "quoted")
        home.ok("config", "unset", "default_vault")
        after = config_file(home).read_text()
        expect(after.startswith("# mine\n\nlock") and "words = 4 # few" in after, after)
        home.ok("config", "set", "default_vault", "other")
        expect(home.ok("config", "get", "default_vault").text == "other\n", config_file(home).read_text())
        home.ok("config", "validate")
        mode = config_file(home).stat().st_mode & 0o777
        expect(mode == 0o600, oct(mode))


def mistakes_name_the_place_and_the_nearest_key():
    with Home() as home:
        expect_error(home.run("config", "set", "lock.idel", "5m"), USAGE, "lock.idel", "did you mean: lock.idle")
        expect_error(home.run("config", "set", "lock.idle", "soon"), USAGE, "lock.idle", "15m")
        expect_error(home.run("config", "set", "kdf.memory_min", "64 pages"), USAGE, "64MiB")
        expect_error(home.run("config", "set", "output.format", "xml"), USAGE, "table,json,yaml,raw")
        expect(not config_file(home).exists(), "a mistake was written")
        for text, line, parts in (('[lock]\nidel = "5m"\n', 2, ("lock.idel", "lock.idle")),
                                  ("[lock]\nidle = 5\n", 2, ("a time like 15m",)),
                                  ("default_vault = \n", 1, ()),
                                  ('a = "b"\n', 1, ("no setting 'a'",))):
            written(home, text)
            for command in (["config", "validate"], ["generate"], ["config", "set", "generate.words", "3"]):
                expect_error(home.run(*command), USAGE, f"config.toml, line {line}", *parts)
            expect(config_file(home).read_text() == text, "a broken file was changed")
        home.ok("version")
        home.ok("config", "path")
        config_file(home).unlink()
        expect_error(home.run("generate", env={"HOLDFAST_GENERATE_LENGTH": "x"}), USAGE,
                     "HOLDFAST_GENERATE_LENGTH", "whole number")
        expect_error(home.run("config", "validate", env={"HOLDFAST_LOCK_IDEL": "5m"}), USAGE,
                     "HOLDFAST_LOCK_IDEL", "HOLDFAST_LOCK_IDLE")


def the_daemon_obeys_lock_times_and_reads_them_again():
    with Home() as home:
        home.init()
        times = lambda: home.request("GET", "/v1/status")[1]
        expect(times()["idle_ms"] == 900000, times())
        home.ok("config", "set", "lock.idle", "20m")  # tells the daemon
        expect(times()["idle_ms"] == 1200000, times())
        written(home, '[lock]\nidle = "25m"\n')
        home.ok("daemon", "reload")
        expect(times()["idle_ms"] == 1500000, times())
        written(home, '[lock]\nidle = "never"\n')
        expect_error(home.run("daemon", "reload"), USAGE, "config.toml, line 2")
        expect(times()["idle_ms"] == 1500000, "the old settings stay")
        home.ok("daemon", "stop")
        expect_error(home.run("daemon", "start"), REMOTE, "config.toml, line 2")


def sighup_reads_the_settings_again():
    import os
    import signal
    import time
    with Home() as home:
        home.init()
        written(home, '[lock]\nidle = "25m"\n')
        os.kill(home.daemon(), signal.SIGHUP)
        until = time.monotonic() + 20
        while home.request("GET", "/v1/status")[1]["idle_ms"] != 1500000:
            expect(time.monotonic() < until, "the daemon did not read the settings")


def settings_without_autostart_start_no_daemon():
    with Home() as home:
        home.ok("config", "set", "daemon.autostart", "false")
        expect_error(home.run("status"), USAGE, "no daemon", "holdfast daemon")
        home.ok("daemon", "start")
        home.init()
        home.ok("status")


def init_takes_device_and_cost_from_the_settings():
    with Home() as home:
        home.ok("config", "set", "kdf.target", "1ms")
        home.ok("config", "set", "kdf.memory_min", "80MiB")
        home.ok("init", passphrase=PASSPHRASE)
        kdf = home.ok("status", "--json").json()["kdf"]
        expect(kdf["memory_kib"] == 80 * 1024, kdf)


def output_follows_settings_and_the_terminal():
    with Home() as home:
        home.ok("config", "set", "output.format", "json")
        expect(home.ok("version").text.startswith("{"), "format")
        expect(home.ok("version", "--format", "table").text.startswith("holdfast"), "flag")
        home.ok("config", "unset", "output.format")
        bold = "\x1b[1m"
        plain = {"NO_COLOR": ""}
        shown = lambda *flags, env: home.type("config", "list", *flags, env=env)[1]
        expect(bold in shown(env=plain), "colour on a terminal")
        expect(bold not in shown(env={"NO_COLOR": "1"}), "NO_COLOR")
        expect(bold not in shown(env={**plain, "TERM": "dumb"}), "TERM=dumb")
        expect(bold in shown("--color", "always", env={"NO_COLOR": "1"}), "--color always")
        home.ok("config", "set", "output.color", "never")
        expect(bold not in shown(env=plain), "output.color")
        expect(bold not in home.ok("config", "list").text, "in a pipe")


def complete(home, *words):
    script = home.ok("completion", "bash").text
    quoted = " ".join(f"'{word}'" for word in words)
    command = (f"{script}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _holdfast; "
               'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", command], capture_output=True, env=home.env, timeout=60)
    assert done.returncode == 0 and not done.stderr, done
    return set(done.stdout.decode().split())


def bash_completes_commands_and_flags():
    with Home() as home:
        expect({"status", "stats"} == complete(home, "holdfast", "stat"), "commands")
        expect(complete(home, "holdfast", "clip") == set(), "the helper is nobody's command")
        expect(complete(home, "holdfast", "vault", "re") == {"rename", "remove"}, "words below")
        expect(complete(home, "holdfast", "--json", "config", "un") == {"unset"}, "after a flag")
        expect({"--reveal"} == complete(home, "holdfast", "get", "x", "--rev"), "flags")
        expect({"--yes"} == complete(home, "holdfast", "vault", "remove", "--ye"), "global flags")
        expect({"start", "stop"} == complete(home, "holdfast", "daemon", "st"), "choices")
        expect(home.daemon() is None, "a completion has started a daemon")


def every_shell_accepts_its_script():
    with Home() as home:
        expect_error(home.run("completion", "csh"), USAGE, "csh")
        skipped = []
        for shell, check in (("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "-n"])):
            script = home.path / shell
            script.write_text(home.ok("completion", shell).text)
            expect(script.stat().st_size > 2000, f"{shell}: too short")
            if shutil.which(shell) is None:
                skipped.append(shell)
                continue
            done = subprocess.run([*check, str(script)], capture_output=True, timeout=60)
            expect(done.returncode == 0, done)
        if skipped:
            raise Skip(f"not installed: {', '.join(skipped)}")


if __name__ == "__main__":
    sys.exit(main([flag_beats_environment_beats_file_beats_default, a_change_keeps_the_rest_of_the_file,
                   mistakes_name_the_place_and_the_nearest_key,
                   the_daemon_obeys_lock_times_and_reads_them_again, sighup_reads_the_settings_again,
                   settings_without_autostart_start_no_daemon,
                   init_takes_device_and_cost_from_the_settings, output_follows_settings_and_the_terminal,
                   bash_completes_commands_and_flags, every_shell_accepts_its_script],
                  "settings and completion"))
