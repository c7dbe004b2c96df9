// keepass_entry_reader.h: internal to the reader of KeePass's XML: the elements of one entry, and
// the values and attachments that need the file's keystream or pool. Limits: keepass_reader.h.
// Time: none. Threads: one. Errors: as keepass_reader.h, without a place; throws std::bad_alloc.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "formats/gzip.h"
#include "formats/keepass_entry.h"
#include "formats/keepass_reader.h"
#include "formats/xml_reader.h"

namespace holdfast::formats {

struct KeePassRead {
  KeePassEntry entry;
  std::vector<KeePassEntry> history{};  // as in the file
};

class KeePassElements {
 public:
  KeePassElements(std::string_view xml, KeePassSource source, base::SecretMemory& memory)
      : xml_{xml, memory}, source_{std::move(source)}, memory_{memory} {}

  [[nodiscard]] auto xml() -> XmlReader& { return xml_; }
  [[nodiscard]] auto header_hash() const -> const std::optional<crypto::Digest>& {
    return source_.header_hash;
  }
  [[nodiscard]] auto lost_attachments() const -> std::size_t { return lost_attachments_; }

  // `each` gets the name of every child of the open element and must close it.
  template <class Each>
  [[nodiscard]] auto children(Each&& each) -> base::Result<void> {
    while (true) {
      TRY(more, xml_.next_child());
      if (!more) return {};
      TRY_DO(each(xml_.name()));
    }
  }
  [[nodiscard]] auto entry() -> base::Result<KeePassRead>;
  [[nodiscard]] auto pool_item() -> base::Result<void>;  // <Binary> of Meta
  [[nodiscard]] auto custom_data() -> base::Result<std::vector<KeePassItem>>;
  [[nodiscard]] auto id() -> base::Result<KeePassId>;
  [[nodiscard]] auto text() -> base::Result<base::SecretBytes>;  // unprotected if need be
  [[nodiscard]] auto truth() -> base::Result<bool>;
  // Closes the open element with all in it; the keystream moves on as it must.
  [[nodiscard]] auto pass() -> base::Result<void>;

 private:
  [[nodiscard]] auto entry_part(std::string_view name, KeePassEntry& entry) -> base::Result<void>;
  [[nodiscard]] auto history(std::vector<KeePassEntry>& history) -> base::Result<void>;
  [[nodiscard]] auto times(KeePassTimes& times) -> base::Result<void>;
  [[nodiscard]] auto string() -> base::Result<KeePassString>;
  [[nodiscard]] auto binary(KeePassEntry& entry) -> base::Result<void>;
  [[nodiscard]] auto bytes() -> base::Result<base::SecretBytes>;  // base64, packed, protected
  [[nodiscard]] auto whole_element(std::string_view name, KeePassEntry& entry)
      -> base::Result<void>;
  [[nodiscard]] auto custom_item() -> base::Result<KeePassItem>;

  XmlReader xml_;
  KeePassSource source_;
  base::SecretMemory& memory_;
  std::vector<std::unique_ptr<base::SecretBytes>> own_;  // attachments that stand in their entry
  std::size_t unpacked_ = 0;                             // bytes so far
  std::size_t lost_attachments_ = 0;
  std::size_t entries_deep_ = 0;  // 1 in an entry, 2 in its history
};

[[nodiscard]] auto keepass_id(std::string_view base64, base::SecretMemory& memory)
    -> base::Result<KeePassId>;

}  // namespace holdfast::formats
