#include "formats/keepass_entry_reader.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "formats/base_text.h"
#include "formats/import.h"
#include "formats/secret_text.h"

namespace holdfast::formats {
namespace {

using base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;

constexpr std::string_view kNoId = "AAAAAAAAAAAAAAAAAAAAAA==";
constexpr std::string_view kKnownElements[] = {"UUID", "Times",   "String",     "Binary",
                                               "Tags", "History", "CustomData", "IconID",
                                               "otp",  "Entry",   "Group"};

auto number(std::string_view text) -> std::optional<std::uint64_t> {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Whether an AutoType element says more than what every entry has.
auto auto_type_tells(std::string_view content, SecretMemory& memory) -> bool {
  SecretBytes whole{memory};
  append_text(whole.buffer(), "<A>");
  append_text(whole.buffer(), content);
  append_text(whole.buffer(), "</A>");
  XmlReader xml{peek(whole), memory};
  if (!xml.open_root()) return true;
  while (true) {
    const auto more = xml.next_child();
    if (!more) return true;
    if (!*more) return false;
    const std::string_view name = xml.name();
    const auto text = xml.text();
    if (!text) return true;  // an association
    const bool usual = (name == "Enabled" && (*text == "True" || *text == "true")) ||
                       (name == "DataTransferObfuscation" && *text == "0") ||
                       (name == "DefaultSequence" && text->empty());
    if (!usual) return true;
  }
}

auto all_plain(XmlReader& xml) -> bool {  // closes the open element
  if (!xml.attribute("Protected").empty()) return false;
  while (true) {
    const auto more = xml.next_child(true);
    if (!more) return false;
    if (!*more) return true;
    if (!all_plain(xml)) return false;
  }
}

}  // namespace

auto keepass_id(std::string_view base64, SecretMemory& memory) -> Result<KeePassId> {
  if (base64.empty()) return KeePassId{};
  TRY(bytes, base64_decode(base64, memory));
  const auto id = KeePassId::from(base::view_of(peek(bytes)));
  return id ? id : fail(Error::bad_entry);
}

auto is_keepass_xml(std::string_view name, std::string_view content, SecretMemory& memory) -> bool {
  if (name.empty() || content.empty() || std::ranges::contains(kKnownElements, name) ||
      std::ranges::contains(kKeePassParts, name, &KeePassPart::name))
    return false;
  SecretBytes whole{memory};
  const auto add = [&](std::string_view text) { append_text(whole.buffer(), text); };
  add("<E><"), add(name), add(">"), add(content), add("</"), add(name), add("></E>");
  XmlReader xml{peek(whole), memory};
  if (!xml.open_root()) return false;
  const auto child = xml.next_child();
  if (!child || !*child || xml.name() != name) return false;
  if (xml.content_begin() != std::string_view{"<E><>"}.size() + name.size()) return false;
  if (!all_plain(xml)) return false;
  const auto more = xml.next_child();
  if (!more || *more || !xml.finish()) return false;
  return name != kKeePassAutoType || auto_type_tells(content, memory);
}

auto KeePassElements::id() -> Result<KeePassId> {
  TRY(text, xml_.text());
  return keepass_id(text, memory_);
}

auto KeePassElements::truth() -> Result<bool> {
  TRY(text, xml_.text());
  return text == "True" || text == "true";
}

auto KeePassElements::text() -> Result<SecretBytes> {
  const bool sealed = xml_.is_true("Protected");
  TRY(text, xml_.text());
  if (!sealed) return secret_text(text, memory_);
  if (source_.stream == nullptr) return fail(Error::bad_entry);  // its key is not in the file
  TRY(value, base64_decode(text, memory_));
  source_.stream->apply(value);
  if (!base::is_utf8(base::view_of(peek(value)))) return fail(Error::bad_utf8);
  return value;
}

auto KeePassElements::bytes() -> Result<SecretBytes> {
  const bool sealed = xml_.is_true("Protected");
  const bool packed = xml_.is_true("Compressed");
  TRY(text, xml_.text());
  if (sealed && source_.stream == nullptr) return fail(Error::bad_entry);
  TRY(value, base64_decode(text, memory_));
  if (sealed) source_.stream->apply(value);
  if (!packed || value.empty()) return value;
  TRY(unpacked, gzip_unpack(base::view_of(peek(value)), kUnpackedBytesMax - unpacked_, memory_));
  unpacked_ += unpacked.size();
  return unpacked;
}

auto KeePassElements::pass() -> Result<void> {
  if (xml_.is_true("Protected")) return bytes().transform([](const SecretBytes&) {});
  while (true) {
    TRY(more, xml_.next_child(true));
    if (!more) return {};
    TRY_DO(pass());  // as deep as the XML reader allows
  }
}

auto KeePassElements::pool_item() -> Result<void> {
  const auto id = number(xml_.attribute("ID"));
  TRY(content, bytes());
  if (!id || !source_.pool.emplace(*id, std::move(content)).second)
    return fail(Error::file_corrupt);
  return {};
}

auto KeePassElements::entry() -> Result<KeePassRead> {
  KeePassRead read{.entry = {.tags = SecretBytes{memory_}}};
  ++entries_deep_;
  TRY_DO(children([&](std::string_view name) -> Result<void> {
    if (name == "History" && entries_deep_ == 1) return history(read.history);
    return entry_part(name, read.entry);
  }));
  --entries_deep_;
  return read;
}

auto KeePassElements::history(std::vector<KeePassEntry>& history) -> Result<void> {
  return children([&](std::string_view name) -> Result<void> {
    if (name != "Entry") return pass();
    if (history.size() == kHistoryItemsMax) return fail(Error::capacity_exceeded);
    TRY(read, entry());
    history.push_back(std::move(read.entry));
    return {};
  });
}

auto KeePassElements::entry_part(std::string_view name, KeePassEntry& entry) -> Result<void> {
  if (name == "UUID") {
    TRY(read, id());
    entry.id = read;
    return {};
  }
  if (name == "Times") return times(entry.times);
  if (name == "String") {
    if (entry.strings.size() == kKeePassStringsMax) return fail(Error::capacity_exceeded);
    TRY(read, string());
    entry.strings.push_back(std::move(read));
    return {};
  }
  if (name == "Binary") return binary(entry);
  if (name == "Tags") {
    TRY(tags, text());
    entry.tags = std::move(tags);
    return {};
  }
  if (name == "CustomData") {
    TRY(items, custom_data());
    std::ranges::move(items, std::back_inserter(entry.custom_data));
    return {};
  }
  for (const KeePassPart& part : kKeePassParts) {
    if (part.name != name) continue;
    TRY(value, text());
    const std::string_view says = peek(value);
    if (!says.empty() && says != part.usual && says != kNoId)
      entry.parts.push_back({std::string{part.name}, std::move(value)});
    return {};
  }
  return whole_element(name, entry);
}

// AutoType, and what a later version has: kept as its XML.
auto KeePassElements::whole_element(std::string_view name, KeePassEntry& entry) -> Result<void> {
  if (entry.parts.size() == model::kListItemsMax) return fail(Error::capacity_exceeded);
  const std::string element{name};
  const std::size_t begin = xml_.content_begin();
  TRY_DO(pass());
  const std::string_view content = xml_.content_since(begin);
  if (content.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  if (element == kKeePassAutoType && !auto_type_tells(content, memory_)) return {};
  entry.parts.push_back({element, secret_text(content, memory_)});
  return {};
}

auto KeePassElements::times(KeePassTimes& times) -> Result<void> {
  return children([&](std::string_view name) -> Result<void> {
    std::optional<model::TimeMs>* to = name == "CreationTime"           ? &times.created
                                       : name == "LastModificationTime" ? &times.modified
                                       : name == "LastAccessTime"       ? &times.last_access
                                       : name == "ExpiryTime"           ? &times.expiry
                                       : name == "LocationChanged"      ? &times.moved
                                                                        : nullptr;
    if (to != nullptr) {
      TRY(text, xml_.text());
      TRY(time, parse_keepass_time(text));
      *to = time;
      return {};
    }
    if (name == "Expires") {
      TRY(expires, truth());
      times.expires = expires;
      return {};
    }
    if (name != "UsageCount") return pass();
    TRY(text, xml_.text());
    times.usage = number(text).value_or(0);
    return {};
  });
}

auto KeePassElements::string() -> Result<KeePassString> {
  KeePassString string{SecretBytes{memory_}, SecretBytes{memory_}};
  TRY_DO(children([&](std::string_view name) -> Result<void> {
    if (name == "Key") {
      TRY(key, text());
      string.key = std::move(key);
      return {};
    }
    if (name != "Value") return pass();
    string.is_protected = xml_.is_true("Protected") || xml_.is_true("ProtectInMemory");
    TRY(value, text());
    string.value = std::move(value);
    return {};
  }));
  return string;
}

auto KeePassElements::binary(KeePassEntry& entry) -> Result<void> {
  if (entry.binaries.size() == model::kListItemsMax) return fail(Error::capacity_exceeded);
  KeePassBinary binary{SecretBytes{memory_}};
  bool lost = false;
  TRY_DO(children([&](std::string_view name) -> Result<void> {
    if (name == "Key") {
      TRY(key, text());
      binary.name = std::move(key);
      return {};
    }
    if (name != "Value") return pass();
    const std::string ref{xml_.attribute("Ref")};
    TRY(content, bytes());
    if (ref.empty()) {
      own_.push_back(std::make_unique<SecretBytes>(std::move(content)));
      binary.content = own_.back().get();
      return {};
    }
    const auto id = number(ref);
    if (!id) return fail(Error::file_corrupt);
    const auto found = source_.pool.find(*id);
    lost = found == source_.pool.end();
    if (!lost) binary.content = &found->second;
    return {};
  }));
  if (lost && source_.stream != nullptr) return fail(Error::file_corrupt);
  if (lost) ++lost_attachments_;
  if (binary.content != nullptr) entry.binaries.push_back(std::move(binary));
  return {};
}

auto KeePassElements::custom_data() -> Result<std::vector<KeePassItem>> {
  std::vector<KeePassItem> items;
  TRY_DO(children([&](std::string_view name) -> Result<void> {
    if (name != "Item") return pass();
    if (items.size() == kKeePassItemsMax) return fail(Error::capacity_exceeded);
    TRY(item, custom_item());
    items.push_back(std::move(item));
    return {};
  }));
  return items;
}

auto KeePassElements::custom_item() -> Result<KeePassItem> {
  KeePassItem item{SecretBytes{memory_}, SecretBytes{memory_}, SecretBytes{memory_}};
  TRY_DO(children([&](std::string_view name) -> Result<void> {
    SecretBytes* to = name == "Key"                    ? &item.key
                      : name == "Value"                ? &item.value
                      : name == "LastModificationTime" ? &item.time
                                                       : nullptr;
    if (to == nullptr) return pass();
    TRY(value, text());
    *to = std::move(value);
    return {};
  }));
  return item;
}

}  // namespace holdfast::formats
