// demo.cc: the whole way in a temporary folder: make a vault, import, search, read, add, edit one
// secret twice at once, kill the daemon with SIGKILL, open again, compare, verify. Ends with the
// commands to start for real. Nothing outside the folder is touched: XDG folders and socket of its
// own.
#include <stdlib.h>  // NOLINT: mkdtemp, setenv
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "api/generator.h"
#include "cli/command.h"
#include "cli/daemon.h"
#include "cli/secret_diff.h"
#include "cli/text.h"
#include "formats/json_writer.h"
#include "formats/synthetic.h"
#include "store/file_io.h"

namespace holdfast::cli {
namespace {
namespace fs = std::filesystem;
using base::SecretBytes;
using formats::JsonWriter;

constexpr std::size_t kAdded = 20;
constexpr std::size_t kReadsTimed = 50;
constexpr std::uint64_t kSeed = 20'240'101;

struct DemoFlags {
  std::size_t entries = 10'000;
  bool keep = false;
};

struct Roots {
  std::string state, audit;
  std::uint64_t height = 0, secrets = 0;
  auto operator==(const Roots&) const -> bool = default;
};

auto roots_of(const JsonValue& status) -> Roots {
  return {std::string{text_at(status, "state_root")}, std::string{text_at(status, "audit_root")},
          number_at(status, "height"), number_at(status, "secrets")};
}

auto broken(std::string what) {
  return problem(Exit::local, "the demo found an error: " + std::move(what),
                 "please report it; --keep leaves the folder for inspection");
}

class Demo {
 public:
  Demo(const DemoFlags& flags, Session& session, fs::path folder)
      : flags_{flags},
        session_{session},
        folder_{std::move(folder)},
        passphrase_{session.memory()} {}

  [[nodiscard]] auto run() -> Outcome<void> {
    TRY_DO(step("a vault with a random throw-away passphrase", [&] { return make_vault(); }));
    TRY_DO(step("a made-up Bitwarden export of " + std::to_string(flags_.entries) + " entries",
                [&] { return write_export(); }));
    TRY_DO(step("imported", [&] { return import(false); }));
    TRY_DO(step("imported again", [&] { return import(true); }));
    TRY_DO(step("searched", [&] { return search(); }));
    TRY_DO(step("read", [&] { return read_many(); }));
    TRY_DO(step("added", [&] { return add_many(); }));
    TRY_DO(step("edited one secret twice at the same time", [&] { return edit_twice(); }));
    TRY_DO(step("killed the daemon with SIGKILL", [&] { return kill(); }));
    TRY_DO(step("a new daemon, and unlocked", [&] { return unlock(); }));
    TRY_DO(step("everything acknowledged is there", [&] { return look_again(); }));
    TRY_DO(step("verified", [&] { return verify(); }));
    return stop();
  }
  // Whatever happened, no daemon stays behind.
  auto stop() -> Outcome<void> {
    TRY(running, session_.connect_if_running());
    if (!running) return {};
    TRY(process, daemon_process());
    session_.disconnect();
    return stop_process(process, SIGTERM);
  }

 private:
  // Prints one line: time, what, and what the step has to say about itself.
  template <class Work>
  auto step(const std::string& what, Work&& work) -> Outcome<void> {
    const auto started = session_.ports().clock.monotonic();
    detail_.clear();
    TRY_DO(work());
    const std::chrono::duration<double> took = session_.ports().clock.monotonic() - started;
    std::array<char, 32> time{};
    std::snprintf(time.data(), time.size(), "%9.3f s  ", took.count());
    session_.screen().put(time.data() + what + (detail_.empty() ? "" : ": " + detail_) + "\n");
    return session_.screen().flush();
  }

  auto make_vault() -> Outcome<void> {
    TRY(passphrase, locally(api::generate({.length = 24, .symbol = false}, session_.ports().entropy,
                                          session_.memory())));
    passphrase_ = std::move(passphrase);
    SecretBytes::Buffer body{&session_.memory()};
    JsonWriter json{body};
    json.begin_object();
    json.member("name", "demo");
    json.member("passphrase", passphrase_);
    json.member("device_name", "demo");
    json.end_object();
    TRY(made, session_.call("POST", Target{session_.memory(), "/v1/vaults"}, body));
    detail_ = "key derivation takes about 1 s for every guess, on purpose";
    return {};
  }

  auto write_export() -> Outcome<void> {
    TRY(file, locally(formats::synthetic_bitwarden_json(flags_.entries, kSeed, session_.memory())));
    detail_ = bytes_text(file.size()) + ", " + (folder_ / "bitwarden.json").string();
    return file.expose([&](base::ByteView bytes) {
      return locally(store::write_file_atomic(folder_ / "bitwarden.json", bytes));
    });
  }

  auto import(bool again) -> Outcome<void> {
    TRY(file, read_whole_file((folder_ / "bitwarden.json").string(), formats::kImportBytesMax,
                              session_.memory()));
    Target target = session_.vault();
    target.path("/import").query("format", "bitwarden-json");
    TRY(answer, file.expose([&](base::ByteView bytes) {
      return session_.call("POST", target, bytes, {{"Content-Type", "application/octet-stream"}});
    }));
    const auto added = number_at(answer.root(), "added");
    const auto failed = number_at(answer.root(), "failed");
    detail_ = std::to_string(added) + " added, " +
              std::to_string(number_at(answer.root(), "skipped")) + " skipped, " +
              std::to_string(failed) + " failed";
    if (failed != 0 || (again && added != 0)) return broken("import: " + detail_);
    if (!again && added == 0) return broken("import: nothing was added");
    return {};
  }

  auto list(const std::string& text) -> Outcome<Answer> {
    Target target = session_.vault();
    target.path("/secrets").query("q", text).query("limit", "100");
    return session_.get(target);
  }

  auto search() -> Outcome<void> {
    TRY(some, session_.get(Target{session_.memory(), "/v1/vaults/-/secrets?limit=1"}));
    const auto items = items_at(some.root(), "items");
    if (items.empty()) return broken("the vault lists nothing");
    first_id_ = text_at(items.front(), "id");
    const std::string label{text_at(items.front(), "label")};
    TRY(found, list(label));
    const auto total = number_at(found.root(), "total");
    detail_ = "'" + label + "' in " + std::to_string(number_at(some.root(), "total")) +
              " secrets, " + std::to_string(total) + " found";
    if (total == 0) return broken("a search for a known label found nothing");
    return {};
  }

  auto read(const std::string& id) -> Outcome<Answer> {
    Target target = session_.vault();
    target.path("/secrets").segment(id).query("reveal", "true");
    return session_.get(target);
  }

  auto read_many() -> Outcome<void> {
    const auto started = session_.ports().clock.monotonic();
    for (std::size_t i = 0; i < kReadsTimed; ++i) TRY_DO(read(first_id_));
    const std::chrono::duration<double, std::micro> took =
        session_.ports().clock.monotonic() - started;
    detail_ = "one secret takes " + std::to_string(std::lround(took.count() / kReadsTimed)) +
              " µs through the daemon";
    return {};
  }

  auto add_many() -> Outcome<void> {
    for (std::size_t i = 0; i < kAdded; ++i) {
      TRY(password, locally(api::generate({}, session_.ports().entropy, session_.memory())));
      SecretBytes::Buffer body{&session_.memory()};
      JsonWriter json{body};
      json.begin_object();
      json.member("label", "demo " + std::to_string(i));
      json.member("username", "demo");
      json.member("password", password);
      json.end_object();
      Target target = session_.vault();
      TRY(receipt, session_.call("POST", target.path("/secrets"), body));
      added_.emplace_back(std::string{text_at(receipt.root(), "id")}, std::move(password));
    }
    detail_ = std::to_string(kAdded) +
              " secrets, each signed, ordered and on disk before it was acknowledged";
    return {};
  }

  // Both edits are made from the version that is current now, as two devices would.
  auto edit_from(const std::string& base, std::string_view member, std::string_view value)
      -> Outcome<void> {
    SecretBytes::Buffer body{&session_.memory()};
    JsonWriter json{body};
    json.begin_object();
    json.member(member, value);
    json.end_object();
    Target target = session_.vault();
    target.path("/secrets").segment(added_.front().first).query("base", base);
    TRY_DO(session_.call("PATCH", target, body));
    return {};
  }
  auto version_content(std::string_view version) -> Outcome<Answer> {
    Target target = session_.vault();
    target.path("/secrets").segment(added_.front().first).path("/versions").segment(version);
    return session_.get(target.query("reveal", "true"));
  }

  auto edit_twice() -> Outcome<void> {
    TRY(before, read(added_.front().first));
    const std::string base{text_at(before.root(), "version")};
    TRY_DO(edit_from(base, "username", "laptop"));
    TRY_DO(edit_from(base, "notes", "written on the phone"));
    TRY(after, read(added_.front().first));
    if (text_at(after.root(), "username") != "laptop" ||
        text_at(after.root(), "notes") != "written on the phone") {
      return broken("one of two concurrent edits was lost");
    }
    Target target = session_.vault();
    target.path("/secrets").segment(added_.front().first).path("/versions");
    TRY(versions, session_.get(target));
    const auto items = items_at(versions.root(), "items");
    const std::size_t parents = items.empty() ? 0 : items_at(items.back(), "parents").size();
    if (items.size() != 4 || parents != 2) return broken("the history lacks the merge");
    TRY(first, version_content(text_at(items.front(), "version")));
    TRY(last, version_content(text_at(items.back(), "version")));
    const auto old_values = field_values(first.root(), session_.memory());
    const auto new_values = field_values(last.root(), session_.memory());
    std::string changed;
    for (const FieldChange& change : changes_between(old_values, new_values)) {
      changed += (changed.empty() ? "" : ", ") + change.name();
    }
    detail_ = "both edits are kept by a merge; its history has " + std::to_string(items.size()) +
              " versions, and between first and last differ " + changed;
    return {};
  }

  auto daemon_process() -> Outcome<pid_t> {
    TRY(answer, session_.get(Target{session_.memory(), "/v1/status"}));
    const auto process = static_cast<pid_t>(number_at(answer.root(), "pid"));
    if (process <= 1) return broken("the daemon does not tell its process");
    return process;
  }

  auto kill() -> Outcome<void> {
    TRY(status, session_.get(session_.vault()));
    before_ = roots_of(status.root());
    TRY(process, daemon_process());
    TRY_DO(stop_process(process, SIGKILL));
    session_.disconnect();
    detail_ =
        "process " + std::to_string(process) + ", at height " + std::to_string(before_.height);
    return {};
  }

  auto unlock() -> Outcome<void> {
    SecretBytes::Buffer body{&session_.memory()};
    JsonWriter json{body};
    json.begin_object();
    json.member("passphrase", passphrase_);
    json.end_object();
    TRY(answer, session_.call("POST", Target{session_.memory(), "/v1/unlock"}, body));
    if (roots_of(answer.root()) != before_) return broken("state or height differ after the crash");
    detail_ = "the same state root, audit root and height as before";
    return {};
  }

  auto look_again() -> Outcome<void> {
    for (const auto& [id, password] : added_) {
      TRY(secret, read(id));
      const bool same = password.expose_text(
          [&](std::string_view text) { return text == text_at(secret.root(), "password"); });
      if (!same) return broken("an acknowledged secret has changed");
    }
    TRY(imported, session_.get(Target{session_.memory(), "/v1/vaults/-/secrets?limit=1"}));
    const auto total = number_at(imported.root(), "total");
    if (total != before_.secrets) return broken("secrets are missing");
    detail_ = std::to_string(total) + " secrets, and the " + std::to_string(kAdded) +
              " added ones with their passwords";
    return {};
  }

  auto verify() -> Outcome<void> {
    Target target = session_.vault();
    TRY(answer, session_.call("POST", target.path("/verify")));
    if (!true_at(answer.root(), "ok")) {
      return broken("verify: " + std::string{text_at(answer.root(), "first_bad")});
    }
    const bool same = text_at(answer.root(), "state_root") == before_.state &&
                      text_at(answer.root(), "audit_root") == before_.audit;
    if (!same) return broken("the rebuilt roots differ from those before the crash");
    detail_ = std::to_string(number_at(answer.root(), "transactions")) + " transactions, " +
              std::to_string(number_at(answer.root(), "versions")) + " versions, " +
              std::to_string(number_at(answer.root(), "audit_records")) +
              " audit records; both roots rebuilt and equal\n             state root " +
              before_.state + "\n             audit root " + before_.audit;
    return {};
  }

  const DemoFlags& flags_;
  Session& session_;
  const fs::path folder_;
  SecretBytes passphrase_;
  std::string detail_, first_id_;
  Roots before_;
  std::vector<std::pair<std::string, SecretBytes>> added_;
};

// Everything this process and its daemon would touch lies in the folder.
void move_into(const fs::path& folder) {
  for (const auto& [name, below] :
       std::initializer_list<std::pair<const char*, const char*>>{{"HOME", ""},
                                                                  {"XDG_CONFIG_HOME", "config"},
                                                                  {"XDG_DATA_HOME", "data"},
                                                                  {"XDG_STATE_HOME", "state"},
                                                                  {"XDG_CACHE_HOME", "cache"},
                                                                  {"XDG_RUNTIME_DIR", "run"}}) {
    ::setenv(name, (folder / below).c_str(), 1);
  }
  for (const char* name :
       {"HOLDFAST_SOCKET", "HOLDFAST_VAULT", "HOLDFAST_PROFILE", "HOLDFAST_CONFIG",
        "HOLDFAST_DEFAULT_VAULT", "HOLDFAST_LOCK_IDLE", "HOLDFAST_LOCK_ABSOLUTE"}) {
    ::unsetenv(name);
  }
}

void print_start(Screen& screen) {
  screen.put(
      "\nTo start for real:\n\n"
      "  holdfast init                                        make your vault\n"
      "  holdfast import FILE -f bitwarden-json               bring what you have\n"
      "  holdfast add github -u ann -g                        add a secret, with a random "
      "password\n"
      "  holdfast get github --field password --reveal        read it\n"
      "  holdfast --help                                      everything else\n\n");
  std::array<char, 4096> self{};
  const ssize_t length = ::readlink("/proc/self/exe", self.data(), self.size());
  if (length > 0) {
    screen.put("The program is " + std::string(self.data(), static_cast<std::size_t>(length)) +
               "\n");
  }
}

auto demo(const DemoFlags& flags, Session& session) -> Outcome<Exit> {
  if (flags.entries == 0 || flags.entries > formats::kImportEntriesMax) {
    return usage("--entries must be from 1 to " + std::to_string(formats::kImportEntriesMax));
  }
  std::string pattern = (fs::temp_directory_path() / "holdfast-demo-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return problem(Exit::local,
                   "no temporary folder can be made in " + fs::temp_directory_path().string());
  }
  const fs::path folder{pattern};
  move_into(folder);
  Flags own = session.flags();
  own.vault.clear();
  own.profile.clear();
  TRY_DO(session.configure(own, Settings{}));
  session.screen().put("A demonstration in " + folder.string() +
                       ", which is removed at the end.\n\n");
  TRY_DO(session.screen().flush());
  Demo demonstration{flags, session, folder};
  const auto done = demonstration.run();
  if (!done) (void)demonstration.stop();
  std::error_code error;
  if (flags.keep) {
    session.screen().put("\nThe folder stays: " + folder.string() + "\n");
  } else {
    fs::remove_all(folder, error);
  }
  if (!done) return std::unexpected{done.error()};
  print_start(session.screen());
  return Exit::done;
}

}  // namespace

auto declare_demo(CLI::App& app) -> Run {
  auto flags = std::make_shared<DemoFlags>();
  app.add_option("--entries", flags->entries, "how many to import (10,000)")->type_name("N");
  app.add_flag("--keep", flags->keep, "leave the temporary folder");
  return [flags](Session& session) { return demo(*flags, session); };
}

}  // namespace holdfast::cli
