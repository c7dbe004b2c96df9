// A secret becomes an entry of KeePass; see keepass_entry.h for the mapping.
#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <memory_resource>
#include <set>

#include "base/text.h"
#include "formats/base_text.h"
#include "formats/entry_tools.h"
#include "formats/holdfast_json.h"
#include "formats/json_writer.h"
#include "formats/keepass_entry.h"
#include "formats/keepass_reader.h"
#include "formats/otp_text.h"
#include "formats/secret_text.h"
#include "formats/time_text.h"
#include "formats/xml_reader.h"

namespace holdfast::formats {
namespace {

using base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;
using Place = KeePassPlace;

constexpr std::string_view kTimeNames[] = {"ExpiryTime", "LastAccessTime", "LocationChanged"};
constexpr std::string_view kUsage = "UsageCount";

auto whole_number(std::string_view text) -> std::optional<std::uint64_t> {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return std::to_string(value) == text ? std::optional{value} : std::nullopt;
}

// A moment in whole seconds, in the very form that the import gives it.
auto whole_seconds(std::string_view text) -> std::optional<model::TimeMs> {
  const auto time = parse_time(text);
  if (!time || std::to_underlying(*time) % 1000 != 0 || format_time(*time) != text)
    return std::nullopt;
  return *time;
}

auto is_shown(const model::Field& field, model::FieldType type) -> bool {
  return !field.is_protected && field.type == type;
}
auto is_hidden(const model::Field& field) -> bool {
  return field.is_protected && field.type == model::FieldType::concealed;
}

auto part_place(const KeePassPart& part, const model::Field& field) -> Place {
  const std::string_view value = peek(field.value);
  if (!is_shown(field, model::FieldType::text) || value == part.usual || !xml_can_hold(value))
    return Place::string;
  if (value.empty() || value.front() <= ' ' || value.back() <= ' ') return Place::string;
  const bool number = part.name == "IconID";
  const bool truth = part.name == "QualityCheck";
  if (number && !whole_number(value)) return Place::string;
  if (truth && value != "False") return Place::string;
  return Place::part;
}

auto otp_place(const model::Secret& secret, const model::Field& field, SecretMemory& memory)
    -> Place {
  if (!is_hidden(field) || !xml_can_hold(peek(field.value))) return Place::string;
  std::vector<KeePassString> alone;
  alone.push_back({secret_text(kKeePassOtp, memory), field.value.clone(), true});
  const KeePassOtp otp = keepass_otp(alone, memory);
  if (secret.totp.secret.empty()) return otp.totp ? Place::string : Place::otp;
  if (!otp.totp || otp.plain) return Place::string;
  const bool same = peek(otp_uri(*otp.totp, memory)) == peek(otp_uri(secret.totp, memory));
  return same ? Place::otp : Place::string;
}

// The key of a string may not look like one that means something else.
auto is_reserved(std::string_view key) -> bool {
  return key.empty() || key == kKeePassOtp || key.starts_with(kKeePassUrl) ||
         std::ranges::contains(kKeePassStandard, key);
}

class ToKeePass {
 public:
  ToKeePass(const model::Secret& secret, const KeePassId& id, SecretMemory& memory)
      : secret_{secret},
        memory_{memory},
        entry_{.id = id, .tags = SecretBytes{memory}},
        extra_{memory},
        json_{extra_.buffer()},
        keys_{&memory},
        names_{&memory} {}

  auto run() -> Result<KeePassEntry> {
    json_.begin_object();
    json_.key("v"), json_.number(kKeePassExtraVersion);
    json_.member("uuid", entry_.id.hex());
    if (secret_.kind != usual_kind(secret_))
      tell(), json_.member("kind", kKindNames.at(std::to_underlying(secret_.kind)));
    put_standard();
    put_urls();
    put_otp_and_places();
    put_fields();
    put_tags();
    put_attachments();
    put_times();
    put_sources();
    put_unknown();
    json_.end_object();
    if (!json_.ok()) return fail(Error::bad_utf8);
    if (tells_)
      entry_.custom_data.push_back(
          {secret_text(kKeePassExtra, memory_), escaped_extra(), SecretBytes{memory_}});
    return std::move(entry_);
  }

 private:
  void tell() { tells_ = true; }  // something stands in the extra part

  auto clean(const SecretBytes& text) -> SecretBytes { return xml_clean(peek(text), memory_); }
  void put_string(std::string_view key, SecretBytes value, bool is_protected) {
    entry_.strings.push_back({secret_text(key, memory_), std::move(value), is_protected});
  }

  void put_standard() {
    const SecretBytes none{memory_};
    const SecretBytes& url = first_url() == nullptr ? none : *first_url();
    put_string("Title", clean(secret_.label), false);
    put_string("UserName", clean(secret_.username), false);
    put_string("Password", clean(secret_.password), true);
    put_string("URL", clean(url), false);
    put_string("Notes", clean(secret_.notes), false);
    const struct {
      std::string_view name;
      const SecretBytes& text;
    } texts[] = {{"label", secret_.label},
                 {"username", secret_.username},
                 {"password", secret_.password},
                 {"notes", secret_.notes}};
    bool any = false;
    for (const auto& [name, text] : texts) {
      if (xml_can_hold(peek(text))) continue;
      if (!any) json_.key("exact"), json_.begin_object();
      any = true;
      json_.member(name, text);
    }
    if (any) tell(), json_.end_object();
  }

  [[nodiscard]] auto first_url() const -> const SecretBytes* {
    for (const SecretBytes& url : secret_.urls)
      if (!url.empty()) return &url;
    return nullptr;
  }

  void put_urls() {
    std::size_t number = 0;
    bool simple = true;
    for (const SecretBytes& url : secret_.urls) {
      simple = simple && !url.empty() && xml_can_hold(peek(url));
      if (url.empty() || &url == first_url()) continue;
      const std::string key =
          std::string{kKeePassUrl} + (number == 0 ? "" : "_" + std::to_string(number));
      put_string(key, clean(url), false);
      ++number;
    }
    if (!simple) tell(), put_texts("urls", secret_.urls);
  }

  void put_texts(std::string_view key, const std::vector<SecretBytes>& texts) {
    json_.key(key), json_.begin_array();
    for (const SecretBytes& text : texts) json_.string(text);
    json_.end_array();
  }

  // Fields that go back to their places; what is left becomes strings.
  void put_otp_and_places() {
    const model::Field* otp = nullptr;
    std::pmr::set<std::string_view> seen{&memory_};
    std::vector<std::size_t> ranks;
    for (const model::Field& field : secret_.fields) {
      const std::string_view name = peek(field.name);
      const Place place = keepass_place(secret_, field, memory_);
      const bool data_time = name.starts_with(kKeePassDataTime);
      const bool takes_place = place != Place::string && !data_time && seen.insert(name).second;
      if (takes_place) {
        put_in_place(place, field);
        if (place == Place::otp) otp = &field;
        ranks.push_back(rank_of(place, name));
      } else if (data_time && put_data_time(field)) {
        ranks.push_back(rank_of(Place::data, name));
      } else {
        strings_.push_back(&field);
        ranks.push_back(0);
      }
    }
    put_order(ranks);
    if (otp != nullptr) {
      put_string(kKeePassOtp, otp->value.clone(), true);
    } else if (!secret_.totp.secret.empty()) {
      put_string(kKeePassOtp, otp_uri(secret_.totp, memory_), true);
    }
  }

  // In which order the import makes fields of what it finds.
  static auto rank_of(Place place, std::string_view name) -> std::size_t {
    constexpr std::size_t kGap = 16;  // between groups
    const auto within = [&](const auto& names, auto projection) {
      return static_cast<std::size_t>(std::ranges::find(names, name, projection) -
                                      std::begin(names));
    };
    if (place == Place::time) return kGap + within(kTimeNames, std::identity{});  // then the usage
    if (place == Place::part) return 2 * kGap + within(kKeePassParts, &KeePassPart::name);
    return (place == Place::xml ? 3 : place == Place::data ? 4 : 5) * kGap;
  }

  // The numbers of the fields in the order in which they will be read, unless that is their own.
  void put_order(const std::vector<std::size_t>& ranks) {
    if (std::ranges::is_sorted(ranks)) return;
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < ranks.size(); ++i) order.push_back(i);
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return ranks[i]; });
    tell(), json_.key("order"), json_.begin_array();
    for (const std::size_t i : order) json_.number(i);
    json_.end_array();
  }

  void put_in_place(Place place, const model::Field& field) {
    const std::string_view name = peek(field.name);
    if (place == Place::part || place == Place::xml) {
      entry_.parts.push_back({std::string{name}, field.value.clone()});
    } else if (place == Place::data) {
      entry_.custom_data.push_back({secret_text(name.substr(kKeePassData.size()), memory_),
                                    field.value.clone(), SecretBytes{memory_}});
    } else if (place == Place::time) {
      put_time(name, peek(field.value));
    }
  }

  void put_time(std::string_view name, std::string_view value) {
    KeePassTimes& times = entry_.times;
    if (name == kUsage) {
      times.usage = *whole_number(value);
    } else if (name == "ExpiryTime") {
      times.expires = true;
      times.expiry = whole_seconds(value);
    } else {
      (name == "LastAccessTime" ? times.last_access : times.moved) = whole_seconds(value);
    }
  }

  // The time stands behind its item, as the import leaves it.
  auto put_data_time(const model::Field& field) -> bool {
    const std::string_view key = peek(field.name).substr(kKeePassDataTime.size());
    if (peek(field.section) != kImportedSection || field.value.empty() ||
        !is_shown(field, model::FieldType::text) || !xml_can_hold(peek(field.value)))
      return false;
    if (entry_.custom_data.empty() || peek(entry_.custom_data.back().key) != key ||
        !entry_.custom_data.back().time.empty())
      return false;
    entry_.custom_data.back().time = field.value.clone();
    return true;
  }

  struct Named {
    const model::Field* field;
    SecretBytes key;
  };

  void put_fields() {
    const bool avoid_otp = secret_.totp.secret.empty() && would_be_otp();
    bool simple = true;
    std::vector<Named> named;
    for (const model::Field* field : strings_) {
      Named one{field, unused_key(*field, avoid_otp)};
      const auto usual = field->is_protected ? model::FieldType::concealed : model::FieldType::text;
      const std::string_view value = peek(field->value);
      simple = simple && field->section.empty() && peek(one.key) == peek(field->name) &&
               field->type == usual && xml_can_hold(value) && base::is_utf8(base::view_of(value));
      named.push_back(std::move(one));
    }
    if (!simple) tell(), json_.key("fields"), json_.begin_array();
    for (Named& one : named) put_field(one, !simple);
    if (!simple) json_.end_array();
  }

  [[nodiscard]] auto would_be_otp() const -> bool {
    std::vector<KeePassString> candidates;
    for (const model::Field* field : strings_)
      if (is_keepass_otp(peek(field->name)))
        candidates.push_back({field->name.clone(), field->value.clone(), true});
    return keepass_otp(candidates, memory_).totp.has_value();
  }

  auto unused_key(const model::Field& field, bool avoid_otp) -> SecretBytes {
    std::pmr::string wanted{&memory_};
    if (!field.section.empty()) wanted.append(peek(field.section)).append(": ");
    wanted.append(peek(field.name));
    if (wanted.empty()) wanted = "field";
    const SecretBytes cleaned = xml_clean(wanted, memory_);
    wanted = peek(cleaned);
    std::pmr::string key{wanted, &memory_};
    std::size_t& number = names_[wanted];  // equal names do not search from the start
    while (is_reserved(key) || (avoid_otp && is_keepass_otp(key)) || keys_.contains(key)) {
      number = std::max<std::size_t>(number, 1) + 1;
      key = wanted;
      key.append(" (").append(std::to_string(number)).append(")");
      if (key.starts_with(kKeePassUrl)) key.insert(0, "_");
    }
    keys_.insert(key);
    return secret_text(key, memory_);
  }

  void put_field(Named& one, bool describe) {
    const model::Field& field = *one.field;
    const std::string_view value = peek(field.value);
    const bool text = base::is_utf8(base::view_of(value));
    SecretBytes written{memory_};
    if (text) {
      written = clean(field.value);
    } else {
      base64_append(written.buffer(), base::view_of(value));
    }
    if (describe) {
      json_.begin_object();
      json_.member("key", one.key);
      json_.member("section", field.section);
      json_.member("name", field.name);
      json_.member("type", kFieldTypeNames.at(std::to_underlying(field.type)));
      if (!text) {
        json_.member("value_base64", written);
      } else if (!xml_can_hold(value)) {
        json_.member("value", value);
      }
      json_.end_object();
    }
    entry_.strings.push_back({std::move(one.key), std::move(written), field.is_protected});
  }

  void put_tags() {
    const SecretBytes joined = joined_tags(secret_.tags, memory_);
    entry_.tags = clean(joined);
    const auto read = split_tags(peek(joined), memory_);
    const bool same = xml_can_hold(peek(joined)) &&
                      std::ranges::equal(read, secret_.tags, [](const auto& a, const auto& b) {
                        return peek(a) == peek(b);
                      });
    if (!same) tell(), put_texts("tags", secret_.tags);
  }

  void put_attachments() {
    bool simple = true;
    std::vector<const model::Attachment*> attachments;
    std::pmr::set<std::pmr::string> used{&memory_};
    for (const model::Attachment& attachment : secret_.attachments) {
      const SecretBytes cleaned = clean(attachment.name);
      std::pmr::string name{peek(cleaned), &memory_};
      if (name.empty()) name = "attachment";
      const std::pmr::string wanted{name, &memory_};
      for (std::size_t number = 2; !used.insert(name).second; ++number) {
        name = wanted;
        name.append(" (").append(std::to_string(number)).append(")");
      }
      simple = simple && attachment.media_type.empty() && peek(attachment.name) == name;
      entry_.binaries.push_back({secret_text(name, memory_), &attachment.content});
    }
    if (simple) return;
    tell(), json_.key("attachments"), json_.begin_array();
    for (std::size_t i = 0; i < secret_.attachments.size(); ++i) {
      json_.begin_object();
      json_.member("key", entry_.binaries[i].name);
      json_.member("name", secret_.attachments[i].name);
      json_.member("type", secret_.attachments[i].media_type);
      json_.end_object();
    }
    json_.end_array();
  }

  void put_times() {
    entry_.times.created = secret_.created;
    entry_.times.modified = secret_.modified;
    const auto exact = [&](std::string_view key, model::TimeMs time) {
      const auto read = parse_keepass_time(format_time(time));
      if (read && *read == time && std::to_underlying(time) % 1000 == 0) return;
      tell(), json_.key(key), json_.number(std::to_underlying(time));
    };
    exact("created", secret_.created);
    exact("modified", secret_.modified);
  }

  void put_sources() {
    const bool own =
        secret_.sources.size() == 1 && source_id(secret_, Format::kdbx) == entry_.id.hex();
    if (own || secret_.sources.empty()) return;
    tell(), json_.key("sources"), json_.begin_array();
    for (const model::Source& source : secret_.sources) {
      if (peek(source.source) == format_name(Format::kdbx) &&
          peek(source.source_id) != entry_.id.hex())
        continue;  // the entry has another id now
      json_.begin_object();
      json_.member("source", source.source);
      json_.member("id", source.source_id);
      json_.end_object();
    }
    json_.end_array();
  }

  void put_unknown() {
    if (secret_.unknown.empty()) return;
    tell(), json_.key("unknown"), json_.begin_object();
    for (const auto& [key, value] : secret_.unknown) {
      json_.key(std::to_string(key));
      json_.base64(base::view_of(peek(value)));
    }
    json_.end_object();
  }

  // JSON may hold the two characters that XML may not: as escapes XML takes them.
  auto escaped_extra() -> SecretBytes {
    SecretBytes out{memory_};
    std::string_view rest = peek(extra_);
    while (true) {
      const std::size_t next =
          std::min({rest.find("\xEF\xBF\xBE"), rest.find("\xEF\xBF\xBF"), rest.size()});
      append_text(out.buffer(), rest.substr(0, next));
      if (next == rest.size()) return out;
      append_text(out.buffer(),
                  rest.substr(next).starts_with("\xEF\xBF\xBE") ? "\\ufffe" : "\\uffff");
      rest.remove_prefix(next + 3);
    }
  }

  const model::Secret& secret_;
  SecretMemory& memory_;
  KeePassEntry entry_;
  SecretBytes extra_;
  JsonWriter json_;
  std::vector<const model::Field*> strings_;
  std::pmr::set<std::pmr::string> keys_;  // of strings so far
  std::pmr::map<std::pmr::string, std::size_t> names_;
  bool tells_ = false;
};

}  // namespace

auto keepass_place(const model::Secret& secret, const model::Field& field, SecretMemory& memory)
    -> Place {
  const std::string_view name = peek(field.name);
  const std::string_view value = peek(field.value);
  if (peek(field.section) != kImportedSection || !base::is_utf8(base::view_of(value)))
    return Place::string;
  for (const KeePassPart& part : kKeePassParts)
    if (part.name == name) return part_place(part, field);
  if (name == kKeePassOtp) return otp_place(secret, field, memory);
  if (std::ranges::contains(kTimeNames, name)) {
    const auto time = whole_seconds(value);
    if (!is_shown(field, model::FieldType::date) || !time) return Place::string;
    const bool tells =
        name == "ExpiryTime" || (keepass_seconds(*time) != keepass_seconds(secret.created) &&
                                 keepass_seconds(*time) != keepass_seconds(secret.modified));
    return tells ? Place::time : Place::string;
  }
  if (name == kUsage)
    return is_shown(field, model::FieldType::text) && whole_number(value).value_or(0) > 0
               ? Place::time
               : Place::string;
  if (name.starts_with(kKeePassData) || name.starts_with(kKeePassDataTime)) {
    const std::string_view key = name.substr(std::min(name.size(), kKeePassData.size()));
    const bool item = name.starts_with(kKeePassData) && is_hidden(field) && !key.empty() &&
                      key != kKeePassExtra && xml_can_hold(key) && xml_can_hold(value);
    return item ? Place::data : Place::string;
  }
  return is_hidden(field) && is_keepass_xml(name, value, memory) ? Place::xml : Place::string;
}

auto to_keepass(const model::Secret& secret, const KeePassId& id, SecretMemory& memory)
    -> Result<KeePassEntry> {
  return ToKeePass{secret, id, memory}.run();
}

}  // namespace holdfast::formats
