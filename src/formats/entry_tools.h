// entry_tools.h: what the importers share: custom fields for fields without a home, a label where
// the source has none, ids where the source has none, limits, counts. Limits: model/secret.h. Time:
// none. Threads: functions any; SourceIds one. Errors: too_long, capacity_exceeded; throws
// std::bad_alloc. Source: docs/design/interfaces.md §4.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "formats/import.h"
#include "model/secret.h"

namespace holdfast::formats {

struct FieldText {
  std::string_view section{}, name{}, value{};
  model::FieldType type = model::FieldType::text;
  bool is_protected = false;
};
void add_field(model::Secret& secret, const FieldText& field, base::SecretMemory& memory);
// The field of this section and name, or null.
[[nodiscard]] auto find_field(const model::Secret& secret, std::string_view section,
                              std::string_view name) -> const model::Field*;

void add_source(model::Secret& secret, Format format, std::string_view id,
                base::SecretMemory& memory);
// The id that the entry has in files of this format, or empty.
[[nodiscard]] auto source_id(const model::Secret& secret, Format format) -> std::string_view;

// Gives a secret without a label the host of its first address, else "unnamed".
void ensure_label(model::Secret& secret, base::SecretMemory& memory);

// Ids for sources that have none, stable over runs: the SHA-256 of address, user name and label,
// never of the password, so that a changed password stays the same entry; "-2", "-3" for equal
// ones.
class SourceIds {
 public:
  [[nodiscard]] auto next(std::string_view url, std::string_view username, std::string_view label)
      -> std::string;

 private:
  crypto::Sha256 sha256_;
  std::map<crypto::Digest, std::uint64_t> seen_;
};

[[nodiscard]] auto check_limits(const model::Secret& secret) -> base::Result<void>;
[[nodiscard]] auto check_limits(const ImportedEntry& entry) -> base::Result<void>;
[[nodiscard]] auto check_limits(const FolderPath& folder) -> base::Result<void>;
[[nodiscard]] auto count(const Imported& imported) -> ImportCounts;

[[nodiscard]] inline auto entry_place(std::size_t index) -> std::string {  // from 0
  return "entry " + std::to_string(index + 1);
}

// The importers behind parse_import, which has checked size and UTF-8 and removed a byte order
// mark.
[[nodiscard]] auto import_bitwarden(base::ByteView file, model::TimeMs now,
                                    base::SecretMemory& memory) -> base::Detailed<Imported>;
[[nodiscard]] auto import_csv(Format format, base::ByteView file, model::TimeMs now,
                              base::SecretMemory& memory) -> base::Detailed<Imported>;
// The lists of password managers: keepassxc-csv, lastpass-csv, bitwarden-csv.
[[nodiscard]] auto import_manager_csv(Format format, base::ByteView file, model::TimeMs now,
                                      base::SecretMemory& memory) -> base::Detailed<Imported>;
[[nodiscard]] auto import_holdfast(base::ByteView file, base::SecretMemory& memory)
    -> base::Detailed<Imported>;

}  // namespace holdfast::formats
