// ledger.h: the ordered history on disk: proposes, applies and stores commits; needs only the node
// key, so it works while the vault is locked.
// Invariant: one commit is one atomic synced batch: block, commit, transactions, state, state tree,
// version bodies, audit records and the tip. After a failed write nothing more is written until the
// ledger is opened again.
// Limits: consensus/solo.h. Time: an argument. Threads: one writer; view(), tip() and the store's
// reads from any thread. Errors: store's; signer's; clock_far_off; store_corrupt (tip and state
// tree disagree). Source: docs/formats.cddl, Tip.
#pragma once

#include <functional>
#include <memory>
#include <shared_mutex>
#include <vector>

#include "consensus/solo.h"
#include "crypto/log_tree.h"
#include "crypto/sparse_tree.h"
#include "model/transaction.h"
#include "node/node_signer.h"
#include "node/ports.h"
#include "store/rocks_store.h"
#include "store/signer_file.h"
#include "vault/apply.h"

namespace holdfast::node {

// Where the stored history ends; one record, rewritten with every commit.
struct Tip {
  consensus::SoloState solo;
  crypto::Digest state_root, audit_root;
  std::uint64_t audit_size = 0;
  std::vector<crypto::Digest> audit_edge;
};
[[nodiscard]] auto encode(const Tip& tip) -> base::Bytes;
[[nodiscard]] auto decode_tip(base::ByteView encoded) -> base::Result<Tip>;

// The replicated state as stored.
class StoredState final : public vault::StateView {
 public:
  explicit StoredState(const ports::Reader& store) : store_{store} {}
  [[nodiscard]] auto get(const model::StateKey& key) const
      -> base::Result<std::optional<base::Bytes>> override;

 private:
  const ports::Reader& store_;
};

// The same, each record read once: for the length of one commit, in which only the overlay above it
// changes. Threads: one.
class RememberedState final : public vault::StateView {
 public:
  explicit RememberedState(const vault::StateView& below) : below_{below} {}
  [[nodiscard]] auto get(const model::StateKey& key) const
      -> base::Result<std::optional<base::Bytes>> override;

 private:
  const vault::StateView& below_;
  mutable std::map<model::StateKey, std::optional<base::Bytes>> known_;
};

// Big-endian numbers as keys, so that order of keys is order of numbers.
[[nodiscard]] auto number_key(std::uint64_t number) -> base::Bytes;
[[nodiscard]] auto transaction_key(model::Height height, std::uint64_t index) -> base::Bytes;
[[nodiscard]] auto checkpoint_key(model::Height height) -> base::Bytes;  // in Column::meta
[[nodiscard]] auto name_key(std::string_view name) -> base::Bytes;       // in Column::meta
inline constexpr std::string_view kGenesisName = "genesis";
inline constexpr std::string_view kTipName = "tip";

struct Committed {
  model::Height height{};
  std::vector<vault::Outcome> outcomes;  // one a transaction, in order
};

class Ledger {
 public:
  // Writes genesis and signer into an empty folder; the ledger is then opened like any other.
  static auto create(const store::Path& folder, base::ByteView genesis,
                     const crypto::SigningSeed& node_key, const Ports& ports)
      -> base::Detailed<void>;
  static auto open(const store::Path& folder, const crypto::SigningSeed& node_key,
                   const Ports& ports) -> base::Detailed<std::unique_ptr<Ledger>>;
  ~Ledger();
  Ledger(const Ledger&) = delete;
  auto operator=(const Ledger&) -> Ledger& = delete;

  // Orders, applies and stores the transactions as one commit; returns once it is synced. Each is
  // verified before it is applied, while the block that holds it is being signed.
  using Verify = std::function<base::Result<model::VerifiedTransaction>(model::SignedTransaction)>;
  [[nodiscard]] auto commit(std::vector<model::SignedTransaction> transactions,
                            const Verify& verify) -> base::Detailed<Committed>;

  // Of Column::index alone, which follows the history and is no part of it. Synced.
  [[nodiscard]] auto write_index(const ports::Batch& batch) -> base::Result<void>;

  [[nodiscard]] auto tip() const -> Tip;
  [[nodiscard]] auto store() const -> const ports::KeyValueStore& { return *store_; }
  [[nodiscard]] auto vault_id() const -> const model::VaultId& { return vault_; }
  [[nodiscard]] auto node_key() const -> const crypto::PublicKey& { return signer_.public_key(); }
  // Why nothing can be written: a lost log, a lost signer, a failed write, what hold() says.
  [[nodiscard]] auto read_only() const -> std::optional<base::Error>;
  // Refuses commits for this reason until it is called with nothing.
  void hold(std::optional<base::Error> reason);
  void stop_writing(base::Error reason);  // for as long as the ledger is open; the first one stays
  // The owner's word that no other copy of this vault signs: makes the signer that is missing from
  // where the log ends. nothing_to_recover. The caller is the writer. (ledger_recovery.cc)
  [[nodiscard]] auto confirm_recovery() -> base::Detailed<void>;

 private:
  Ledger(store::Path folder, std::unique_ptr<store::RocksStore> store,
         std::unique_ptr<store::SignerFile> signer_file, crypto::Signer signer,
         model::VaultId vault, Tip tip, const Ports& ports);

  auto load_tree() -> base::Result<void>;
  auto may_propose() const -> base::Detailed<void>;
  // Begins the signature of the block that holds them; tells the time of its commit.
  auto propose(std::span<const model::SignedTransaction> transactions)
      -> base::Result<model::TimeMs>;
  auto apply_all(model::Height height, model::TimeMs timestamp,
                 std::span<const model::VerifiedTransaction> transactions,
                 vault::StateOverlay& state, ports::Batch& batch) -> base::Result<Committed>;
  auto store_state(const vault::StateChanges& changes, ports::Batch& batch) -> base::Result<void>;
  auto store_checkpoint(const consensus::OrderedCommit& ordered, const Tip& tip,
                        ports::Batch& batch) -> base::Result<void>;

  const store::Path folder_;
  const Ports ports_;
  std::unique_ptr<store::RocksStore> store_;
  NodeSigner signer_;
  const model::VaultId vault_;
  consensus::Solo solo_;
  crypto::SparseTree tree_;
  crypto::LogTree audit_;

  mutable std::shared_mutex mutex_;  // of the three below
  Tip tip_;
  std::optional<base::Error> read_only_;
  std::optional<base::Error> held_;
};

}  // namespace holdfast::node
