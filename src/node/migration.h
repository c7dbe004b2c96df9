// migration.h: everything of one vault arrives in another: categories, secrets with their whole
// history, oldest version first, and what is deleted. Four phases: the source becomes read-only;
// versions are copied in batches; they are compared, if asked; the source is retired for good, if
// asked and nothing went wrong.
// Invariant: nothing is written to the source but, at the end, the mark that retires it. Each
// version copied remembers the secret and the version it was, so a run that was cut short goes on
// where it stopped, and a second run changes nothing. A secret changed in the target since is never
// overwritten.
// Limits: kMigrationBatchMax; one secret's history is in memory at a time, and one batch. Time:
// none of its own. Threads: run() once, by one thread; both vaults may be read meanwhile. Errors:
// vault_locked, migration_into_itself, those of either store; what concerns one secret is in the
// report. Source: docs/design/vault.md §8.
#pragma once

#include <map>
#include <set>

#include "node/distributed_vault.h"

namespace holdfast::node {

struct WriteOperation;

inline constexpr std::size_t kMigrationBatch = 500;               // versions
inline constexpr std::size_t kMigrationBatchMax = 10'000;         // likewise
inline constexpr std::size_t kMigrationReasonsMax = 1'000;        // lines of each list of a report
inline constexpr std::string_view kMigratedSecret = "holdfast:";  // and the vault id: a `source`
inline constexpr std::string_view kMigratedVersion = "holdfast-version:";

struct MigrationConfig {
  std::size_t batch_size = kMigrationBatch;
  bool stop_on_error = false;
  bool verify = false;
  bool auto_cutover = false;
  bool dry_run = false;  // count only; not with verify or auto_cutover
  std::function<void(std::uint64_t done, std::uint64_t total)> progress{};  // in secrets
};

struct MigrationCheck {
  std::uint64_t secrets = 0, deleted = 0, versions = 0, fields = 0, attachments = 0;  // compared
  std::vector<std::string> differences;  // "sec_3f…, ver_07…: password differs"; no values
};

struct MigrationReport {
  std::uint64_t total = 0;     // secrets of the source, deleted ones too
  std::uint64_t imported = 0;  // secrets of which at least one version arrived now
  std::uint64_t skipped = 0;   // nothing new
  std::uint64_t failed = 0;
  std::uint64_t versions = 0;  // that arrived now
  std::uint64_t categories = 0;
  std::vector<std::string> errors;  // "sec_3f…: why"; the first kMigrationReasonsMax
  std::optional<MigrationCheck> verification;
  bool stopped = false;  // by stop_on_error
  bool cut_over = false;
};

class Migration {
 public:
  // Both stay the caller's, open and unlocked.
  Migration(DistributedVault& source, DistributedVault& target, MigrationConfig config);
  ~Migration();
  Migration(const Migration&) = delete;
  auto operator=(const Migration&) -> Migration& = delete;

  [[nodiscard]] auto run() -> Detailed<MigrationReport>;

 private:
  class Guard;
  struct Item;      // a secret of the source
  struct Original;  // one version of it
  struct Copied;    // what the target has of it

  auto list_source() -> Detailed<void>;
  auto list_target() -> Detailed<void>;
  auto copy_categories() -> Detailed<void>;
  auto copy_secrets() -> Detailed<void>;
  auto plan(std::size_t number) -> Detailed<void>;
  auto originals(const Item& item) const -> Detailed<std::vector<Original>>;
  auto copied(const SecretId& target) const -> Detailed<Copied>;
  auto content(const Item& item, const Original& original) const -> Detailed<model::Secret>;
  auto append(std::size_t number, WriteOperation operation) -> Detailed<void>;
  auto flush(std::uint64_t done) -> Detailed<void>;
  void fail_secret(std::size_t number, base::Error code);
  // migration_check.cc
  auto check() const -> Detailed<MigrationCheck>;
  auto check_secret(const Item& item, MigrationCheck& result) const -> Detailed<void>;

  DistributedVault& source_;
  DistributedVault& target_;
  const MigrationConfig config_;
  const std::string secret_source_, version_source_;
  MigrationReport report_;
  std::vector<Item> items_;                      // in committed order
  std::map<std::string, SecretId> known_;        // hex of a source's secret: it in the target
  std::map<CategoryId, CategoryId> categories_;  // of the source: in the target
  std::vector<WriteOperation> batch_;
  std::vector<std::size_t> owners_;  // item of each operation of the batch
  std::set<std::size_t> failed_, touched_;
};

}  // namespace holdfast::node
