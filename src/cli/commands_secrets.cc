// commands_secrets.cc: add, rm, generate, totp.
#include <CLI/CLI.hpp>

#include "api/generator.h"
#include "cli/command.h"
#include "cli/entry_flags.h"
#include "cli/item_lookup.h"
#include "cli/text.h"
#include "formats/json_writer.h"

namespace holdfast::cli {
namespace {

using formats::JsonWriter;

struct AddFlags : EntryFlags {
  bool dry_run = false;
};

auto add_category(const std::string& name, Session& session) -> Outcome<void> {
  base::SecretBytes::Buffer body{&session.memory()};
  JsonWriter json{body};
  json.begin_object();
  json.member("name", name);
  json.end_object();
  Target target = session.vault();
  TRY_DO(session.call("POST", target.path("/categories"), body));
  session.screen().note("New category '" + name + "'.");
  return {};
}

auto post_secret(const base::SecretBytes& body, Session& session) -> Outcome<Answer> {
  Target target = session.vault();
  target.path("/secrets");
  return body.expose([&](base::ByteView bytes) { return session.call("POST", target, bytes); });
}

// Fails as the write would, before anybody is asked for a password.
auto check_unlocked(Session& session) -> Outcome<void> {
  TRY(status, session.get(session.vault()));
  if (true_at(status.root(), "unlocked")) return {};
  return std::unexpected{problem_of(base::Error::vault_locked)};
}

auto add(const AddFlags& flags, Session& session) -> Outcome<Exit> {
  TRY_DO(check_unlocked(session));
  TRY(body, new_secret(flags, session));
  if (flags.dry_run) {
    session.screen().note("'" + flags.label + "' would be added; nothing was changed.");
    return Exit::done;
  }
  auto receipt = post_secret(body, session);
  const auto unknown = base::error_name(base::Error::unknown_category);
  if (!receipt && receipt.error().code == unknown && !flags.category.empty()) {
    TRY_DO(add_category(flags.category, session));
    receipt = post_secret(body, session);
  }
  if (!receipt) return std::unexpected{receipt.error()};
  print_receipt(*receipt, "Added '" + flags.label + "'.", session);
  return Exit::done;
}

struct RemoveFlags {
  std::string item, if_version;
  bool purge = false, dry_run = false;
};

auto remove(const RemoveFlags& flags, Session& session) -> Outcome<Exit> {
  TRY(found, session.item(flags.item, false));
  const std::string label{text_at(found.root(), "label")};
  if (flags.dry_run) {
    session.screen().note("'" + label + "' would be deleted; nothing was changed.");
    return Exit::done;
  }
  if (flags.purge && !session.flags().yes) {
    TRY(sure, session.prompter().confirm("Remove '" + label + "' with all its versions for ever?"));
    if (!sure) return usage("not confirmed; nothing was changed");
  }
  Target target = session.vault();
  target.path("/secrets").segment(text_at(found.root(), "id"));
  if (flags.purge) target.query("purge", "true");
  const std::string match = flags.if_version.empty() ? found.etag : '"' + flags.if_version + '"';
  TRY(receipt, session.call("DELETE", target, {}, {{"If-Match", match}}));
  print_receipt(receipt, "Deleted '" + label + "'.", session);
  return Exit::done;
}

struct GenerateFlags {
  std::size_t length = api::GeneratorRules{}.length, pin = 0, count = 1;
  std::string classes, exclude;
  bool no_ambiguous = false;
};

auto rules_of(const GenerateFlags& flags) -> Outcome<api::GeneratorRules> {
  if (flags.pin != 0) return api::pin_rules(flags.pin);
  api::GeneratorRules rules{
      .length = flags.length, .no_ambiguous = flags.no_ambiguous, .exclude = flags.exclude};
  if (flags.classes.empty()) return rules;
  rules.lower = rules.upper = rules.digit = rules.symbol = false;
  for (const std::string& name : split_list(flags.classes)) {
    if (name == "lower") {
      rules.lower = true;
    } else if (name == "upper") {
      rules.upper = true;
    } else if (name == "digit") {
      rules.digit = true;
    } else if (name == "symbol") {
      rules.symbol = true;
    } else {
      return usage("there is no character class '" + name + "'", "use lower, upper, digit, symbol");
    }
  }
  return rules;
}

auto generate(const GenerateFlags& flags, Session& session) -> Outcome<Exit> {
  TRY(rules, rules_of(flags));
  TRY_DO(locally(api::check_rules(rules)));
  if (flags.count < 1 || flags.count > api::kGeneratedCountMax) {
    return usage("--count must be from 1 to " + std::to_string(api::kGeneratedCountMax));
  }
  base::SecretBytes::Buffer out{&session.memory()};
  JsonWriter json{out};
  json.begin_object();
  json.key("values");
  json.begin_array();
  for (std::size_t i = 0; i < flags.count; ++i) {
    TRY(value, locally(api::generate(rules, session.ports().entropy, session.memory())));
    if (session.screen().json()) {
      json.string(value);
      continue;
    }
    value.expose_text([&](std::string_view text) { session.screen().put(text); });
    session.screen().put("\n");
  }
  json.end_array();
  json.end_object();
  if (session.screen().json()) {
    session.screen().put(base::text_of(out));
    session.screen().put("\n");
  }
  return Exit::done;
}

auto totp(const std::string& item, bool next, Session& session) -> Outcome<Exit> {
  TRY(found, session.item(item, false));
  Target target = session.vault();
  target.path("/secrets").segment(text_at(found.root(), "id")).path("/totp");
  TRY(answer, session.get(target));
  Screen& screen = session.screen();
  if (screen.json()) {
    print_json(screen, answer.body);
    return Exit::done;
  }
  screen.put(text_at(answer.root(), next ? "next_code" : "code"));
  screen.put("\n");
  if (screen.on_terminal()) {
    const std::string left = std::to_string(number_at(answer.root(), "seconds_left"));
    screen.note(next ? "valid in " + left + " s" : "valid for " + left + " s");
  }
  return Exit::done;
}

}  // namespace

auto declare_add(CLI::App& app) -> Run {
  auto flags = std::make_shared<AddFlags>();
  app.add_option("LABEL", flags->label, "what you will call it")->required();
  flags->declare(app);
  app.add_flag("--dry-run", flags->dry_run, "change nothing");
  return [flags](Session& session) { return add(*flags, session); };
}

auto declare_rm(CLI::App& app) -> Run {
  auto flags = std::make_shared<RemoveFlags>();
  app.add_option("ITEM", flags->item, "label, category/label, id or its beginning")->required();
  app.add_flag("--purge", flags->purge, "remove every version, too");
  app.add_option("--if-version", flags->if_version, "only if this is the current version")
      ->type_name("ID");
  app.add_flag("--dry-run", flags->dry_run, "change nothing");
  return [flags](Session& session) { return remove(*flags, session); };
}

auto declare_generate(CLI::App& app) -> Run {
  auto flags = std::make_shared<GenerateFlags>();
  app.add_option("--length", flags->length, "characters (20)")->type_name("N");
  app.add_option("--classes", flags->classes, "of lower, upper, digit, symbol")->type_name("A,B");
  app.add_flag("--no-ambiguous", flags->no_ambiguous, "without 0O1lI|");
  app.add_option("--exclude", flags->exclude, "characters to leave out")->type_name("CHARS");
  app.add_option("--pin", flags->pin, "digits only, so many")->type_name("N");
  app.add_option("--count", flags->count, "how many (1)")->type_name("N");
  return [flags](Session& session) { return generate(*flags, session); };
}

auto declare_totp(CLI::App& app) -> Run {
  auto item = std::make_shared<std::string>();
  auto next = std::make_shared<bool>(false);
  app.add_option("ITEM", *item, "label, category/label, id or its beginning")->required();
  app.add_flag("--next", *next, "the code after the current one");
  return [item, next](Session& session) { return totp(*item, *next, session); };
}

}  // namespace holdfast::cli
