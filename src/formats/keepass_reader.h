// keepass_reader.h: KeePass's XML, encrypted inside a KDBX file or plain, becomes entries.
// Groups become folders, the root group itself none; what lies in the recycle bin is deleted, in
// the folder it was deleted from where the file says so. A group's notes become an entry of their
// own; what else a folder cannot hold is counted in the notes for people. Limits: import.h;
// kXmlDepthMax; kKeePassAttachmentBytesMax over all entries, since many may share one attachment;
// kUnpackedBytesMax for all packed attachments. Time: `now` stands for missing dates. Threads:
// functions any. Errors, at "line 7" or "entry 12": those of xml_reader.h and import.h,
// file_corrupt, bad_entry; throws std::bad_alloc. Source: keepass.info/help/kb/kdbx.html.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "crypto/hash.h"
#include "formats/import.h"
#include "formats/keepass_entry.h"
#include "formats/protected_stream.h"

namespace holdfast::formats {

inline constexpr std::size_t kKeePassAttachmentBytesMax = std::size_t{512} << 20;

using KeePassPool = std::map<std::uint64_t, base::SecretBytes>;  // attachments by number

struct KeePassSource {
  ProtectedStream* stream = nullptr;            // null: the file is plain
  KeePassPool pool{};                           // version 4; earlier ones are in the XML
  std::optional<crypto::Digest> header_hash{};  // version 3.1: what the XML must repeat
};

[[nodiscard]] auto read_keepass_xml(std::string_view xml, KeePassSource source, model::TimeMs now,
                                    base::SecretMemory& memory) -> base::Detailed<Imported>;

// Whether <NAME>content</NAME> may stand in an entry as something this program does not know.
[[nodiscard]] auto is_keepass_xml(std::string_view name, std::string_view content,
                                  base::SecretMemory& memory) -> bool;

}  // namespace holdfast::formats
