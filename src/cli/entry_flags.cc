#include "cli/entry_flags.h"

#include <CLI/CLI.hpp>
#include <filesystem>

#include "cli/generator_settings.h"
#include "cli/strength_note.h"
#include "cli/text.h"
#include "formats/base_text.h"
#include "formats/json_writer.h"
#include "formats/otp_text.h"

namespace holdfast::cli {
namespace {

using base::SecretBytes;
using formats::JsonWriter;

// NAME, NAME=VALUE, NAME=@FILE, NAME=-; NAME may be SECTION/NAME.
struct FieldFlag {
  std::string section, name, value;
  bool has_value = false;
  [[nodiscard]] auto reads_standard_input() const -> bool { return has_value && value == "-"; }
  [[nodiscard]] auto is_reference() const -> bool {
    return reads_standard_input() || (has_value && value.size() > 1 && value.front() == '@');
  }
};

auto parse_field(const std::string& flag) -> Outcome<FieldFlag> {
  FieldFlag field;
  const std::size_t equals = flag.find('=');
  field.name = flag.substr(0, equals);
  field.has_value = equals != std::string::npos;
  if (field.has_value) field.value = flag.substr(equals + 1);
  if (const std::size_t slash = field.name.rfind('/'); slash != std::string::npos) {
    field.section = field.name.substr(0, slash);
    field.name.erase(0, slash + 1);
  }
  if (field.name.empty())
    return usage("--field needs a name: NAME, NAME=VALUE, NAME=@FILE or NAME=-");
  return field;
}

auto one_reader_of_standard_input(const EntryFlags& flags, const std::vector<FieldFlag>& fields)
    -> Outcome<void> {
  auto readers = static_cast<std::size_t>(std::ranges::count_if(
      fields, [](const FieldFlag& field) { return field.reads_standard_input(); }));
  readers += flags.notes == "-" ? 1U : 0U;
  readers += flags.totp == "-" ? 1U : 0U;
  if (readers > 1) {
    return usage("standard input ('-') can give only one value", "use @FILE for the others");
  }
  return {};
}

auto password_of(const EntryFlags& flags, const Session& session)
    -> Outcome<std::optional<SecretBytes>> {
  const bool asked = flags.prompt_password || flags.password.given();
  if (asked && flags.generate_password) {
    return usage("-g makes a password, and -p or --password-* gives one", "choose one of them");
  }
  if (flags.generate_password) {
    api::GeneratorRules rules = rules_from(session.settings());
    rules.length = flags.length.value_or(rules.length);
    TRY(made, locally(api::generate(rules, session.ports().entropy, session.memory())));
    return std::optional{std::move(made)};
  }
  if (!asked) return std::optional<SecretBytes>{};
  TRY(given, session.prompter().from(flags.password, "password",
                                     "--password-fd N or --password-file FILE", true));
  if (!flags.password.given()) note_strength(given, session);
  return std::optional{std::move(given)};
}

auto write_field(const FieldFlag& field, const Session& session, JsonWriter& json)
    -> Outcome<void> {
  json.begin_object();
  if (!field.section.empty()) json.member("section", field.section);
  json.member("name", field.name);
  const bool is_protected = !field.has_value || field.is_reference();
  if (!field.has_value) {
    TRY(value, session.prompter().secret(field.name, "--field " + field.name + "=@FILE"));
    json.member("value", value);
  } else if (field.is_reference()) {
    TRY(value, read_reference("--field", field.value, model::kTextBytesMax, session.memory()));
    drop_final_line_break(value);
    json.member("value", value);
  } else {
    json.member("value", field.value);
  }
  json.key("protected");
  json.boolean(is_protected);
  json.member("type", is_protected ? "concealed" : "text");
  json.end_object();
  return {};
}

auto write_totp(const EntryFlags& flags, const Session& session, JsonWriter& json)
    -> Outcome<void> {
  TRY(text, read_reference("--totp", flags.totp, model::kTextBytesMax, session.memory()));
  drop_final_line_break(text);
  TRY(otp, locally(text.expose_text(
               [&](std::string_view view) { return formats::parse_otp(view, session.memory()); })));
  cli::write_totp(otp.totp, json, session.memory());
  return {};
}

auto write_attachments(const EntryFlags& flags, const Session& session, JsonWriter& json)
    -> Outcome<void> {
  std::size_t left = kAttachmentsBytesMax;
  json.key("attachments");
  json.begin_array();
  for (const std::string& path : flags.attachments) {
    const std::size_t limit = std::min(left, model::kAttachmentBytesMax);
    TRY(content, read_whole_file(path, limit, session.memory()));
    left -= content.size();
    json.begin_object();
    json.member("name", std::filesystem::path{path}.filename().string());
    json.key("content");
    content.expose([&](base::ByteView bytes) { json.base64(bytes); });
    json.end_object();
  }
  json.end_array();
  return {};
}

void write_list(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.key(name);
  json.begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

}  // namespace

void write_totp(const model::Totp& totp, formats::JsonWriter& json, base::SecretMemory& memory) {
  SecretBytes secret{memory};
  totp.secret.expose([&](base::ByteView bytes) { formats::base32_append(secret.buffer(), bytes); });
  constexpr std::string_view kNames[] = {"SHA1", "SHA256", "SHA512"};
  json.key("totp");
  json.begin_object();
  json.member("secret", secret);
  json.member("algorithm", kNames[std::to_underlying(totp.algorithm)]);
  json.key("digits");
  json.number(totp.digits);
  json.key("period");
  json.number(totp.period);
  json.end_object();
}

void EntryFlags::declare(CLI::App& app) {
  app.add_option("-u,--username", username, "user name");
  app.add_flag("-p,--password", prompt_password, "ask for the password");
  app.add_flag("-g,--generate", generate_password, "make a random password");
  app.add_option("--length", length, "of the random password (20)")->type_name("N");
  app.add_option("--password-fd", password.descriptor, "read the password from this descriptor")
      ->type_name("N");
  app.add_option("--password-file", password.file, "read the password from this file")
      ->type_name("FILE");
  const auto several = [&](const char* flag, std::vector<std::string>& values, const char* help,
                           const char* type) {
    app.add_option(flag, values, help)->type_name(type)->allow_extra_args(false);
  };
  several("--url", urls, "address; may be given several times", "URL");
  several("--tags", tags, "tags, separated by commas", "A,B");
  several("--field", fields,
          "NAME asks for a protected value; NAME=VALUE is for open text; "
          "NAME=@FILE and NAME=- read a protected one",
          "FIELD");
  several("--attach", attachments, "attach this file; may be given several times", "FILE");
  app.add_option("-c,--category", category, "name or id; made if it does not exist");
  app.add_option("--kind", kind, "login, note, card, identity, ssh-key, token or file");
  app.add_option("--notes", notes, "- for standard input, or @FILE");
  app.add_option("--totp", totp, "base32 or otpauth:// from - (standard input) or @FILE");
}

namespace {

// The members that new and edited secrets share; `fields_name` says what becomes of custom fields.
auto write_members(const EntryFlags& flags, const Session& session, std::string_view fields_name,
                   JsonWriter& json) -> Outcome<void> {
  std::vector<FieldFlag> fields;
  for (const std::string& flag : flags.fields) {
    TRY(field, parse_field(flag));
    fields.push_back(std::move(field));
  }
  TRY_DO(one_reader_of_standard_input(flags, fields));
  if (!flags.label.empty()) json.member("label", flags.label);
  if (!flags.kind.empty()) json.member("kind", flags.kind);
  if (!flags.category.empty()) json.member("category", flags.category);
  if (!flags.username.empty()) json.member("username", flags.username);
  write_list(json, "urls", flags.urls);
  std::vector<std::string> tags;
  for (const std::string& list : flags.tags) {
    for (std::string& tag : split_list(list)) tags.push_back(std::move(tag));
  }
  write_list(json, "tags", tags);
  TRY(password, password_of(flags, session));
  if (password) json.member("password", *password);
  if (!flags.notes.empty()) {
    TRY(notes, read_reference("--notes", flags.notes, model::kNotesBytesMax, session.memory()));
    json.member("notes", notes);
  }
  if (!fields.empty()) {
    json.key(fields_name);
    json.begin_array();
    for (const FieldFlag& field : fields) TRY_DO(write_field(field, session, json));
    json.end_array();
  }
  if (!flags.totp.empty()) TRY_DO(write_totp(flags, session, json));
  return {};
}

auto finished(SecretBytes body, const JsonWriter& json) -> Outcome<SecretBytes> {
  if (!json.ok()) return usage("a text is not valid UTF-8", "store it as a file with --attach");
  return body;
}

}  // namespace

auto new_secret(const EntryFlags& flags, const Session& session) -> Outcome<SecretBytes> {
  SecretBytes body{session.memory()};
  JsonWriter json{body.buffer()};
  json.begin_object();
  TRY_DO(write_members(flags, session, "fields", json));
  if (!flags.attachments.empty()) TRY_DO(write_attachments(flags, session, json));
  json.end_object();
  return finished(std::move(body), json);
}

auto edited_secret(const EntryFlags& flags, const Session& session) -> Outcome<SecretBytes> {
  SecretBytes body{session.memory()};
  JsonWriter json{body.buffer()};
  json.begin_object();
  TRY_DO(write_members(flags, session, "set_fields", json));
  write_list(json, "remove_fields", flags.removed_fields);
  if (!flags.attachments.empty()) {
    return usage("edit does not attach files", "use: holdfast attachment add ITEM FILE");
  }
  json.end_object();
  if (body.size() <= 2) return usage("nothing to change is given", "see: holdfast edit --help");
  return finished(std::move(body), json);
}

}  // namespace holdfast::cli
