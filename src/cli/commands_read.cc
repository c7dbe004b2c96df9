// commands_read.cc: get, copy, list, search.
#include <CLI/CLI.hpp>
#include <map>

#include "cli/category_names.h"
#include "cli/clipboard.h"
#include "cli/command.h"
#include "cli/entry_text.h"
#include "cli/item_lookup.h"
#include "cli/qr.h"
#include "cli/text.h"
#include "formats/base_text.h"
#include "formats/json_writer.h"

namespace holdfast::cli {
namespace {

using base::SecretBytes;
using formats::JsonWriter;

constexpr std::string_view kDots = "••••••••";
constexpr std::string_view kPageLimit = "1000";
constexpr std::string_view kTableMembers = "label,username,category,urls";  // what a table shows
constexpr std::string_view kDetailedMembers = "id,label,username,category,urls,tags,modified_at";
constexpr std::size_t kPagesMax = 2000;  // a daemon that never ends its pages is broken

struct GetFlags : CopyFlags {
  std::string item, field, version;
  bool reveal = false, full = false, qr = false;
};

auto find_custom_field(const JsonValue& secret, std::string_view wanted)
    -> Outcome<const JsonValue*> {
  const JsonValue* found = nullptr;
  for (const JsonValue& field : items_at(secret, "fields")) {
    const std::string_view section = text_at(field, "section");
    const std::string_view name = text_at(field, "name");
    const std::string full = std::string{section} + "/" + std::string{name};
    if (full == wanted && !section.empty()) return &field;
    if (name != wanted) continue;
    if (found != nullptr) {
      return problem(Exit::not_found, "several fields are named '" + std::string{wanted} + "'",
                     "write SECTION/NAME, such as " + full);
    }
    found = &field;
  }
  return found;
}

auto names_of_fields(const JsonValue& secret) -> std::string {
  std::string names = "label, username, password, url, notes, tags, totp";
  for (const JsonValue& field : items_at(secret, "fields")) {
    names += ", " + std::string{text_at(field, "name")};
  }
  return names;
}

// One value, exactly as it is; `hidden` if it is protected and was not asked for.
struct Value {
  SecretBytes::Buffer bytes;
  bool hidden = false;
};

auto joined(std::span<const JsonValue> texts, std::string_view separator, SecretBytes::Buffer& to) {
  bool first = true;
  for (const JsonValue& text : texts) {
    if (!first) to.insert(to.end(), separator.begin(), separator.end());
    to.insert(to.end(), text.text().begin(), text.text().end());
    first = false;
  }
}

auto custom_value(const JsonValue& field, bool reveal, base::SecretMemory& memory)
    -> Outcome<Value> {
  Value value{SecretBytes::Buffer{&memory}};
  if (true_at(field, "protected") && !reveal) {
    value.hidden = true;
    return value;
  }
  if (const auto encoded = text_at(field, "value_base64"); !encoded.empty()) {
    TRY(bytes, locally(formats::base64_decode(encoded, memory)));
    value.bytes = std::move(bytes.buffer());
    return value;
  }
  const std::string_view text = text_at(field, "value");
  value.bytes.assign(text.begin(), text.end());
  return value;
}

auto totp_code(const JsonValue& secret, Session& session) -> Outcome<Value> {
  Target target = session.vault();
  target.path("/secrets").segment(text_at(secret, "id")).path("/totp");
  TRY(answer, session.get(target));
  const std::string_view code = text_at(answer.root(), "code");
  return Value{SecretBytes::Buffer{code.begin(), code.end(), &session.memory()}};
}

auto value_of(const JsonValue& secret, std::string_view field, bool reveal, Session& session)
    -> Outcome<Value> {
  Value value{SecretBytes::Buffer{&session.memory()}};
  if (field == "password") {
    const std::string_view password = text_at(secret, "password");
    value.hidden = !reveal && true_at(secret, "has_password");
    value.bytes.assign(password.begin(), password.end());
    return value;
  }
  if (field == "totp") return totp_code(secret, session);
  if (field == "url" || field == "urls" || field == "tags") {
    const auto texts = items_at(secret, field == "tags" ? "tags" : "urls");
    joined(field == "url" ? texts.first(std::min<std::size_t>(1, texts.size())) : texts, "\n",
           value.bytes);
    return value;
  }
  if (field == "category") {
    TRY(categories, CategoryNames::load(session));
    value.bytes = categories.path_of(text_at(secret, "category"), session.memory());
    return value;
  }
  for (const std::string_view simple : {"label", "username", "notes", "kind", "id", "version"}) {
    if (field != simple) continue;
    const std::string_view text = text_at(secret, field);
    value.bytes.assign(text.begin(), text.end());
    return value;
  }
  TRY(custom, find_custom_field(secret, field));
  if (custom != nullptr) return custom_value(*custom, reveal, session.memory());
  return problem(
      Exit::not_found,
      "'" + std::string{text_at(secret, "label")} + "' has no field '" + std::string{field} + "'",
      "its fields are " + names_of_fields(secret));
}

auto print_field(const JsonValue& secret, const GetFlags& flags, bool reveal, Session& session)
    -> Outcome<Exit> {
  TRY(value, value_of(secret, flags.field, reveal, session));
  Screen& screen = session.screen();
  const std::string_view text = base::text_of(value.bytes);
  if (screen.json()) {
    SecretBytes::Buffer out{&session.memory()};
    JsonWriter json{out};
    json.begin_object();
    json.member("field", flags.field);
    json.key("value");
    value.hidden ? json.null() : json.string(text);
    json.end_object();
    if (!json.ok()) return usage("the value is no text", "leave --json out to get its bytes");
    screen.put(base::text_of(out));
  } else if (value.hidden) {
    screen.put(kDots);
    screen.note("Hidden on a terminal; --reveal shows it.");
  } else if (screen.on_terminal()) {
    screen.put_visible(text);
  } else {
    screen.put(text);
  }
  screen.put("\n");
  return Exit::done;
}

// One row for each line of the value, so that keys and codes can be read.
void print_lines(std::string_view name, std::string_view value, std::size_t width, Screen& screen) {
  if (screen.style() == Style::raw) return screen.row(name, value, width);
  while (value.ends_with('\n')) value.remove_suffix(1);
  for (;;) {
    const std::string_view line = value.substr(0, value.find('\n'));
    screen.row(name, line, width);
    if (line.size() == value.size()) return;
    value.remove_prefix(line.size() + 1);
    name = {};
  }
}

// What an import could not place is for completeness, not for every day.
void print_fields(const JsonValue& secret, const GetFlags& flags, bool reveal, std::size_t width,
                  Screen& screen) {
  for (const JsonValue& field : items_at(secret, "fields")) {
    if (text_at(field, "section") == "imported" && !flags.full) continue;
    const bool hidden = true_at(field, "protected") && !reveal;
    const bool binary = field.find("value_base64") != nullptr;
    print_lines(text_at(field, "name"),
                hidden ? kDots : text_at(field, binary ? "value_base64" : "value"), width, screen);
  }
}

void print_details(const JsonValue& secret, std::size_t width, Screen& screen) {
  screen.row("kind", text_at(secret, "kind"), width);
  screen.row("created", moment_text(number_at(secret, "created_at")), width);
  screen.row("modified", moment_text(number_at(secret, "modified_at")), width);
  screen.row("id", text_at(secret, "id"), width);
  screen.row("version", text_at(secret, "version"), width);
  screen.row("state", text_at(secret, "state"), width);
  screen.row("transaction", text_at(secret, "transaction"), width);
}

auto print_secret(const JsonValue& secret, const GetFlags& flags, bool reveal, Session& session)
    -> Outcome<Exit> {
  Screen& screen = session.screen();
  TRY(categories, CategoryNames::load(session));
  std::size_t width = 11;
  for (const JsonValue& field : items_at(secret, "fields")) {
    width = std::max(width, std::min<std::size_t>(width_of(text_at(field, "name")), 30));
  }
  const auto row = [&](std::string_view name, std::string_view text) {
    if (!text.empty()) screen.row(name, text, width);
  };
  row("label", text_at(secret, "label"));
  row("category", base::text_of(categories.path_of(text_at(secret, "category"), session.memory())));
  row("username", text_at(secret, "username"));
  if (true_at(secret, "has_password"))
    row("password", reveal ? text_at(secret, "password") : kDots);
  for (const JsonValue& url : items_at(secret, "urls")) row("url", url.text());
  if (const JsonValue* totp = secret.find("totp"); totp && totp->is(JsonType::object)) {
    row("totp", "yes (holdfast totp ITEM)");
  }
  SecretBytes::Buffer tags{&session.memory()};
  joined(items_at(secret, "tags"), ", ", tags);
  row("tags", base::text_of(tags));
  print_fields(secret, flags, reveal, width, screen);
  for (const JsonValue& file : items_at(secret, "attachments")) {
    row("attachment",
        std::string{text_at(file, "name")} + " (" + bytes_text(number_at(file, "size")) + ")");
  }
  if (flags.full) print_details(secret, width, screen);
  if (const std::string_view notes = text_at(secret, "notes"); !notes.empty()) {
    if (notes.find('\n') == std::string_view::npos) {
      row("notes", notes);
    } else {
      row("notes", "(below)");
      screen.put_visible(notes);
      if (!notes.ends_with('\n')) screen.put("\n");
    }
  }
  if (true_at(secret, "conflict"))
    screen.warn("this secret has several current versions (a conflict)");
  return Exit::done;
}

// As it is now, or as it was in the version that the flags name.
auto read_item(const GetFlags& flags, bool reveal, Session& session) -> Outcome<Answer> {
  if (flags.version.empty()) return session.item(flags.item, reveal);
  TRY(id, secret_named(flags.item, session));
  TRY(versions, versions_of(id, session));
  TRY(version, named_version(items_at(versions.root(), "items"), flags.version));
  Target target = session.vault();
  target.path("/secrets").segment(id).path("/versions").segment(text_at(*version, "version"));
  if (reveal) target.query("reveal", "true");
  return session.get(target);
}

// Of totp not the code but what an authenticator needs.
auto print_qr(const GetFlags& flags, Session& session) -> Outcome<Exit> {
  if (!session.screen().on_terminal()) {
    return usage("a QR code is only shown on a terminal", "get the value itself without --qr");
  }
  TRY(answer, read_item(flags, true, session));
  const std::string field = flags.field.empty() ? "password" : flags.field;
  SecretBytes content{session.memory()};
  if (field == "totp") {
    content = otp_uri(answer.root(), session.memory());
  } else {
    TRY(value, value_of(answer.root(), field, true, session));
    content.buffer() = std::move(value.bytes);
  }
  if (content.empty()) {
    return problem(Exit::not_found, "'" + flags.item + "' has no " + field,
                   "its fields are " + names_of_fields(answer.root()));
  }
  TRY(picture,
      content.expose([&](base::ByteView bytes) { return qr_text(bytes, session.memory()); }));
  picture.expose_text([&](std::string_view text) { session.screen().put_file(text); });
  session.screen().note(field + " of '" + std::string{text_at(answer.root(), "label")} +
                        "'; clear the screen when it is scanned.");
  return Exit::done;
}

auto copy_field(const GetFlags& flags, Session& session) -> Outcome<Exit> {
  TRY(answer, read_item(flags, true, session));
  const std::string field = flags.field.empty() ? "password" : flags.field;
  TRY(value, value_of(answer.root(), field, true, session));
  const std::string label{text_at(answer.root(), "label")};
  if (value.bytes.empty()) {
    return problem(Exit::not_found, "'" + label + "' has no " + field,
                   "its fields are " + names_of_fields(answer.root()));
  }
  return copy_and_tell(flags, {.what = field, .label = label, .text = value.bytes}, session);
}

auto get(const GetFlags& flags, Session& session) -> Outcome<Exit> {
  if (flags.qr) return print_qr(flags, session);
  if (flags.copy) return copy_field(flags, session);
  const bool reveal = flags.reveal || !session.screen().on_terminal();
  TRY(answer, read_item(flags, reveal, session));
  if (!flags.field.empty()) return print_field(answer.root(), flags, reveal, session);
  if (session.screen().json()) {
    print_json(session.screen(), answer.body);
    return Exit::done;
  }
  return print_secret(answer.root(), flags, reveal, session);
}

struct ListFlags {
  std::string category, text, tags, sort = "label";
  bool reverse = false, detailed = false, conflicts = false, deleted = false, pending = false;
};

// Every page of a request as one list. A page is let go before the next one is asked for, so that
// the same memory serves all of them.
class Listing {
 public:
  Listing(Session& session, bool detailed)
      : session_{session},
        screen_{session.screen()},
        table_{session.memory(),
               detailed ? std::vector<std::string_view>{"LABEL", "USERNAME", "CATEGORY", "TAGS",
                                                        "MODIFIED", "ID", "URL"}
                        : std::vector<std::string_view>{"LABEL", "USERNAME", "CATEGORY", "URL"}},
        detailed_{detailed} {}

  void say_if_empty(std::string note) { empty_note_ = std::move(note); }
  [[nodiscard]] auto show(const std::function<Target()>& request) -> Outcome<Exit> {
    std::optional<CategoryNames> categories;
    std::string cursor;
    for (std::size_t page_number = 0;; ++page_number) {
      if (page_number == kPagesMax) return problem(Exit::remote, "the list does not end");
      Target target = request();
      target.query("limit", kPageLimit);
      if (!screen_.json()) target.query("fields", detailed_ ? kDetailedMembers : kTableMembers);
      if (!cursor.empty()) target.query("cursor", cursor);
      TRY(page, session_.get(target));
      cursor = text_at(page.root(), "next");
      const auto items = items_at(page.root(), "items");
      if (screen_.json()) {
        if (page_number == 0 && cursor.empty()) {
          print_json(screen_, page.body);
          return Exit::done;
        }
        put_json(items, page_number == 0);
      } else if (!items.empty()) {
        if (!categories) {
          TRY(loaded, CategoryNames::load(session_));
          categories = std::move(loaded);
        }
        for (const JsonValue& item : items) add_row(item, *categories);
      }
      shown_ += items.size();
      if (cursor.empty()) return finish(number_at(page.root(), "total"));
    }
  }

 private:
  void put_json(std::span<const JsonValue> items, bool first_page) {
    SecretBytes::Buffer out{&session_.memory()};
    bool first = first_page;
    if (first) screen_.put("{\"items\":[");
    for (const JsonValue& item : items) {
      out.clear();
      JsonWriter json{out};
      json.value(item);
      if (!first) screen_.put(",");
      screen_.put(base::text_of(out));
      first = false;
    }
  }

  auto finish(std::uint64_t total) -> Exit {
    if (screen_.json()) {
      screen_.put("],\"next\":null,\"total\":" + std::to_string(total) + "}\n");
    } else if (shown_ == 0) {
      screen_.note(empty_note_);
    } else {
      table_.print(screen_);
    }
    return Exit::done;
  }

  void add_row(const JsonValue& item, const CategoryNames& categories) {
    table_.cell(text_at(item, "label"));
    table_.cell(text_at(item, "username"));
    table_.cell(path_of(text_at(item, "category"), categories));
    if (detailed_) {
      SecretBytes::Buffer tags{&session_.memory()};
      joined(items_at(item, "tags"), ",", tags);
      table_.cell(base::text_of(tags));
      table_.cell(moment_text(number_at(item, "modified_at")));
      table_.cell(text_at(item, "id"));
    }
    const auto urls = items_at(item, "urls");
    table_.cell(urls.empty() ? std::string_view{} : urls.front().text());
  }

  auto path_of(std::string_view category, const CategoryNames& categories) -> std::string_view {
    auto known = paths_.find(category);
    if (known == paths_.end()) {
      auto path = categories.path_of(category, session_.memory());
      known = paths_.emplace(std::string{category}, std::move(path)).first;
    }
    return base::text_of(known->second);
  }

  Session& session_;
  Screen& screen_;
  std::string empty_note_ = "Nothing found.";
  Table table_;
  bool detailed_;
  std::size_t shown_ = 0;
  std::map<std::string, SecretBytes::Buffer, std::less<>> paths_;  // of categories, by id
};

auto list(const ListFlags& flags, Session& session) -> Outcome<Exit> {
  Listing listing{session, flags.detailed};
  if (!flags.category.empty()) {
    listing.say_if_empty(
        "Nothing found in this category itself; those below it are shown by: "
        "holdfast search TEXT --in category");
  }
  return listing.show([&] {
    Target target = session.vault();
    target.path("/secrets").query("sort", flags.sort);
    if (!flags.category.empty()) target.query("category", flags.category);
    if (!flags.text.empty()) target.query("text", flags.text);
    if (!flags.tags.empty()) target.query("tags", flags.tags);
    if (flags.reverse) target.query("reverse", "true");
    if (flags.conflicts) target.query("conflicts", "true");
    if (flags.deleted) target.query("deleted", "true");
    if (flags.pending) target.query("pending", "true");
    return target;
  });
}

auto search(const std::string& text, const std::string& in, bool detailed, Session& session)
    -> Outcome<Exit> {
  if (text.empty())
    return usage("the text to search for is empty", "holdfast list shows everything");
  return Listing{session, detailed}.show([&] {
    Target target = session.vault();
    target.path("/secrets").query("q", text);
    if (!in.empty()) target.query("in", in);
    return target;
  });
}

}  // namespace

auto declare_get(CLI::App& app) -> Run {
  auto flags = std::make_shared<GetFlags>();
  app.add_option("ITEM", flags->item, "label, category/label, id or its beginning")->required();
  app.add_option("--field", flags->field, "only this field: password, username, url, totp, …");
  app.add_flag("--reveal", flags->reveal, "show protected values on a terminal, too");
  app.add_flag("--full", flags->full,
               "with kind, times, id and version, and what an import could not place");
  app.add_option("--version", flags->version, "as it was: number or id, see holdfast history")
      ->type_name("ID");
  app.add_flag("--qr", flags->qr, "one field as a QR code; of totp the setup of an authenticator");
  flags->declare(app, true);
  return [flags](Session& session) { return get(*flags, session); };
}

auto declare_copy(CLI::App& app) -> Run {
  auto flags = std::make_shared<GetFlags>();
  app.add_option("ITEM", flags->item, "label, category/label, id or its beginning")->required();
  app.add_option("--field", flags->field, "which field (password)");
  flags->declare(app, false);
  return [flags](Session& session) { return copy_field(*flags, session); };
}

auto declare_list(CLI::App& app) -> Run {
  auto flags = std::make_shared<ListFlags>();
  app.add_option("-c,--category", flags->category, "only this category");
  app.add_option("-s,--search", flags->text, "only with this text in label, user name or url");
  app.add_option("--tags", flags->tags, "only with all of these tags")->type_name("A,B");
  app.add_option("--sort", flags->sort, "label, username, category, created or modified")
      ->check(CLI::IsMember({"label", "username", "category", "created", "modified"}));
  app.add_flag("--reverse", flags->reverse, "last first");
  app.add_flag("--detailed", flags->detailed, "with tags, time and id");
  app.add_flag("--conflicts", flags->conflicts, "only those in conflict");
  app.add_flag("--deleted", flags->deleted, "deleted ones");
  app.add_flag("--pending", flags->pending, "only those with an edit that is not ordered yet");
  return [flags](Session& session) { return list(*flags, session); };
}

auto declare_search(CLI::App& app) -> Run {
  auto text = std::make_shared<std::string>();
  auto in = std::make_shared<std::string>();
  auto detailed = std::make_shared<bool>(false);
  app.add_option("TEXT", *text, "part of a label, user name, url, tag or category")->required();
  app.add_option("--in", *in, "where: label, username, url, tags, category, notes, fields")
      ->type_name("A,B");
  app.add_flag("--detailed", *detailed, "with tags, time and id");
  return [text, in, detailed](Session& session) { return search(*text, *in, *detailed, session); };
}

}  // namespace holdfast::cli
