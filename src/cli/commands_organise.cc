// commands_organise.cc: attachment, category, tag.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>

#include "cli/command.h"
#include "cli/item_lookup.h"
#include "cli/text.h"
#include "cli/write_flags.h"
#include "formats/json_writer.h"
#include "model/secret.h"
#include "store/file_io.h"

namespace holdfast::cli {
namespace {

using formats::JsonWriter;

using Chosen = std::shared_ptr<Run>;

// A subcommand whose action is `action`, with what `declare` adds to it.
template <class Flags, class Action>
auto add_action(CLI::App& app, const Chosen& chosen, const char* name, const char* about,
                const std::shared_ptr<Flags>& flags, Action action) -> CLI::App* {
  CLI::App* sub = app.add_subcommand(name, about);
  sub->callback([=] {
    *chosen = [=](Session& session) -> Outcome<Exit> { return action(*flags, session); };
  });
  return sub;
}

void item_option(CLI::App& app, std::string& item) {
  app.add_option("ITEM", item, "label, category/label, id or its beginning")->required();
}

auto secret_target(const Answer& secret, const Session& session) -> Target {
  Target target = session.vault();
  target.path("/secrets").segment(text_at(secret.root(), "id"));
  return target;
}

auto print_answer(const Answer& answer, std::string_view done, Session& session) -> Exit {
  if (session.screen().json()) {
    print_json(session.screen(), answer.body);
  } else {
    session.screen().note(done);
  }
  return Exit::done;
}

// ---- attachment ---------------------------------------------------------------------------------

struct AttachmentFlags : WriteFlags {
  std::string item, name, output;
  std::vector<std::string> files;
};

auto list_attachments(const AttachmentFlags& flags, Session& session) -> Outcome<Exit> {
  TRY(secret, session.item(flags.item, false));
  Screen& screen = session.screen();
  if (screen.json()) {
    base::SecretBytes::Buffer out{&session.memory()};
    JsonWriter json{out};
    json.begin_object();
    json.key("items");
    json.value(*secret.root().find("attachments"));
    json.end_object();
    screen.put(base::text_of(out));
    screen.put("\n");
    return Exit::done;
  }
  Table table{session.memory(), {"NAME", "SIZE"}};
  for (const JsonValue& file : items_at(secret.root(), "attachments")) {
    table.cell(text_at(file, "name"));
    table.cell(bytes_text(number_at(file, "size")));
  }
  table.print(screen);
  return Exit::done;
}

auto attachment_target(const Answer& secret, std::string_view name, const Session& session)
    -> Target {
  Target target = secret_target(secret, session);
  target.path("/attachments").segment(name);
  return target;
}

auto get_attachment(const AttachmentFlags& flags, Session& session) -> Outcome<Exit> {
  TRY(secret, session.item(flags.item, false));
  const auto files = items_at(secret.root(), "attachments");
  std::string name = flags.name;
  if (name.empty()) {
    if (files.size() != 1) {
      return usage("'" + flags.item + "' has " + std::to_string(files.size()) + " attachments",
                   "name one; holdfast attachment list ITEM shows them");
    }
    name = text_at(files.front(), "name");
  }
  TRY(content, session.fetch(attachment_target(secret, name, session)));
  if (flags.output.empty() || flags.output == "-") {
    if (session.screen().on_terminal() && flags.output.empty()) {
      return usage("an attachment is not printed on a terminal",
                   "save it with -o FILE, or print it with -o -");
    }
    content.expose_text([&](std::string_view bytes) { session.screen().put_file(bytes); });
    return Exit::done;
  }
  const auto path = std::filesystem::absolute(flags.output);
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored) && !session.flags().yes) {
    TRY(sure, session.prompter().confirm("Overwrite " + path.string() + "?"));
    if (!sure) return usage("not confirmed; nothing was written");
  }
  TRY_DO(content.expose(
      [&](base::ByteView bytes) { return locally(store::write_file_atomic(path, bytes)); }));
  session.screen().note("Wrote " + path.string() + " (readable only by you).");
  return Exit::done;
}

auto add_attachments(const AttachmentFlags& flags, Session& session) -> Outcome<Exit> {
  if (!flags.if_version.empty() && flags.files.size() > 1) {
    return usage("--if-version holds for one file: the second one finds another version",
                 "attach them one after the other");
  }
  for (const std::string& path : flags.files) {
    TRY(content, read_whole_file(path, model::kAttachmentBytesMax, session.memory()));
    TRY(secret, session.item(flags.item, false));
    const std::string name = flags.name.empty() || flags.files.size() > 1
                                 ? std::filesystem::path{path}.filename().string()
                                 : flags.name;
    TRY_DO(flags.check(secret));
    if (flags.stops("'" + name + "' would be attached", session)) continue;
    const Target target = attachment_target(secret, name, session);
    const std::string match = flags.match(secret);
    TRY(receipt, content.expose([&](base::ByteView bytes) {
      return session.call("PUT", target, bytes,
                          {{"If-Match", match}, {"Content-Type", "application/octet-stream"}});
    }));
    print_receipt(receipt, "Attached '" + name + "'.", session);
  }
  return Exit::done;
}

auto remove_attachment(const AttachmentFlags& flags, Session& session) -> Outcome<Exit> {
  TRY(secret, session.item(flags.item, false));
  TRY_DO(flags.check(secret));
  if (flags.stops("'" + flags.name + "' would be removed", session)) return Exit::done;
  const std::string match = flags.match(secret);
  TRY(receipt, session.call("DELETE", attachment_target(secret, flags.name, session), {},
                            {{"If-Match", match}}));
  print_receipt(receipt, "Removed '" + flags.name + "'; older versions keep it.", session);
  return Exit::done;
}

// ---- category -----------------------------------------------------------------------------------

struct CategoryFlags {
  std::string name, to;
  bool dry_run = false;
};

// True: a dry run, and the user was told. Whether the write would succeed only the vault knows.
auto stops(const CategoryFlags& flags, std::string_view what, Session& session) -> bool {
  const WriteFlags dry{.if_version = {}, .dry_run = flags.dry_run};
  return dry.stops(std::string{"The category '"} + flags.name + "' would be " + std::string{what},
                   session);
}

auto category_target(std::string_view name, const Session& session) -> Target {
  Target target = session.vault();
  target.path("/categories").segment(name);
  return target;
}

auto list_categories(const CategoryFlags&, Session& session) -> Outcome<Exit> {
  Target target = session.vault();
  TRY(answer, session.get(target.path("/categories")));
  Screen& screen = session.screen();
  if (screen.json()) {
    print_json(screen, answer.body);
    return Exit::done;
  }
  std::map<std::string_view, const JsonValue*> by_id;
  const auto items = items_at(answer.root(), "items");
  for (const JsonValue& item : items) by_id.emplace(text_at(item, "id"), &item);
  struct Row {
    base::SecretBytes::Buffer path;
    const JsonValue* item;
  };
  std::vector<Row> rows;
  for (const JsonValue& item : items) {
    Row row{base::SecretBytes::Buffer{&session.memory()}, &item};
    const JsonValue* at = &item;
    for (int depth = 0; at != nullptr && depth < 64; ++depth) {
      const std::string_view name = text_at(*at, "name");
      if (!row.path.empty()) row.path.insert(row.path.begin(), '/');
      row.path.insert(row.path.begin(), name.begin(), name.end());
      const auto parent = by_id.find(text_at(*at, "parent"));
      at = parent == by_id.end() ? nullptr : parent->second;
      if (at != nullptr && text_at(*at, "parent").empty()) at = nullptr;  // the root has no name
    }
    rows.push_back(std::move(row));
  }
  std::ranges::sort(rows, {}, [](const Row& row) { return base::text_of(row.path); });
  Table table{session.memory(), {"CATEGORY", "SECRETS", "ID"}};
  for (const Row& row : rows) {
    table.cell(base::text_of(row.path));
    table.cell(std::to_string(number_at(*row.item, "secrets")));
    table.cell(text_at(*row.item, "id"));
  }
  table.print(screen);
  return Exit::done;
}

auto add_category(const CategoryFlags& flags, Session& session) -> Outcome<Exit> {
  if (stops(flags, "made", session)) return Exit::done;
  base::SecretBytes::Buffer body{&session.memory()};
  JsonWriter json{body};
  json.begin_object();
  json.member("name", flags.name);
  json.end_object();
  Target target = session.vault();
  TRY(answer, session.call("POST", target.path("/categories"), body));
  return print_answer(answer, "New category '" + flags.name + "'.", session);
}

auto patch_category(const CategoryFlags& flags, const char* member, std::string_view done,
                    Session& session) -> Outcome<Exit> {
  if (stops(flags, "changed", session)) return Exit::done;
  base::SecretBytes::Buffer body{&session.memory()};
  JsonWriter json{body};
  json.begin_object();
  json.member(member, flags.to);
  json.end_object();
  TRY(answer, session.call("PATCH", category_target(flags.name, session), body));
  return print_answer(answer, done, session);
}

auto rename_category(const CategoryFlags& flags, Session& session) -> Outcome<Exit> {
  return patch_category(flags, "name", "'" + flags.name + "' is now '" + flags.to + "'.", session);
}

auto move_category(const CategoryFlags& flags, Session& session) -> Outcome<Exit> {
  return patch_category(flags, "parent", "'" + flags.name + "' lies below '" + flags.to + "' now.",
                        session);
}

auto remove_category(const CategoryFlags& flags, Session& session) -> Outcome<Exit> {
  if (stops(flags, "removed", session)) return Exit::done;
  TRY(answer, session.call("DELETE", category_target(flags.name, session)));
  return print_answer(answer, "Removed the category '" + flags.name + "'.", session);
}

// ---- tag ----------------------------------------------------------------------------------------

struct TagFlags : WriteFlags {
  std::string item, tag, to;
};

auto list_tags(const TagFlags&, Session& session) -> Outcome<Exit> {
  Target target = session.vault();
  TRY(answer, session.get(target.path("/tags")));
  Screen& screen = session.screen();
  if (screen.json()) {
    print_json(screen, answer.body);
    return Exit::done;
  }
  Table table{session.memory(), {"TAG", "SECRETS"}};
  for (const JsonValue& item : items_at(answer.root(), "items")) {
    table.cell(text_at(item, "tag"));
    table.cell(std::to_string(number_at(item, "secrets")));
  }
  table.print(screen);
  return Exit::done;
}

// The tags of a secret without `out` and with `in`; nothing changes: false.
auto retag(const Answer& secret, std::string_view out, std::string_view in, const TagFlags& flags,
           Session& session) -> Outcome<bool> {
  bool has_in = in.empty();
  bool has_out = false;
  base::SecretBytes::Buffer body{&session.memory()};
  JsonWriter json{body};
  json.begin_object();
  json.key("tags");
  json.begin_array();
  for (const JsonValue& tag : items_at(secret.root(), "tags")) {
    if (!out.empty() && tag.text() == out) {
      has_out = true;
      continue;
    }
    has_in = has_in || tag.text() == in;
    json.string(tag.text());
  }
  const bool changes = has_out || (out.empty() && !has_in);
  if (!has_in) json.string(in);
  json.end_array();
  json.end_object();
  if (!changes || flags.dry_run) return changes;
  const std::string match = flags.match(secret);
  TRY_DO(session.call("PATCH", secret_target(secret, session), body, {{"If-Match", match}}));
  return true;
}

auto tag_one(const TagFlags& flags, bool adds, Session& session) -> Outcome<Exit> {
  TRY(secret, session.item(flags.item, false));
  TRY_DO(flags.check(secret));
  TRY(changed, retag(secret, adds ? "" : flags.tag, adds ? flags.tag : "", flags, session));
  if (!changed && !adds) {
    return problem(Exit::not_found, "'" + flags.item + "' has no tag '" + flags.tag + "'",
                   "holdfast get ITEM shows its tags");
  }
  if (changed && flags.stops("'" + flags.item + "' would be changed", session)) return Exit::done;
  session.screen().note(changed ? "Done." : "It has this tag already.");
  return Exit::done;
}

// Every secret with the tag, one after the other: what is done stays done if it is interrupted.
auto rename_tag(const TagFlags& flags, Session& session) -> Outcome<Exit> {
  if (flags.tag == flags.to) return usage("the two tags are the same");
  std::size_t changed = 0;
  for (;;) {
    Target target = session.vault();
    target.path("/secrets").query("tags", flags.tag).query("fields", "id").query("limit", "1000");
    TRY(page, session.get(target));
    const auto items = items_at(page.root(), "items");
    if (items.empty()) break;
    for (const JsonValue& item : items) {
      TRY(secret, session.item(text_at(item, "id"), false));
      TRY(done, retag(secret, flags.tag, flags.to, flags, session));
      changed += done ? 1U : 0U;
    }
    if (flags.dry_run) break;  // the same page would come again
  }
  if (changed == 0) {
    return problem(Exit::not_found, "no secret has the tag '" + flags.tag + "'",
                   "holdfast tag list shows the tags");
  }
  const std::string what = std::to_string(changed) + (changed == 1 ? " secret" : " secrets");
  if (flags.stops(what + (changed == 1000 ? " or more" : "") + " would be changed", session)) {
    return Exit::done;
  }
  session.screen().note("Changed " + what + ".");
  return Exit::done;
}

}  // namespace

auto declare_attachment(CLI::App& app) -> Run {
  app.require_subcommand(1);
  auto chosen = std::make_shared<Run>();
  auto flags = std::make_shared<AttachmentFlags>();
  item_option(*add_action(app, chosen, "list", "the files of a secret", flags, list_attachments),
              flags->item);
  CLI::App* get = add_action(app, chosen, "get", "save a file", flags, get_attachment);
  item_option(*get, flags->item);
  get->add_option("NAME", flags->name, "of the attachment, if there are several");
  get->add_option("-o,--output", flags->output, "- is standard output")->type_name("FILE");
  CLI::App* add = add_action(app, chosen, "add", "attach files", flags, add_attachments);
  item_option(*add, flags->item);
  add->add_option("FILE", flags->files, "at most 1 MiB each")->required();
  add->add_option("--name", flags->name, "instead of the file's own");
  flags->declare(*add);
  CLI::App* rm = add_action(app, chosen, "rm", "remove a file", flags, remove_attachment);
  item_option(*rm, flags->item);
  rm->add_option("NAME", flags->name, "of the attachment")->required();
  flags->declare(*rm);
  return [chosen](Session& session) { return (*chosen)(session); };
}

auto declare_category(CLI::App& app) -> Run {
  app.require_subcommand(1);
  auto chosen = std::make_shared<Run>();
  auto flags = std::make_shared<CategoryFlags>();
  add_action(app, chosen, "list", "every category, with the number of its secrets", flags,
             list_categories);
  const auto name = [&](CLI::App* sub, const char* about) {
    sub->add_option("CATEGORY", flags->name, about)->required();
    declare_dry_run(*sub, flags->dry_run);
    return sub;
  };
  name(add_action(app, chosen, "add", "make a category", flags, add_category),
       "its name; Work/Mail lies below Work");
  name(add_action(app, chosen, "rename", "rename a category", flags, rename_category), "name or id")
      ->add_option("NEW", flags->to, "the new name")
      ->required();
  name(add_action(app, chosen, "move", "put it below another", flags, move_category), "name or id")
      ->add_option("PARENT", flags->to, "name or id of the other")
      ->required();
  name(add_action(app, chosen, "rm", "remove an empty category", flags, remove_category),
       "name or id");
  return [chosen](Session& session) { return (*chosen)(session); };
}

auto declare_tag(CLI::App& app) -> Run {
  app.require_subcommand(1);
  auto chosen = std::make_shared<Run>();
  auto flags = std::make_shared<TagFlags>();
  add_action(app, chosen, "list", "every tag, with the number of its secrets", flags, list_tags);
  const auto one = [&](const char* name, const char* about, bool adds) {
    CLI::App* sub = add_action(
        app, chosen, name, about, flags,
        [adds](const TagFlags& given, Session& session) { return tag_one(given, adds, session); });
    item_option(*sub, flags->item);
    sub->add_option("TAG", flags->tag, "the tag")->required();
    flags->declare(*sub);
  };
  one("add", "give a secret a tag", true);
  one("rm", "take a tag from a secret", false);
  CLI::App* rename =
      add_action(app, chosen, "rename", "rename a tag everywhere", flags, rename_tag);
  rename->add_option("TAG", flags->tag, "the tag")->required();
  rename->add_option("NEW", flags->to, "its new name")->required();
  declare_dry_run(*rename, flags->dry_run);
  return [chosen](Session& session) { return (*chosen)(session); };
}

}  // namespace holdfast::cli
