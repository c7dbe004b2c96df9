#include "cli/command.h"

#include <CLI/CLI.hpp>
#include <array>

#include "cli/text.h"

namespace holdfast::cli {
namespace {

constexpr auto kCommands = std::to_array<Command>({
    {"init", "First run", "make a vault", declare_init},
    {"unlock", "First run", "open a vault with its passphrase", declare_unlock},
    {"lock", "First run", "wipe its keys from memory", declare_lock},
    {"status", "First run", "lock state, height, quorum; exit code 0 unlocked, 2 locked",
     declare_status},
    {"doctor", "First run", "check this machine and its vaults, with remedies", declare_doctor},
    {"passphrase", "First run", "change the passphrase of a vault", declare_passphrase},
    {"vault", "First run", "list, choose, rename or remove vaults", declare_vault},
    {"add", "Daily", "add a secret", declare_add},
    {"get", "Daily", "show a secret or one field of it", declare_get},
    {"list", "Daily", "list secrets", declare_list},
    {"search", "Daily", "find secrets by a text", declare_search},
    {"rm", "Daily", "delete a secret", declare_rm},
    {"edit", "Daily", "change a secret", declare_edit},
    {"history", "Daily", "the versions of a secret, and what changed", declare_history},
    {"restore", "Daily", "go back to a version, or bring back what was deleted", declare_restore},
    {"copy", "Daily", "copy one field of a secret for a moment", declare_copy},
    {"generate", "Daily", "make a random password or passphrase", declare_generate},
    {"totp", "Daily", "show a one-time code", declare_totp},
    {"attachment", "Daily", "files of a secret", declare_attachment},
    {"category", "Daily", "groups of secrets", declare_category},
    {"tag", "Daily", "tags of secrets", declare_tag},
    {"conflicts", "Conflicts", "see and settle what was changed in two ways", declare_conflicts},
    {"import", "Import and export", "read another program's file", declare_import},
    {"export", "Import and export", "write a file other programs read", declare_export},
    {"migrate", "Import and export", "bring everything of another vault", declare_migrate},
    {"verify", "Governance", "rebuild and check the vault's state and audit log", declare_verify},
    {"daemon", "Operation", "start or stop the process that owns the vaults", declare_daemon},
    {"backup", "Operation", "encrypted copies of a vault, and back", declare_backup},
    {"demo", "Operation", "see it work in a temporary folder", declare_demo},
    {"stats", "Operation", "count secrets; find weak and reused passwords", declare_stats},
    {"config", "Operation", "read and change the settings", declare_config},
    {"completion", "Operation", "print a completion script for a shell", declare_completion},
    {"clipboard-clear", "", "", declare_clipboard_clear},
    {"version", "Operation", "print the version", declare_version},
});

void declare_global(CLI::App& app, Flags& flags) {
  app.add_option("--vault", flags.vault, "which vault (also HOLDFAST_VAULT)")->type_name("NAME");
  app.add_option("--profile", flags.profile, "separate folders and daemon (also HOLDFAST_PROFILE)")
      ->type_name("NAME");
  app.add_option("-f,--format", flags.format, "table, json, yaml or raw")->type_name("FORMAT");
  app.add_flag("--json", flags.json, "the same as --format json");
  app.add_option("--timeout", flags.timeout, "longest wait for an answer, such as 30s")
      ->type_name("TIME");
  app.add_flag("--yes", flags.yes, "answer every question with yes");
  app.add_flag("--no-input", flags.no_input, "never ask: fail where a question is needed");
  app.add_flag("--quiet", flags.quiet, "no notes on standard error");
  app.add_option("--color", flags.colour, "auto, always or never")->type_name("WHEN");
}

auto mentioned(std::string_view name, std::span<const char* const> arguments) -> bool {
  return std::ranges::any_of(arguments, [&](const char* one) { return name == one; });
}

auto nearest_command(std::string_view word) -> std::string {
  std::array<std::string_view, kCommands.size()> names{};
  std::ranges::transform(kCommands, names.begin(), &Command::name);
  const std::string_view near = nearest(word, names);
  if (near.empty()) return "holdfast --help lists the commands";
  return "did you mean: holdfast " + std::string{near};
}

// CLI11 takes a misspelt command for a superfluous argument; people want to know what is near.
auto usage_problem(const CLI::App& app, const CLI::ParseError& error,
                   std::span<const char* const> arguments) -> Problem {
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) {
    for (const char* one : arguments) {
      const std::string_view word{one};
      if (word.empty() || word.starts_with('-')) continue;
      return {Exit::local, "there is no command '" + std::string{word} + "'",
              nearest_command(word)};
    }
    return {Exit::local, "no command is given", "holdfast --help lists the commands"};
  }
  std::string text = error.what();
  return {Exit::local, std::move(text), "see: holdfast " + chosen.front()->get_name() + " --help"};
}

// Of the innermost command that was named.
auto help_of(const CLI::App& app) -> std::string {
  const CLI::App* innermost = &app;
  std::string above;  // its own name is added there
  while (!innermost->get_subcommands().empty()) {
    above += (above.empty() ? "" : " ") + innermost->get_name();
    innermost = innermost->get_subcommands().front();
  }
  return innermost->help(above);
}

}  // namespace

void print_json(Screen& screen, const base::SecretBytes& body) {
  body.expose_text([&](std::string_view text) {
    screen.put(text);
    if (!text.ends_with('\n')) screen.put("\n");
  });
}

auto declare_below(CLI::App& app, std::string_view name, std::string_view summary,
                   const std::shared_ptr<Run>& chosen, Run run) -> CLI::App& {
  CLI::App* below = app.add_subcommand(std::string{name}, std::string{summary});
  below->callback([chosen, run = std::move(run)] { *chosen = run; });
  return *below;
}

auto run_chosen(const std::shared_ptr<Run>& chosen) -> Run {
  return [chosen](Session& session) { return (*chosen)(session); };
}

auto whole_app(Flags& flags) -> std::unique_ptr<CLI::App> {
  auto app = std::make_unique<CLI::App>("", "holdfast");
  declare_global(*app, flags);
  for (const Command& command : kCommands) {
    if (command.group.empty()) continue;
    CLI::App* sub = app->add_subcommand(std::string{command.name}, std::string{command.summary});
    (void)command.declare(*sub);
  }
  return app;
}

auto all_commands() -> std::span<const Command> { return kCommands; }

auto parse(int count, const char* const* arguments) -> Outcome<Parsed> {
  const std::span<const char* const> words{arguments + 1, static_cast<std::size_t>(count - 1)};
  Parsed parsed;
  CLI::App app{"Holdfast: a secrets vault with no server to trust.", "holdfast"};
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", HOLDFAST_VERSION);
  declare_global(app, parsed.flags);
  std::vector<std::pair<CLI::App*, Run>> declared;
  for (const Command& command : kCommands) {
    CLI::App* sub = app.add_subcommand(std::string{command.name}, std::string{command.summary});
    sub->group(std::string{command.group});
    if (mentioned(command.name, words)) declared.emplace_back(sub, command.declare(*sub));
  }
  try {
    app.parse(count, arguments);
  } catch (const CLI::CallForVersion&) {
    parsed.help = "holdfast " HOLDFAST_VERSION "\n";
    return parsed;
  } catch (const CLI::Success&) {  // help was asked for
    parsed.help = help_of(app);
    return parsed;
  } catch (const CLI::ParseError& error) {
    return std::unexpected{usage_problem(app, error, words)};
  }
  for (auto& [sub, run] : declared) {
    if (!sub->parsed()) continue;
    parsed.run = std::move(run);
    parsed.command = sub->get_name();
  }
  CHECK(parsed.run != nullptr);
  return parsed;
}

auto screen_options(const Flags& flags, const Settings& settings) -> Outcome<Screen::Options> {
  Screen::Options options{.quiet = flags.quiet};
  const std::string& format = flags.format.empty() ? settings.text("output.format") : flags.format;
  if (flags.json || format == "json") {
    options.style = Style::json;
  } else if (format == "yaml") {
    options.style = Style::yaml;
  } else if (format == "raw") {
    options.style = Style::raw;
  } else if (format != "table") {
    return usage("there is no output format '" + format + "'", "use table, json, yaml or raw");
  }
  const std::string& colour = flags.colour.empty() ? settings.text("output.color") : flags.colour;
  if (colour == "always") {
    options.colour = Colour::always;
  } else if (colour == "never") {
    options.colour = Colour::never;
  } else if (colour != "auto") {
    return usage("--color takes auto, always or never, not '" + colour + "'");
  }
  return options;
}

auto settings_for(const Parsed& parsed) -> Outcome<Settings> {
  const api::Environment environment = api::process_environment();
  constexpr auto kTolerant = std::to_array<std::string_view>(
      {"config", "doctor", "completion", "version", "daemon", "clipboard-clear"});
  const bool tolerant = std::ranges::contains(kTolerant, std::string_view{parsed.command});
  auto paths = locally(api::paths_of(parsed.flags.profile, environment));
  auto settings = paths ? Settings::load(paths->config_file, environment)
                        : Outcome<Settings>{std::unexpected{paths.error()}};
  if (!settings && tolerant) return Settings{};
  return settings;
}

}  // namespace holdfast::cli
