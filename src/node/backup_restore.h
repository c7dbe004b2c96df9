// backup_restore.h: a backup becomes a vault's folder again, or is only tried out.
// Invariant: a folder has its name only once everything in it is synced, and is never overwritten.
// A restored vault has no signer: it is read-only (signer_missing) until confirm_recovery().
// Limits: those of backup.h. Time: none. Threads: any. Errors: wrong_passphrase, backup_corrupt,
// vault_exists, store_full, store_io. Source: docs/adr/0012-backups-sealed-to-the-wrap-key.md.
#pragma once

#include "node/distributed_vault.h"

namespace holdfast::node {

struct BackupCheck {
  BackupManifest manifest;
  VerifyReport report;  // of the store restored from it
};

using BackupProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;  // in chunks

[[nodiscard]] auto restore_backup(const store::Path& file, const store::Path& folder,
                                  const base::SecretBytes& passphrase, const Ports& ports,
                                  const BackupProgress& progress = {})
    -> base::Detailed<BackupManifest>;
// Restores the store, but no key, into a folder below `scratch` that is gone afterwards.
[[nodiscard]] auto verify_backup(const store::Path& file, const store::Path& scratch,
                                 const base::SecretBytes& passphrase, const Ports& ports,
                                 const BackupProgress& progress = {})
    -> base::Detailed<BackupCheck>;

}  // namespace holdfast::node
