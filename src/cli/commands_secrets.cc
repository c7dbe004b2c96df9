// commands_secrets.cc: add, rm, totp.
#include <CLI/CLI.hpp>

#include "cli/clipboard.h"
#include "cli/command.h"
#include "cli/entry_flags.h"
#include "cli/item_lookup.h"
#include "cli/write_flags.h"

namespace holdfast::cli {
namespace {

struct AddFlags : EntryFlags {
  std::string like;
  bool dry_run = false;
};

// What the flags leave open, as another secret has it; never its password, codes or files.
auto like_another(AddFlags flags, Session& session) -> Outcome<AddFlags> {
  if (flags.like.empty()) return flags;
  TRY(other, session.item(flags.like, false));
  const auto text = [&](const char* name, std::string& to) {
    if (to.empty()) to = text_at(other.root(), name);
  };
  const auto texts = [&](const char* name, std::vector<std::string>& to) {
    if (!to.empty()) return;
    for (const JsonValue& one : items_at(other.root(), name)) to.emplace_back(one.text());
  };
  text("username", flags.username);
  text("kind", flags.kind);
  text("category", flags.category);
  texts("urls", flags.urls);
  texts("tags", flags.tags);
  return flags;
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

auto add(const AddFlags& given, Session& session) -> Outcome<Exit> {
  TRY_DO(check_unlocked(session));
  TRY(flags, like_another(given, session));
  TRY(body, new_secret(flags, session));
  if (flags.dry_run) {
    session.screen().note("'" + flags.label + "' would be added; nothing was changed.");
    return Exit::done;
  }
  TRY(receipt, with_category(flags.category, session, [&] { return post_secret(body, session); }));
  print_receipt(receipt, "Added '" + flags.label + "'.", session);
  return Exit::done;
}

struct RemoveFlags : WriteFlags {
  std::string item;
  bool purge = false;
};

auto remove(const RemoveFlags& flags, Session& session) -> Outcome<Exit> {
  TRY(found, session.item(flags.item, false));
  const std::string label{text_at(found.root(), "label")};
  TRY_DO(flags.check(found));
  if (flags.stops("'" + label + "' would be deleted", session)) return Exit::done;
  if (flags.purge && !session.flags().yes) {
    TRY(sure, session.prompter().confirm("Remove '" + label + "' with all its versions for ever?"));
    if (!sure) return usage("not confirmed; nothing was changed");
  }
  Target target = session.vault();
  target.path("/secrets").segment(text_at(found.root(), "id"));
  if (flags.purge) target.query("purge", "true");
  const std::string match = flags.match(found);
  TRY(receipt, session.call("DELETE", target, {}, {{"If-Match", match}}));
  print_receipt(receipt, "Deleted '" + label + "'.", session);
  return Exit::done;
}

struct TotpFlags : CopyFlags {
  std::string item;
  bool next = false;
};

auto totp(const TotpFlags& flags, Session& session) -> Outcome<Exit> {
  TRY(found, session.item(flags.item, false));
  Target target = session.vault();
  target.path("/secrets").segment(text_at(found.root(), "id")).path("/totp");
  TRY(answer, session.get(target));
  const bool next = flags.next;
  Screen& screen = session.screen();
  if (flags.copy) {
    const std::string_view code = text_at(answer.root(), next ? "next_code" : "code");
    return copy_and_tell(
        flags,
        {.what = "totp", .label = text_at(found.root(), "label"), .text = base::view_of(code)},
        session);
  }
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
  app.add_option("--like", flags->like,
                 "user name, kind, category, urls and tags as another secret has them")
      ->type_name("ITEM");
  declare_dry_run(app, flags->dry_run);
  return [flags](Session& session) { return add(*flags, session); };
}

auto declare_rm(CLI::App& app) -> Run {
  auto flags = std::make_shared<RemoveFlags>();
  app.add_option("ITEM", flags->item, "label, category/label, id or its beginning")->required();
  app.add_flag("--purge", flags->purge, "remove every version, too");
  flags->declare(app);
  return [flags](Session& session) { return remove(*flags, session); };
}

auto declare_totp(CLI::App& app) -> Run {
  auto flags = std::make_shared<TotpFlags>();
  app.add_option("ITEM", flags->item, "label, category/label, id or its beginning")->required();
  app.add_flag("--next", flags->next, "the code after the current one");
  flags->declare(app, true);
  return [flags](Session& session) { return totp(*flags, session); };
}

}  // namespace holdfast::cli
