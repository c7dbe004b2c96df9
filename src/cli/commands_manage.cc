// commands_manage.cc: vault list|use|rename|remove, passphrase change.
#include <CLI/CLI.hpp>

#include "api/vaults.h"
#include "cli/command.h"
#include "cli/passphrase_flags.h"
#include "cli/settings_file.h"
#include "cli/strength_note.h"
#include "cli/text.h"
#include "formats/json_writer.h"

namespace holdfast::cli {
namespace {

using formats::JsonWriter;

auto list_vaults(Session& session) -> Outcome<Exit> {
  TRY(answer, session.get(Target{session.memory(), "/v1/vaults"}));
  Screen& screen = session.screen();
  if (screen.json()) {
    print_json(screen, answer.body);
    return Exit::done;
  }
  Table table{session.memory(), {"NAME", "STATE", "DEFAULT"}};
  const auto items = items_at(answer.root(), "items");
  for (const JsonValue& vault : items) {
    table.cell(text_at(vault, "name"));
    table.cell(true_at(vault, "unlocked") ? "unlocked" : "locked");
    table.cell(true_at(vault, "default") ? "yes" : "");
  }
  table.print(screen);
  if (items.empty()) screen.note("There is no vault yet; make one: holdfast init");
  return Exit::done;
}

auto check_known(const std::string& name, Session& session) -> Outcome<void> {
  TRY(answer, session.get(Target{session.memory(), "/v1/vaults"}));
  for (const JsonValue& vault : items_at(answer.root(), "items")) {
    if (text_at(vault, "name") == name) return {};
  }
  return std::unexpected{problem_of({base::Error::unknown_vault, name})};
}

// The running daemon learns of it at once; one that starts later reads the file.
auto write_default(const std::optional<std::string>& name, Session& session) -> Outcome<void> {
  TRY(key, find_setting("default_vault"));
  TRY_DO(change_settings_file(session.paths().config_file, *key, name));
  TRY(running, session.connect_if_running());
  if (running) TRY_DO(session.call("POST", Target{session.memory(), "/v1/reload"}));
  return {};
}

auto is_default_in_file(const std::string& name, const Session& session) -> bool {
  return session.settings().origin("default_vault") == Origin::file &&
         session.settings().text("default_vault") == name;
}

void tell(Session& session, std::string_view member, const std::string& name,
          std::string_view note) {
  Screen& screen = session.screen();
  if (screen.json()) {
    base::SecretBytes::Buffer out{&session.memory()};
    JsonWriter json{out};
    json.begin_object();
    json.member(member, name);
    json.end_object();
    screen.put(base::text_of(out));
    screen.put("\n");
  }
  screen.note(note);
}

auto use_vault(const std::string& name, Session& session) -> Outcome<Exit> {
  TRY_DO(check_known(name, session));
  TRY_DO(write_default(name, session));
  tell(session, "default_vault", name, "'" + name + "' is the default vault.");
  if (session.settings().origin("default_vault") == Origin::environment) {
    session.screen().warn("HOLDFAST_DEFAULT_VAULT is set and beats the file");
  }
  return Exit::done;
}

auto rename_vault(const std::string& from, const std::string& to, Session& session)
    -> Outcome<Exit> {
  TRY_DO(check_known(from, session));
  base::SecretBytes::Buffer body{&session.memory()};
  JsonWriter json{body};
  json.begin_object();
  json.member("name", to);
  json.end_object();
  if (!json.ok()) return usage("the name is not valid UTF-8");
  Target target{session.memory(), "/v1/vaults"};
  TRY_DO(session.call("PATCH", target.segment(from), body));
  if (is_default_in_file(from, session)) TRY_DO(write_default(to, session));
  tell(session, "name", to, "'" + from + "' is now '" + to + "', and locked.");
  return Exit::done;
}

auto remove_vault(const std::string& name, Session& session) -> Outcome<Exit> {
  TRY_DO(check_known(name, session));
  if (!session.flags().yes) {
    TRY(sure, session.prompter().confirm_name(
                  "The vault '" + name + "' will be gone with everything in it.", name));
    if (!sure) return usage("not confirmed; nothing was changed");
  }
  Target target{session.memory(), "/v1/vaults"};
  TRY_DO(session.call("DELETE", target.segment(name).query("confirm", name)));
  if (is_default_in_file(name, session)) TRY_DO(write_default(std::nullopt, session));
  tell(session, "removed", name, "The vault '" + name + "' is removed.");
  return Exit::done;
}

struct ChangeFlags : PassphraseFlags {
  SecretSource next;
  std::string kdf_target;  // empty: one guess stays as costly as it is
};

auto passphrase_body(const ChangeFlags& flags, Session& session)
    -> Outcome<base::SecretBytes::Buffer> {
  const auto target = parse_duration(flags.kdf_target);
  if (!flags.kdf_target.empty() && !target) {
    return usage("--kdf-target is not a duration: " + flags.kdf_target, "write it like 1s");
  }
  const Prompter prompter = session.prompter();
  TRY(before, prompter.from(flags.source, "old passphrase", kInsteadOfPrompt, false));
  TRY(after, prompter.from(flags.next, "new passphrase",
                           "--new-passphrase-fd N or --new-passphrase-file FILE", true));
  if (after.empty()) return usage("the new passphrase is empty", "nothing was changed");
  if (!flags.next.given()) note_strength(after, session);
  warn_if_weak(after, session);
  base::SecretBytes::Buffer body{&session.memory()};
  JsonWriter json{body};
  json.begin_object();
  json.member("old", before);
  json.member("new", after);
  if (target) {
    json.key("kdf_target_ms");
    json.number(static_cast<std::uint64_t>(target->count()));
    json.key("kdf_memory_min");
    json.number(session.settings().bytes("kdf.memory_min"));
  }
  json.end_object();
  if (!json.ok()) return usage("the passphrase is not valid UTF-8");
  return body;
}

auto change_passphrase(const ChangeFlags& flags, Session& session) -> Outcome<Exit> {
  // no vault, or a damaged one, shows before anybody types a passphrase
  TRY_DO(session.get(session.vault()));
  TRY(body, passphrase_body(flags, session));
  Target target = session.vault();
  auto answer = session.call("POST", target.path("/passphrase"), body);
  if (!answer) {
    if (answer.error().exit == Exit::denied && answer.error().next_step.empty()) {
      answer.error().next_step = "nothing was changed; the old passphrase still holds";
    }
    return std::unexpected{answer.error()};
  }
  Screen& screen = session.screen();
  if (screen.json()) print_json(screen, answer->body);
  screen.note(
      "The passphrase is changed. Older copies of the vault's folder still open with the "
      "old one.");
  return Exit::done;
}

}  // namespace

auto declare_vault(CLI::App& app) -> Run {
  app.require_subcommand(1);
  auto chosen = std::make_shared<Run>();
  auto name = std::make_shared<std::string>();
  auto to = std::make_shared<std::string>();
  declare_below(app, "list", "the vaults of this machine", chosen, list_vaults);
  declare_below(app, "use", "make one the default", chosen,
                [name](Session& session) { return use_vault(*name, session); })
      .add_option("NAME", *name, "which vault")
      ->required();
  CLI::App& rename =
      declare_below(app, "rename", "give one another name", chosen,
                    [name, to](Session& session) { return rename_vault(*name, *to, session); });
  rename.add_option("NAME", *name, "which vault")->required();
  rename.add_option("NEW", *to, "its new name")->required();
  declare_below(app, "remove", "remove one with everything in it", chosen,
                [name](Session& session) { return remove_vault(*name, session); })
      .add_option("NAME", *name, "which vault")
      ->required();
  return run_chosen(chosen);
}

auto declare_passphrase(CLI::App& app) -> Run {
  app.require_subcommand(1);
  auto chosen = std::make_shared<Run>();
  auto flags = std::make_shared<ChangeFlags>();
  CLI::App& change =
      declare_below(app, "change", "ask for the old one and set a new one", chosen,
                    [flags](Session& session) { return change_passphrase(*flags, session); });
  flags->declare(change);
  change
      .add_option("--new-passphrase-fd", flags->next.descriptor,
                  "read the new passphrase from this descriptor")
      ->type_name("N");
  change
      .add_option("--new-passphrase-file", flags->next.file,
                  "read the new passphrase from this file")
      ->type_name("FILE");
  change.add_option("--kdf-target", flags->kdf_target, "how long one guess takes from now on")
      ->type_name("TIME");
  return run_chosen(chosen);
}

}  // namespace holdfast::cli
