// distributed_vault.h: one vault on one device: the store, the keys, the order and the views of it.
// A user change becomes a signed transaction, is ordered, applied, and written with its block,
// commit, state, state tree and audit record in one atomic batch. Acknowledged means synced.
// Locked means: no secret key, plaintext or index entry is in memory; the node key stays.
// Limits: kQueuedWritesMax, and those of model/ and ports/. Time: the Clock port. Threads: any;
// readers never wait for a write to reach the disk. Errors: Failure, with the place it concerns.
// Source: docs/architecture.md, docs/formats.cddl.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/kdf.h"
#include "formats/export.h"
#include "formats/import.h"
#include "model/secret.h"
#include "model/state.h"
#include "model/transaction.h"
#include "node/backup.h"
#include "node/ordering_kind.h"
#include "node/ports.h"
#include "vault/resolve.h"

namespace holdfast::node {

using base::Detailed;
using model::CategoryId;
using model::Height;
using model::SecretId;
using model::TxId;
using model::VersionId;
using vault::comes_first;
using vault::Conflict;
using vault::ConflictResolver;
using vault::FieldOutcome;
using vault::Head;
using vault::Resolution;

// The resolver of this name on this device; null: none. Lives as long as its holders.
using FindResolver = std::function<std::shared_ptr<const ConflictResolver>(std::string_view name)>;
// What the default strategy makes of it, for resolvers that change only a part.
[[nodiscard]] auto usual_merge(const Conflict& conflict, base::SecretMemory& memory)
    -> base::Result<model::Secret>;

inline constexpr std::size_t kQueuedWritesMax = 10'000;
inline constexpr std::size_t kCategoryNameBytesMax = 900;  // a sealed name has room for them
inline constexpr std::size_t kImportBatch = 250;  // changes of one transaction of an import

struct NewVault {
  std::string device_name;
  crypto::Argon2Params kdf;
  OrderingKind ordering = OrderingKind::solo;
};

// What `list` and `search` show of a secret without opening it.
struct Summary {
  SecretId id;
  CategoryId category;
  VersionId version;  // the head shown
  model::Kind kind{};
  base::SecretBytes label, username;
  std::vector<base::SecretBytes> urls, tags;
  model::TimeMs created{}, modified{};
  Height added{};                 // the commit of its first version
  std::uint64_t added_index = 0;  // of that version's transaction in it
  bool has_totp = false;
  bool several_heads = false;
  bool conflict = false;         // several heads that say different things
  bool duplicate_label = false;  // another secret of this category carries the same label
  bool deleted = false;
};
using SummaryRef = std::shared_ptr<const Summary>;  // immutable; wiped with its last holder

struct Category {
  CategoryId id;
  std::optional<CategoryId> parent;
  base::SecretBytes name;
  std::uint64_t secrets = 0;  // live ones
};

struct Entry {
  SecretId id;
  CategoryId category;
  VersionId version;
  std::vector<VersionId> heads;
  model::TxId transaction;
  std::optional<Height> height;  // nothing: pending
  bool conflict = false;         // several heads that say different things
  model::Secret secret;
};

// One version in the history of a secret.
struct VersionInfo {
  VersionId id;
  std::vector<VersionId> parents;  // ascending
  model::VersionKind kind{};
  model::BodyState body{};
  model::DeviceId author;
  Height height{};
  model::TimeMs committed{};
  std::optional<model::TimeMs> modified;  // of its content, where that is there
  bool head = false;
};

struct ConflictInfo {
  SummaryRef summary;  // of the secret as it is shown
  model::ConflictType type{};
  model::Strategy strategy{};
  bool open = false;                 // waits for the user
  std::vector<VersionId> heads;      // ascending
  std::vector<SecretId> same_label;  // duplicate_label: the others, in committed order
};

// How a user settles a conflict: one head as it is, or a merge in which some fields have a rule of
// their own. With several secrets of one label the others are merged into this one and deleted.
struct ConflictChoice {
  std::optional<VersionId> head{};
  std::vector<std::pair<std::string, model::FieldRule>> fields{};  // by name, such as "password"
  std::optional<std::vector<VersionId>> if_heads{};  // stale_version unless these are the heads
};

// What an edit is based on; nothing: whatever is there.
struct Basis {
  std::optional<std::vector<VersionId>> heads{};  // stale_version unless these are the heads
  std::optional<VersionId> made_from{};  // its only parent: a conflict if it is no head any more
  std::optional<CategoryId> category{};  // moves the secret there
};

struct Receipt {
  SecretId secret;
  VersionId version;
  TxId transaction;
  std::optional<Height> height;  // nothing: pending
};

enum class SortBy : std::uint8_t { label, username, category, created, modified };
struct Filter {
  std::optional<CategoryId> category{};
  std::string_view text{};               // in label, username, url; no case in ASCII
  std::vector<std::string_view> tags{};  // all of them
  SortBy sort = SortBy::label;
  bool reverse = false;
  bool deleted = false;    // deleted ones instead of live ones
  bool conflicts = false;  // only those in conflict
  bool pending = false;    // only those with an edit that is not ordered yet
};
struct SearchIn {
  bool label = true, username = true, urls = true, tags = true, category = true;
  bool notes = false, fields = false;  // these open every secret
};

// ITEM as a user names it: a label, category/label, an id or its unique prefix.
struct Found {
  SummaryRef one;                      // null: nothing or more than one
  std::vector<SummaryRef> candidates;  // more than one: all of them, at most 20
  bool duplicate_label = false;        // `one` is the first committed of several in its category
};

enum class OnConflict : std::uint8_t { skip, replace, merge, duplicate };
struct ImportOptions {
  std::optional<CategoryId> category;  // instead of the file's folders
  OnConflict on_conflict = OnConflict::skip;
  bool dry_run = false;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress{};
};
struct ImportReport {
  formats::ImportCounts source;
  std::uint64_t read = 0, added = 0, updated = 0, skipped = 0, failed = 0, categories = 0;
  std::vector<std::string> failures;  // "entry 12: a value is longer than its limit": no values
  std::vector<std::string> notes;
};

struct VerifyReport {
  std::uint64_t heights = 0, transactions = 0, versions = 0, state_records = 0, audit_records = 0;
  std::uint64_t checkpoints = 0;
  crypto::Digest state_root, audit_root;
  std::optional<std::string> first_bad;  // "version 3f…: its bytes do not match its id"
};

struct CacheCounters {
  std::uint64_t hits = 0, misses = 0, held = 0;
};
struct Caches {
  CacheCounters nodes, views, queries;  // since unlocking
};

struct Status {
  std::string vault;  // folder name
  model::VaultId vault_id;
  model::DeviceId device;
  bool unlocked = false;
  Height height{};
  crypto::Digest state_root, audit_root;
  std::uint64_t pending = 0;
  std::uint64_t secrets = 0;    // live; 0 while locked
  std::uint64_t conflicts = 0;  // 0 while locked
  OrderingKind ordering{};
  std::uint64_t validators = 1;
  std::uint64_t tolerated_faults = 0;
  std::uint64_t store_bytes = 0;
  model::TimeMs last_commit{};                  // 0: none yet
  crypto::Argon2Params kdf{};                   // how costly a guess at the passphrase is
  std::uint64_t unlocked_memory_bytes = 0;      // memory for keys that could not be locked
  std::optional<base::Error> read_only;         // why nothing can be written
  std::optional<model::VaultId> migrated_to{};  // cut over: the vault that replaced it
  std::uint64_t opened_for_index = 0;           // secrets that unlocking had to open
  Caches caches{};
};

class DistributedVault {
 public:
  // Makes the folder (it must not exist or be empty), keys and genesis; ends unlocked.
  [[nodiscard]] static auto create(const std::filesystem::path& folder, const NewVault& options,
                                   const base::SecretBytes& passphrase, const Ports& ports)
      -> Detailed<std::unique_ptr<DistributedVault>>;
  // Ends locked. store_locked: another process has it.
  [[nodiscard]] static auto open(const std::filesystem::path& folder, const Ports& ports)
      -> Detailed<std::unique_ptr<DistributedVault>>;
  ~DistributedVault();
  DistributedVault(const DistributedVault&) = delete;
  auto operator=(const DistributedVault&) -> DistributedVault& = delete;

  // wrong_passphrase; header_corrupt. Derives the key outside any lock.
  [[nodiscard]] auto unlock(const base::SecretBytes& passphrase) -> Detailed<void>;
  void lock();
  // Seals the header's keys under `to`: from then on `from` opens nothing here, and a crash leaves
  // one of the two valid. The keys stay what they are, so an older copy of the folder still opens
  // with `from`. wrong_passphrase. Without `kdf` its cost stays. Slow: derives two keys.
  [[nodiscard]] auto change_passphrase(const base::SecretBytes& from, const base::SecretBytes& to,
                                       std::optional<crypto::Argon2Params> kdf) -> Detailed<void>;
  [[nodiscard]] auto status() const -> Status;

  // Reads; vault_locked while locked.
  [[nodiscard]] auto find(std::string_view item) const -> Detailed<Found>;
  [[nodiscard]] auto get(const SecretId& id) const -> Detailed<Entry>;
  [[nodiscard]] auto list(const Filter& filter) const -> Detailed<std::vector<SummaryRef>>;
  [[nodiscard]] auto search(std::string_view text, const SearchIn& in) const
      -> Detailed<std::vector<SummaryRef>>;
  [[nodiscard]] auto categories() const -> Detailed<std::vector<Category>>;
  [[nodiscard]] auto find_category(std::string_view name_or_id) const
      -> Detailed<std::optional<CategoryId>>;
  // Opens every live secret, in order of label; false from the visitor stops.
  [[nodiscard]] auto for_each(const Filter& filter,
                              const std::function<bool(const Entry&)>& visit) const
      -> Detailed<void>;

  // The history of a secret, oldest first, and one version of it. Also of what is deleted.
  [[nodiscard]] auto versions(const SecretId& id) const -> Detailed<std::vector<VersionInfo>>;
  [[nodiscard]] auto get_version(const SecretId& id, const VersionId& version) const
      -> Detailed<Entry>;

  // Open conflicts and equal labels; and how the conflict of a secret is settled, or, where there
  // is none, how its last merge was. unknown_secret; no_conflict.
  [[nodiscard]] auto conflicts() const -> Detailed<std::vector<ConflictInfo>>;
  [[nodiscard]] auto conflict(const SecretId& id) const -> Detailed<Resolution>;
  [[nodiscard]] auto conflict_settings() const
      -> Detailed<std::shared_ptr<const model::ConflictSettings>>;

  // Writes; each returns once synced. Secrets get their times here (created and modified, where
  // zero).
  [[nodiscard]] auto add(model::Secret secret, std::optional<CategoryId> category)
      -> Detailed<Receipt>;
  [[nodiscard]] auto update(const SecretId& id, model::Secret secret, const Basis& basis)
      -> Detailed<Receipt>;
  [[nodiscard]] auto remove(const SecretId& id, bool purge, const Basis& basis)
      -> Detailed<Receipt>;
  // Writes the content of an older version anew; nothing: the last content of what is deleted.
  [[nodiscard]] auto restore(const SecretId& id, const std::optional<VersionId>& version,
                             const Basis& basis) -> Detailed<Receipt>;
  [[nodiscard]] auto resolve_conflict(const SecretId& id, const ConflictChoice& choice)
      -> Detailed<Receipt>;
  [[nodiscard]] auto set_conflict_settings(const model::ConflictSettings& settings)
      -> Detailed<void>;
  [[nodiscard]] auto set_retention(const model::Retention& retention) -> Detailed<void>;
  [[nodiscard]] auto retention() const -> Detailed<model::Retention>;

  [[nodiscard]] auto add_category(std::string_view name, std::optional<CategoryId> parent)
      -> Detailed<CategoryId>;
  [[nodiscard]] auto rename_category(const CategoryId& id, std::string_view name) -> Detailed<void>;
  [[nodiscard]] auto move_category(const CategoryId& id, const CategoryId& parent)
      -> Detailed<void>;
  // category_not_empty while it has live secrets or categories below it.
  [[nodiscard]] auto delete_category(const CategoryId& id) -> Detailed<void>;
  [[nodiscard]] auto import(formats::Imported file, const ImportOptions& options)
      -> Detailed<ImportReport>;

  // Rebuilds state root and audit root from the store and names the first bad record. Works locked.
  [[nodiscard]] auto verify(
      const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) const
      -> Detailed<VerifyReport>;

  // Where the strategy `custom` finds its resolver. They run while other writers wait.
  void set_resolvers(FindResolver find);
  // Writes fail with this reason until it is taken back with nothing; a commit under way ends
  // first.
  void set_read_only(std::optional<base::Error> reason);
  // Read-only for good, by a file in the folder that names the vault to use instead.
  [[nodiscard]] auto cut_over(const model::VaultId& to) -> Detailed<void>;
  // The owner's word that a restored vault may sign: no other copy of it does.
  [[nodiscard]] auto confirm_recovery() -> Detailed<void>;
  // Everything but the signer into one new encrypted file; also while locked (node/backup.h).
  [[nodiscard]] auto backup(const std::filesystem::path& file) -> Detailed<BackupManifest>;

 private:
  friend class Migration;
  class Impl;
  explicit DistributedVault(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::node
