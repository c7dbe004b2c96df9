#include "cli/item_lookup.h"

#include <charconv>

#include "cli/command.h"
#include "cli/text.h"
#include "formats/json_writer.h"

namespace holdfast::cli {
namespace {

auto deleted_named(std::string_view item, Session& session) -> Outcome<std::string> {
  std::string found;
  std::string others;
  std::string cursor;
  do {
    Target target = session.vault();
    target.path("/secrets").query("deleted", "true").query("limit", "1000");
    target.query("fields", "id,label,modified_at");
    if (!cursor.empty()) target.query("cursor", cursor);
    TRY(page, session.get(target));
    for (const JsonValue& one : items_at(page.root(), "items")) {
      const std::string_view id = text_at(one, "id");
      const bool by_id = item.size() >= 8 && id.starts_with(item);
      if (!by_id && text_at(one, "label") != item) continue;
      if (!found.empty()) {
        others += "\n  " + std::string{id} + "  " + moment_text(number_at(one, "modified_at"));
      } else {
        found = id;
      }
    }
    cursor = text_at(page.root(), "next");
  } while (!cursor.empty());
  if (!others.empty()) {
    return problem(
        Exit::not_found,
        "several deleted secrets are named '" + std::string{item} + "'\n  " + found + others,
        "name one by its id");
  }
  return found;
}

auto add_category(const std::string& name, Session& session) -> Outcome<void> {
  base::SecretBytes::Buffer body{&session.memory()};
  formats::JsonWriter json{body};
  json.begin_object();
  json.member("name", name);
  json.end_object();
  Target target = session.vault();
  TRY_DO(session.call("POST", target.path("/categories"), body));
  session.screen().note("New category '" + name + "'.");
  return {};
}

}  // namespace

auto secret_named(std::string_view item, Session& session) -> Outcome<std::string> {
  auto live = session.item(item, false);
  if (live) return std::string{text_at(live->root(), "id")};
  if (live.error().code != base::error_name(base::Error::unknown_secret)) {
    return std::unexpected{live.error()};
  }
  TRY(deleted, deleted_named(item, session));
  if (!deleted.empty()) return deleted;
  return std::unexpected{live.error()};
}

auto versions_of(std::string_view id, Session& session) -> Outcome<Answer> {
  Target target = session.vault();
  target.path("/secrets").segment(id).path("/versions");
  return session.get(target);
}

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

auto with_category(const std::string& name, Session& session,
                   const std::function<Outcome<Answer>()>& write) -> Outcome<Answer> {
  auto receipt = write();
  const auto unknown = base::error_name(base::Error::unknown_category);
  if (receipt || receipt.error().code != unknown || name.empty()) return receipt;
  TRY_DO(add_category(name, session));
  return write();
}

void print_receipt(const Answer& receipt, std::string_view done, Session& session) {
  Screen& screen = session.screen();
  if (screen.json()) return print_json(screen, receipt.body);
  screen.note(done);
  if (text_at(receipt.root(), "state") == "pending") {
    screen.note("It is pending: saved on this device, not yet ordered.");
  }
  screen.put(text_at(receipt.root(), "id"));
  screen.put("\n");
}

}  // namespace holdfast::cli
