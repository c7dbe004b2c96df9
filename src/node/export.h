// export.h: what an export holds, taken out of an unlocked vault: secrets, their folders, and if
// asked for their histories and what is deleted.
// Invariant: what has no content left (pruned, purged) is passed over, and what was made from it
// hangs on what that was made from. Limits: none beyond the vault's. Time: none. Threads: functions
// any; writes may go on meanwhile, each secret is of one moment. Errors: vault_locked and those of
// reading; throws std::bad_alloc. Source: docs/design/interfaces.md §4.
#pragma once

#include <deque>
#include <functional>

#include "formats/export.h"
#include "node/distributed_vault.h"

namespace holdfast::node {

struct ExportOptions {
  std::vector<CategoryId> categories{};  // empty: all
  bool history = false;
  bool deleted = false;
  // Histories with their branches and deletions, for a format that can hold them. Otherwise what is
  // shown comes last, and nothing says how the states hang together.
  bool shape = false;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress{};
};

struct ExportSet {
  std::vector<formats::ExportEntry> entries;  // point into contents
  std::vector<formats::FolderPath> folders;   // of the categories chosen, also empty ones
  std::deque<model::Secret> contents;
};
[[nodiscard]] auto collect_export(const DistributedVault& vault, const ExportOptions& options)
    -> Detailed<ExportSet>;

}  // namespace holdfast::node
