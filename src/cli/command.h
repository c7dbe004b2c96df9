// command.h: the commands: how each declares its flags and what it then does.
// Only a command whose name is on the command line declares its flags: start-up stays short.
// Limits: none. Time: none. Threads: one. Errors: Problem; usage errors name the nearest known
// word. Source: docs/design/interfaces.md §1.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "cli/session.h"

namespace CLI {
class App;
}

namespace holdfast::cli {

using Run = std::function<Outcome<Exit>(Session&)>;

struct Command {
  std::string_view name, group, summary;
  auto (*declare)(CLI::App& app) -> Run;
};
[[nodiscard]] auto all_commands() -> std::span<const Command>;

struct Parsed {
  Flags flags;
  std::string command;
  Run run;           // empty: print `help` and end
  std::string help;  // for standard output
};
[[nodiscard]] auto parse(int count, const char* const* arguments) -> Outcome<Parsed>;
// From the flags, before anything else is known.
[[nodiscard]] auto screen_options(const Flags& flags, const Settings& settings)
    -> Outcome<Screen::Options>;
// The settings of this profile. Commands that mend or judge them go on with the defaults instead.
[[nodiscard]] auto settings_for(const Parsed& parsed) -> Outcome<Settings>;

// The answer as it came, for --json.
void print_json(Screen& screen, const base::SecretBytes& body);

auto declare_init(CLI::App& app) -> Run;
auto declare_unlock(CLI::App& app) -> Run;
auto declare_lock(CLI::App& app) -> Run;
auto declare_status(CLI::App& app) -> Run;
auto declare_daemon(CLI::App& app) -> Run;
auto declare_version(CLI::App& app) -> Run;
auto declare_verify(CLI::App& app) -> Run;
auto declare_add(CLI::App& app) -> Run;
auto declare_get(CLI::App& app) -> Run;
auto declare_totp(CLI::App& app) -> Run;
auto declare_rm(CLI::App& app) -> Run;
auto declare_list(CLI::App& app) -> Run;
auto declare_search(CLI::App& app) -> Run;
auto declare_generate(CLI::App& app) -> Run;
auto declare_import(CLI::App& app) -> Run;
auto declare_export(CLI::App& app) -> Run;
auto declare_edit(CLI::App& app) -> Run;
auto declare_history(CLI::App& app) -> Run;
auto declare_restore(CLI::App& app) -> Run;
auto declare_conflicts(CLI::App& app) -> Run;
auto declare_attachment(CLI::App& app) -> Run;
auto declare_category(CLI::App& app) -> Run;
auto declare_tag(CLI::App& app) -> Run;
auto declare_demo(CLI::App& app) -> Run;
auto declare_migrate(CLI::App& app) -> Run;
auto declare_backup(CLI::App& app) -> Run;
auto declare_doctor(CLI::App& app) -> Run;
auto declare_passphrase(CLI::App& app) -> Run;
auto declare_vault(CLI::App& app) -> Run;
auto declare_copy(CLI::App& app) -> Run;
auto declare_stats(CLI::App& app) -> Run;
auto declare_config(CLI::App& app) -> Run;
auto declare_completion(CLI::App& app) -> Run;
auto declare_clipboard_clear(CLI::App& app) -> Run;

// One word below a command, such as `vault list`: its run is chosen when it is parsed.
auto declare_below(CLI::App& app, std::string_view name, std::string_view summary,
                   const std::shared_ptr<Run>& chosen, Run run) -> CLI::App&;
// What a user means by a command that has words below it: the one that was parsed.
auto run_chosen(const std::shared_ptr<Run>& chosen) -> Run;
// Every command with its flags, for completion scripts.
[[nodiscard]] auto whole_app(Flags& flags) -> std::unique_ptr<CLI::App>;

}  // namespace holdfast::cli
