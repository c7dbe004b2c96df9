// keepass_writer.h: entries become KeePass's XML, for a KDBX file or plain.
// Folders become groups below one root group; what is deleted lies in a recycle bin and says where
// it came from. Attachments are kept once, however many entries hold them. Limits: model/secret.h.
// Time: none. Threads: functions any, an AttachmentPool one. Errors: bad_utf8 at "entry 12"; throws
// std::bad_alloc. Source: keepass.info/help/kb/kdbx.html.
#pragma once

#include <map>
#include <memory_resource>
#include <vector>

#include "crypto/hash.h"
#include "formats/export.h"
#include "formats/protected_stream.h"

namespace holdfast::formats {

// Borrows the contents of the entries given.
class AttachmentPool {
 public:
  AttachmentPool(const std::vector<ExportEntry>& entries, base::SecretMemory& memory);
  [[nodiscard]] auto contents() const -> const std::vector<const base::SecretBytes*>& {
    return contents_;
  }
  [[nodiscard]] auto number(const base::SecretBytes& content) const -> std::size_t;

 private:
  void add(const model::Secret& secret);
  std::vector<const base::SecretBytes*> contents_;
  std::pmr::map<crypto::Digest, std::size_t> numbers_;
};

// Without a stream: plain, with the attachments inside and dates as ISO 8601.
[[nodiscard]] auto write_keepass_xml(const std::vector<ExportEntry>& entries,
                                     const AttachmentPool& pool, ProtectedStream* stream,
                                     base::SecretMemory& memory)
    -> base::Detailed<base::SecretBytes>;

}  // namespace holdfast::formats
