// holdfast_file.h: Holdfast's own encrypted file: everything an export knows, under a passphrase, a
// key file or both. The content is one CBOR item in chunks, each sealed and bound to the head, its
// place and their number; the head holds the cost of the key derivation, which takes part in the
// key's commitment and in every chunk. So nothing can be cut, moved or made cheaper unnoticed, and
// nothing is unpacked that is larger than the file.
// Limits: below, those of import.h and the floor of crypto/kdf.h; each is crossed by a test. Time:
// none. Threads: functions any. Errors: file_key_missing, file_key_wrong, file_corrupt,
// unsupported_version, unsupported_suite, kdf_below_floor, kdf_above_ceiling, new_file_key_needed;
// of content also capacity_exceeded, too_long at "entry 12"; throw std::bad_alloc. Source:
// docs/formats.cddl, ExportFile; docs/design/security.md §4.
#pragma once

#include "formats/export.h"

namespace holdfast::formats {

inline constexpr std::string_view kHoldfastMagic = "HFEXPORT";
inline constexpr std::size_t kHoldfastHeadBytesMax = 256;
inline constexpr std::size_t kHoldfastChunkBytes = std::size_t{1}
                                                   << 20;  // of content; the last less
// What deriving the key of a file from outside may cost.
inline constexpr std::uint32_t kHoldfastKdfMemoryKibMax = 1024 * 1024;
inline constexpr std::uint64_t kHoldfastKdfWorkKibMax =
    std::uint64_t{64} * 1024 * 1024;  // memory times passes

[[nodiscard]] auto is_holdfast_file(base::ByteView file) -> bool;  // of any version

// The file around the content. Sealing lowers the cost asked for to what opening accepts.
[[nodiscard]] auto seal_holdfast_file(const base::SecretBytes& content, const FileSeal& seal,
                                      base::SecretMemory& memory)
    -> base::Detailed<base::SecretBytes>;
[[nodiscard]] auto open_holdfast_file(base::ByteView file, const FileKey& key,
                                      base::SecretMemory& memory)
    -> base::Detailed<base::SecretBytes>;

// The content: ExportContent.
[[nodiscard]] auto encode_holdfast_content(const std::vector<ExportEntry>& entries,
                                           const std::vector<FolderPath>& folders,
                                           base::SecretMemory& memory)
    -> base::Detailed<base::SecretBytes>;
[[nodiscard]] auto decode_holdfast_content(base::ByteView content, base::SecretMemory& memory)
    -> base::Detailed<Imported>;

}  // namespace holdfast::formats
