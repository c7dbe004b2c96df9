// commands_edit.cc: edit, by flags or in the user's editor.
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/entry_flags.h"
#include "cli/item_lookup.h"

namespace holdfast::cli {
namespace {

struct EditFlags : EntryFlags {
  std::string item, if_version;
  bool dry_run = false;
};

auto edit(const EditFlags& flags, Session& session) -> Outcome<Exit> {
  TRY(found, session.item(flags.item, false));
  const std::string label{text_at(found.root(), "label")};
  TRY(body, edited_secret(flags, session));
  if (flags.dry_run) {
    session.screen().note("'" + label + "' would be changed; nothing was changed.");
    return Exit::done;
  }
  Target target = session.vault();
  target.path("/secrets").segment(text_at(found.root(), "id"));
  std::string match;
  if (!flags.if_version.empty()) {
    match = '"' + flags.if_version + '"';
  } else if (items_at(found.root(), "heads").size() > 1) {
    match = found.etag;
  } else {
    // Made from what was shown: if somebody else was faster, both edits stay and are merged.
    target.query("base", text_at(found.root(), "version"));
  }
  Session::Headers headers;
  if (!match.empty()) headers.emplace_back("If-Match", match);
  TRY(receipt, body.expose([&](base::ByteView bytes) {
    return session.call("PATCH", target, bytes, headers);
  }));
  print_receipt(receipt, "Changed '" + label + "'.", session);
  return Exit::done;
}

}  // namespace

auto declare_edit(CLI::App& app) -> Run {
  auto flags = std::make_shared<EditFlags>();
  app.add_option("ITEM", flags->item, "label, category/label, id or its beginning")->required();
  app.add_option("--label", flags->label, "a new label")->type_name("NEW");
  app.add_option("--remove-field", flags->removed_fields, "remove this custom field")
      ->type_name("F")
      ->allow_extra_args(false);
  flags->declare(app);
  app.add_option("--if-version", flags->if_version, "only if this is the current version")
      ->type_name("ID");
  app.add_flag("--dry-run", flags->dry_run, "change nothing");
  return [flags](Session& session) { return edit(*flags, session); };
}

}  // namespace holdfast::cli
