#include <charconv>

#include "formats/base_text.h"
#include "formats/entry_tools.h"
#include "formats/holdfast_json.h"
#include "formats/json_reader.h"
#include "formats/secret_text.h"

namespace holdfast::formats {
namespace {

using base::Detailed, base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;

auto bad() { return fail(Error::bad_entry); }

template <class Enum, std::size_t kCount>
auto read_name(const JsonValue& value, const std::array<std::string_view, kCount>& names, Enum& to)
    -> Result<void> {
  if (!value.is(JsonType::string)) return bad();
  for (std::size_t i = 0; i < kCount; ++i) {
    if (names[i] != value.text()) continue;
    to = static_cast<Enum>(i);
    return {};
  }
  return bad();
}

template <class Number>
auto read_number(const JsonValue& value, std::uint64_t low, std::uint64_t high, Number& to)
    -> Result<void> {
  const auto number = value.unsigned_number();
  if (!number) return bad();
  if (*number < low || *number > high) return fail(Error::out_of_range);
  to = static_cast<Number>(*number);
  return {};
}

// Reads one secret; a member outside of the version's list is an error.
class SecretReader {
 public:
  explicit SecretReader(SecretMemory& memory) : memory_{memory} {}

  auto read(const JsonValue& value) -> Result<model::Secret> {
    model::Secret secret{memory_};
    for (const std::string_view needed : {"kind", "label", "created", "modified"})
      if (value.find(needed) == nullptr) return bad();
    for (const auto& [key, member] : value.members()) TRY_DO(take(key, member, secret));
    if (!secret.unknown.empty()) TRY_DO(model::encode(secret, memory_));  // are they CBOR at all
    return secret;
  }

  auto text(const JsonValue& value, SecretBytes& to) -> Result<void> {
    if (!value.is(JsonType::string)) return bad();
    to = secret_text(value.text(), memory_);
    return {};
  }
  auto texts(const JsonValue& value, std::vector<SecretBytes>& to) -> Result<void> {
    return each(value, [&](const JsonValue& item) { return text(item, to.emplace_back(memory_)); });
  }

 private:
  auto take(std::string_view key, const JsonValue& value, model::Secret& to) -> Result<void> {
    if (key == "kind") return read_name(value, kKindNames, to.kind);
    if (key == "label") return text(value, to.label);
    if (key == "username") return text(value, to.username);
    if (key == "password") return text(value, to.password);
    if (key == "urls") return texts(value, to.urls);
    if (key == "notes") return text(value, to.notes);
    if (key == "tags") return texts(value, to.tags);
    if (key == "created") return read_number(value, 0, UINT64_MAX, to.created);
    if (key == "modified") return read_number(value, 0, UINT64_MAX, to.modified);
    if (key == "totp") return read_totp(value, to.totp);
    if (key == "unknown") return read_unknown(value, to);
    if (key == "fields")
      return each(value, [&](const JsonValue& item) { return read_field(item, to); });
    if (key == "attachments")
      return each(value, [&](const JsonValue& item) { return read_attachment(item, to); });
    if (key == "sources")
      return each(value, [&](const JsonValue& item) { return read_source(item, to); });
    return bad();
  }

  template <class Read>
  auto each(const JsonValue& list, Read&& read) -> Result<void> {
    if (!list.is(JsonType::array)) return bad();
    if (list.items().size() > model::kListItemsMax) return fail(Error::capacity_exceeded);
    for (const JsonValue& item : list.items()) TRY_DO(read(item));
    return {};
  }

  auto base64(const JsonValue& value, SecretBytes& to) -> Result<void> {
    if (!value.is(JsonType::string)) return bad();
    TRY(bytes, base64_decode(value.text(), memory_));
    to = std::move(bytes);
    return {};
  }

  auto read_field(const JsonValue& value, model::Secret& to) -> Result<void> {
    if (value.members().size() != 5) return bad();
    model::Field field{SecretBytes{memory_}, SecretBytes{memory_}, SecretBytes{memory_}};
    for (const auto& [key, member] : value.members()) {
      if (key == "section") {
        TRY_DO(text(member, field.section));
      } else if (key == "name") {
        TRY_DO(text(member, field.name));
      } else if (key == "value") {
        TRY_DO(text(member, field.value));
      } else if (key == "value_base64") {
        TRY_DO(base64(member, field.value));
      } else if (key == "protected" && member.is(JsonType::boolean)) {
        field.is_protected = member.is_true();
      } else if (key == "type") {
        TRY_DO(read_name(member, kFieldTypeNames, field.type));
      } else {
        return bad();
      }
    }
    to.fields.push_back(std::move(field));
    return {};
  }

  auto read_totp(const JsonValue& value, model::Totp& to) -> Result<void> {
    if (value.members().size() != 4) return bad();
    for (const auto& [key, member] : value.members()) {
      if (key == "algorithm") {
        TRY_DO(read_name(member, kOtpAlgorithmNames, to.algorithm));
      } else if (key == "digits") {
        TRY_DO(read_number(member, 6, 8, to.digits));
      } else if (key == "period") {
        TRY_DO(read_number(member, 1, 3600, to.period));
      } else if (key == "secret" && member.is(JsonType::string)) {
        TRY(secret, base32_decode(member.text(), memory_));
        if (!secret.exact || secret.bytes.empty()) return bad();
        to.secret = std::move(secret.bytes);
      } else {
        return bad();
      }
    }
    return {};
  }

  auto read_attachment(const JsonValue& value, model::Secret& to) -> Result<void> {
    if (value.members().size() != 3) return bad();
    model::Attachment attachment{SecretBytes{memory_}, SecretBytes{memory_}, SecretBytes{memory_}};
    for (const auto& [key, member] : value.members()) {
      if (key == "name") {
        TRY_DO(text(member, attachment.name));
      } else if (key == "media_type") {
        TRY_DO(text(member, attachment.media_type));
      } else if (key == "content") {
        TRY_DO(base64(member, attachment.content));
      } else {
        return bad();
      }
    }
    to.attachments.push_back(std::move(attachment));
    return {};
  }

  auto read_source(const JsonValue& value, model::Secret& to) -> Result<void> {
    const JsonValue* source = value.find("source");
    const JsonValue* id = value.find("id");
    if (value.members().size() != 2 || source == nullptr || id == nullptr) return bad();
    model::Source& added = to.sources.emplace_back(SecretBytes{memory_}, SecretBytes{memory_});
    TRY_DO(text(*source, added.source));
    return text(*id, added.source_id);
  }

  auto read_unknown(const JsonValue& value, model::Secret& to) -> Result<void> {
    if (!value.is(JsonType::object)) return bad();
    if (value.members().size() > model::kUnknownKeysMax) return fail(Error::capacity_exceeded);
    std::uint64_t least = kSecretKeysKnown;
    for (const auto& [name, hex] : value.members()) {
      std::uint64_t key = 0;
      const char* end = name.data() + name.size();
      const auto parsed = std::from_chars(name.data(), end, key);
      if (parsed.ec != std::errc{} || parsed.ptr != end || key < least) return bad();
      if (std::to_string(key) != name || key == UINT64_MAX) return bad();
      least = key + 1;
      SecretBytes bytes{memory_};
      if (!hex.is(JsonType::string) || !append_hex(hex.text(), bytes.buffer()))
        return fail(Error::bad_hex);
      to.unknown.emplace_back(key, std::move(bytes));
    }
    return {};
  }

  static auto append_hex(std::string_view hex, SecretBytes::Buffer& to) -> bool {
    if (hex.size() % 2 != 0) return false;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      std::uint8_t byte = 0;
      const char* digits = hex.data() + i;
      if (std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) return false;
      to.push_back(byte);
    }
    return true;
  }

  SecretMemory& memory_;
};

class HoldfastImport {
 public:
  explicit HoldfastImport(SecretMemory& memory) : memory_{memory}, reader_{memory} {}

  auto run(const JsonValue& root) -> Detailed<Imported> {
    const JsonValue* format = root.find("format");
    const JsonValue* version = root.find("version");
    const JsonValue* entries = root.find("entries");
    if (format == nullptr || format->text() != format_name(Format::holdfast_json))
      return fail(Error::wrong_format, "");
    if (version == nullptr || version->unsigned_number() != kHoldfastJsonVersion)
      return fail(Error::unsupported_version, "");
    if (entries == nullptr || !entries->is(JsonType::array) || root.members().size() != 3)
      return fail(Error::wrong_format, "");
    if (entries->items().size() > kImportEntriesMax) return fail(Error::too_many_entries, "");
    Imported imported;
    imported.entries.reserve(entries->items().size());
    for (const JsonValue& value : entries->items()) {
      auto entry = read_entry(value);
      if (!entry) return fail(entry.error(), entry_place(imported.entries.size()));
      imported.entries.push_back(std::move(*entry));
    }
    list_folders(imported);
    return imported;
  }

 private:
  auto read_entry(const JsonValue& value) -> Result<ImportedEntry> {
    const JsonValue* secret = value.find("secret");
    if (secret == nullptr) return bad();
    TRY(read, reader_.read(*secret));
    ImportedEntry entry{.secret = std::move(read)};
    for (const auto& [key, member] : value.members()) {
      if (key == "id" && member.is(JsonType::string)) {
        TRY(id, base::from_hex(member.text()));
        if (id.size() != model::SecretId::kSize) return fail(Error::bad_hex);
        entry.id = base::to_hex(id);
      } else if (key == "folder") {
        TRY_DO(reader_.texts(member, entry.folder));
      } else if (key == "deleted" && member.is(JsonType::boolean)) {
        entry.deleted = member.is_true();
      } else if (key == "history") {
        TRY_DO(read_history(member, entry));
      } else if (key != "secret") {
        return bad();
      }
    }
    TRY_DO(check_limits(entry));
    return entry;
  }

  auto read_history(const JsonValue& value, ImportedEntry& entry) -> Result<void> {
    if (!value.is(JsonType::array)) return bad();
    if (value.items().size() > kHistoryItemsMax) return fail(Error::capacity_exceeded);
    for (const JsonValue& item : value.items()) {
      TRY(state, reader_.read(item));
      entry.history.push_back(std::move(state));
    }
    return {};
  }

  // The file names a folder only with an entry; each is listed once.
  void list_folders(Imported& imported) {
    std::vector<const FolderPath*> paths;
    for (const ImportedEntry& entry : imported.entries)
      if (!entry.folder.empty()) paths.push_back(&entry.folder);
    const auto less = [](const FolderPath* a, const FolderPath* b) {
      return std::ranges::lexicographical_compare(*a, *b, {}, peek, peek);
    };
    std::ranges::sort(paths, less);
    const auto equal = [&](const FolderPath* a, const FolderPath* b) {
      return !less(a, b) && !less(b, a);
    };
    const auto rest = std::ranges::unique(paths, equal);
    paths.erase(rest.begin(), rest.end());
    for (const FolderPath* path : paths) {
      FolderPath& copy = imported.folders.emplace_back();
      for (const SecretBytes& name : *path) copy.push_back(name.clone());
    }
  }

  SecretMemory& memory_;
  SecretReader reader_;
};

}  // namespace

auto import_holdfast(base::ByteView file, SecretMemory& memory) -> Detailed<Imported> {
  TRY(document, JsonDocument::parse(file, memory));
  return HoldfastImport{memory}.run(document.root());
}

}  // namespace holdfast::formats
