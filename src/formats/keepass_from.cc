// An entry of KeePass becomes a secret; see keepass_entry.h for the mapping.
#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "formats/base_text.h"
#include "formats/entry_tools.h"
#include "formats/holdfast_json.h"
#include "formats/json_reader.h"
#include "formats/keepass_entry.h"
#include "formats/secret_text.h"
#include "formats/time_text.h"
#include "formats/xml_reader.h"

namespace holdfast::formats {
namespace {

using base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;

// KP2A_URL is 0, KP2A_URL_7 is 7.
auto url_number(std::string_view key) -> std::optional<std::uint32_t> {
  if (!key.starts_with(kKeePassUrl)) return std::nullopt;
  key.remove_prefix(kKeePassUrl.size());
  if (key.empty()) return 0;
  if (!key.starts_with('_')) return std::nullopt;
  key.remove_prefix(1);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
  const bool whole = error == std::errc{} && end == key.data() + key.size();
  return whole && number > 0 && key == std::to_string(number) ? std::optional{number}
                                                              : std::nullopt;
}

template <class Names>
auto index_of(const Names& names, std::string_view name) -> std::optional<std::size_t> {
  const auto found = std::ranges::find(names, name);
  if (found == std::end(names)) return std::nullopt;
  return static_cast<std::size_t>(found - std::begin(names));
}

class FromKeePass {
 public:
  FromKeePass(const KeePassEntry& entry, SecretMemory& memory)
      : entry_{entry}, memory_{memory}, secret_{memory}, extra_text_{memory} {}

  auto run(model::TimeMs now) -> Result<model::Secret> {
    read_extra();
    take_otp();
    take_strings();
    take_fields();
    take_times(now);
    take_parts();
    take_custom_data();
    keep_otp();
    secret_.tags = split_tags(peek(entry_.tags), memory_);
    take_attachments();
    take_sources();
    if (extra_) take_extra(), take_order();
    if (!has_kind_) secret_.kind = usual_kind(secret_);
    ensure_label(secret_, memory_);
    return std::move(secret_);
  }

 private:
  void read_extra() {
    for (const KeePassItem& item : entry_.custom_data) {
      if (peek(item.key) != kKeePassExtra) continue;
      auto document = JsonDocument::parse(base::view_of(peek(item.value)), memory_);
      if (!document || !document->root().is(JsonType::object)) continue;
      const JsonValue* version = document->root().find("v");
      if (version == nullptr || version->unsigned_number() != kKeePassExtraVersion) continue;
      extra_document_ = std::move(*document);
      extra_ = &extra_document_->root();
      extra_item_ = &item;
      return;
    }
  }
  [[nodiscard]] auto part(std::string_view name) const -> const JsonValue* {
    return extra_ == nullptr ? nullptr : extra_->find(name);
  }
  [[nodiscard]] auto items(std::string_view name) const -> std::span<const JsonValue> {
    const JsonValue* value = part(name);
    return value == nullptr ? std::span<const JsonValue>{} : value->items();
  }
  static auto text_at(const JsonValue& object, std::string_view key) -> std::string_view {
    const JsonValue* value = object.find(key);
    return value == nullptr ? std::string_view{} : value->text();
  }

  void take_otp() {
    otp_ = keepass_otp(entry_.strings, memory_);
    if (!otp_.totp) return;
    secret_.totp = *std::move(otp_.totp);
    if (otp_.plain) consumed_.insert(otp_.used.begin(), otp_.used.end());
  }

  void take_strings() {
    std::map<std::uint32_t, std::size_t> urls;
    std::set<std::string_view> seen;  // of a key twice, the second one is a custom field
    for (std::size_t i = 0; i < entry_.strings.size(); ++i) {
      const KeePassString& string = entry_.strings[i];
      const std::string_view key = peek(string.key);
      const auto standard = index_of(kKeePassStandard, key);
      const auto url = string.is_protected ? std::nullopt : url_number(key);
      if ((standard || url) && !seen.insert(key).second) continue;
      if (standard) {
        take_standard(*standard, string.value);
      } else if (url && !string.value.empty()) {
        urls[*url] = i;
      } else if (!url) {
        continue;
      }
      consumed_.insert(i);
    }
    for (const auto& [number, index] : urls)
      secret_.urls.push_back(entry_.strings[index].value.clone());
  }

  void take_standard(std::size_t index, const SecretBytes& value) {
    if (value.empty()) return;
    switch (index) {
      case 0:
        secret_.label = value.clone();
        break;
      case 1:
        secret_.username = value.clone();
        break;
      case 2:
        secret_.password = value.clone();
        break;
      case 3:
        secret_.urls.insert(secret_.urls.begin(), value.clone());
        break;
      default:
        secret_.notes = value.clone();
        break;
    }
  }

  // Those that the extra part describes, in its order, then all others.
  void take_fields() {
    std::map<std::string_view, std::size_t> custom;
    for (std::size_t i = 0; i < entry_.strings.size(); ++i)
      if (!consumed_.contains(i) && peek(entry_.strings[i].key) != kKeePassOtp)
        custom.emplace(peek(entry_.strings[i].key), i);
    for (const JsonValue& described : items("fields")) {
      const auto found = custom.find(text_at(described, "key"));
      if (found == custom.end()) continue;
      if (!add_described(described, entry_.strings[found->second])) continue;
      consumed_.insert(found->second);
      custom.erase(found);
    }
    for (std::size_t i = 0; i < entry_.strings.size(); ++i) {
      const KeePassString& string = entry_.strings[i];
      if (consumed_.contains(i)) continue;
      const bool otp = peek(string.key) == kKeePassOtp;
      if (otp && kept_otp_ == nullptr) {
        kept_otp_ = &string;
        continue;
      }
      add_field(secret_,
                {.name = peek(string.key),
                 .value = peek(string.value),
                 .type = string.is_protected ? model::FieldType::concealed : model::FieldType::text,
                 .is_protected = string.is_protected},
                memory_);
    }
  }

  auto add_described(const JsonValue& described, const KeePassString& string) -> bool {
    const auto type = index_of(kFieldTypeNames, text_at(described, "type"));
    if (!type) return false;
    FieldText field{.section = text_at(described, "section"),
                    .name = text_at(described, "name"),
                    .value = peek(string.value),
                    .type = static_cast<model::FieldType>(*type),
                    .is_protected = string.is_protected};
    SecretBytes bytes{memory_};
    if (const JsonValue* exact = described.find("value")) {
      if (peek(xml_clean(exact->text(), memory_)) == field.value) field.value = exact->text();
    } else if (const JsonValue* encoded = described.find("value_base64")) {
      auto decoded = base64_decode(encoded->text(), memory_);
      if (decoded && encoded->text() == field.value) {
        bytes = *std::move(decoded);
        field.value = peek(bytes);
      }
    }
    add_field(secret_, field, memory_);
    return true;
  }

  void keep(std::string_view name, std::string_view value, model::FieldType type,
            bool is_protected) {
    add_field(secret_,
              {.section = kImportedSection,
               .name = name,
               .value = value,
               .type = type,
               .is_protected = is_protected},
              memory_);
  }

  void take_times(model::TimeMs now) {
    const KeePassTimes& times = entry_.times;
    secret_.created = times.created.value_or(times.modified.value_or(now));
    secret_.modified = times.modified.value_or(secret_.created);
    const auto keep_time = [&](std::string_view name, const std::optional<model::TimeMs>& time) {
      if (time) keep(name, format_time(*time), model::FieldType::date, false);
    };
    const auto tells = [&](const std::optional<model::TimeMs>& time) {
      return time && *time != secret_.created && *time != secret_.modified;
    };
    if (times.expires) keep_time("ExpiryTime", times.expiry);
    if (tells(times.last_access)) keep_time("LastAccessTime", times.last_access);
    if (tells(times.moved)) keep_time("LocationChanged", times.moved);
    if (times.usage > 0)
      keep("UsageCount", std::to_string(times.usage), model::FieldType::text, false);
  }

  void take_parts() {
    for (const KeePassText& text : entry_.parts) {
      const bool shown = std::ranges::contains(kKeePassParts, text.name, &KeePassPart::name);
      keep(text.name, peek(text.text), shown ? model::FieldType::text : model::FieldType::concealed,
           !shown);
    }
  }

  void take_custom_data() {
    for (const KeePassItem& item : entry_.custom_data) {
      if (&item == extra_item_) continue;
      const std::string_view key = peek(item.key);
      SecretBytes name{memory_};
      append_text(name.buffer(), kKeePassData);
      append_text(name.buffer(), key);
      keep(peek(name), peek(item.value), model::FieldType::concealed, true);
      if (item.time.empty()) continue;
      name.buffer().clear();
      append_text(name.buffer(), kKeePassDataTime);
      append_text(name.buffer(), key);
      keep(peek(name), peek(item.time), model::FieldType::text, false);
    }
  }

  // A code of a kind we cannot make, or with issuer and account.
  void keep_otp() {
    if (kept_otp_ == nullptr) return;
    keep(kKeePassOtp, peek(kept_otp_->value), model::FieldType::concealed, true);
  }

  void take_attachments() {
    std::map<std::string_view, const JsonValue*> described;
    for (const JsonValue& one : items("attachments")) described.emplace(text_at(one, "key"), &one);
    for (const KeePassBinary& binary : entry_.binaries) {
      model::Attachment attachment{binary.name.clone(), SecretBytes{memory_},
                                   binary.content->clone()};
      const auto found = described.find(peek(binary.name));
      if (found != described.end()) {
        attachment.name = secret_text(text_at(*found->second, "name"), memory_);
        attachment.media_type = secret_text(text_at(*found->second, "type"), memory_);
      }
      secret_.attachments.push_back(std::move(attachment));
    }
  }

  void take_sources() {
    const std::string id = entry_.id.hex();
    const JsonValue* same = part("uuid");
    // A copy made in KeePass has a new id: what the original came from is not its source.
    if (same != nullptr && same->text() == id) {
      for (const JsonValue& source : items("sources"))
        secret_.sources.push_back({secret_text(text_at(source, "source"), memory_),
                                   secret_text(text_at(source, "id"), memory_)});
    }
    if (source_id(secret_, Format::kdbx) != id) add_source(secret_, Format::kdbx, id, memory_);
  }

  void take_extra() {
    if (const JsonValue* kind = part("kind")) {
      if (const auto index = index_of(kKindNames, kind->text())) {
        secret_.kind = static_cast<model::Kind>(*index);
        has_kind_ = true;
      }
    }
    if (const JsonValue* exact = part("exact")) {
      take_exact(*exact, "label", secret_.label);
      take_exact(*exact, "username", secret_.username);
      take_exact(*exact, "password", secret_.password);
      take_exact(*exact, "notes", secret_.notes);
    }
    take_list("urls", secret_.urls);
    take_list("tags", secret_.tags);
    take_exact_time("created", secret_.created);
    take_exact_time("modified", secret_.modified);
    take_unknown();
  }

  // Which of the fields stood where, if they are as many as then.
  void take_order() {
    const auto order = items("order");
    if (order.empty() || order.size() != secret_.fields.size()) return;
    std::vector<std::optional<model::Field>> sorted(order.size());
    std::vector<std::size_t> places;
    for (const JsonValue& place : order) {
      const auto index = place.unsigned_number();
      if (!index || *index >= order.size() || std::ranges::contains(places, *index)) return;
      places.push_back(static_cast<std::size_t>(*index));
    }
    for (std::size_t i = 0; i < places.size(); ++i)
      sorted[places[i]] = std::move(secret_.fields[i]);
    for (std::size_t i = 0; i < sorted.size(); ++i) secret_.fields[i] = *std::move(sorted[i]);
  }

  void take_exact(const JsonValue& exact, std::string_view key, SecretBytes& text) {
    const JsonValue* value = exact.find(key);
    if (value == nullptr || peek(xml_clean(value->text(), memory_)) != peek(text)) return;
    text = secret_text(value->text(), memory_);
  }

  // Counts if the list, as it would be written, is what was read.
  void take_list(std::string_view key, std::vector<SecretBytes>& texts) {
    const auto exact = items(key);
    if (exact.empty()) return;
    std::vector<SecretBytes> list;
    SecretBytes written{memory_}, read{memory_};
    const auto add = [](SecretBytes& to, std::string_view text) {
      if (text.empty()) return;
      append_text(to.buffer(), text);
      append_text(to.buffer(), ";");
    };
    for (const JsonValue& one : exact) {
      list.push_back(secret_text(one.text(), memory_));
      const SecretBytes clean = xml_clean(one.text(), memory_);
      if (key != "tags") {
        add(written, peek(clean));
        continue;
      }
      for (const SecretBytes& tag : split_tags(peek(clean), memory_)) add(written, peek(tag));
    }
    for (const SecretBytes& one : texts) add(read, peek(one));
    if (peek(written) == peek(read)) texts = std::move(list);
  }

  void take_exact_time(std::string_view key, model::TimeMs& time) {
    const JsonValue* value = part(key);
    const auto number = value == nullptr ? std::nullopt : value->unsigned_number();
    if (number && keepass_seconds(model::TimeMs{*number}) == keepass_seconds(time))
      time = model::TimeMs{*number};
  }

  void take_unknown() {
    const JsonValue* unknown = part("unknown");
    if (unknown == nullptr) return;
    for (const auto& [key, value] : unknown->members()) {
      std::uint64_t number = 0;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
      if (error != std::errc{} || end != key.data() + key.size()) continue;
      const bool ascends = secret_.unknown.empty() || secret_.unknown.back().first < number;
      if (number < kSecretKeysKnown || !ascends || secret_.unknown.size() == model::kUnknownKeysMax)
        continue;
      auto bytes = base64_decode(value.text(), memory_);
      if (bytes) secret_.unknown.emplace_back(number, *std::move(bytes));
    }
    if (!model::encode(secret_, memory_)) secret_.unknown.clear();  // not CBOR at all
  }

  const KeePassEntry& entry_;
  SecretMemory& memory_;
  model::Secret secret_;
  SecretBytes extra_text_;
  std::optional<JsonDocument> extra_document_;
  const JsonValue* extra_ = nullptr;
  const KeePassItem* extra_item_ = nullptr;
  const KeePassString* kept_otp_ = nullptr;
  KeePassOtp otp_;
  std::set<std::size_t> consumed_;  // strings with a place
  bool has_kind_ = false;
};

}  // namespace

auto from_keepass(const KeePassEntry& entry, model::TimeMs now, SecretMemory& memory)
    -> Result<model::Secret> {
  if (entry.strings.size() > kKeePassStringsMax || entry.custom_data.size() > kKeePassItemsMax ||
      entry.binaries.size() > model::kListItemsMax)
    return fail(Error::capacity_exceeded);
  return FromKeePass{entry, memory}.run(now);
}

}  // namespace holdfast::formats
