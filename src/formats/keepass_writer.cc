#include "formats/keepass_writer.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>

#include "formats/base_text.h"
#include "formats/entry_tools.h"
#include "formats/keepass_entry.h"
#include "formats/little_endian.h"
#include "formats/secret_text.h"
#include "formats/time_text.h"
#include "formats/xml_reader.h"
#include "formats/xml_writer.h"

namespace holdfast::formats {
namespace {

using base::ByteView, base::Detailed, base::fail, base::Result, base::SecretBytes,
    base::SecretMemory;

constexpr std::string_view kTrue = "True";
constexpr std::string_view kFalse = "False";
constexpr std::string_view kRootName = "Holdfast";
constexpr std::string_view kBinName = "Recycle Bin";
constexpr std::string_view kFolderIcon = "48";
constexpr std::string_view kBinIcon = "43";

auto id_from(std::string_view purpose, std::string_view text) -> KeePassId {
  constexpr std::uint8_t kEnd[] = {0};
  const crypto::Digest digest = crypto::sha256({base::view_of(purpose), kEnd, base::view_of(text)});
  KeePassId id;
  std::ranges::copy(digest.view().first<KeePassId::kSize>(), id.bytes.begin());
  return id;
}

// Groups in the order in which the entries name them, so that a file read and written keeps its.
struct Group {
  std::string_view name{};  // of the first entry that names it; borrowed
  KeePassId id{};
  std::vector<std::size_t> entries{};  // numbers
  std::vector<std::unique_ptr<Group>> groups{};
};

class GroupTree {
 public:
  GroupTree(const std::vector<ExportEntry>& entries, SecretMemory& memory) : memory_{memory} {
    root.id = id_from("holdfast group", "");
    bin.id = id_from("holdfast recycle bin", "");
    for (std::size_t i = 0; i < entries.size(); ++i) {
      Group& group = at(entries[i].folder);
      previous_.push_back(group.id);
      (entries[i].deleted ? bin : group).entries.push_back(i);
    }
  }

  Group root{}, bin{};
  // Of the folder that the entry is in, or was deleted from.
  [[nodiscard]] auto group_of(std::size_t entry) const -> const KeePassId& {
    return previous_[entry];
  }

 private:
  auto at(const FolderPath& path) -> Group& {
    Group* group = &root;
    std::pmr::string whole{&memory_};
    for (const SecretBytes& name : path) {
      whole.append(peek(name)).push_back('\0');
      const auto found = std::ranges::find_if(
          group->groups, [&](const auto& below) { return below->name == peek(name); });
      if (found != group->groups.end()) {
        group = found->get();
        continue;
      }
      group->groups.push_back(std::make_unique<Group>());
      group = group->groups.back().get();
      group->name = peek(name);
      group->id = id_from("holdfast group", whole);
    }
    return *group;
  }

  SecretMemory& memory_;
  std::vector<KeePassId> previous_;
};

class KeePassWriter {
 public:
  KeePassWriter(const std::vector<ExportEntry>& entries, const AttachmentPool& pool,
                ProtectedStream* stream, SecretMemory& memory)
      : entries_{entries},
        pool_{pool},
        stream_{stream},
        memory_{memory},
        tree_{entries, memory},
        out_{memory},
        xml_{out_.buffer()} {}

  auto run() -> Detailed<SecretBytes> {
    xml_.open("KeePassFile");
    write_meta();
    xml_.open("Root");
    open_group(tree_.root, kRootName, kFolderIcon);
    TRY_DO(group_content(tree_.root));
    if (!tree_.bin.entries.empty()) {
      open_group(tree_.bin, kBinName, kBinIcon);
      TRY_DO(group_content(tree_.bin));
      xml_.close("Group");
    }
    xml_.close("Group");
    xml_.leaf("DeletedObjects", "");
    xml_.close("Root");
    xml_.close("KeePassFile");
    return std::move(out_);
  }

 private:
  void write_meta() {
    xml_.open("Meta");
    xml_.leaf("Generator", "Holdfast");
    xml_.leaf("DatabaseName", kRootName);
    xml_.open("MemoryProtection");
    for (const std::string_view name : {"Title", "UserName", "Password", "URL", "Notes"})
      xml_.leaf("Protect" + std::string{name}, name == "Password" ? kTrue : kFalse);
    xml_.close("MemoryProtection");
    xml_.leaf("RecycleBinEnabled", kTrue);
    const bool has_bin = !tree_.bin.entries.empty();
    xml_.leaf("RecycleBinUUID", has_bin ? id_text(tree_.bin.id) : id_text(KeePassId{}));
    xml_.leaf("HistoryMaxItems", "-1");  // without limits: nothing is to be lost
    xml_.leaf("HistoryMaxSize", "-1");
    if (stream_ == nullptr) write_pool();
    xml_.close("Meta");
  }

  void write_pool() {
    xml_.open("Binaries");
    for (std::size_t i = 0; i < pool_.contents().size(); ++i) {
      SecretBytes text{memory_};
      base64_append(text.buffer(), base::view_of(peek(*pool_.contents()[i])));
      xml_.leaf("Binary", "ID", std::to_string(i), peek(text));
    }
    xml_.close("Binaries");
  }

  static auto id_text(const KeePassId& id) -> std::string { return base64_text(id.view()); }

  // Of public bytes.
  static auto base64_text(ByteView bytes) -> std::string {
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
      std::uint32_t bits = 0;
      for (std::size_t k = 0; k < 3; ++k)
        bits = bits << 8 | (i + k < bytes.size() ? bytes[i + k] : 0U);
      for (std::size_t k = 0; k < 4; ++k)
        text += i + k > bytes.size() ? '=' : kAlphabet[bits >> (18 - 6 * k) & 63];
    }
    return text;
  }

  auto time_text(model::TimeMs time) const -> std::string {
    if (stream_ != nullptr) {
      std::vector<std::uint8_t> bytes;
      append_little_endian(bytes, keepass_seconds(time));
      return base64_text(bytes);
    }
    const std::string text = format_time(time);  // KeePass writes no fractions
    return text.substr(0, text.find('.')) + "Z";
  }

  void write_times(const KeePassTimes& times) {
    const model::TimeMs created = times.created.value_or(model::TimeMs{0});
    const model::TimeMs modified = times.modified.value_or(created);
    xml_.open("Times");
    xml_.leaf("CreationTime", time_text(created));
    xml_.leaf("LastModificationTime", time_text(modified));
    xml_.leaf("LastAccessTime", time_text(times.last_access.value_or(modified)));
    xml_.leaf("ExpiryTime", time_text(times.expiry.value_or(modified)));
    xml_.leaf("Expires", times.expires ? kTrue : kFalse);
    xml_.leaf("UsageCount", std::to_string(times.usage));
    xml_.leaf("LocationChanged", time_text(times.moved.value_or(modified)));
    xml_.close("Times");
  }

  void open_group(const Group& group, std::string_view name, std::string_view icon) {
    xml_.open("Group");
    xml_.leaf("UUID", id_text(group.id));
    xml_.leaf("Name", peek(xml_clean(name, memory_)));
    xml_.leaf("IconID", icon);
    write_times({});
    xml_.leaf("IsExpanded", kTrue);
    if (icon == kBinIcon) {  // its passwords shall not be typed or found
      xml_.leaf("EnableAutoType", "false");
      xml_.leaf("EnableSearching", "false");
    }
  }

  auto group_content(const Group& group) -> Detailed<void> {  // as deep as folders may be
    for (const std::size_t index : group.entries) TRY_DO(entry(index));
    for (const auto& below : group.groups) {
      open_group(*below, below->name, kFolderIcon);
      TRY_DO(group_content(*below));
      xml_.close("Group");
    }
    return {};
  }

  auto entry(std::size_t index) -> Detailed<void> {
    const ExportEntry& from = entries_[index];
    const KeePassId id = unused_id(index);
    auto mapped = to_keepass(*from.secret, id, memory_);
    if (!mapped) return fail(mapped.error(), entry_place(index));
    if (from.deleted && tree_.group_of(index) != tree_.root.id) {
      std::erase_if(mapped->parts,
                    [](const KeePassText& part) { return part.name == "PreviousParentGroup"; });
      mapped->parts.push_back(
          {"PreviousParentGroup", secret_text(id_text(tree_.group_of(index)), memory_)});
    }
    xml_.open("Entry");
    write_entry(*mapped);
    xml_.open("History");
    for (const model::Secret* state : from.history) {
      auto old = to_keepass(*state, id, memory_);
      if (!old) return fail(old.error(), entry_place(index));
      xml_.open("Entry");
      write_entry(*old);
      xml_.close("Entry");
    }
    xml_.close("History");
    xml_.close("Entry");
    return {};
  }

  // The id it had in KeePass, else its id here; two entries never have the same.
  auto unused_id(std::size_t index) -> KeePassId {
    for (const std::string_view hex :
         {source_id(*entries_[index].secret, Format::kdbx), std::string_view{entries_[index].id}}) {
      const auto id = KeePassId::from_hex(hex);
      if (id && *id != KeePassId{} && ids_.insert(*id).second) return *id;
    }
    KeePassId id;
    for (std::size_t number = index;; number += entries_.size()) {
      id = id_from("holdfast entry", std::to_string(number));
      if (ids_.insert(id).second) return id;
    }
  }

  void write_entry(const KeePassEntry& entry) {
    xml_.leaf("UUID", id_text(entry.id));
    const auto part = [&](std::string_view name) -> const KeePassText* {
      const auto found = std::ranges::find(entry.parts, name, &KeePassText::name);
      return found == entry.parts.end() ? nullptr : &*found;
    };
    for (const auto& [name, usual] : kKeePassParts) {
      if (const KeePassText* one = part(name)) {
        xml_.leaf(name, peek(one->text));
      } else if (name == "IconID") {
        xml_.leaf(name, usual);
      }
    }
    xml_.leaf("Tags", peek(entry.tags));
    write_times(entry.times);
    for (const KeePassString& string : entry.strings) write_string(string);
    for (const KeePassBinary& binary : entry.binaries) {
      xml_.open("Binary");
      xml_.leaf("Key", peek(binary.name));
      xml_.empty("Value", "Ref", std::to_string(pool_.number(*binary.content)));
      xml_.close("Binary");
    }
    for (const KeePassText& other : entry.parts)
      if (!std::ranges::contains(kKeePassParts, other.name, &KeePassPart::name))
        xml_.raw(other.name, peek(other.text));
    if (entry.custom_data.empty()) return;
    xml_.open("CustomData");
    for (const KeePassItem& item : entry.custom_data) {
      xml_.open("Item");
      xml_.leaf("Key", peek(item.key));
      xml_.leaf("Value", peek(item.value));
      if (!item.time.empty()) xml_.leaf("LastModificationTime", peek(item.time));
      xml_.close("Item");
    }
    xml_.close("CustomData");
  }

  void write_string(const KeePassString& string) {
    xml_.open("String");
    xml_.leaf("Key", peek(string.key));
    if (!string.is_protected) {
      xml_.leaf("Value", peek(string.value));
    } else if (stream_ == nullptr) {
      xml_.leaf("Value", "ProtectInMemory", kTrue, peek(string.value));
    } else {
      SecretBytes value = string.value.clone();
      stream_->apply(value);
      SecretBytes text{memory_};
      base64_append(text.buffer(), base::view_of(peek(value)));
      xml_.leaf("Value", "Protected", kTrue, peek(text));
    }
    xml_.close("String");
  }

  const std::vector<ExportEntry>& entries_;
  const AttachmentPool& pool_;
  ProtectedStream* stream_;
  SecretMemory& memory_;
  GroupTree tree_;
  SecretBytes out_;
  XmlWriter xml_;
  std::set<KeePassId> ids_;
};

}  // namespace

AttachmentPool::AttachmentPool(const std::vector<ExportEntry>& entries, SecretMemory& memory)
    : numbers_{&memory} {
  for (const ExportEntry& entry : entries) {
    add(*entry.secret);
    for (const model::Secret* state : entry.history) add(*state);
  }
}

void AttachmentPool::add(const model::Secret& secret) {
  for (const model::Attachment& attachment : secret.attachments) {
    const crypto::Digest digest = crypto::sha256(base::view_of(peek(attachment.content)));
    if (numbers_.emplace(digest, contents_.size()).second) contents_.push_back(&attachment.content);
  }
}

auto AttachmentPool::number(const SecretBytes& content) const -> std::size_t {
  return numbers_.at(crypto::sha256(base::view_of(peek(content))));
}

auto write_keepass_xml(const std::vector<ExportEntry>& entries, const AttachmentPool& pool,
                       ProtectedStream* stream, SecretMemory& memory) -> Detailed<SecretBytes> {
  return KeePassWriter{entries, pool, stream, memory}.run();
}

}  // namespace holdfast::formats
