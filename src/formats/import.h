// import.h: a foreign file becomes entries. Nothing is dropped: a source field without a home
// becomes a custom field in section "imported", with its type and protection. The file is read
// completely before anything is returned, so a damaged file imports nothing. All plaintext lies in
// the SecretMemory given; a Failure's place is "line 7" or "entry 12", counted from 1, never a
// value. Limits: below and those of model/secret.h. Time: `now` stands for missing dates. Threads:
// functions any. Errors: 60xx, too_long, bad_utf8, duplicate_key, too_deep, capacity_exceeded,
// unsupported_version, secret_memory_exhausted. Source: docs/design/interfaces.md §4.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "formats/file_key.h"
#include "model/secret.h"

namespace holdfast::formats {

inline constexpr std::size_t kImportBytesMax = std::size_t{256} << 20;
inline constexpr std::size_t kImportEntriesMax = 1'000'000;
inline constexpr std::size_t kImportFoldersMax = 100'000;
inline constexpr std::size_t kFolderDepthMax = 32;     // names in one folder path
inline constexpr std::size_t kHistoryItemsMax = 4096;  // older states of one entry
inline constexpr std::size_t kJsonDepthMax = 32;

// The section of custom fields that stand for source fields without a home.
inline constexpr std::string_view kImportedSection = "imported";

enum class Format : std::uint8_t {
  bitwarden_encrypted_json,
  bitwarden_json,
  chrome_csv,
  firefox_csv,
  holdfast,
  holdfast_json,
  kdbx,
  keepass_xml,
  keepassxc_csv,
  lastpass_csv,
  bitwarden_csv,
};
inline constexpr Format kFormats[] = {  // new ones last: the kept inputs of the fuzzer count them
    Format::bitwarden_json,
    Format::chrome_csv,
    Format::firefox_csv,
    Format::holdfast_json,
    Format::kdbx,
    Format::keepass_xml,
    Format::keepassxc_csv,
    Format::lastpass_csv,
    Format::bitwarden_csv,
    Format::holdfast,
    Format::bitwarden_encrypted_json};

[[nodiscard]] auto format_name(Format format) -> std::string_view;  // "bitwarden-json"
[[nodiscard]] auto format_from_name(std::string_view name) -> std::optional<Format>;
[[nodiscard]] auto is_encrypted(Format format) -> bool;  // a file of it needs a FileKey
[[nodiscard]] auto guess_format(base::ByteView file) -> std::optional<Format>;  // by content

using FolderPath = std::vector<base::SecretBytes>;  // outermost first; empty: no folder

// One version in the history of an entry: which ones it was made from, and whether it deletes.
struct StateNode {
  std::vector<std::uint32_t> parents{};  // earlier ones, ascending; the first node alone has none
  bool deletes = false;
  auto operator==(const StateNode&) const -> bool = default;
};

struct ImportedEntry {
  model::Secret secret;  // its `sources` names the format and the id within the file
  FolderPath folder{};
  bool deleted = false;
  std::vector<model::Secret> history{};  // older states, oldest first
  // Where the history is not one line that ends in the secret or its deletion: the whole of it. The
  // contents of the nodes that do not delete are the history in its order, and then the secret.
  std::vector<StateNode> shape{};
  std::string id{};  // holdfast, holdfast-json: hex of the secret id it was exported with
};

struct ImportCounts {  // what the file holds, for comparison with what was stored
  std::uint64_t entries = 0;
  std::uint64_t deleted = 0;        // of the entries
  std::uint64_t folders = 0;        // also empty ones
  std::uint64_t fields = 0;         // custom fields of the source itself
  std::uint64_t fields_mapped = 0;  // became custom fields in section "imported"
  std::uint64_t attachments = 0;
  std::uint64_t totps = 0;
  std::uint64_t history = 0;  // older states
  auto operator==(const ImportCounts&) const -> bool = default;
};

struct Imported {
  std::vector<ImportedEntry> entries;
  std::vector<FolderPath> folders;  // every folder the file names, also empty ones
  ImportCounts counts;
  std::vector<std::string> notes;  // for people; without values
};

// `key` opens an encrypted file; other formats ignore it.
[[nodiscard]] auto parse_import(Format format, base::ByteView file, model::TimeMs now,
                                base::SecretMemory& memory, const FileKey& key = {})
    -> base::Detailed<Imported>;

}  // namespace holdfast::formats
