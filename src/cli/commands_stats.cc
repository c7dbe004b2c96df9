// commands_stats.cc: stats. The daemon counts; nothing here sees a value.
#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace holdfast::cli {
namespace {

struct StatsFlags {
  bool by_category = false, by_age = false, strength = false, reused = false;
};

void print_numbers(const JsonValue& root, std::string_view member, std::string_view title,
                   Screen& screen) {
  const JsonValue* numbers = root.find(member);
  if (numbers == nullptr) return;
  screen.heading(title);
  screen.put("\n");
  for (const formats::JsonMember& one : numbers->members()) {
    screen.row("  " + std::string{one.key}, one.value.text());
  }
}

void print_labels(std::span<const JsonValue> items, Screen& screen) {
  bool first = true;
  screen.put("  ");
  for (const JsonValue& item : items) {
    if (!first) screen.put(", ");
    screen.put_visible(text_at(item, "label"));
    first = false;
  }
  screen.put("\n");
}

void print_stats(const JsonValue& root, const StatsFlags& flags, Screen& screen) {
  for (const char* name : {"secrets", "with_password", "with_totp", "attachments"}) {
    screen.row(name, std::to_string(number_at(root, name)));
  }
  if (flags.by_category) {
    screen.heading("by category");
    screen.put("\n");
    for (const JsonValue& one : items_at(root, "by_category")) {
      screen.row("  " + std::string{text_at(one, "name")},
                 std::to_string(number_at(one, "secrets")));
    }
  }
  print_numbers(root, "by_age", "passwords by the age of their secret", screen);
  print_numbers(root, "strength", "passwords by strength", screen);
  if (const auto weak = items_at(root, "weak"); !weak.empty()) {
    screen.heading("weak");
    screen.put("\n");
    print_labels(weak, screen);
  }
  if (!flags.reused) return;
  const auto reused = items_at(root, "reused");
  screen.heading(reused.empty() ? "no password is used twice" : "one password for all of a line");
  screen.put("\n");
  for (const JsonValue& group : reused) print_labels(group.items(), screen);
}

auto stats(const StatsFlags& flags, Session& session) -> Outcome<Exit> {
  Target target = session.vault();
  target.path("/stats");
  if (flags.by_category) target.query("by_category", "true");
  if (flags.by_age) target.query("by_age", "true");
  if (flags.strength) target.query("strength", "true");
  if (flags.reused) target.query("reused", "true");
  TRY(answer, session.get(target));
  Screen& screen = session.screen();
  screen.json() ? print_json(screen, answer.body) : print_stats(answer.root(), flags, screen);
  return Exit::done;
}

}  // namespace

auto declare_stats(CLI::App& app) -> Run {
  auto flags = std::make_shared<StatsFlags>();
  app.add_flag("--by-category", flags->by_category, "how many secrets each category has");
  app.add_flag("--by-age", flags->by_age, "how long ago the secrets with a password changed");
  app.add_flag("--strength", flags->strength, "passwords by strength, and which are weak");
  app.add_flag("--reused", flags->reused, "which secrets share a password");
  return [flags](Session& session) { return stats(*flags, session); };
}

}  // namespace holdfast::cli
