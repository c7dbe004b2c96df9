// ledger.h: what was ordered, applied: state, state tree, version bodies, audit log, transactions,
// and the tip, whoever ordered it. Needs no key, so it works while the vault is locked.
// Invariant: heights are applied in order, each once; everything one height changes goes into one
// batch, which the caller writes before the next. The trees in memory run ahead of the disk from
// apply() to stored(): after a failure in between the ledger must be loaded anew.
// Limits: vault/apply.h's. Time: the commit's timestamp. Threads: one writer; tip() any.
// Errors: the store's; store_corrupt (tip, state tree and state disagree).
// Source: docs/formats.cddl, Tip; docs/adr/0017-ordering-apart-from-applying.md.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <vector>

#include "consensus/chain_end.h"
#include "crypto/log_tree.h"
#include "crypto/sparse_tree.h"
#include "model/transaction.h"
#include "node/records.h"
#include "ports/key_value_store.h"
#include "vault/apply.h"

namespace holdfast::node {

// Where the applied history ends; one record, rewritten with every commit.
struct Tip {
  consensus::ChainEnd chain;
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

// Both halves of the author's signature, by the key that the state has for the author.
using VerifyTransaction = std::function<base::Result<model::VerifiedTransaction>(
    model::SignedTransaction transaction, const crypto::PublicKey& author)>;

class Ledger {
 public:
  // The state a vault begins with, under an empty history; synced.
  static auto create(ports::KeyValueStore& store, base::ByteView genesis,
                     const vault::StateChanges& state, const consensus::ChainEnd& start)
      -> base::Result<void>;
  // The store outlives the ledger.
  static auto load(ports::KeyValueStore& store) -> base::Result<std::unique_ptr<Ledger>>;
  Ledger(const Ledger&) = delete;
  auto operator=(const Ledger&) -> Ledger& = delete;
  ~Ledger() = default;

  // The items of the next height; one that did not decode or whose signature does not verify is
  // malformed and changes nothing. One outcome an item, in order.
  using Item = base::Result<model::SignedTransaction>;
  [[nodiscard]] auto apply(model::TimeMs timestamp, std::vector<Item> items,
                           const VerifyTransaction& verify, ports::Batch& batch)
      -> base::Result<std::vector<vault::Outcome>>;
  // After apply(): where the chain ends with this commit.
  void end_at(const consensus::ChainEnd& end, ports::Batch& batch);
  // The batch of the last apply() is in the store: tip() shows it.
  void stored();

  [[nodiscard]] auto tip() const -> Tip;
  [[nodiscard]] auto next_tip() const -> const Tip& { return next_; }  // of the writer
  [[nodiscard]] auto height() const -> model::Height { return next_.chain.height; }  // likewise
  [[nodiscard]] auto vault_id() const -> const model::VaultId& { return vault_; }
  [[nodiscard]] auto store() const -> const ports::KeyValueStore& { return store_; }

 private:
  Ledger(ports::KeyValueStore& store, const model::VaultId& vault, Tip tip)
      : store_{store}, vault_{vault}, next_{tip}, tip_{std::move(tip)} {}

  auto load_tree() -> base::Result<void>;
  auto apply_one(Item item, const vault::CommitContext& context, vault::StateOverlay& state,
                 const VerifyTransaction& verify, ports::Batch& batch)
      -> base::Result<vault::Outcome>;
  void keep(const vault::Outcome& outcome, ports::Batch& batch);
  auto store_state(const vault::StateChanges& changes, ports::Batch& batch) -> base::Result<void>;

  ports::KeyValueStore& store_;
  const model::VaultId vault_;
  crypto::SparseTree tree_;
  crypto::LogTree audit_;
  Tip next_;

  mutable std::shared_mutex mutex_;
  Tip tip_;
};

}  // namespace holdfast::node
