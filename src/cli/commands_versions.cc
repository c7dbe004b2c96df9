// commands_versions.cc: history, restore.
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
constexpr std::size_t kShortId = 16;  // "ver_" and twelve digits

auto version_content(std::string_view id, std::string_view version, Session& session)
    -> Outcome<Answer> {
  Target target = session.vault();
  target.path("/secrets").segment(id).path("/versions").segment(version);
  target.query("reveal", "true").query("attachments", "true");
  return session.get(target);
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

// When it was written, which for an imported history was before it was committed here.
auto when_of(const JsonValue& version) -> std::uint64_t {
  const std::uint64_t committed = number_at(version, "committed_at");
  const std::uint64_t modified = number_at(version, "modified_at");
  return modified == 0 ? committed : std::min(committed, modified);
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
    table.cell(moment_text(when_of(version)));
    table.cell(what_it_is(version));
    table.cell(true_at(version, "head") ? "current" : "");
    table.cell(changed);
  }
  table.print(screen);
  return Exit::done;
}

struct RestoreFlags : WriteFlags {
  std::string item, version;
};

// Also of what is deleted, which has no ETag: its head is the deletion.
auto check_heads(const std::string& wanted, std::string_view id, Session& session)
    -> Outcome<void> {
  TRY(versions, versions_of(id, session));
  std::size_t heads = 0;
  bool found = false;
  for (const JsonValue& version : items_at(versions.root(), "items")) {
    if (!true_at(version, "head")) continue;
    ++heads;
    found = found || text_at(version, "version") == wanted;
  }
  if (found && heads == 1) return {};
  return std::unexpected{problem_of(base::Error::stale_version)};
}

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
  const std::string match = '"' + flags.if_version + '"';
  Session::Headers headers;
  if (!flags.if_version.empty()) {
    TRY_DO(check_heads(flags.if_version, id, session));
    headers.emplace_back("If-Match", match);
  }
  if (flags.stops("'" + flags.item + "' would be restored", session)) return Exit::done;
  Target target = session.vault();
  target.path("/secrets").segment(id).path("/restore");
  TRY(receipt, session.call("POST", target, body, headers));
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
  flags->declare(app);
  return [flags](Session& session) { return restore(*flags, session); };
}

}  // namespace holdfast::cli
