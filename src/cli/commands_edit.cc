// commands_edit.cc: edit, by flags or in the user's editor.
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/editor.h"
#include "cli/entry_flags.h"
#include "cli/entry_text.h"
#include "cli/item_lookup.h"
#include "cli/write_flags.h"

namespace holdfast::cli {
namespace {

struct EditFlags : EntryFlags, WriteFlags {
  std::string item;

  void declare(CLI::App& app) {
    app.add_option("ITEM", item, "label, category/label, id or its beginning")->required();
    app.add_option("--label", label, "a new label")->type_name("NEW");
    app.add_option("--remove-field", removed_fields, "remove this custom field")
        ->type_name("F")
        ->allow_extra_args(false);
    EntryFlags::declare(app);
    WriteFlags::declare(app);
  }
  [[nodiscard]] auto change_something() const -> bool {
    const auto texts = {&label, &username, &category, &kind, &notes, &totp};
    const auto lists = {&urls, &tags, &fields, &attachments, &removed_fields};
    return prompt_password || generate_password || password.given() ||
           std::ranges::any_of(texts, [](const auto* text) { return !text->empty(); }) ||
           std::ranges::any_of(lists, [](const auto* list) { return !list->empty(); });
  }
};

auto patch(const EditFlags& flags, const Answer& found, const base::SecretBytes& body,
           Session& session) -> Outcome<Answer> {
  Target target = session.vault();
  target.path("/secrets").segment(text_at(found.root(), "id"));
  Session::Headers headers;
  const std::string match = flags.match(found);
  if (!flags.if_version.empty() || items_at(found.root(), "heads").size() > 1) {
    headers.emplace_back("If-Match", match);
  } else {
    // Made from what was shown: if somebody else was faster, both edits stay and are merged.
    target.query("base", text_at(found.root(), "version"));
  }
  return body.expose(
      [&](base::ByteView bytes) { return session.call("PATCH", target, bytes, headers); });
}

auto edit_by_flags(const EditFlags& flags, Session& session) -> Outcome<Exit> {
  TRY(found, session.item(flags.item, false));
  const std::string label{text_at(found.root(), "label")};
  TRY_DO(flags.check(found));
  TRY(body, edited_secret(flags, session));
  if (flags.stops("'" + label + "' would be changed", session)) return Exit::done;
  TRY(receipt,
      with_category(flags.category, session, [&] { return patch(flags, found, body, session); }));
  print_receipt(receipt, "Changed '" + label + "'.", session);
  return Exit::done;
}

// What the text in the editor asks for. Whatever fails here, the text is still there.
auto take_text(const EditFlags& flags, const Answer& found, const EntryText& form,
               const MemoryFile& file, Session& session) -> Outcome<Exit> {
  TRY(text, file.read(kEntryTextBytesMax, session.memory()));
  TRY(change, text.expose_text([&](std::string_view view) { return form.read(view); }));
  const std::string label{text_at(found.root(), "label")};
  if (!change) {
    session.screen().note("Nothing was changed in '" + label + "'.");
    return Exit::done;
  }
  std::string names;
  for (const std::string& name : change->changed) names += (names.empty() ? "" : ", ") + name;
  if (flags.stops("'" + label + "' would be changed: " + names, session)) return Exit::done;
  TRY(now, session.item(text_at(found.root(), "id"), false));
  TRY(receipt, with_category(change->category, session,
                             [&] { return patch(flags, found, change->body, session); }));
  print_receipt(receipt, "Changed '" + label + "': " + names + ".", session);
  if (now.etag != found.etag) {
    session.screen().warn("'" + label +
                          "' was changed elsewhere meanwhile; both changes are kept, see: holdfast "
                          "history ITEM");
  }
  return Exit::done;
}

auto edit_as_text(const EditFlags& flags, Session& session) -> Outcome<Exit> {
  if (session.flags().no_input) {
    return usage("edit without flags opens an editor, and --no-input forbids it",
                 "name what to change; see: holdfast edit --help");
  }
  TRY(found, session.item(flags.item, true));
  TRY_DO(flags.check(found));
  TRY(categories, CategoryNames::load(session));
  TRY(command, editor_command(api::process_environment()));
  const EntryText form{found.root(), categories, session.memory()};
  TRY(file, MemoryFile::create(api::process_environment()));
  TRY_DO(form.write().expose([&](base::ByteView bytes) { return file.write(bytes); }));
  for (;;) {
    TRY_DO(run_editor(command, file.path()));
    session.disconnect();  // which may have been idle for too long
    auto taken = take_text(flags, found, form, file, session);
    if (taken) return taken;
    session.screen().report(taken.error());
    const auto again = session.prompter().confirm("Edit it again?");
    if (again && *again) continue;
    taken.error().text = "nothing was changed: " + taken.error().text;
    return taken;
  }
}

}  // namespace

auto declare_edit(CLI::App& app) -> Run {
  auto flags = std::make_shared<EditFlags>();
  flags->declare(app);
  app.footer("Without a flag that changes something, $VISUAL or $EDITOR opens a file in memory.");
  return [flags](Session& session) {
    return flags->change_something() ? edit_by_flags(*flags, session)
                                     : edit_as_text(*flags, session);
  };
}

}  // namespace holdfast::cli
