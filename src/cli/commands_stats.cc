// commands_stats.cc: stats. The daemon counts; nothing here sees a value.
#include <CLI/CLI.hpp>
#include <filesystem>

#include "cli/command.h"

namespace holdfast::cli {
namespace {

struct StatsFlags {
  bool by_category = false, by_age = false, strength = false, reused = false;
  std::string breached;
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

void print_breached(const JsonValue& root, Screen& screen) {
  const auto breached = items_at(root, "breached");
  screen.heading(breached.empty() ? "no password is in the list"
                                  : "leaked, and how often it was seen");
  screen.put("\n");
  for (const JsonValue& one : breached) {
    screen.put("  ");
    screen.put_visible(text_at(one, "label"));
    screen.put(" (" + std::to_string(number_at(one, "times")) + ")\n");
  }
  if (!breached.empty())
    screen.note("Change these passwords where they are used: guessers try them first.");
}

void print_reused(const JsonValue& root, Screen& screen) {
  const auto reused = items_at(root, "reused");
  screen.heading(reused.empty() ? "no password is used twice" : "one password for all of a line");
  screen.put("\n");
  for (const JsonValue& group : reused) print_labels(group.items(), screen);
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
  if (flags.reused) print_reused(root, screen);
  if (!flags.breached.empty()) print_breached(root, screen);
}

auto stats(const StatsFlags& flags, Session& session) -> Outcome<Exit> {
  Target target = session.vault();
  target.path("/stats");
  if (flags.by_category) target.query("by_category", "true");
  if (flags.by_age) target.query("by_age", "true");
  if (flags.strength) target.query("strength", "true");
  if (flags.reused) target.query("reused", "true");
  if (!flags.breached.empty()) {  // the daemon, which opens it, is in another folder
    target.query("breached", std::filesystem::absolute(flags.breached).string());
  }
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
  app.add_option("--breached", flags->breached,
                 "which passwords stand in this list of leaked ones (Have I Been Pwned, SHA-1)")
      ->option_text("FILE");
  return [flags](Session& session) { return stats(*flags, session); };
}

}  // namespace holdfast::cli
