// history.h: the ordered history of one vault on this device: its store, the ledger that applies
// it, and who orders what comes next; needs only the node key.
// Invariant: acknowledged means synced. After a failed write nothing more is written until it is
// opened again. Limits: node/write_gate.h. Time: the ports' clock. Threads: one writer; tip() and
// the store's reads from any thread. Errors: store's; signer's; clock_far_off; store_corrupt.
// Source: docs/adr/0017-ordering-apart-from-applying.md.
#pragma once

#include "model/genesis.h"
#include "node/ordering.h"
#include "store/rocks_store.h"
#include "store/signer_file.h"

namespace holdfast::node {

// The committee of epoch 0.
[[nodiscard]] auto founders_of(const model::Genesis& genesis) -> model::Committee;
[[nodiscard]] auto stored_ordering(const ports::Reader& store) -> base::Result<OrderingKind>;

class History {
 public:
  // Writes genesis and signer into an empty folder; the history is then opened like any other.
  static auto create(const store::Path& folder, base::ByteView genesis, OrderingKind ordering)
      -> base::Detailed<void>;
  static auto open(const store::Path& folder, const crypto::SigningSeed& node_key,
                   const Ports& ports) -> base::Detailed<std::unique_ptr<History>>;
  ~History();
  History(const History&) = delete;
  auto operator=(const History&) -> History& = delete;

  // Orders, applies and stores it; returns once it is synced.
  [[nodiscard]] auto commit(model::SignedTransaction transaction) -> base::Detailed<Committed>;
  // Of Column::index alone, which follows the history and is no part of it. Synced.
  [[nodiscard]] auto write_index(const ports::Batch& batch) -> base::Result<void>;

  [[nodiscard]] auto tip() const -> Tip { return ledger_->tip(); }
  [[nodiscard]] auto store() const -> const ports::KeyValueStore& { return *store_; }
  [[nodiscard]] auto vault_id() const -> const model::VaultId& { return ledger_->vault_id(); }
  [[nodiscard]] auto node_key() const -> const crypto::PublicKey& { return signer_.public_key(); }
  [[nodiscard]] auto ordering() const -> OrderingKind { return kind_; }
  // Why nothing can be written: a lost log, a lost signer, a failed write, what hold() says.
  [[nodiscard]] auto read_only() const { return gate_.read_only(); }
  // Refuses commits for this reason until it is called with nothing.
  void hold(std::optional<base::Error> reason) { gate_.hold(reason); }
  void stop_writing(base::Error reason) { gate_.stop(reason); }  // the first reason stays
  // The owner's word that no other copy of this vault signs: makes the signer that is missing from
  // where the log ends. nothing_to_recover. The caller is the writer.
  [[nodiscard]] auto confirm_recovery() -> base::Detailed<void>;

 private:
  History(store::Path folder, std::unique_ptr<store::RocksStore> store,
          std::unique_ptr<Ledger> ledger, crypto::Signer signer, const Ports& ports);
  auto open_signer() -> base::Detailed<void>;
  auto open_ordering(model::Committee committee) -> base::Result<void>;
  [[nodiscard]] auto clock_is_far_off() const -> bool;

  const store::Path folder_;
  const Ports ports_;
  std::unique_ptr<store::RocksStore> store_;
  std::unique_ptr<Ledger> ledger_;
  WriteGate gate_;
  NodeSigner signer_;
  OrderingKind kind_{};
  std::unique_ptr<Ordering> ordering_;
};

}  // namespace holdfast::node
