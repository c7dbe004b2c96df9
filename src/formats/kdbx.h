// kdbx.h: KDBX files, KeePass's own, read (3.1, 4.0, 4.1) and written (4.1).
// A file's header hash, its block tags or hashes and its padding are checked before the XML is
// looked at; plaintext lies in the SecretMemory given. Limits: kdbx_header.h, kdbx_blocks.h,
// gzip.h, keepass_reader.h; kInnerFieldsMax. Time: `now` stands for missing dates. Threads:
// functions any. Errors: 602x and 603x, and those of keepass_reader.h; throws std::bad_alloc. A
// wrong key and damage are told apart in version 4, where the header has a hash of its own; in 3.1
// a damaged header can look like a wrong key. Source: keepass.info/help/kb/kdbx.html.
#pragma once

#include <functional>
#include <span>

#include "formats/export.h"
#include "formats/file_key.h"
#include "formats/import.h"
#include "formats/kdbx_header.h"

namespace holdfast::formats {

inline constexpr std::size_t kInnerFieldsMax = 100'000;  // attachments, mostly

[[nodiscard]] auto import_kdbx(base::ByteView file, const FileKey& key, model::TimeMs now,
                               base::SecretMemory& memory) -> base::Detailed<Imported>;
// What lies inside the encryption; for the fuzzer, which knows no keys.
[[nodiscard]] auto read_kdbx_payload(const KdbxHeader& header, base::ByteView file,
                                     base::SecretBytes payload, model::TimeMs now,
                                     base::SecretMemory& memory) -> base::Detailed<Imported>;

[[nodiscard]] auto export_kdbx(const std::vector<ExportEntry>& entries, const FileSeal& seal,
                               base::SecretMemory& memory) -> base::Detailed<base::SecretBytes>;

}  // namespace holdfast::formats
