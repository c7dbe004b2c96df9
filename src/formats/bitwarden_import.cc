#include <map>

#include "formats/bitwarden_json.h"
#include "formats/entry_tools.h"
#include "formats/json_reader.h"
#include "formats/json_writer.h"
#include "formats/otp_text.h"
#include "formats/secret_text.h"
#include "formats/time_text.h"

namespace holdfast::formats {
namespace {

using base::Detailed, base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;

auto text_or_null(const JsonValue& value) -> Result<std::string_view> {
  if (value.is(JsonType::null)) return std::string_view{};
  if (!value.is(JsonType::string)) return fail(Error::bad_entry);
  return value.text();
}

auto is_empty(const JsonValue& value) -> bool {
  switch (value.type()) {
    case JsonType::null:
      return true;
    case JsonType::string:
      return value.text().empty();
    case JsonType::array:
      return value.items().empty();
    case JsonType::object:
      return value.members().empty();
    case JsonType::boolean:
    case JsonType::number:
      break;
  }
  return false;
}

auto kind_of(std::uint64_t type) -> std::optional<model::Kind> {
  switch (type) {
    case std::to_underlying(BitwardenType::login):
      return model::Kind::login;
    case std::to_underlying(BitwardenType::note):
      return model::Kind::note;
    case std::to_underlying(BitwardenType::card):
      return model::Kind::card;
    case std::to_underlying(BitwardenType::identity):
      return model::Kind::identity;
    case std::to_underlying(BitwardenType::ssh_key):
      return model::Kind::ssh_key;
    default:
      return std::nullopt;
  }
}

using FolderIndex = std::map<std::string_view, std::size_t>;  // source id to Imported::folders

// One item of the file. The secret is filled member by member, what has no place is kept.
class ItemImport {
 public:
  ItemImport(model::TimeMs now, SecretMemory& memory)
      : now_{now}, memory_{memory}, entry_{.secret = model::Secret{memory}} {}

  auto run(const JsonValue& item) -> Result<void> {
    if (!item.is(JsonType::object)) return fail(Error::bad_entry);
    infer_kind(item);
    for (const JsonMember& member : item.members()) {
      if (!member.value.is(JsonType::null)) TRY_DO(take(member));
    }
    secret().created = created_.value_or(modified_.value_or(now_));
    secret().modified = modified_.value_or(secret().created);
    ensure_label(secret(), memory_);
    return take_history();
  }

  [[nodiscard]] auto entry() -> ImportedEntry& { return entry_; }
  [[nodiscard]] auto id() const -> std::string_view { return id_; }
  [[nodiscard]] auto folder_id() const -> std::string_view { return folder_id_; }
  [[nodiscard]] auto collection_id() const -> std::string_view { return collection_id_; }
  [[nodiscard]] auto unusable_totp() const -> bool { return unusable_totp_; }

  void keep(std::string_view path, const JsonValue& value) {
    if (is_empty(value)) return;
    const bool shown = bitwarden_shows(path);
    FieldText field{.section = kImportedSection, .name = path, .is_protected = !shown};
    if (!shown) field.type = model::FieldType::concealed;
    if (path.ends_with("Date")) field.type = model::FieldType::date;
    if (path == "identity.email") field.type = model::FieldType::email;
    if (path == "identity.phone") field.type = model::FieldType::phone;
    if (value.is(JsonType::boolean)) field.type = model::FieldType::boolean;
    SecretBytes json{memory_};
    if (value.is(JsonType::string)) {
      field.value = value.text();
    } else {
      JsonWriter{json.buffer()}.value(value);
      field.value = peek(json);
    }
    add_field(secret(), field, memory_);
  }

 private:
  [[nodiscard]] auto secret() -> model::Secret& { return entry_.secret; }

  // Old exports have no type; what is special to a kind then tells.
  void infer_kind(const JsonValue& item) {
    secret().kind = item.find(kBitwardenLogin)      ? model::Kind::login
                    : item.find(kBitwardenCard)     ? model::Kind::card
                    : item.find(kBitwardenIdentity) ? model::Kind::identity
                    : item.find(kBitwardenSshKey)   ? model::Kind::ssh_key
                                                    : model::Kind::note;
  }

  auto take(const JsonMember& member) -> Result<void> {
    const auto& [key, value] = member;
    if (key == "type") return take_type(value);
    if (key == "id") return take_view(value, id_);
    if (key == "folderId") return take_view(value, folder_id_);
    if (key == "name") return take_text(value, secret().label);
    if (key == "notes") return take_text(value, secret().notes);
    if (key == "creationDate") return take_time(value, created_);
    if (key == "revisionDate") return take_time(value, modified_);
    if (key == "fields") return take_fields(value);
    if (key == "passwordHistory") {
      history_ = &value;
      return {};
    }
    if (key == kBitwardenLogin) return take_login(value);
    if (key == kBitwardenNote || key == kBitwardenCard || key == kBitwardenIdentity ||
        key == kBitwardenSshKey)
      return take_parts(key, value);
    if (key == kBitwardenDeleted) entry_.deleted = true;
    if (key == "favorite" && value.is(JsonType::boolean) && !value.is_true()) return {};
    if (key == "reprompt" && value.unsigned_number() == 0) return {};
    if (key == "collectionIds" && !value.items().empty())
      collection_id_ = value.items().front().text();
    keep(key, value);
    return {};
  }

  auto take_type(const JsonValue& value) -> Result<void> {
    const auto number = value.unsigned_number();
    if (!number) return fail(Error::bad_entry);
    if (const auto kind = kind_of(*number)) {
      secret().kind = *kind;
    } else {
      keep("type", value);  // newer than this program
    }
    return {};
  }

  auto take_view(const JsonValue& value, std::string_view& view) -> Result<void> {
    TRY(text, text_or_null(value));
    view = text;
    return {};
  }
  auto take_text(const JsonValue& value, SecretBytes& to) -> Result<void> {
    TRY(text, text_or_null(value));
    to = secret_text(text, memory_);
    return {};
  }
  auto take_time(const JsonValue& value, std::optional<model::TimeMs>& to) -> Result<void> {
    TRY(text, text_or_null(value));
    if (text.empty()) return {};
    TRY(time, parse_time(text));
    to = time;
    return {};
  }

  auto take_login(const JsonValue& login) -> Result<void> {
    if (!login.is(JsonType::object)) return fail(Error::bad_entry);
    for (const auto& [key, value] : login.members()) {
      if (key == "username") {
        TRY_DO(take_text(value, secret().username));
      } else if (key == "password") {
        TRY_DO(take_text(value, secret().password));
      } else if (key == "totp") {
        TRY_DO(take_totp(value));
      } else if (key == "uris") {
        TRY_DO(take_uris(value));
      } else {
        keep("login." + std::string{key}, value);
      }
    }
    return {};
  }

  auto take_totp(const JsonValue& value) -> Result<void> {
    TRY(text, text_or_null(value));
    if (text.empty()) return {};
    auto otp = parse_otp(text, memory_);
    if (!otp) {
      unusable_totp_ = true;
      keep(kBitwardenTotp, value);
      return {};
    }
    secret().totp = std::move(otp->totp);
    if (!otp->plain) keep(kBitwardenTotpUri, value);
    return {};
  }

  auto take_uris(const JsonValue& uris) -> Result<void> {
    if (uris.is(JsonType::null)) return {};
    if (!uris.is(JsonType::array)) return fail(Error::bad_entry);
    for (const JsonValue& uri : uris.items()) {
      if (!uri.is(JsonType::object)) return fail(Error::bad_entry);
      const JsonValue* address = uri.find("uri");
      if (address == nullptr || is_empty(*address)) {
        if (uri.members().size() > (address == nullptr ? 0u : 1u)) keep("login.uri", uri);
        continue;
      }
      if (!address->is(JsonType::string)) return fail(Error::bad_entry);
      const std::string path = std::string{kBitwardenUris} + std::to_string(secret().urls.size());
      secret().urls.push_back(secret_text(address->text(), memory_));
      for (const auto& [key, value] : uri.members())
        if (key != "uri") keep(path + "." + std::string{key}, value);
    }
    return {};
  }

  // The members of a card, an identity, a note, an SSH key, each as a field.
  auto take_parts(std::string_view prefix, const JsonValue& parts) -> Result<void> {
    if (!parts.is(JsonType::object)) return fail(Error::bad_entry);
    for (const auto& [key, value] : parts.members()) {
      if (prefix == kBitwardenNote && key == "type" && value.unsigned_number() == 0) continue;
      keep(std::string{prefix} + "." + std::string{key}, value);
    }
    return {};
  }

  auto take_fields(const JsonValue& fields) -> Result<void> {
    if (!fields.is(JsonType::array)) return fail(Error::bad_entry);
    for (const JsonValue& field : fields.items()) {
      if (!field.is(JsonType::object)) return fail(Error::bad_entry);
      if (!take_field(field)) keep("field", field);
    }
    return {};
  }

  // False: the field has something that ours cannot hold.
  auto take_field(const JsonValue& field) -> bool {
    FieldText ours;
    BitwardenField type = BitwardenField::text;
    const JsonValue* linked = nullptr;
    for (const auto& [key, value] : field.members()) {
      if (value.is(JsonType::null)) continue;
      if (key == "type") {
        const auto number = value.unsigned_number();
        if (!number || *number > std::to_underlying(BitwardenField::linked)) return false;
        type = static_cast<BitwardenField>(*number);
      } else if (key == "linkedId" && value.unsigned_number()) {
        linked = &value;
      } else if (key == "name" && value.is(JsonType::string)) {
        ours.name = value.text();
      } else if (key == "value" && value.is(JsonType::string)) {
        ours.value = value.text();
      } else {
        return false;
      }
    }
    if (linked != nullptr) {  // its value is the number of what it shows
      if (type != BitwardenField::linked || !ours.value.empty()) return false;
      ours.value = linked->text();
    }
    constexpr model::FieldType kTypes[] = {model::FieldType::text, model::FieldType::concealed,
                                           model::FieldType::boolean, model::FieldType::linked};
    ours.type = kTypes[std::to_underlying(type)];
    ours.is_protected = type == BitwardenField::hidden;
    add_field(secret(), ours, memory_);
    return true;
  }

  // Passwords of former times, the newest first: each becomes a state of the whole secret.
  auto take_history() -> Result<void> {
    if (history_ == nullptr) return {};
    if (!history_->is(JsonType::array)) return fail(Error::bad_entry);
    if (history_->items().size() > kHistoryItemsMax) return fail(Error::capacity_exceeded);
    for (const JsonValue& old : history_->items()) {
      for (const auto& [key, value] : old.members())
        if (key != "password" && key != "lastUsedDate" && !is_empty(value)) {
          keep("passwordHistory", old);
          break;
        }
    }
    TRY_DO(check_limits(entry_));  // before it is multiplied
    for (const JsonValue& old : history_->items()) {
      const JsonValue* password = old.find("password");
      if (password == nullptr) return fail(Error::bad_entry);
      model::Secret state = secret().clone();
      TRY_DO(take_text(*password, state.password));
      std::optional<model::TimeMs> used;
      if (const JsonValue* date = old.find("lastUsedDate")) TRY_DO(take_time(*date, used));
      state.modified = used.value_or(secret().created);
      entry_.history.push_back(std::move(state));
    }
    std::ranges::reverse(entry_.history);
    std::ranges::stable_sort(entry_.history, {}, &model::Secret::modified);
    return {};
  }

  model::TimeMs now_;
  SecretMemory& memory_;
  ImportedEntry entry_;
  std::string_view id_, folder_id_, collection_id_;
  std::optional<model::TimeMs> created_, modified_;
  const JsonValue* history_ = nullptr;
  bool unusable_totp_ = false;
};

class BitwardenImport {
 public:
  BitwardenImport(model::TimeMs now, SecretMemory& memory) : now_{now}, memory_{memory} {}

  auto run(const JsonValue& root) -> Detailed<Imported> {
    TRY_DO(check_file(root));
    if (const JsonValue* folders = root.find("folders")) TRY_DO(take_folders(*folders));
    if (const JsonValue* collections = root.find("collections")) {
      TRY_DO(take_folders(*collections));
      imported_.notes.emplace_back("collections of an organisation become folders");
    }
    const std::span<const JsonValue> items = root.find("items")->items();
    if (items.size() > kImportEntriesMax) return fail(Error::too_many_entries, "");
    imported_.entries.reserve(items.size());
    for (const JsonValue& item : items) {
      if (auto taken = take_item(item); !taken)
        return fail(taken.error(), entry_place(imported_.entries.size()));
    }
    note_rest(root);
    return std::move(imported_);
  }

 private:
  static auto check_file(const JsonValue& root) -> Detailed<void> {
    if (const JsonValue* encrypted = root.find("encrypted"); encrypted && encrypted->is_true()) {
      const JsonValue* password = root.find("passwordProtected");
      return fail(password != nullptr && password->is_true() ? Error::encrypted_with_password
                                                             : Error::encrypted_with_account_key,
                  "");
    }
    const JsonValue* items = root.find("items");
    if (items == nullptr || !items->is(JsonType::array)) return fail(Error::wrong_format, "");
    return {};
  }

  auto take_folders(const JsonValue& folders) -> Detailed<void> {
    if (folders.is(JsonType::null)) return {};
    if (!folders.is(JsonType::array)) return fail(Error::wrong_format, "folders");
    for (const JsonValue& folder : folders.items()) {
      if (imported_.folders.size() == kImportFoldersMax)
        return fail(Error::capacity_exceeded, "folders");
      if (auto taken = take_folder(folder); !taken)
        return fail(taken.error(), "folder " + std::to_string(imported_.folders.size() + 1));
    }
    return {};
  }

  auto take_folder(const JsonValue& folder) -> Result<void> {
    const JsonValue* id = folder.find("id");
    const JsonValue* name = folder.find("name");
    if (id == nullptr || name == nullptr) return fail(Error::bad_entry);
    if (!id->is(JsonType::string) || !name->is(JsonType::string)) return fail(Error::bad_entry);
    FolderPath path = split(name->text());
    TRY_DO(check_limits(path));
    if (!folders_.emplace(id->text(), imported_.folders.size()).second)
      return fail(Error::duplicate_key);
    imported_.folders.push_back(std::move(path));
    return {};
  }

  // "Work/Mail" is Mail within Work. A name with an empty part is not such a path.
  auto split(std::string_view name) -> FolderPath {
    FolderPath path;
    const bool whole = name.starts_with('/') || name.ends_with('/') || name.contains("//");
    for (std::string_view rest = name; !rest.empty();) {
      const std::string_view part = whole ? rest : rest.substr(0, rest.find('/'));
      path.push_back(secret_text(part, memory_));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    }
    return path;
  }

  auto take_item(const JsonValue& item) -> Result<void> {
    ItemImport import{now_, memory_};
    TRY_DO(import.run(item));
    ImportedEntry& entry = import.entry();
    if (!import.folder_id().empty()) {
      if (!place(entry, import.folder_id()))
        import.keep("folderId", JsonValue{JsonType::string, import.folder_id()});
    } else {
      place(entry, import.collection_id());
    }
    if (import.unusable_totp()) ++unusable_totps_;
    identify(entry, import.id());
    TRY_DO(check_limits(entry));
    imported_.entries.push_back(std::move(entry));
    return {};
  }

  auto place(ImportedEntry& entry, std::string_view id) -> bool {
    const auto found = folders_.find(id);
    if (found == folders_.end()) return false;
    for (const SecretBytes& name : imported_.folders[found->second])
      entry.folder.push_back(name.clone());
    return true;
  }

  void identify(ImportedEntry& entry, std::string_view id) {
    const model::Secret& secret = entry.secret;
    const std::string_view url = secret.urls.empty() ? std::string_view{} : peek(secret.urls[0]);
    const std::string made =
        id.empty() ? ids_.next(url, peek(secret.username), peek(secret.label)) : std::string{};
    for (model::Secret& state : entry.history)
      add_source(state, Format::bitwarden_json, id.empty() ? made : id, memory_);
    add_source(entry.secret, Format::bitwarden_json, id.empty() ? made : id, memory_);
  }

  void note_rest(const JsonValue& root) {
    if (unusable_totps_ > 0)
      imported_.notes.push_back("one-time passwords of another kind than TOTP became fields: " +
                                std::to_string(unusable_totps_));
    std::size_t unknown = 0;
    for (const JsonMember& member : root.members()) {
      const bool known = member.key == "encrypted" || member.key == "folders" ||
                         member.key == "collections" || member.key == "items";
      if (!known && !is_empty(member.value)) ++unknown;
    }
    if (unknown > 0)
      imported_.notes.push_back("members outside of entries and folders, not imported: " +
                                std::to_string(unknown));
  }

  model::TimeMs now_;
  SecretMemory& memory_;
  Imported imported_;
  FolderIndex folders_;
  SourceIds ids_;
  std::size_t unusable_totps_ = 0;
};

}  // namespace

auto import_bitwarden(base::ByteView file, model::TimeMs now, SecretMemory& memory)
    -> Detailed<Imported> {
  TRY(document, JsonDocument::parse(file, memory));
  return BitwardenImport{now, memory}.run(document.root());
}

}  // namespace holdfast::formats
