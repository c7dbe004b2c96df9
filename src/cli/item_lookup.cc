#include "cli/item_lookup.h"

#include "cli/command.h"
#include "cli/text.h"

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
