// imported.h: what the fuzzers of foreign files share: memory, a stop, and what was read as what is
// to be written again. Threads: one.
#pragma once

#include <cstdlib>

#include "formats/export.h"
#include "formats/import.h"

namespace holdfast::fuzz {

inline constexpr model::TimeMs kNow{1'700'000'000'000};

inline auto memory() -> base::SecretMemory& {
  static const auto made =
      base::SecretMemory::create({.bytes_max = std::size_t{512} << 20, .lock = base::Lock::none});
  return **made;
}

inline void require(bool holds) {
  if (!holds) std::abort();
}

inline auto for_export(const formats::Imported& imported) -> std::vector<formats::ExportEntry> {
  std::vector<formats::ExportEntry> entries;
  for (const formats::ImportedEntry& from : imported.entries) {
    formats::ExportEntry& to = entries.emplace_back();
    to.secret = &from.secret;
    for (const auto& state : from.history) to.history.push_back(&state);
    for (const auto& name : from.folder) to.folder.push_back(name.clone());
    to.id = from.id;
    to.deleted = from.deleted;
    to.shape = from.shape;
  }
  return entries;
}

}  // namespace holdfast::fuzz
