#include "node/history.h"

#include "vault/genesis_state.h"

namespace holdfast::node {

using base::ByteView;
using base::Detailed;
using base::Error;
using base::fail;
using base::Result;
using ports::Batch;
using ports::Column;
using ports::Durability;

auto founders_of(const model::Genesis& genesis) -> model::Committee {
  return {.epoch = {}, .members = {{genesis.owner.device, genesis.owner.node_key}}};
}

auto stored_ordering(const ports::Reader& store) -> Result<OrderingKind> {
  TRY(name, store.get(Column::meta, name_key(kOrderingName)));
  if (!name) return fail(Error::store_corrupt);
  const auto kind = ordering_of(base::text_of(*name));
  if (!kind) return fail(Error::store_corrupt);
  return *kind;
}

History::History(store::Path folder, std::unique_ptr<store::RocksStore> store,
                 std::unique_ptr<Ledger> ledger, crypto::Signer signer, const Ports& ports)
    : folder_{std::move(folder)},
      ports_{ports},
      store_{std::move(store)},
      ledger_{std::move(ledger)},
      gate_{folder_},
      signer_{std::move(signer), nullptr} {}

History::~History() = default;

auto History::create(const store::Path& folder, ByteView genesis_bytes, OrderingKind ordering)
    -> Detailed<void> {
  TRY(genesis, model::decode_genesis(genesis_bytes));
  const model::VaultId vault = model::vault_id(genesis_bytes);
  crypto::VerifierCache verifiers{2};
  TRY(state, vault::genesis_state(genesis, vault, verifiers));
  TRY(store,
      store::RocksStore::open(folder / "store", {.mode = store::OpenMode::create_if_missing}));
  Batch batch;
  batch.put(Column::meta, name_key(kOrderingName),
            base::to_bytes(base::view_of(ordering_name(ordering))));
  TRY_DO(store->write(batch, Durability::buffered));
  TRY_DO(Ledger::create(*store, genesis_bytes, state,
                        consensus::chain_start(vault, founders_of(genesis), genesis.created)));
  TRY_DO(store::SignerFile::create(folder / "signer", {}));
  return {};
}

auto History::open(const store::Path& folder, const crypto::SigningSeed& node_key,
                   const Ports& ports) -> Detailed<std::unique_ptr<History>> {
  TRY(signer, crypto::Signer::create(node_key));
  TRY(store, store::RocksStore::open(folder / "store"));
  auto ledger = Ledger::load(*store);
  if (!ledger) return fail(ledger.error(), (folder / "store").string());
  const auto genesis_bytes = store->get(Column::meta, name_key(kGenesisName));
  const auto genesis = model::decode_genesis(**genesis_bytes);  // which the ledger has read
  const auto kind = stored_ordering(*store);
  if (!genesis || !kind) return fail(Error::store_corrupt, (folder / "store").string());
  std::unique_ptr<History> history{
      new History{folder, std::move(store), *std::move(ledger), std::move(signer), ports}};
  history->kind_ = *kind;
  TRY_DO(history->open_signer());
  if (auto opened = history->open_ordering(founders_of(*genesis)); !opened)
    return fail(opened.error(), folder.string());
  return history;
}

// Without the signer's word that the log is whole, history may be read but not continued.
auto History::open_signer() -> Detailed<void> {
  auto file = store::SignerFile::open(folder_ / "signer");
  if (!file) {
    gate_.stop(file.error().code);
    return {};
  }
  if (auto whole = store::check_log_complete(*store_, (*file)->state()); !whole)
    gate_.stop(whole.error());
  signer_.adopt(*std::move(file));
  return {};
}

auto History::open_ordering(model::Committee committee) -> Result<void> {
  OrderingParts parts{*store_, *ledger_, gate_, signer_, std::move(committee), ports_};
  ordering_ = kind_ == OrderingKind::solo ? solo_ordering(std::move(parts))
                                          : dag_ordering(std::move(parts));
  if (const auto last = signer_.last(); last && last->round > ordering_->last_signed().round)
    gate_.stop(Error::store_log_lost);
  if (gate_.read_only()) return {};
  return ordering_->start();
}

auto History::clock_is_far_off() const -> bool {
  const auto last = std::to_underlying(ledger_->tip().chain.timestamp);
  return std::to_underlying(ports_.now()) + vault::kTimeStepMsMax < last;
}

auto History::commit(model::SignedTransaction transaction) -> Detailed<Committed> {
  TRY_DO(gate_.may_write());
  // A committee of one is a single clock: a step back by more than a day is refused.
  if (clock_is_far_off()) return fail(Error::clock_far_off);
  auto committed = ordering_->submit(std::move(transaction));
  if (!committed) return fail(committed.error(), folder_.string());
  return *std::move(committed);
}

auto History::write_index(const Batch& batch) -> Result<void> {
  for (const Batch::Operation& operation : batch.ops()) CHECK(operation.column == Column::index);
  if (const auto may = gate_.may_write(batch.bytes()); !may) return fail(may.error().code);
  auto written = store_->write(batch, Durability::synced);
  if (written) return {};
  gate_.stop(Error::store_failed);
  return fail(written.error());
}

auto History::confirm_recovery() -> Detailed<void> {
  const auto reason = gate_.stopped();
  if (reason != Error::signer_missing)
    return fail(reason.value_or(Error::nothing_to_recover), folder_.string());
  TRY(file, store::SignerFile::create(folder_ / "signer", ordering_->last_signed()));
  signer_.adopt(std::move(file));
  gate_.go_on();
  if (auto started = ordering_->start(); !started) return fail(started.error(), folder_.string());
  return {};
}

}  // namespace holdfast::node
