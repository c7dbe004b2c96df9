// writers.h: the exporters behind write_export, which catches std::bad_alloc, and export_losses.
// Limits, time: none. Threads: functions any. Errors: bad_utf8 at "entry 12"; throw std::bad_alloc.
#pragma once

#include <string>
#include <vector>

#include "formats/export.h"

namespace holdfast::formats {

using ExportEntries = std::vector<ExportEntry>;

[[nodiscard]] auto export_bitwarden(const ExportEntries& entries, base::SecretMemory& memory)
    -> base::Detailed<base::SecretBytes>;
[[nodiscard]] auto export_csv(Format format, const ExportEntries& entries,
                              base::SecretMemory& memory) -> base::Detailed<base::SecretBytes>;
[[nodiscard]] auto export_manager_csv(Format format, const ExportEntries& entries,
                                      base::SecretMemory& memory)
    -> base::Detailed<base::SecretBytes>;
// Whether the field stands in a column of its own in this list of a password manager.
[[nodiscard]] auto manager_place(Format format, const model::Field& field) -> bool;
[[nodiscard]] auto export_holdfast(const ExportEntries& entries, base::SecretMemory& memory)
    -> base::Detailed<base::SecretBytes>;

// Where a field of section "imported" goes in a Bitwarden item, if it goes back to its place.
enum class BitwardenPlace : std::uint8_t {
  custom_field,
  item,
  login,
  uri,
  card,
  identity,
  ssh_key
};
[[nodiscard]] auto bitwarden_place(const model::Secret& secret, const model::Field& field)
    -> BitwardenPlace;
// Notes, cards and identities have no room for a user name, a password and addresses.
[[nodiscard]] auto bitwarden_has_login(const model::Secret& secret) -> bool;

// Firefox's own columns, kept as fields in section "imported".
inline constexpr std::string_view kFirefoxKept[] = {"httpRealm", "formActionOrigin",
                                                    "timeLastUsed"};

}  // namespace holdfast::formats
