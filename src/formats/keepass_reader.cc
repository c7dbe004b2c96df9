#include "formats/keepass_reader.h"

#include <algorithm>
#include <set>

#include "crypto/equal.h"
#include "formats/base_text.h"
#include "formats/entry_tools.h"
#include "formats/keepass_entry_reader.h"
#include "formats/secret_text.h"

namespace holdfast::formats {
namespace {

using base::Detailed, base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;

auto clone_of(const FolderPath& path) -> FolderPath {
  FolderPath copy;
  for (const SecretBytes& name : path) copy.push_back(name.clone());
  return copy;
}

auto is_xml_error(Error code) -> bool {
  return code == Error::bad_xml || code == Error::xml_doctype || code == Error::groups_too_deep;
}

auto value_at(const KeePassEntry& entry, std::string_view key) -> std::string_view {
  for (const KeePassString& string : entry.strings)
    if (peek(string.key) == key) return peek(string.value);
  return {};
}

class KeePassImport {
 public:
  KeePassImport(std::string_view xml, KeePassSource source, model::TimeMs now, SecretMemory& memory)
      : elements_{xml, std::move(source), memory},
        xml_{elements_.xml()},
        now_{now},
        memory_{memory} {}

  auto run() -> Detailed<Imported> {
    if (auto read = file(); !read) return fail(read.error(), place(read.error()));
    restore_folders();
    note_rest();
    return std::move(imported_);
  }

 private:
  struct Group {
    FolderPath path{};
    KeePassId id{};
    bool is_root = false;
    bool is_bin = false;
    bool deleted = false;   // the bin, or in it
    bool settled = false;   // its folder is known and noted
    bool settings = false;  // has something that a folder cannot hold
    SecretBytes notes;
  };

  [[nodiscard]] auto place(Error code) -> std::string {
    if (in_entry_ && !is_xml_error(code)) return entry_place(imported_.entries.size());
    return "line " + std::to_string(xml_.line());
  }

  auto file() -> Result<void> {
    TRY_DO(xml_.open_root());
    if (xml_.name() != "KeePassFile") return fail(Error::wrong_format);
    bool has_root = false;
    TRY_DO(elements_.children([&](std::string_view name) -> Result<void> {
      if (name == "Meta" && !has_root) return meta();
      if (name != "Root") return elements_.pass();
      has_root = true;
      return root();
    }));
    if (!has_root) return fail(Error::wrong_format);
    return xml_.finish();
  }

  auto meta() -> Result<void> {
    return elements_.children([&](std::string_view name) -> Result<void> {
      if (name == "HeaderHash") return header_hash();
      if (name == "RecycleBinUUID") {
        TRY(id, elements_.id());
        bin_ = id;
        return {};
      }
      if (name == "DatabaseDescription") {
        TRY(text, elements_.text());
        has_description_ = !text.empty();
        return {};
      }
      if (name == "Binaries") {
        return elements_.children([&](std::string_view inner) {
          return inner == "Binary" ? elements_.pool_item() : elements_.pass();
        });
      }
      if (name != "CustomIcons") return elements_.pass();
      return elements_.children([&](std::string_view) {
        ++icons_;
        return elements_.pass();
      });
    });
  }

  // Version 3.1 repeats the hash of its header inside, where nobody can change it.
  auto header_hash() -> Result<void> {
    TRY(text, elements_.text());
    if (!elements_.header_hash() || text.empty()) return {};
    const auto stated = base64_decode(peek(text), memory_);
    const bool same =
        stated && crypto::equal(base::view_of(peek(*stated)), elements_.header_hash()->view());
    return same ? Result<void>{} : fail(Error::file_corrupt);
  }

  auto root() -> Result<void> {
    bool has_group = false;
    return elements_.children([&](std::string_view name) -> Result<void> {
      if (name != "Group") return elements_.pass();  // DeletedObjects: ids only
      if (has_group) return fail(Error::bad_entry);
      has_group = true;
      return group(nullptr);
    });
  }

  auto group(const Group* parent) -> Result<void> {
    Group group{.notes = SecretBytes{memory_}};
    group.is_root = parent == nullptr;
    if (parent != nullptr) {
      group.path = clone_of(parent->path);
      group.deleted = parent->deleted;
      group.path.push_back(secret_text("unnamed", memory_));
    }
    TRY_DO(elements_.children([&](std::string_view name) { return group_part(name, group); }));
    TRY_DO(settle(group));
    if (group.settings && !group.is_bin) ++groups_with_settings_;
    return group.notes.empty() ? Result<void>{} : keep_notes(group);
  }

  auto group_part(std::string_view name, Group& group) -> Result<void> {
    if (name == "Entry") {
      TRY_DO(settle(group));
      return entry(group);
    }
    if (name == "Group") {
      TRY_DO(settle(group));
      return this->group(&group);
    }
    if (name == "UUID") {
      if (group.settled) return fail(Error::bad_entry);
      TRY(id, elements_.id());
      group.id = id;
      return {};
    }
    if (name == "Name") {
      if (group.settled) return fail(Error::bad_entry);
      TRY(text, elements_.text());
      if (!group.is_root && !text.empty()) group.path.back() = std::move(text);
      return {};
    }
    if (name == "Notes") {
      TRY(text, elements_.text());
      group.notes = std::move(text);
      return {};
    }
    if (name == "CustomData") {
      TRY(items, elements_.custom_data());
      group.settings = group.settings || !items.empty();
      return {};
    }
    if (name != "DefaultAutoTypeSequence" && name != "CustomIconUUID" && name != "Tags" &&
        name != "EnableAutoType" && name != "EnableSearching")
      return elements_.pass();
    TRY(text, elements_.text());
    const std::string_view says = peek(text);
    const bool usual = says.empty() || says == "null" || says == "Null" ||
                       says.find_first_not_of("A=") == std::string_view::npos;
    group.settings = group.settings || !usual;
    return {};
  }

  // Once name and id are read: before the first entry, or at the end.
  auto settle(Group& group) -> Result<void> {
    if (group.settled) return {};
    group.settled = true;
    if (!group.is_root && bin_ != KeePassId{} && group.id == bin_) {
      group.is_bin = group.deleted = true;
      group.path.clear();  // what lies below keeps its path from here
    }
    if (group.path.size() > kFolderDepthMax) return fail(Error::groups_too_deep);
    TRY_DO(check_limits(group.path));
    if (group.is_root || group.deleted) {
      if (!group.is_bin) paths_.emplace(group.id, clone_of(group.path));
      return {};
    }
    if (imported_.folders.size() == kImportFoldersMax) return fail(Error::capacity_exceeded);
    imported_.folders.push_back(clone_of(group.path));
    paths_.emplace(group.id, clone_of(group.path));
    return {};
  }

  auto entry(const Group& group) -> Result<void> {
    in_entry_ = true;
    if (imported_.entries.size() == kImportEntriesMax) return fail(Error::too_many_entries);
    TRY(read, elements_.entry());
    give_id(read);
    std::optional<SecretBytes> from;
    if (group.is_bin) from = take_previous_group(read.entry);
    ImportedEntry made{.secret = model::Secret{memory_}};
    TRY(secret, mapped(read.entry));
    made.secret = std::move(secret);
    for (const KeePassEntry& old : read.history) {
      TRY(state, mapped(old));
      made.history.push_back(std::move(state));
    }
    std::ranges::stable_sort(made.history, {}, &model::Secret::modified);
    made.folder = clone_of(group.path);
    made.deleted = group.deleted;
    TRY_DO(check_limits(made));
    imported_.entries.push_back(std::move(made));
    if (from) moved_.emplace_back(imported_.entries.size() - 1, *std::move(from));
    in_entry_ = false;
    return {};
  }

  auto mapped(const KeePassEntry& entry) -> Result<model::Secret> {
    for (const KeePassBinary& binary : entry.binaries) attachment_bytes_ += binary.content->size();
    if (attachment_bytes_ > kKeePassAttachmentBytesMax) return fail(Error::file_too_large);
    return from_keepass(entry, now_, memory_);
  }

  // Without an id, or with one that another entry has, an entry would be taken for that one.
  void give_id(KeePassRead& read) {
    KeePassId& id = read.entry.id;
    if (id == KeePassId{} || !seen_.insert(id).second) {
      const std::string name =
          id.hex() + source_ids_.next(value_at(read.entry, "URL"), value_at(read.entry, "UserName"),
                                      value_at(read.entry, "Title"));
      const crypto::Digest digest = crypto::sha256(base::view_of(name));
      std::ranges::copy(digest.view().first<KeePassId::kSize>(), id.bytes.begin());
      seen_.insert(id);
    }
    for (KeePassEntry& old : read.history) old.id = id;
  }

  static auto take_previous_group(KeePassEntry& entry) -> std::optional<SecretBytes> {
    const auto found =
        std::ranges::find(entry.parts, std::string_view{"PreviousParentGroup"}, &KeePassText::name);
    if (found == entry.parts.end()) return std::nullopt;
    SecretBytes text = std::move(found->text);
    entry.parts.erase(found);
    return text;
  }

  // What was deleted goes to the folder it was deleted from; all groups are known now.
  void restore_folders() {
    for (auto& [index, from] : moved_) {
      ImportedEntry& entry = imported_.entries[index];
      const auto id = keepass_id(peek(from), memory_);
      const auto found = id ? paths_.find(*id) : paths_.end();
      if (found != paths_.end()) {
        entry.folder = clone_of(found->second);
      } else {
        add_field(entry.secret,
                  {.section = kImportedSection, .name = "PreviousParentGroup", .value = peek(from)},
                  memory_);
      }
    }
  }

  auto keep_notes(const Group& group) -> Result<void> {
    in_entry_ = true;
    if (imported_.entries.size() == kImportEntriesMax) return fail(Error::too_many_entries);
    ImportedEntry made{.secret = model::Secret{memory_}};
    made.secret.kind = model::Kind::note;
    made.secret.label = secret_text("Notes of this folder", memory_);
    made.secret.notes = group.notes.clone();
    made.secret.created = made.secret.modified = now_;
    KeePassRead read{.entry = {.id = group.id, .tags = SecretBytes{memory_}}};
    give_id(read);
    add_source(made.secret, Format::kdbx, read.entry.id.hex(), memory_);
    made.folder = clone_of(group.path);
    made.deleted = group.deleted;
    TRY_DO(check_limits(made));
    imported_.entries.push_back(std::move(made));
    ++groups_with_notes_;
    in_entry_ = false;
    return {};
  }

  void note(std::size_t number, std::string_view one, std::string_view many) {
    if (number == 0) return;
    imported_.notes.push_back(number == 1 ? "1 " + std::string{one}
                                          : std::to_string(number) + " " + std::string{many});
  }
  void note_rest() {
    note(groups_with_notes_, "group has notes; they became an entry in its folder",
         "groups have notes; they became an entry in each folder");
    note(groups_with_settings_, "group has settings that a folder cannot hold; they stay behind",
         "groups have settings that a folder cannot hold; they stay behind");
    note(icons_, "picture used as an icon stays behind", "pictures used as icons stay behind");
    note(elements_.lost_attachments(),
         "attachment is not in the file; import the .kdbx file itself",
         "attachments are not in the file; import the .kdbx file itself");
    if (has_description_)
      imported_.notes.emplace_back("the description of the database stays behind");
  }

  KeePassElements elements_;
  XmlReader& xml_;
  model::TimeMs now_;
  SecretMemory& memory_;
  Imported imported_;
  KeePassId bin_{};
  std::map<KeePassId, FolderPath> paths_;
  std::set<KeePassId> seen_;
  std::vector<std::pair<std::size_t, SecretBytes>> moved_;  // entry, previous group
  SourceIds source_ids_;
  std::size_t attachment_bytes_ = 0, icons_ = 0, groups_with_settings_ = 0, groups_with_notes_ = 0;
  bool in_entry_ = false;
  bool has_description_ = false;
};

}  // namespace

auto read_keepass_xml(std::string_view xml, KeePassSource source, model::TimeMs now,
                      SecretMemory& memory) -> Detailed<Imported> {
  return KeePassImport{xml, std::move(source), now, memory}.run();
}

}  // namespace holdfast::formats
