// commands_doctor.cc: doctor, and the checks that ask the daemon.
#include <CLI/CLI.hpp>

#include "api/kdf_choice.h"
#include "cli/command.h"
#include "cli/doctor.h"
#include "cli/text.h"
#include "formats/json_writer.h"

namespace holdfast::cli {
namespace {

using formats::JsonWriter;
using std::chrono::milliseconds;

constexpr std::uint64_t kClockAheadMs = 60'000;  // of the last commit over this machine's clock

auto check_roots(const std::string& name, Session& session) -> Check {
  Target target{session.memory(), "/v1/vaults"};
  const auto answer = session.call("POST", target.segment(name).path("/verify"));
  const std::string title = name + ": store and roots";
  if (!answer) {
    return {title, Health::failure, answer.error().text, answer.error().next_step};
  }
  if (!true_at(answer->root(), "ok")) {
    return {title, Health::failure, std::string{text_at(answer->root(), "first_bad")},
            "stop the daemon, keep the folder as it is, and restore a backup beside it"};
  }
  return {title,
          Health::ok,
          std::to_string(number_at(answer->root(), "versions")) +
              " versions and both roots are as they must be",
          {}};
}

auto check_clock(const std::string& name, const JsonValue& status, const Session& session)
    -> Check {
  const std::uint64_t last = number_at(status, "last_commit_at");
  const auto now = static_cast<std::uint64_t>(session.ports().clock.now_ms());
  if (last > now + kClockAheadMs) {
    return {name + ": clock", Health::failure,
            "the last commit is " + duration_text(milliseconds{last - now}) +
                " ahead of this machine's clock",
            "set the clock: timedatectl set-ntp true"};
  }
  return {name + ": clock", Health::ok, "not behind the last commit", {}};
}

auto check_guess(const std::string& name, const JsonValue& status, const Session& session)
    -> Check {
  const JsonValue* kdf = status.find("kdf");
  if (kdf == nullptr) return {name + ": passphrase", Health::warning, "cost unknown", ""};
  const crypto::Argon2Params params{
      .memory_kib = static_cast<std::uint32_t>(number_at(*kdf, "memory_kib")),
      .passes = static_cast<std::uint32_t>(number_at(*kdf, "passes")),
      .lanes = static_cast<std::uint32_t>(number_at(*kdf, "lanes"))};
  const auto taken = api::kdf_time(params, session.ports().clock);
  if (!taken) return {name + ": passphrase", Health::failure, "its cost is not allowed", ""};
  const auto time = std::chrono::duration_cast<milliseconds>(*taken);
  const milliseconds target = session.settings().duration("kdf.target");
  const std::string text = "one guess costs " + std::to_string(time.count()) + " ms and " +
                           bytes_text(std::uint64_t{params.memory_kib} * 1024);
  if (time * 3 >= target) return {name + ": passphrase", Health::ok, text, {}};
  return {name + ": passphrase", Health::warning,
          text + ", less than a third of kdf.target on this machine",
          "holdfast passphrase change --vault " + name + " --kdf-target " +
              session.settings().text("kdf.target")};
}

auto check_state(const std::string& name, const JsonValue& status) -> Check {
  const std::string title = name + ": state";
  if (true_at(status, "read_only")) {
    return {title, Health::failure,
            "read-only: " + std::string{text_of_code(text_at(status, "read_only_reason"))},
            "see the reason; then holdfast daemon stop"};
  }
  if (number_at(status, "unlocked_memory_bytes") > 0) {
    return {title, Health::warning, "the daemon has keys in memory that is not locked",
            "raise ulimit -l, then holdfast daemon stop"};
  }
  return {title, Health::ok, "writable, keys in locked memory", {}};
}

auto check_vault(const std::string& name, Session& session, std::vector<Check>& checks) -> void {
  Target target{session.memory(), "/v1/vaults"};
  const auto answer = session.get(target.segment(name));
  if (!answer) {
    checks.push_back(
        {name + ": state", Health::failure, answer.error().text, answer.error().next_step});
    return;
  }
  checks.push_back(check_state(name, answer->root()));
  checks.push_back(check_clock(name, answer->root(), session));
  checks.push_back(check_guess(name, answer->root(), session));
  checks.push_back(check_roots(name, session));
}

void print_checks(std::span<const Check> checks, Screen& screen) {
  for (const Check& check : checks) {
    constexpr std::size_t kWidth = 7;
    std::string mark{health_name(check.health)};
    mark.resize(kWidth, ' ');
    screen.put(mark + "  ");
    screen.heading(check.name);
    screen.put(": ");
    screen.put_visible(check.text);
    screen.put("\n");
    if (check.remedy.empty()) continue;
    screen.put("         remedy: ");
    screen.put_visible(check.remedy);
    screen.put("\n");
  }
}

void print_json_checks(std::span<const Check> checks, const std::vector<std::string>& fixed,
                       bool ok, Session& session) {
  base::SecretBytes::Buffer out{&session.memory()};
  JsonWriter json{out};
  json.begin_object();
  json.key("ok");
  json.boolean(ok);
  json.key("checks");
  json.begin_array();
  for (const Check& check : checks) {
    json.begin_object();
    json.member("name", check.name);
    json.member("result", health_name(check.health));
    json.member("text", check.text);
    json.key("remedy");
    check.remedy.empty() ? json.null() : json.string(check.remedy);
    json.end_object();
  }
  json.end_array();
  json.key("fixed");
  json.begin_array();
  for (const std::string& one : fixed) json.string(one);
  json.end_array();
  json.end_object();
  session.screen().put(base::text_of(out));
  session.screen().put("\n");
}

struct DoctorFlags {
  bool pq = false, fix = false;
};

auto doctor(const DoctorFlags& flags, Session& session) -> Outcome<Exit> {
  if (flags.pq) {
    print_protections(session.screen());
    return Exit::done;
  }
  std::vector<std::string> fixed;
  if (flags.fix) {
    TRY(done, repair(session));
    fixed = std::move(done);
    for (const std::string& one : fixed) session.screen().note("Mended: " + one + ".");
    if (fixed.empty()) session.screen().note("There was nothing to mend here.");
  }
  std::vector<Check> checks = machine_checks(session);
  for (Check& check : vault_checks(session)) checks.push_back(std::move(check));
  const bool ok = std::ranges::none_of(
      checks, [](const Check& check) { return check.health == Health::failure; });
  if (session.screen().json()) {
    print_json_checks(checks, fixed, ok, session);
  } else {
    print_checks(checks, session.screen());
  }
  return ok ? Exit::done : Exit::local;
}

}  // namespace

auto vault_checks(Session& session) -> std::vector<Check> {
  std::vector<Check> checks;
  const auto answer = session.get(Target{session.memory(), "/v1/vaults"});
  if (!answer) {
    checks.push_back({"socket", Health::failure, answer.error().text, answer.error().next_step});
    return checks;
  }
  checks.push_back(
      {"socket", Health::ok, "a daemon answers on " + session.paths().socket.string(), {}});
  for (const JsonValue& vault : items_at(answer->root(), "items")) {
    check_vault(std::string{text_at(vault, "name")}, session, checks);
  }
  return checks;
}

auto declare_doctor(CLI::App& app) -> Run {
  auto flags = std::make_shared<DoctorFlags>();
  app.add_flag("--pq", flags->pq, "which algorithms protect what, and against what");
  app.add_flag("--fix", flags->fix,
               "mend what is safe to mend: rights of files, a dead socket, leftovers");
  return [flags](Session& session) { return doctor(*flags, session); };
}

}  // namespace holdfast::cli
