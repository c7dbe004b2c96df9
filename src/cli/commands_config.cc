// commands_config.cc: config get|set|unset|list|validate|path.
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/settings_file.h"
#include "cli/text.h"
#include "formats/json_writer.h"

namespace holdfast::cli {
namespace {

using formats::JsonWriter;

// The settings as they are, or why they cannot be: what other commands would say.
auto load(const Session& session) -> Outcome<Settings> {
  return Settings::load(session.paths().config_file, api::process_environment());
}

void write_item(JsonWriter& json, const SettingKey& key, const Settings& settings) {
  json.begin_object();
  json.member("key", key.name);
  json.member("value", settings.text(key.name));
  json.member("default", key.otherwise);
  json.member("origin", origin_name(settings.origin(key.name)));
  json.member("about", key.about);
  json.end_object();
}

auto get(const std::string& name, Session& session) -> Outcome<Exit> {
  TRY(key, find_setting(name));
  TRY(settings, load(session));
  Screen& screen = session.screen();
  if (screen.json()) {
    base::SecretBytes::Buffer out{&session.memory()};
    JsonWriter json{out};
    write_item(json, *key, settings);
    screen.put(base::text_of(out));
  } else {
    screen.put(settings.text(key->name));
  }
  screen.put("\n");
  return Exit::done;
}

auto list(Session& session) -> Outcome<Exit> {
  TRY(settings, load(session));
  Screen& screen = session.screen();
  if (screen.json()) {
    base::SecretBytes::Buffer out{&session.memory()};
    JsonWriter json{out};
    json.begin_object();
    json.key("items");
    json.begin_array();
    for (const SettingKey& key : setting_keys()) write_item(json, key, settings);
    json.end_array();
    json.end_object();
    screen.put(base::text_of(out));
    screen.put("\n");
    return Exit::done;
  }
  Table table{session.memory(), {"KEY", "VALUE", "FROM", "MEANING"}};
  for (const SettingKey& key : setting_keys()) {
    table.cell(key.name);
    table.cell(settings.text(key.name));
    table.cell(origin_name(settings.origin(key.name)));
    table.cell(key.about);
  }
  table.print(screen);
  return Exit::done;
}

auto is_for_the_daemon(std::string_view name) -> bool {
  return name == "default_vault" || name.starts_with("lock.") || name.starts_with("conflicts.");
}

// A running daemon learns of what concerns it.
auto tell_daemon(const SettingKey& key, Session& session) -> Outcome<void> {
  if (!is_for_the_daemon(key.name)) return {};
  TRY(running, session.connect_if_running());
  if (running) TRY_DO(session.call("POST", Target{session.memory(), "/v1/reload"}));
  return {};
}

auto change(const std::string& name, std::optional<std::string> text, Session& session)
    -> Outcome<Exit> {
  TRY(key, find_setting(name));
  if (text) {
    TRY_DO(check_setting(*key, *text, "config set"));
    if (key->type == SettingType::list) {  // "a, b" is kept as "a,b"
      std::string joined;
      for (const std::string& word : split_list(*text)) {
        joined += (joined.empty() ? "" : ",") + word;
      }
      text = joined;
    }
  }
  TRY_DO(change_settings_file(session.paths().config_file, *key, text));
  TRY_DO(tell_daemon(*key, session));
  const auto given = api::process_environment()(variable_of(*key).c_str());
  if (given && !given->empty()) {
    session.screen().warn(variable_of(*key) + " is set and beats the file");
  }
  return Exit::done;
}

auto validate(Session& session) -> Outcome<Exit> {
  TRY_DO(load(session));
  TRY_DO(check_variables());
  if (session.screen().json()) session.screen().put("{\"ok\":true}\n");
  session.screen().note("The settings are valid.");
  return Exit::done;
}

auto path(Session& session) -> Outcome<Exit> {
  Screen& screen = session.screen();
  const std::string file = session.paths().config_file.string();
  if (screen.json()) {
    base::SecretBytes::Buffer out{&session.memory()};
    JsonWriter json{out};
    json.begin_object();
    json.member("path", file);
    json.end_object();
    screen.put(base::text_of(out));
  } else {
    screen.put(file);
  }
  screen.put("\n");
  return Exit::done;
}

}  // namespace

auto declare_config(CLI::App& app) -> Run {
  app.require_subcommand(1);
  auto chosen = std::make_shared<Run>();
  auto key = std::make_shared<std::string>();
  auto value = std::make_shared<std::string>();
  declare_below(app, "get", "print one setting", chosen,
                [key](Session& session) { return get(*key, session); })
      .add_option("KEY", *key, "such as lock.idle")
      ->required();
  CLI::App& set =
      declare_below(app, "set", "write one setting to the file", chosen,
                    [key, value](Session& session) { return change(*key, *value, session); });
  set.add_option("KEY", *key, "such as lock.idle")->required();
  set.add_option("VALUE", *value, "such as 15m")->required();
  declare_below(app, "unset", "remove one setting from the file", chosen,
                [key](Session& session) { return change(*key, std::nullopt, session); })
      .add_option("KEY", *key, "such as lock.idle")
      ->required();
  declare_below(app, "list", "print every setting, its value and where that is from", chosen, list);
  declare_below(app, "validate", "check the file and the environment", chosen, validate);
  declare_below(app, "path", "print where the file is", chosen, path);
  return run_chosen(chosen);
}

}  // namespace holdfast::cli
