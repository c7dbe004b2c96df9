// commands_conflicts.cc: conflicts list, show, resolve, strategy, rule.
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/item_lookup.h"
#include "cli/secret_diff.h"
#include "cli/text.h"
#include "cli/write_flags.h"
#include "formats/json_writer.h"

namespace holdfast::cli {
namespace {

using formats::JsonWriter;

constexpr std::string_view kDots = "••••••••";
constexpr std::size_t kShortId = 16;

auto list(Session& session) -> Outcome<Exit> {
  Target target = session.vault();
  TRY(answer, session.get(target.path("/conflicts")));
  Screen& screen = session.screen();
  if (screen.json()) {
    print_json(screen, answer.body);
    return Exit::done;
  }
  for (const JsonValue& alert : items_at(answer.root(), "alerts")) screen.warn(alert.text());
  const auto items = items_at(answer.root(), "items");
  if (items.empty()) {
    screen.note("No conflicts.");
    return Exit::done;
  }
  Table table{session.memory(), {"LABEL", "TYPE", "STRATEGY", "SIDES", "WAITS FOR YOU", "ID"}};
  for (const JsonValue& item : items) {
    const std::size_t sides =
        std::max(items_at(item, "heads").size(), items_at(item, "same_label").size() + 1);
    table.cell(text_at(item, "label"));
    table.cell(text_at(item, "type"));
    table.cell(text_at(item, "strategy"));
    table.cell(std::to_string(sides));
    table.cell(true_at(item, "open") ? "yes" : "no");
    table.cell(text_at(item, "id"));
  }
  table.print(screen);
  return Exit::done;
}

// The values of one head.
struct Side {
  std::string version;
  Answer answer;  // owns what `values` was made of
  std::vector<FieldValue> values;
};

auto load_sides(std::string_view id, const JsonValue& conflict, Session& session)
    -> Outcome<std::vector<Side>> {
  std::vector<Side> sides;
  for (const JsonValue& head : items_at(conflict, "heads")) {
    Target target = session.vault();
    target.path("/secrets").segment(id).path("/versions").segment(head.text());
    target.query("reveal", "true");
    auto answer = session.get(target);
    if (!answer) {  // a deletion has no content
      if (answer.error().code == base::error_name(base::Error::version_without_content)) continue;
      return std::unexpected{answer.error()};
    }
    auto values = field_values(answer->root(), session.memory());
    sides.push_back({std::string{head.text()}, *std::move(answer), std::move(values)});
  }
  return sides;
}

void print_side(const Side& side, std::string_view field, bool reveal, Screen& screen) {
  screen.put("  ");
  const std::string name = side.version.substr(0, kShortId);
  for (const FieldValue& value : side.values) {
    const bool is_url = field == "urls" && value.name == "urls";
    if (value.name != field && !is_url) continue;
    screen.row(name, value.is_protected && !reveal ? kDots : base::text_of(value.value), kShortId);
    return;
  }
  screen.row(name, "(none)", kShortId);
}

auto show(const std::string& item, bool reveal, Session& session) -> Outcome<Exit> {
  TRY(id, secret_named(item, session));
  Target target = session.vault();
  target.path("/conflicts").segment(id);
  TRY(answer, session.get(target));
  Screen& screen = session.screen();
  if (screen.json()) {
    print_json(screen, answer.body);
    return Exit::done;
  }
  reveal = reveal || !screen.on_terminal();
  const JsonValue& conflict = answer.root();
  screen.row("type", text_at(conflict, "type"));
  screen.row("strategy", text_at(conflict, "strategy"));
  screen.row("state", true_at(conflict, "open") ? "waits for you" : "settled");
  TRY(sides, load_sides(id, conflict, session));
  for (const JsonValue& field : items_at(conflict, "fields")) {
    const std::string_view name = text_at(field, "field");
    const std::string_view taken = text_at(field, "taken");
    screen.heading(name);
    screen.put("  ");
    screen.row("rule", text_at(field, "rule"), kShortId);
    screen.put("  ");
    screen.row("taken", taken.empty() ? "of several, together" : taken.substr(0, kShortId),
               kShortId);
    for (const Side& side : sides) print_side(side, name, reveal, screen);
  }
  if (items_at(conflict, "fields").empty()) screen.note("No field was changed in two ways.");
  return Exit::done;
}

struct ResolveFlags : WriteFlags {
  std::string item, head;
  bool ours = false, theirs = false, merge = false;
  std::vector<std::string> fields;
};

// The newest head of this device, or of another.
auto head_of(std::string_view id, bool ours, Session& session) -> Outcome<std::string> {
  TRY(status, session.get(session.vault()));
  const std::string device{text_at(status.root(), "device")};
  Target target = session.vault();
  target.path("/secrets").segment(id).path("/versions");
  TRY(versions, session.get(target));
  std::string found;
  for (const JsonValue& version : items_at(versions.root(), "items")) {
    const bool own = text_at(version, "author") == device;
    if (true_at(version, "head") && own == ours) found = text_at(version, "version");
  }
  if (found.empty()) {
    return problem(Exit::not_found,
                   ours ? "no current version was written by this device"
                        : "every current version was written by this device",
                   "choose one with --head ID; holdfast conflicts show lists them");
  }
  return found;
}

auto write_fields(const ResolveFlags& flags, JsonWriter& json) -> Outcome<void> {
  json.key("fields");
  json.begin_array();
  for (const std::string& flag : flags.fields) {
    const std::size_t equals = flag.rfind('=');
    if (equals == std::string::npos || equals == 0) {
      return usage("--field wants NAME=RULE",
                   "rules are latest, take_local, take_remote, concatenate, union, intersection");
    }
    json.begin_object();
    json.member("field", flag.substr(0, equals));
    json.member("rule", flag.substr(equals + 1));
    json.end_object();
  }
  json.end_array();
  return {};
}

// In a conflict the version that is shown stands for all heads.
auto check_shown(const std::string& wanted, const Answer& secret) -> Outcome<void> {
  if (wanted == text_at(secret.root(), "version")) return {};
  return std::unexpected{problem_of(base::Error::stale_version)};
}

auto resolve(const ResolveFlags& flags, Session& session) -> Outcome<Exit> {
  const int ways = int{flags.ours} + int{flags.theirs} + int{flags.merge || !flags.fields.empty()} +
                   int{!flags.head.empty()};
  if (ways != 1) return usage("choose one of --ours, --theirs, --merge (with --field) and --head");
  TRY(id, secret_named(flags.item, session));
  std::string match;
  Session::Headers headers;
  if (!flags.if_version.empty()) {
    TRY(secret, session.item(id, false));
    TRY_DO(check_shown(flags.if_version, secret));
    match = secret.etag;
    headers.emplace_back("If-Match", match);
  }
  std::string head = flags.head;
  if (flags.ours || flags.theirs) {
    TRY(found, head_of(id, flags.ours, session));
    head = std::move(found);
  }
  base::SecretBytes::Buffer body{&session.memory()};
  JsonWriter json{body};
  json.begin_object();
  if (!head.empty()) {
    json.member("head", head);
  } else {
    TRY_DO(write_fields(flags, json));
  }
  json.end_object();
  if (flags.stops("The conflict of '" + flags.item + "' would be settled", session)) {
    return Exit::done;
  }
  Target target = session.vault();
  target.path("/conflicts").segment(id).path("/resolve");
  TRY(receipt, session.call("POST", target, body, headers));
  print_receipt(receipt, "Settled '" + flags.item + "'.", session);
  return Exit::done;
}

// ---- strategy and rules -------------------------------------------------------------------------

auto settings_target(const Session& session) -> Target {
  Target target = session.vault();
  target.path("/conflict-settings");
  return target;
}

auto print_settings(const Answer& answer, Session& session) -> Exit {
  Screen& screen = session.screen();
  if (screen.json()) {
    print_json(screen, answer.body);
    return Exit::done;
  }
  screen.row("strategy", text_at(answer.root(), "strategy"));
  if (const auto resolver = text_at(answer.root(), "resolver"); !resolver.empty()) {
    screen.row("resolver", resolver);
  }
  for (const JsonValue& rule : items_at(answer.root(), "rules")) {
    std::string when;
    for (const char* name : {"category", "label", "tag", "field", "type"}) {
      if (const auto text = text_at(rule, name); !text.empty()) {
        when += (when.empty() ? "" : ", ") + std::string{name} + " " + std::string{text};
      }
    }
    std::string what{text_at(rule, "strategy")};
    if (what.empty()) what = text_at(rule, "rule");
    screen.row(text_at(rule, "id").substr(0, 12),
               std::to_string(number_at(rule, "priority")) + ": " + what + " where " +
                   (when.empty() ? "anything" : when),
               14);
  }
  return Exit::done;
}

// The settings as they are, with another strategy, one rule more or one rule less.
struct SettingsChange {
  std::optional<std::string> strategy, resolver, rule_without;
  std::function<void(JsonWriter&)> rule_more;
};

auto change_settings(const SettingsChange& change, Session& session) -> Outcome<Exit> {
  TRY(now, session.get(settings_target(session)));
  base::SecretBytes::Buffer body{&session.memory()};
  JsonWriter json{body};
  json.begin_object();
  json.member("strategy", change.strategy.value_or(std::string{text_at(now.root(), "strategy")}));
  json.member("resolver", change.resolver.value_or(std::string{text_at(now.root(), "resolver")}));
  json.key("rules");
  json.begin_array();
  bool removed = false;
  for (const JsonValue& rule : items_at(now.root(), "rules")) {
    if (change.rule_without && text_at(rule, "id").starts_with(*change.rule_without)) {
      removed = true;
      continue;
    }
    json.value(rule);
  }
  if (change.rule_more) change.rule_more(json);
  json.end_array();
  json.end_object();
  if (change.rule_without && !removed) {
    return problem(Exit::not_found, "there is no rule '" + *change.rule_without + "'",
                   "list them with: holdfast conflicts rule show");
  }
  TRY(answer, session.call("PUT", settings_target(session), body));
  return print_settings(answer, session);
}

struct RuleFlags {
  std::string category, label, tag, field, type, strategy, rule, separator;
  std::uint64_t priority = 0;
};

auto add_rule(const RuleFlags& flags, Session& session) -> Outcome<Exit> {
  if (flags.strategy.empty() == flags.rule.empty()) {
    return usage("a rule needs either --strategy or --rule");
  }
  return change_settings({.strategy = {},
                          .resolver = {},
                          .rule_without = {},
                          .rule_more =
                              [&](JsonWriter& json) {
                                json.begin_object();
                                json.key("priority");
                                json.number(flags.priority);
                                const auto member = [&](const char* name, const std::string& text) {
                                  if (!text.empty()) json.member(name, text);
                                };
                                member("category", flags.category);
                                member("label", flags.label);
                                member("tag", flags.tag);
                                member("field", flags.field);
                                member("type", flags.type);
                                member("strategy", flags.strategy);
                                member("rule", flags.rule);
                                member("separator", flags.separator);
                                json.end_object();
                              }},
                         session);
}

void declare_rule_flags(CLI::App& app, RuleFlags& flags) {
  app.add_option("--priority", flags.priority, "the highest rule that applies decides (0)")
      ->type_name("N");
  app.add_option("-c,--category", flags.category, "only in this category");
  app.add_option("--label", flags.label, "only labels like this; * and ? stand for anything")
      ->type_name("PATTERN");
  app.add_option("--tag", flags.tag, "only with a tag like this")->type_name("PATTERN");
  app.add_option("--field", flags.field, "only this field: password, notes, fields/NAME, …")
      ->type_name("PATTERN");
  app.add_option("--type", flags.type,
                 "only version, concurrent_update, delete_update or duplicate_label");
  app.add_option("--strategy", flags.strategy,
                 "then: merge, last_write_wins, first_write_wins, custom or manual");
  app.add_option("--rule", flags.rule,
                 "or then: latest, take_local, take_remote, concatenate, union or intersection");
  app.add_option("--separator", flags.separator, "of concatenate (a line break)");
}

void declare_strategy(CLI::App& app, const std::shared_ptr<Run>& chosen) {
  CLI::App* strategy = app.add_subcommand("strategy", "how conflicts are settled");
  auto name = std::make_shared<std::string>();
  auto resolver = std::make_shared<std::string>();
  strategy->add_option("NAME", *name,
                       "merge, last_write_wins, first_write_wins, custom or manual; without it: "
                       "show");
  strategy->add_option("--resolver", *resolver, "of custom: its name")->type_name("NAME");
  strategy->callback([=] {
    *chosen = [=](Session& session) -> Outcome<Exit> {
      if (!name->empty()) {
        SettingsChange change{
            .strategy = *name, .resolver = {}, .rule_without = {}, .rule_more = {}};
        if (!resolver->empty()) change.resolver = *resolver;
        return change_settings(change, session);
      }
      TRY(answer, session.get(settings_target(session)));
      return print_settings(answer, session);
    };
  });
}

void declare_rules(CLI::App& app, const std::shared_ptr<Run>& chosen) {
  CLI::App* rule = app.add_subcommand("rule", "rules that refine the strategy");
  rule->require_subcommand(1);
  rule->add_subcommand("show", "list the rules")->callback([=] {
    *chosen = [](Session& session) -> Outcome<Exit> {
      TRY(answer, session.get(settings_target(session)));
      return print_settings(answer, session);
    };
  });
  CLI::App* set = rule->add_subcommand("set", "add a rule");
  auto flags = std::make_shared<RuleFlags>();
  declare_rule_flags(*set, *flags);
  set->callback([=] { *chosen = [=](Session& session) { return add_rule(*flags, session); }; });
  CLI::App* rm = rule->add_subcommand("rm", "remove a rule");
  auto id = std::make_shared<std::string>();
  rm->add_option("ID", *id, "of the rule, or its beginning")->required();
  rm->callback([=] {
    *chosen = [=](Session& session) {
      return change_settings({.strategy = {}, .resolver = {}, .rule_without = *id, .rule_more = {}},
                             session);
    };
  });
}

}  // namespace

auto declare_conflicts(CLI::App& app) -> Run {
  app.require_subcommand(1);
  auto chosen = std::make_shared<Run>();
  app.add_subcommand("list", "secrets in conflict, and secrets of one label")->callback([=] {
    *chosen = [](Session& session) { return list(session); };
  });

  CLI::App* shown = app.add_subcommand("show", "each field that was changed in two ways");
  auto item = std::make_shared<std::string>();
  auto reveal = std::make_shared<bool>(false);
  shown->add_option("ITEM", *item, "label, category/label, id or its beginning")->required();
  shown->add_flag("--reveal", *reveal, "show protected values on a terminal, too");
  shown->callback(
      [=] { *chosen = [=](Session& session) { return show(*item, *reveal, session); }; });

  CLI::App* resolving = app.add_subcommand("resolve", "settle a conflict");
  auto flags = std::make_shared<ResolveFlags>();
  resolving->add_option("ITEM", flags->item, "label, category/label, id or its beginning")
      ->required();
  resolving->add_flag("--ours", flags->ours, "take what this device wrote");
  resolving->add_flag("--theirs", flags->theirs, "take what another device wrote");
  resolving->add_flag("--merge", flags->merge, "merge field by field");
  resolving->add_option("--head", flags->head, "take this version")->type_name("ID");
  resolving
      ->add_option("--field", flags->fields,
                   "with --merge: a rule for one field, such as password=take_local")
      ->type_name("NAME=RULE")
      ->allow_extra_args(false);
  flags->declare(*resolving);
  resolving->callback(
      [=] { *chosen = [=](Session& session) { return resolve(*flags, session); }; });

  declare_strategy(app, chosen);
  declare_rules(app, chosen);
  return [chosen](Session& session) { return (*chosen)(session); };
}

}  // namespace holdfast::cli
