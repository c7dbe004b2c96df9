// vault_impl.h: the inside of DistributedVault, shared by its .cc files.
// Locks, in this order: writer_ (composing and committing; one thread), mutex_ (what readers see).
// Readers take mutex_ shared and never writer_, so they never wait for a disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <shared_mutex>

#include "node/index.h"
#include "node/keyring.h"
#include "node/ledger.h"
#include "node/version_cache.h"

namespace holdfast::node {

// One change a caller waits for. `result` is set exactly once, by the thread that commits it.
struct WriteOperation {
  enum class Kind : std::uint8_t { add, update, remove, purge, add_category };
  Kind kind{};
  SecretId secret_id;
  std::optional<CategoryId> category;   // add: where (root if absent); add_category: the parent
  std::optional<model::Secret> secret;  // add, update
  std::optional<VersionId> if_version;
  std::string category_name{};  // add_category
  CategoryId category_id{};     // add_category: the new one
  std::optional<Detailed<Receipt>> result{};
};

// All that lock wipes.
struct Unlocked {
  std::unique_ptr<Keyring> keys;
  Index index;
  std::optional<CategoryId> root;
  mutable VersionCache cache{};
};

class DistributedVault::Impl {
 public:
  Impl(store::Path folder, const Ports& ports, HeaderFile header, std::unique_ptr<Ledger> ledger);

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
  // The same for many at once; each gets its own result.
  void submit_all(std::span<WriteOperation* const> operations);
  auto import(formats::Imported file, const ImportOptions& options) -> Detailed<ImportReport>;

  [[nodiscard]] auto ports() const -> const Ports& { return ports_; }

 private:
  struct Draft;  // a transaction in the making (vault_writes.cc)

  auto build_index(Unlocked& unlocked) const -> base::Result<void>;
  auto load_categories(Unlocked& unlocked) const -> base::Result<void>;
  auto open_version(const Unlocked& unlocked, const model::Version& version) const
      -> base::Result<model::Secret>;
  auto load_version(const Unlocked& unlocked, const SecretId& id) const
      -> base::Result<CachedVersionRef>;
  auto summarise(const model::SecretState& state, const model::VersionNode& shown,
                 const model::Secret& secret, bool deleted) const -> Summary;

  void run_queue();
  void commit_operations(std::span<WriteOperation* const> operations);
  auto compose(Draft& draft, WriteOperation& operation) -> Detailed<bool>;
  auto compose_version(Draft& draft, WriteOperation& operation) -> Detailed<bool>;
  auto compose_purge(Draft& draft, WriteOperation& operation) -> Detailed<bool>;
  auto compose_category(Draft& draft, WriteOperation& operation) -> Detailed<bool>;
  auto sign(Draft& draft) -> base::Result<model::VerifiedTransaction>;
  void publish(Draft& draft);

  const store::Path folder_;
  const Ports ports_;
  [[nodiscard]] auto header() const -> HeaderFile {
    const std::scoped_lock lock{header_mutex_};
    return header_;
  }
  HeaderFile header_;  // vault and device never change; the rest is guarded by header_mutex_
  mutable std::mutex header_mutex_;
  std::mutex passphrase_;  // held while the passphrase changes: one after the other
  std::unique_ptr<Ledger> ledger_;
  crypto::VerifierCache verifiers_{4};  // the writer's
  crypto::Aead aead_;                   // the writer's

  std::mutex writer_;
  std::mutex queue_mutex_;  // of the three below, and of the results of what was queued
  std::condition_variable batch_done_;
  std::deque<WriteOperation*> queue_;  // at most kQueuedWritesMax
  bool leading_ = false;               // a thread commits for all who wait

  mutable std::shared_mutex mutex_;
  std::unique_ptr<Unlocked> unlocked_;  // null: locked
};

}  // namespace holdfast::node
