#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/text.h"
#include "crypto/hash.h"
#include "formats/bitwarden_json.h"
#include "formats/entry_tools.h"
#include "formats/json_writer.h"
#include "formats/otp_text.h"
#include "formats/secret_text.h"
#include "formats/time_text.h"
#include "formats/writers.h"

namespace holdfast::formats {
namespace {

using base::Detailed, base::Error, base::fail, base::SecretBytes, base::SecretMemory;
using Place = BitwardenPlace;

auto has_prefix(std::string_view path, std::string_view prefix) -> bool {
  return path.size() > prefix.size() + 1 && path.starts_with(prefix) && path[prefix.size()] == '.';
}

// "login.uris.2.match" gives 2 and "match".
struct UriPath {
  std::size_t index;
  std::string_view key;
};
auto uri_path(std::string_view path) -> std::optional<UriPath> {
  if (!path.starts_with(kBitwardenUris)) return std::nullopt;
  path.remove_prefix(kBitwardenUris.size());
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), index);
  if (error != std::errc{}) return std::nullopt;
  const auto digits = static_cast<std::size_t>(end - path.data());
  if (std::to_string(index) != path.substr(0, digits)) return std::nullopt;
  if (path.size() < digits + 2 || path[digits] != '.') return std::nullopt;
  return UriPath{index, path.substr(digits + 1)};
}

auto type_of(const model::Secret& secret) -> BitwardenType {
  switch (secret.kind) {
    case model::Kind::login:
      return BitwardenType::login;
    case model::Kind::card:
      return BitwardenType::card;
    case model::Kind::identity:
      return BitwardenType::identity;
    case model::Kind::ssh_key:
      return BitwardenType::ssh_key;
    case model::Kind::note:
    case model::Kind::token:
    case model::Kind::file:
      break;
  }
  return bitwarden_has_login(secret) ? BitwardenType::login : BitwardenType::note;
}

// 16 bytes as 8-4-4-4-12 hexadecimal digits, the form of Bitwarden's ids.
auto uuid(std::string hex) -> std::string {
  for (const std::size_t at : {8u, 13u, 18u, 23u}) hex.insert(at, 1, '-');
  return hex;
}

auto is_json(std::string_view text, SecretMemory& memory) -> bool {
  if (!text.starts_with('{') && !text.starts_with('[')) return false;
  return JsonDocument::parse(base::view_of(text), memory).has_value();
}

auto is_number(std::string_view text) -> bool {
  return !text.empty() && text.size() < 16 && text.find_first_not_of("0123456789") == text.npos &&
         (text == "0" || !text.starts_with('0'));
}

class ItemWriter {
 public:
  ItemWriter(JsonWriter& json, SecretMemory& memory, const ExportEntry& entry)
      : json_{json}, memory_{memory}, entry_{entry}, secret_{*entry.secret} {
    std::set<std::string_view> seen;  // one member cannot stand twice
    for (const model::Field& field : secret_.fields) {
      Place place = bitwarden_place(secret_, field);
      if (place != Place::custom_field &&
          (!still_true(field) || !seen.insert(peek(field.name)).second))
        place = Place::custom_field;
      places_.push_back(place);
    }
  }

  void write(std::string_view folder_id) {
    const BitwardenType type = type_of(secret_);
    json_.begin_object();
    write_ids(folder_id);
    json_.key("type"), json_.number(std::to_underlying(type));
    json_.member("name", secret_.label);
    text_or_null("notes", secret_.notes);
    json_.member("creationDate", format_time(secret_.created));
    json_.member("revisionDate", format_time(secret_.modified));
    write_in_place(Place::item, "");
    if (entry_.deleted && in_place(kBitwardenDeleted) == nullptr)
      json_.member(kBitwardenDeleted, format_time(secret_.modified));
    if (type == BitwardenType::login) write_login();
    if (type == BitwardenType::note) {
      json_.key(kBitwardenNote), json_.begin_object();
      json_.key("type"), json_.number(0), json_.end_object();
    }
    if (type == BitwardenType::card) write_part(kBitwardenCard, Place::card);
    if (type == BitwardenType::identity) write_part(kBitwardenIdentity, Place::identity);
    if (type == BitwardenType::ssh_key) write_part(kBitwardenSshKey, Place::ssh_key);
    write_fields(type);
    write_history();
    json_.end_object();
  }

 private:
  // False: since the import the entry was moved, restored or given another TOTP, so the kept field
  // would contradict it.
  [[nodiscard]] auto still_true(const model::Field& field) const -> bool {
    const std::string_view path = peek(field.name);
    if (path == "folderId") return entry_.folder.empty();
    if (path == kBitwardenDeleted) return entry_.deleted;
    if (path != kBitwardenTotpUri) return true;
    if (secret_.totp.secret.empty()) return false;
    const auto kept = parse_otp(peek(field.value), memory_);
    return kept && peek(otp_text(kept->totp, memory_)) == peek(otp_text(secret_.totp, memory_));
  }
  [[nodiscard]] auto in_place(std::string_view path) const -> const model::Field* {
    for (std::size_t i = 0; i < places_.size(); ++i)
      if (places_[i] != Place::custom_field && peek(secret_.fields[i].name) == path)
        return &secret_.fields[i];
    return nullptr;
  }

  void text_or_null(std::string_view key, const SecretBytes& text) {
    json_.key(key);
    if (text.empty()) return json_.null();
    json_.string(text);
  }

  void write_ids(std::string_view folder_id) {
    const std::string_view known = source_id(secret_, Format::bitwarden_json);
    const bool has_hex = entry_.id.size() == 32;
    if (!known.empty()) {
      json_.member("id", known);
    } else if (has_hex) {
      json_.member("id", uuid(entry_.id));
    }
    if (!folder_id.empty()) {
      json_.member("folderId", folder_id);
    } else if (in_place("folderId") == nullptr) {
      json_.key("folderId"), json_.null();
    }
  }

  void write_in_place(Place place, std::string_view prefix) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_[i] != place) continue;
      const model::Field& field = secret_.fields[i];
      const std::string_view path = peek(field.name);
      if (path == kBitwardenTotpUri) continue;  // write_totp's
      json_.key(prefix.empty() ? path : path.substr(prefix.size() + 1));
      write_value(field, path.substr(path.rfind('.') + 1));
    }
  }

  // What keep() made of the value, undone: only texts were texts.
  void write_value(const model::Field& field, std::string_view key) {
    const std::string_view text = peek(field.value);
    const bool boolean = field.type == model::FieldType::boolean;
    if (boolean && (text == "true" || text == "false")) return json_.raw(text);
    if ((key == "reprompt" || key == "match" || key == "type") && is_number(text))
      return json_.raw(text);
    if (is_json(text, memory_)) return json_.raw(text);
    json_.string(text);
  }

  void write_part(std::string_view name, Place place) {
    json_.key(name), json_.begin_object();
    write_in_place(place, name);
    json_.end_object();
  }

  void write_login() {
    json_.key(kBitwardenLogin), json_.begin_object();
    json_.key("uris"), json_.begin_array();
    for (std::size_t i = 0; i < secret_.urls.size(); ++i) write_uri(i);
    json_.end_array();
    text_or_null("username", secret_.username);
    text_or_null("password", secret_.password);
    write_totp();
    write_in_place(Place::login, kBitwardenLogin);
    json_.end_object();
  }

  void write_uri(std::size_t index) {
    json_.begin_object();
    json_.member("uri", secret_.urls[index]);
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_[i] != Place::uri) continue;
      const auto path = uri_path(peek(secret_.fields[i].name));
      if (!path || path->index != index) continue;
      json_.key(path->key);
      write_value(secret_.fields[i], path->key);
    }
    json_.end_object();
  }

  void write_totp() {
    const model::Field* original = in_place(kBitwardenTotpUri);  // may name issuer and account
    if (original != nullptr) return json_.member("totp", original->value);
    if (!secret_.totp.secret.empty()) return json_.member("totp", otp_text(secret_.totp, memory_));
    if (in_place(kBitwardenTotp) == nullptr) json_.key("totp"), json_.null();
  }

  void write_fields(BitwardenType type) {
    const bool has_login = type == BitwardenType::login;
    json_.key("fields"), json_.begin_array();
    for (std::size_t i = 0; i < places_.size(); ++i)
      if (places_[i] == Place::custom_field) write_field(secret_.fields[i]);
    for (const SecretBytes& tag : secret_.tags) extra_field("tag", tag, BitwardenField::text);
    if (!has_login) {
      extra_field("username", secret_.username, BitwardenField::text);
      extra_field("password", secret_.password, BitwardenField::hidden);
      for (const SecretBytes& url : secret_.urls) extra_field("url", url, BitwardenField::text);
      if (!secret_.totp.secret.empty())
        extra_field("totp", otp_text(secret_.totp, memory_), BitwardenField::hidden);
    }
    json_.end_array();
  }

  void extra_field(std::string_view name, const SecretBytes& value, BitwardenField type) {
    if (value.empty()) return;
    json_.begin_object();
    json_.member("name", name);
    json_.member("value", value);
    json_.key("type"), json_.number(std::to_underlying(type));
    json_.end_object();
  }

  void write_field(const model::Field& field) {
    const std::string_view text = peek(field.value);
    const bool linked = field.type == model::FieldType::linked && is_number(text);
    BitwardenField type = BitwardenField::text;
    if (field.type == model::FieldType::boolean) type = BitwardenField::boolean;
    if (linked) type = BitwardenField::linked;
    if (field.is_protected || field.type == model::FieldType::concealed)
      type = BitwardenField::hidden;
    json_.begin_object();
    SecretBytes name{memory_};
    if (!field.section.empty()) {
      append_text(name.buffer(), peek(field.section));
      append_text(name.buffer(), ": ");
    }
    append_text(name.buffer(), peek(field.name));
    json_.member("name", name);
    json_.key("value");
    if (type == BitwardenField::linked) {
      json_.null();
      json_.key("linkedId"), json_.raw(text);
    } else if (base::is_utf8(base::view_of(text))) {
      json_.string(text);
    } else {
      json_.base64(base::view_of(text));
    }
    json_.key("type"), json_.number(std::to_underlying(type));
    json_.end_object();
  }

  void write_history() {
    json_.key("passwordHistory"), json_.begin_array();
    for (std::size_t i = entry_.history.size(); i > 0; --i) {  // newest first
      const model::Secret& state = *entry_.history[i - 1];
      if (state.password.empty()) continue;
      json_.begin_object();
      json_.member("lastUsedDate", format_time(state.modified));
      json_.member("password", state.password);
      json_.end_object();
    }
    json_.end_array();
  }

  JsonWriter& json_;
  SecretMemory& memory_;
  const ExportEntry& entry_;
  const model::Secret& secret_;
  std::vector<Place> places_;  // of each field
};

using SecretString = std::pmr::string;  // folder names are plaintext too
using FolderIds = std::pmr::map<SecretString, std::string>;

auto folder_name(const FolderPath& folder, SecretMemory& memory) -> SecretString {
  SecretString name{&memory};
  for (const SecretBytes& part : folder) {
    if (!name.empty()) name += '/';
    name += peek(part);
  }
  return name;
}

}  // namespace

auto bitwarden_has_login(const model::Secret& secret) -> bool {
  if (secret.kind == model::Kind::login) return true;
  if (secret.kind == model::Kind::token || secret.kind == model::Kind::file)
    return !secret.username.empty() || !secret.password.empty() || !secret.urls.empty() ||
           !secret.totp.secret.empty();
  return false;
}

auto bitwarden_place(const model::Secret& secret, const model::Field& field) -> Place {
  static constexpr std::string_view kOurs[] = {"id",           "type",
                                               "name",         "notes",

                                               "fields",       "passwordHistory",
                                               "creationDate", "revisionDate",
                                               "login",        "secureNote",
                                               "card",         "identity",
                                               "sshKey",       "field",
                                               "column"};
  static constexpr std::string_view kLoginOurs[] = {"login.username", "login.password",
                                                    "login.uris", "login.uri"};
  const std::string_view path = peek(field.name);
  if (peek(field.section) != kImportedSection || path.empty()) return Place::custom_field;
  if (!base::is_utf8(base::view_of(peek(field.value)))) return Place::custom_field;
  if (const auto uri = uri_path(path)) {
    const bool fits =
        bitwarden_has_login(secret) && uri->index < secret.urls.size() && uri->key != "uri";
    return fits ? Place::uri : Place::custom_field;
  }
  if (path == kBitwardenTotp && !secret.totp.secret.empty()) return Place::custom_field;
  if (has_prefix(path, kBitwardenLogin))
    return bitwarden_has_login(secret) &&
                   std::ranges::find(kLoginOurs, path) == std::end(kLoginOurs)
               ? Place::login
               : Place::custom_field;
  if (has_prefix(path, kBitwardenCard))
    return secret.kind == model::Kind::card ? Place::card : Place::custom_field;
  if (has_prefix(path, kBitwardenIdentity))
    return secret.kind == model::Kind::identity ? Place::identity : Place::custom_field;
  if (has_prefix(path, kBitwardenSshKey))
    return secret.kind == model::Kind::ssh_key ? Place::ssh_key : Place::custom_field;
  const bool at_home = !source_id(secret, Format::bitwarden_json).empty();
  return at_home && std::ranges::find(kOurs, path) == std::end(kOurs) ? Place::item
                                                                      : Place::custom_field;
}

auto export_bitwarden(const ExportEntries& entries, SecretMemory& memory) -> Detailed<SecretBytes> {
  FolderIds folders{&memory};
  for (const ExportEntry& entry : entries) {
    SecretString name = folder_name(entry.folder, memory);
    if (name.empty()) continue;
    const std::string hex = crypto::sha256(base::view_of(name)).hex().substr(0, 32);
    folders.emplace(std::move(name), uuid(hex));
  }
  SecretBytes out{memory};
  JsonWriter json{out.buffer()};
  json.begin_object();
  json.key("encrypted"), json.boolean(false);
  json.key("folders"), json.begin_array();
  for (const auto& [name, id] : folders) {
    json.newline();
    json.begin_object(), json.member("id", id), json.member("name", name), json.end_object();
  }
  json.end_array();
  if (!json.ok()) return fail(Error::bad_utf8, "folders");
  json.key("items"), json.begin_array();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto folder = folders.find(folder_name(entries[i].folder, memory));
    json.newline();
    ItemWriter{json, memory, entries[i]}.write(folder == folders.end() ? "" : folder->second);
    if (!json.ok()) return fail(Error::bad_utf8, entry_place(i));
  }
  json.end_array();
  json.end_object();
  return out;
}

}  // namespace holdfast::formats
