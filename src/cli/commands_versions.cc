// commands_versions.cc: history, restore.
#include <CLI/CLI.hpp>
#include <charconv>

#include "cli/command.h"
#include "cli/item_lookup.h"
#include "cli/secret_diff.h"
#include "cli/text.h"
#include "formats/json_writer.h"

namespace holdfast::cli {
namespace {

using formats::JsonWriter;

constexpr std::string_view kDots = "••••••••";
constexpr std::size_t kShortId = 16;  // "ver_" and twelve digits

auto versions_of(std::string_view id, Session& session) -> Outcome<Answer> {
  Target target = session.vault();
  target.path("/secrets").segment(id).path("/versions");
  return session.get(target);
}

auto version_content(std::string_view id, std::string_view version, Session& session)
    -> Outcome<Answer> {
  Target target = session.vault();
  target.path("/secrets").segment(id).path("/versions").segment(version);
  target.query("reveal", "true").query("attachments", "true");
  return session.get(target);
}

// A version by its place in the history ("3"), its id or the beginning of it.
auto named_version(std::span<const JsonValue> versions, std::string_view wanted)
    -> Outcome<const JsonValue*> {
  std::size_t number = 0;
  const char* end = wanted.data() + wanted.size();
  const auto parsed = std::from_chars(wanted.data(), end, number);
  if (parsed.ec == std::errc{} && parsed.ptr == end && wanted.size() < 6) {
    if (number >= 1 && number <= versions.size()) return &versions[number - 1];
    return problem(Exit::not_found, "there is no version " + std::to_string(number),
                   "the history has " + std::to_string(versions.size()));
  }
  const JsonValue* found = nullptr;
  for (const JsonValue& version : versions) {
    if (!text_at(version, "version").starts_with(wanted) || wanted.size() < 8) continue;
    if (found != nullptr) {
      return problem(Exit::not_found, "several versions begin with '" + std::string{wanted} + "'",
                     "give more of the id, or its number in: holdfast history ITEM");
    }
    found = &version;
  }
  if (found != nullptr) return found;
  return problem(Exit::not_found, "there is no version '" + std::string{wanted} + "'",
                 "list them with: holdfast history ITEM");
}

void print_change(const FieldChange& change, bool reveal, Screen& screen) {
  const auto line = [&](char sign, const FieldValue& value) {
    screen.put(std::string{sign} + " ");
    const bool hidden = value.is_protected && !reveal;
    screen.row(value.name, hidden ? kDots : base::text_of(value.value), 16);
  };
  if (change.before != nullptr) line('-', *change.before);
  if (change.after != nullptr) line('+', *change.after);
}

void write_json_change(JsonWriter& json, const FieldChange& change, bool reveal) {
  const auto value = [&](const char* name, const FieldValue* field) {
    json.key(name);
    if (field == nullptr || (field->is_protected && !reveal)) {
      json.null();
    } else {
      json.string(base::text_of(field->value));
    }
  };
  json.begin_object();
  json.member("field", change.name());
  value("before", change.before);
  value("after", change.after);
  json.end_object();
}

struct HistoryFlags {
  std::string item;
  std::vector<std::string> diff;
  bool reveal = false;
};

auto print_diff(const HistoryFlags& flags, const Answer& versions, std::string_view id,
                Session& session) -> Outcome<Exit> {
  const auto items = items_at(versions.root(), "items");
  TRY(from, named_version(items, flags.diff[0]));
  TRY(to, named_version(items, flags.diff[1]));
  TRY(before, version_content(id, text_at(*from, "version"), session));
  TRY(after, version_content(id, text_at(*to, "version"), session));
  const auto old_values = field_values(before.root(), session.memory());
  const auto new_values = field_values(after.root(), session.memory());
  const auto changes = changes_between(old_values, new_values);
  Screen& screen = session.screen();
  const bool reveal = flags.reveal || !screen.on_terminal();
  if (screen.json()) {
    base::SecretBytes::Buffer out{&session.memory()};
    JsonWriter json{out};
    json.begin_object();
    json.member("from", text_at(*from, "version"));
    json.member("to", text_at(*to, "version"));
    json.key("changes");
    json.begin_array();
    for (const FieldChange& change : changes) write_json_change(json, change, reveal);
    json.end_array();
    json.end_object();
    screen.put(base::text_of(out));
    screen.put("\n");
    return Exit::done;
  }
  if (changes.empty()) screen.note("The two versions say the same.");
  for (const FieldChange& change : changes) print_change(change, reveal, screen);
  return Exit::done;
}

// What a version changed against its first parent, as names: "password, notes".
auto changed_names(std::string_view id, const JsonValue& version, Session& session)
    -> Outcome<std::string> {
  const auto parents = items_at(version, "parents");
  TRY(after, version_content(id, text_at(version, "version"), session));
  const auto new_values = field_values(after.root(), session.memory());
  std::vector<FieldValue> old_values;
  if (!parents.empty()) {
    auto before = version_content(id, parents[0].text(), session);
    if (!before) return std::string{"(its parent is not kept)"};
    old_values = field_values(before->root(), session.memory());
  }
  std::string names;
  for (const FieldChange& change : changes_between(old_values, new_values)) {
    names += (names.empty() ? "" : ", ") + change.name();
  }
  return names;
}

auto what_it_is(const JsonValue& version) -> std::string_view {
  if (text_at(version, "kind") == "tombstone") return "deletion";
  if (text_at(version, "body") != "present") return text_at(version, "body");
  const std::size_t parents = items_at(version, "parents").size();
  return parents == 0 ? "added" : parents == 1 ? "edit" : "merge";
}

auto history(const HistoryFlags& flags, Session& session) -> Outcome<Exit> {
  TRY(id, secret_named(flags.item, session));
  TRY(versions, versions_of(id, session));
  if (!flags.diff.empty()) return print_diff(flags, versions, id, session);
  Screen& screen = session.screen();
  if (screen.json()) {
    print_json(screen, versions.body);
    return Exit::done;
  }
  Table table{session.memory(), {"NUMBER", "VERSION", "WHEN", "WHAT", "NOW", "CHANGED"}};
  std::size_t number = 0;
  for (const JsonValue& version : items_at(versions.root(), "items")) {
    std::string changed;
    if (text_at(version, "kind") == "content" && text_at(version, "body") == "present") {
      TRY(names, changed_names(id, version, session));
      changed = std::move(names);
    }
    table.cell(std::to_string(++number));
    table.cell(text_at(version, "version").substr(0, kShortId));
    table.cell(moment_text(number_at(version, "committed_at")));
    table.cell(what_it_is(version));
    table.cell(true_at(version, "head") ? "current" : "");
    table.cell(changed);
  }
  table.print(screen);
  return Exit::done;
}

struct RestoreFlags {
  std::string item, version;
  bool dry_run = false;
};

auto restore(const RestoreFlags& flags, Session& session) -> Outcome<Exit> {
  TRY(id, secret_named(flags.item, session));
  base::SecretBytes::Buffer body{&session.memory()};
  JsonWriter json{body};
  json.begin_object();
  if (!flags.version.empty()) {
    TRY(versions, versions_of(id, session));
    TRY(version, named_version(items_at(versions.root(), "items"), flags.version));
    json.member("version", text_at(*version, "version"));
  }
  json.end_object();
  if (flags.dry_run) {
    session.screen().note("'" + flags.item + "' would be restored; nothing was changed.");
    return Exit::done;
  }
  Target target = session.vault();
  target.path("/secrets").segment(id).path("/restore");
  TRY(receipt, session.call("POST", target, body));
  print_receipt(receipt, "Restored '" + flags.item + "'.", session);
  return Exit::done;
}

}  // namespace

auto declare_history(CLI::App& app) -> Run {
  auto flags = std::make_shared<HistoryFlags>();
  app.add_option("ITEM", flags->item, "label, category/label, id or its beginning")->required();
  app.add_option("--diff", flags->diff, "what differs between two versions: numbers or ids")
      ->type_name("A B")
      ->expected(2);
  app.add_flag("--reveal", flags->reveal, "show protected values on a terminal, too");
  return [flags](Session& session) { return history(*flags, session); };
}

auto declare_restore(CLI::App& app) -> Run {
  auto flags = std::make_shared<RestoreFlags>();
  app.add_option("ITEM", flags->item, "label, category/label, id or its beginning")->required();
  app.add_option("--version", flags->version,
                 "go back to this one, by number or id; without it a deleted secret returns")
      ->type_name("ID");
  app.add_flag("--dry-run", flags->dry_run, "change nothing");
  return [flags](Session& session) { return restore(*flags, session); };
}

}  // namespace holdfast::cli
