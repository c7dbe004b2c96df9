// commands_vault.cc: init, unlock, lock, status, verify, daemon, version.
#include <CLI/CLI.hpp>
#include <array>
#include <csignal>

#include "cli/command.h"
#include "cli/daemon.h"
#include "cli/passphrase_flags.h"
#include "cli/progress.h"
#include "cli/strength_note.h"
#include "cli/text.h"
#include "formats/json_writer.h"

namespace holdfast::cli {
namespace {

using formats::JsonWriter;

auto vault_list(Session& session) -> Outcome<Answer> {
  return session.get(Target{session.memory(), "/v1/vaults"});
}

struct InitFlags : PassphraseFlags {
  std::string name = "main", device, kdf_target;  // empty: the settings say
  std::string ordering = "solo";
};

auto init(const InitFlags& flags, Session& session) -> Outcome<Exit> {
  const Settings& settings = session.settings();
  const auto target =
      flags.kdf_target.empty() ? settings.duration("kdf.target") : parse_duration(flags.kdf_target);
  if (!target)
    return usage("--kdf-target is not a duration: " + flags.kdf_target, "write it like 1s");
  TRY(known, vault_list(session));
  for (const JsonValue& vault : items_at(known.root(), "items")) {
    if (text_at(vault, "name") == flags.name) {
      return usage("there is a vault '" + flags.name + "' already",
                   "unlock it with: holdfast unlock --vault " + flags.name +
                       ", or make another: holdfast init NAME");
    }
  }
  TRY(passphrase, session.prompter().from(flags.source, "new passphrase", kInsteadOfPrompt, true));
  if (passphrase.empty())
    return usage("the passphrase is empty", "several random words are a good one");
  if (!flags.source.given()) note_strength(passphrase, session);
  warn_if_weak(passphrase, session);
  base::SecretBytes::Buffer body{&session.memory()};
  JsonWriter json{body};
  json.begin_object();
  json.member("name", flags.name);
  json.member("passphrase", passphrase);
  const std::string& device = flags.device.empty() ? settings.text("device.name") : flags.device;
  if (!device.empty()) json.member("device_name", device);
  json.member("ordering", flags.ordering);
  json.key("kdf_target_ms");
  json.number(static_cast<std::uint64_t>(target->count()));
  json.key("kdf_memory_min");
  json.number(settings.bytes("kdf.memory_min"));
  json.end_object();
  if (!json.ok()) return usage("the passphrase or a name is not valid UTF-8");
  TRY(made, session.call("POST", Target{session.memory(), "/v1/vaults"}, body));
  Screen& screen = session.screen();
  if (screen.json()) {
    print_json(screen, made.body);
    return Exit::done;
  }
  screen.note("The vault '" + flags.name + "' is made and unlocked. It lies in " +
              (session.paths().data_folder / flags.name).string() + ".");
  screen.note("There is no way back into it without the passphrase: keep it safe.");
  return Exit::done;
}

// What a user should know about the vault before going on.
void warn_about(const Screen& screen, const JsonValue& status) {
  if (true_at(status, "read_only")) {
    screen.warn("the vault is read-only: " +
                std::string{text_of_code(text_at(status, "read_only_reason"))});
  }
  if (const JsonValue* failed = status.find("backup_failed"); failed != nullptr) {
    screen.warn("the last scheduled backup failed: " + std::string{text_at(*failed, "reason")});
  }
  if (number_at(status, "unlocked_memory_bytes") > 0) {
    screen.warn("memory with keys could not be locked and may be swapped out; raise ulimit -l");
  }
}

struct UnlockFlags : PassphraseFlags {
  std::string for_time;
  bool confirm_recovery = false;
};

auto unlock(const UnlockFlags& flags, Session& session) -> Outcome<Exit> {
  std::optional<std::chrono::milliseconds> for_time;
  if (!flags.for_time.empty()) {
    for_time = parse_duration(flags.for_time);
    if (!for_time) return usage("--for is not a duration: " + flags.for_time, "write it like 15m");
  }
  // opens the vault: damage, or no vault at all, shows before anybody types a passphrase
  TRY(before, session.get(session.vault()));
  TRY(passphrase, session.prompter().from(flags.source, "passphrase", kInsteadOfPrompt, false));
  base::SecretBytes::Buffer body{&session.memory()};
  JsonWriter json{body};
  json.begin_object();
  json.member("vault", text_at(before.root(), "name"));
  json.member("passphrase", passphrase);
  if (for_time) {
    json.key("for_ms");
    json.number(static_cast<std::uint64_t>(for_time->count()));
  }
  if (flags.confirm_recovery) {
    json.key("confirm_recovery");
    json.boolean(true);
  }
  json.end_object();
  if (!json.ok()) return usage("the passphrase is not valid UTF-8");
  auto answer = session.call("POST", Target{session.memory(), "/v1/unlock"}, body);
  if (!answer) {
    if (answer.error().exit == Exit::denied && answer.error().next_step.empty()) {
      answer.error().next_step = "try again; the vault stays locked";
    }
    return std::unexpected{answer.error()};
  }
  Screen& screen = session.screen();
  warn_about(screen, answer->root());
  if (screen.json()) {
    print_json(screen, answer->body);
    return Exit::done;
  }
  const std::string name{text_at(answer->root(), "name")};
  const std::chrono::milliseconds left{number_at(answer->root(), "locks_in_ms")};
  screen.note("'" + name + "' is unlocked" +
              (left.count() > 0 ? "; it locks after " + duration_text(left) + " without use" : "") +
              ".");
  return Exit::done;
}

auto lock(bool all, Session& session) -> Outcome<Exit> {
  TRY(running, session.connect_if_running());
  Screen& screen = session.screen();
  if (!running) {  // no daemon holds any key
    if (screen.json()) screen.put("{\"locked\":[]}\n");
    screen.note("Nothing is unlocked: no daemon is running.");
    return Exit::done;
  }
  base::SecretBytes::Buffer body{&session.memory()};
  JsonWriter json{body};
  json.begin_object();
  if (all) {
    json.key("all");
    json.boolean(true);
  } else if (!session.flags().vault.empty()) {
    json.member("vault", session.flags().vault);
  }
  json.end_object();
  TRY(answer, session.call("POST", Target{session.memory(), "/v1/lock"}, body));
  if (screen.json()) {
    print_json(screen, answer.body);
    return Exit::done;
  }
  for (const JsonValue& name : items_at(answer.root(), "locked")) {
    screen.note("'" + std::string{name.text()} + "' is locked.");
  }
  return Exit::done;
}

void print_status(Screen& screen, const JsonValue& status) {
  const bool unlocked = true_at(status, "unlocked");
  screen.row("vault", text_at(status, "name"));
  const std::chrono::milliseconds left{number_at(status, "locks_in_ms")};
  screen.row("state", unlocked ? "unlocked, locks in " + duration_text(left) : "locked");
  screen.row("height", std::to_string(number_at(status, "height")));
  screen.row("pending", std::to_string(number_at(status, "pending")));
  if (unlocked) {
    screen.row("secrets", std::to_string(number_at(status, "secrets")));
    screen.row("conflicts", std::to_string(number_at(status, "conflicts")));
  }
  screen.row("validators", std::to_string(number_at(status, "validators")) + ", tolerating " +
                               std::to_string(number_at(status, "tolerated_faults")) + " faulty");
  screen.row("size", bytes_text(number_at(status, "store_bytes")));
  screen.row("state root", text_at(status, "state_root"));
  screen.row("audit root", text_at(status, "audit_root"));
  screen.row("device", text_at(status, "device"));
  if (const auto to = text_at(status, "migrated_to"); !to.empty()) screen.row("migrated to", to);
}

auto status(Session& session) -> Outcome<Exit> {
  auto answer = session.get(session.vault());
  if (!answer) {
    answer.error().exit = Exit::local;  // 2 means locked here
    return std::unexpected{answer.error()};
  }
  if (session.screen().json()) {
    print_json(session.screen(), answer->body);
  } else {
    print_status(session.screen(), answer->root());
  }
  warn_about(session.screen(), answer->root());
  return true_at(answer->root(), "unlocked") ? Exit::done : Exit::remote;
}

auto verify(Session& session) -> Outcome<Exit> {
  Target target = session.vault();
  TRY(answer, showing_progress(session, "verify",
                               [&] { return session.call("POST", target.path("/verify")); }));
  Screen& screen = session.screen();
  const JsonValue& root = answer.root();
  if (screen.json()) {
    print_json(screen, answer.body);
  } else {
    for (const char* name :
         {"heights", "transactions", "versions", "state_records", "audit_records", "checkpoints"}) {
      screen.row(name, std::to_string(number_at(root, name)));
    }
    screen.row("state root", text_at(root, "state_root"));
    screen.row("audit root", text_at(root, "audit_root"));
  }
  if (true_at(root, "ok")) {
    if (!screen.json()) screen.note("Everything verifies.");
    return Exit::done;
  }
  return problem(Exit::local,
                 "the vault does not verify: " + std::string{text_at(root, "first_bad")},
                 "stop the daemon, keep the folder as it is, and restore a backup beside it");
}

struct DaemonFlags {
  std::string what = "start";
  bool foreground = false;
  int ready = -1;
};

auto stop_daemon(Session& session) -> Outcome<Exit> {
  TRY(running, session.connect_if_running());
  if (!running) {
    session.screen().note("No daemon is running.");
    return Exit::done;
  }
  TRY(answer, session.get(Target{session.memory(), "/v1/status"}));
  const auto process = static_cast<pid_t>(number_at(answer.root(), "pid"));
  if (process <= 1) return problem(Exit::remote, "the daemon does not tell its process");
  session.disconnect();
  TRY_DO(stop_process(process, SIGTERM));
  session.screen().note("The daemon has stopped; all vaults are locked.");
  return Exit::done;
}

auto reload_daemon(Session& session) -> Outcome<Exit> {
  TRY(running, session.connect_if_running());
  if (!running) {
    session.screen().note("No daemon is running; the next one reads the settings at its start.");
    return Exit::done;
  }
  TRY_DO(session.call("POST", Target{session.memory(), "/v1/reload"}));
  session.screen().note("The daemon has read the settings again.");
  return Exit::done;
}

auto daemon(const DaemonFlags& flags, Session& session) -> Outcome<Exit> {
  if (flags.what == "stop") return stop_daemon(session);
  if (flags.what == "reload") return reload_daemon(session);
  if (flags.foreground) {
    TRY_DO(run_daemon(session.paths(), session.ports(), flags.ready));
    return Exit::done;
  }
  TRY(running, session.connect_if_running());
  if (!running) TRY_DO(session.start_and_connect());
  session.screen().note(
      std::string{running ? "A daemon is running already" : "The daemon is running"} + " on " +
      session.paths().socket.string() + ".");
  return Exit::done;
}

}  // namespace

auto declare_init(CLI::App& app) -> Run {
  auto flags = std::make_shared<InitFlags>();
  app.add_option("NAME", flags->name, "the vault's name (main)");
  app.add_option("--device-name", flags->device, "this machine's name in the vault")
      ->type_name("NAME");
  app.add_option("--ordering", flags->ordering,
                 "who puts writes into one order: solo, this device alone; dag, the consensus of "
                 "devices, alone so far (solo)")
      ->type_name("KIND")
      ->check(CLI::IsMember({"solo", "dag"}));
  app.add_option("--kdf-target", flags->kdf_target,
                 "how long one guess of the passphrase takes (1s)")
      ->type_name("TIME");
  flags->declare(app);
  return [flags](Session& session) { return init(*flags, session); };
}

auto declare_unlock(CLI::App& app) -> Run {
  auto flags = std::make_shared<UnlockFlags>();
  app.add_option("--for", flags->for_time, "lock again after this time, such as 15m")
      ->type_name("TIME");
  app.add_flag("--confirm-recovery", flags->confirm_recovery,
               "let a restored vault write: no other copy of it is in use any more");
  flags->declare(app);
  return [flags](Session& session) { return unlock(*flags, session); };
}

auto declare_lock(CLI::App& app) -> Run {
  auto all = std::make_shared<bool>(false);
  app.add_flag("--all", *all, "all vaults");
  return [all](Session& session) { return lock(*all, session); };
}

auto declare_status(CLI::App&) -> Run { return status; }

auto declare_verify(CLI::App&) -> Run { return verify; }

auto declare_daemon(CLI::App& app) -> Run {
  auto flags = std::make_shared<DaemonFlags>();
  app.add_option("ACTION", flags->what, "start (the default), stop, or reload the settings")
      ->check(CLI::IsMember({"start", "stop", "reload"}));
  app.add_flag("--foreground", flags->foreground, "serve in this process");
  app.add_option("--ready-fd", flags->ready)->group("");  // from start_daemon
  return [flags](Session& session) { return daemon(*flags, session); };
}

auto declare_version(CLI::App&) -> Run {
  return [](Session& session) -> Outcome<Exit> {
    if (session.screen().json()) {
      session.screen().put("{\"version\":\"" HOLDFAST_VERSION "\"}\n");
    } else {
      session.screen().put("holdfast " HOLDFAST_VERSION "\n");
    }
    return Exit::done;
  };
}

}  // namespace holdfast::cli
