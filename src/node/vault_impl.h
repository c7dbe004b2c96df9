// vault_impl.h: the inside of DistributedVault, shared by its .cc files.
// Locks, in this order: composing_ (drafts and their signature; one thread), committing_ (the
// ledger; one thread), mutex_ (what readers see). A batch of versions gives composing_ up once it
// is being committed, so that the next is composed and signed meanwhile, on top of it. Readers take
// mutex_ shared and never the others, so they never wait for a disk. unlocked_ changes only under
// all three.
#pragma once

#include <mutex>
#include <shared_mutex>

#include "node/batch_processor.h"
#include "node/history.h"
#include "node/index.h"
#include "node/keyring.h"
#include "node/lru_cache.h"
#include "node/sealed_index.h"
#include "vault/resolve.h"

namespace holdfast::node {

// How long a batch waits for writers who were busy a moment ago: less than signing it costs.
inline constexpr std::chrono::microseconds kGatherTime{500};
// So many writers are worth two batches, one composed while the other is committed.
inline constexpr std::size_t kHalveFrom = 64;

// One change a caller waits for. `result` is set exactly once, by the thread that commits it.
struct WriteOperation {
  enum class Kind : std::uint8_t {
    add,
    update,
    merge,    // an update that settles a conflict
    restore,  // an update that also brings back what is deleted
    remove,
    purge,
    add_category,
    rename_category,
    move_category,
    delete_category,
    set_settings,
    set_retention,
  };
  Kind kind{};
  SecretId secret_id;
  std::optional<CategoryId> category;   // secrets: where to (add: root if absent); else the parent
  std::optional<model::Secret> secret;  // add, update, merge, restore
  std::optional<std::vector<VersionId>> if_heads{};  // stale_version unless these are the heads
  std::string category_name{};                       // add_category, rename_category
  CategoryId category_id{};                          // of the four that concern one
  std::optional<VersionId> made_from{};              // update: its parent, head or not
  std::vector<const WriteOperation*> made_after{};   // its parents: what these have written
  base::SecretBytes* settings = nullptr;             // set_settings: encoded
  model::Retention retention{};                      // set_retention
  std::optional<Detailed<Receipt>> result{};
};
[[nodiscard]] auto writes_content(WriteOperation::Kind kind) -> bool;
[[nodiscard]] auto writes_version(WriteOperation::Kind kind) -> bool;  // content, or its end

// A version read lately, encrypted and decoded, with its key in locked memory: reading it again
// needs no disk and opens one seal instead of two.
struct CachedVersion {
  model::Version version;
  crypto::OpeningKey key;
  VersionId id;
  CategoryId category;  // of the secret now
  TxId transaction;
  Height height{};
};
using CachedVersionRef = std::shared_ptr<const CachedVersion>;

// What readers see of one secret: one head as it is, or the heads as the strategy settles them.
struct View {
  model::Secret content;
  std::optional<VersionId> version;  // whose content it is; nothing: a merge not written yet
  std::vector<VersionId> heads;      // in committed order
  std::optional<vault::Resolution> resolution;  // several heads; its content has moved to `content`
};

// The view of a secret with several heads, which costs a merge.
struct CachedView {
  View view;
  CategoryId category;
  VersionId shown;
  TxId transaction;
  Height height{};
};
using CachedViewRef = std::shared_ptr<const CachedView>;

// All that lock wipes.
struct Unlocked {
  std::unique_ptr<Keyring> keys;
  SealedIndex sealed;
  Index index;
  std::optional<CategoryId> root;
  std::shared_ptr<const model::ConflictSettings> settings;
  mutable LruCache<CachedVersion> nodes;
  mutable LruCache<CachedView> views;
  std::uint64_t opened_for_index = 0;  // secrets that unlocking had to open
};

class DistributedVault::Impl {
 public:
  Impl(store::Path folder, const Ports& ports, HeaderFile header, std::unique_ptr<History> history);

  static auto open(const store::Path& folder, const Ports& ports)
      -> Detailed<std::unique_ptr<Impl>>;

  auto unlock(const base::SecretBytes& passphrase) -> Detailed<void>;
  auto unlock_with(const UserKeys& keys) -> Detailed<void>;
  void lock();
  auto change_passphrase(const base::SecretBytes& from, const base::SecretBytes& to,
                         std::optional<crypto::Argon2Params> kdf) -> Detailed<void>;
  auto status() const -> Status;
  auto verify(const std::function<void(std::uint64_t, std::uint64_t)>& progress) const
      -> Detailed<VerifyReport>;

  // Runs `use` on what is unlocked, under the shared lock; vault_locked if nothing is.
  template <class Use>
  auto reading(Use&& use) const -> std::invoke_result_t<Use, const Unlocked&> {
    const std::shared_lock lock{mutex_};
    if (unlocked_ == nullptr) return base::fail(base::Error::vault_locked);
    return use(*unlocked_);
  }
  auto get(const SecretId& id) const -> Detailed<Entry>;
  auto for_each(const Filter& filter, const std::function<bool(const Entry&)>& visit) const
      -> Detailed<void>;

  // Waits until the operation is committed or refused; many callers share one commit.
  auto submit(WriteOperation operation) -> Detailed<Receipt>;
  // The same for many at once; each gets its own result. `begun`, if given, is called at most once:
  // what is submitted from then on comes after these, and may be composed while they are committed.
  void submit_all(std::span<WriteOperation* const> operations, std::function<void()> begun = {});
  auto import(formats::Imported file, const ImportOptions& options) -> Detailed<ImportReport>;
  // The id that this says, unless a secret has or had it here.
  auto free_id(const std::string& hex) const -> base::Result<std::optional<SecretId>>;

  // vault_import_merge.cc: what it takes to merge an entry into this secret; empty: nothing.
  auto merge_entry(const SecretId& id, const formats::ImportedEntry& entry) const
      -> Detailed<std::vector<WriteOperation>>;

  // vault_states.cc
  void set_read_only(std::optional<base::Error> reason);
  auto cut_over(const model::VaultId& to) -> Detailed<void>;
  auto load_cut_over() -> Detailed<void>;  // what an earlier cut_over left in the folder
  auto confirm_recovery() -> Detailed<void>;
  auto backup(const std::filesystem::path& file) -> Detailed<BackupManifest>;

  // vault_views.cc
  auto versions(const SecretId& id) const -> Detailed<std::vector<VersionInfo>>;
  auto get_version(const SecretId& id, const VersionId& version) const -> Detailed<Entry>;
  auto conflicts() const -> Detailed<std::vector<ConflictInfo>>;
  auto conflict(const SecretId& id) const -> Detailed<vault::Resolution>;
  // vault_conflicts.cc
  auto restore(const SecretId& id, const std::optional<VersionId>& version,
               std::optional<std::vector<VersionId>> if_heads) -> Detailed<Receipt>;
  auto resolve(const SecretId& id, const ConflictChoice& choice) -> Detailed<Receipt>;
  auto set_settings(const model::ConflictSettings& settings) -> Detailed<void>;
  auto settings() const -> Detailed<std::shared_ptr<const model::ConflictSettings>>;
  auto retention() const -> Detailed<model::Retention>;
  void set_resolvers(FindResolver find);

  [[nodiscard]] auto ports() const -> const Ports& { return ports_; }

 private:
  // A secret that a draft has touched.
  struct Written {
    CategoryId category;
    std::vector<VersionId> heads;
    bool exists = false;
    bool live = false;
  };

  // What a transaction that is being committed has written, for the next to be composed upon.
  struct Ahead {
    model::AuthorSeq seq{};
    TxId id;
    std::map<SecretId, Written> secrets;
    bool applied =
        false;  // guarded by committing_; if it stays so, what was composed upon it is void
  };

  // What the operations of one transaction have made so far.
  struct Draft {
    Unlocked& unlocked;
    std::shared_ptr<const Ahead> ahead;  // null: the store says all
    model::Transaction transaction;
    bool only_versions = true;
    std::size_t bytes = 0;
    std::map<SecretId, Written> secrets;
    std::map<CategoryId, std::optional<model::CategoryState>> categories;  // as read
    std::vector<WriteOperation*> operations;                               // one a change, in order
    std::vector<VersionId> versions;  // likewise; zero where a change has none
  };

  // One thread's way through the two stages. With `next` it gives the first up once the last of its
  // operations are being committed, and says so; without, it holds both to its end.
  struct Turn {
    std::unique_lock<std::mutex> composing, committing;
    std::function<void()> next;
  };
  auto both_stages() -> Turn;
  // Writes the merge of every one of these that is in conflict and needs nobody to settle it.
  void record_merges(std::span<const SecretId> touched, Turn& turn);

  using CommitPlace = std::pair<Height, std::uint64_t>;

  // vault_index.cc
  auto load_index(Unlocked& unlocked) const -> base::Result<void>;
  auto build_index(Unlocked& unlocked) const -> base::Result<void>;
  auto summarise_stored(Unlocked& unlocked, const model::SecretState& state,
                        std::vector<SummaryRef>& summaries) const -> base::Result<void>;
  static void put_all(Unlocked& unlocked, std::vector<SummaryRef> summaries);
  void save_index(Unlocked& unlocked, bool may_rewrite);

  auto load_categories(Unlocked& unlocked) const -> base::Result<void>;
  auto load_settings(const Unlocked& unlocked) const
      -> base::Result<std::shared_ptr<const model::ConflictSettings>>;
  auto open_version(const Unlocked& unlocked, const model::Version& version) const
      -> base::Result<model::Secret>;
  auto open_stored(const Unlocked& unlocked, const VersionId& id) const
      -> base::Result<model::Secret>;
  auto transaction_of(const model::VersionNode& node) const -> base::Result<TxId>;
  // Nothing: deleted or purged.
  auto view_of(const Unlocked& unlocked, const model::SecretState& state) const
      -> base::Result<std::optional<View>>;
  auto settle(const Unlocked& unlocked, const model::SecretState& state,
              const std::vector<const model::VersionNode*>& heads,
              const model::ConflictSettings& settings, bool writing) const
      -> base::Result<vault::Resolution>;
  auto index_entry(const Unlocked& unlocked, const model::SecretState& state) const
      -> base::Result<std::optional<Summary>>;
  auto merge_stored(const Unlocked& unlocked, const model::SecretState& stored,
                    const formats::ImportedEntry& entry) const
      -> base::Result<std::vector<WriteOperation>>;
  auto merge_edited(const Unlocked& unlocked, const model::SecretState& stored, const View& held,
                    const crypto::Digest* imported_before, model::Secret imported) const
      -> base::Result<std::vector<WriteOperation>>;
  auto merge_duplicates(const SecretId& id, const ConflictChoice& choice) -> Detailed<Receipt>;
  auto merge_operation(const Unlocked& unlocked, const SecretId& id) const
      -> base::Result<std::optional<WriteOperation>>;
  // The one head of a secret; null: it has several, or none with content.
  auto load_version(const Unlocked& unlocked, const SecretId& id) const
      -> base::Result<CachedVersionRef>;
  auto load_view(const Unlocked& unlocked, const SecretId& id) const -> Detailed<CachedViewRef>;
  auto summarise(const SecretId& id, const CategoryId& category, const VersionId& shown,
                 const model::Secret& secret, const CommitPlace& added) const -> Summary;

  void run_batch(std::span<WriteOperation* const> batch, const std::function<void()>& next);
  void commit_operations(std::span<WriteOperation* const> operations, Turn& turn);
  auto start(Draft& draft) const -> base::Result<void>;
  auto compose_some(Draft& draft, std::span<WriteOperation* const> operations, std::size_t together)
      -> std::size_t;
  auto finish(Draft& draft, const TxId& id, const Detailed<Committed>& committed) -> bool;
  auto compose(Draft& draft, WriteOperation& operation) -> Detailed<bool>;
  auto compose_version(Draft& draft, WriteOperation& operation) -> Detailed<bool>;
  auto written_before(const Draft& draft, const WriteOperation& operation) const
      -> base::Result<Written>;
  static auto parents_of(const Draft& draft, const WriteOperation& operation, const Written& secret)
      -> Detailed<std::vector<VersionId>>;
  auto category_of(Draft& draft, const CategoryId& id) const
      -> base::Result<const model::CategoryState*>;
  auto compose_purge(Draft& draft, WriteOperation& operation) -> Detailed<bool>;
  // vault_organise.cc
  auto compose_category(Draft& draft, WriteOperation& operation) -> Detailed<bool>;
  auto compose_category_change(Draft& draft, WriteOperation& operation) -> Detailed<bool>;
  auto compose_settings(Draft& draft, WriteOperation& operation) -> Detailed<bool>;
  auto check_category_name(const Unlocked& unlocked, const std::string& name,
                           const std::optional<CategoryId>& parent) const -> Detailed<void>;
  void publish_organised(Unlocked& unlocked, const WriteOperation& operation,
                         const model::Change& change);
  auto sign(Draft& draft) -> base::Result<model::SignedTransaction>;
  void publish(Draft& draft, Height height);
  void publish_secret(Draft& draft, const WriteOperation& operation, const VersionId& version,
                      Height height);

  const store::Path folder_;
  const Ports ports_;
  [[nodiscard]] auto header() const -> HeaderFile {
    const std::scoped_lock lock{header_mutex_};
    return header_;
  }
  HeaderFile header_;  // vault and device never change; the rest is guarded by header_mutex_
  mutable std::mutex header_mutex_;
  std::mutex passphrase_;  // held while the passphrase changes: one after the other
  std::unique_ptr<History> history_;

  std::mutex composing_;
  crypto::Aead aead_;                   // guarded by composing_
  std::shared_ptr<const Ahead> ahead_;  // likewise; null: nothing is being committed
  std::mutex committing_;

  FindResolver find_resolver_;  // guarded by mutex_; may be empty
  BatchProcessor<WriteOperation> batches_{
      {.batch_size = model::kChangesMax,
       .gather = kGatherTime,
       .queue_max = kQueuedWritesMax,
       .halve_from = kHalveFrom},
      [this](std::span<WriteOperation* const> batch, const std::function<void()>& next) {
        run_batch(batch, next);
      }};

  mutable std::shared_mutex mutex_;
  std::unique_ptr<Unlocked> unlocked_;         // null: locked
  std::optional<model::VaultId> migrated_to_;  // set once
};

}  // namespace holdfast::node
