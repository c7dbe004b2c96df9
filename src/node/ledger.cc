#include "node/ledger.h"

#include <sys/statvfs.h>

#include <mutex>

#include "model/genesis.h"
#include "model/signing.h"
#include "vault/genesis_state.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using base::ByteView;
using base::Detailed;
using base::Error;
using base::fail;
using base::Result;
using model::Height;
using ports::Batch;
using ports::Column;
using ports::Durability;

// Below this much free space nothing is written, so that the store never meets a full disk itself.
inline constexpr std::uint64_t kReserveBytes = 16 << 20;
inline constexpr std::uint64_t kClockStepMsMax = vault::kTimeStepMsMax;

auto free_bytes(const store::Path& folder) -> std::uint64_t {
  struct statvfs info{};
  if (::statvfs(folder.c_str(), &info) != 0) return UINT64_MAX;  // the write itself will tell
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

auto bucket_key(crypto::BucketIndex bucket) -> Bytes {
  const auto number = std::to_underlying(bucket);
  return {static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

auto verify_all(std::vector<model::SignedTransaction> transactions, const Ledger::Verify& verify)
    -> Result<std::vector<model::VerifiedTransaction>> {
  std::vector<model::VerifiedTransaction> verified;
  for (model::SignedTransaction& transaction : transactions) {
    TRY(one, verify(std::move(transaction)));
    verified.push_back(std::move(one));
  }
  return verified;
}

auto committee_of(const model::Genesis& genesis) -> model::Committee {
  return {.epoch = {}, .members = {{genesis.owner.device, genesis.owner.node_key}}};
}

auto signature_randomness(ports::Entropy& entropy) -> std::array<std::uint8_t, 32> {
  std::array<std::uint8_t, 32> random{};
  entropy.fill(random);
  return random;
}

}  // namespace

auto number_key(std::uint64_t number) -> Bytes {
  Bytes key;
  for (int shift = 56; shift >= 0; shift -= 8)
    key.push_back(static_cast<std::uint8_t>(number >> shift));
  return key;
}

auto transaction_key(Height height, std::uint64_t index) -> Bytes {
  Bytes key = number_key(std::to_underlying(height));
  base::append(key, number_key(index));
  return key;
}

auto name_key(std::string_view name) -> Bytes { return base::to_bytes(base::view_of(name)); }

auto checkpoint_key(Height height) -> Bytes {
  Bytes key = name_key("checkpoint/");
  base::append(key, number_key(std::to_underlying(height)));
  return key;
}

auto StoredState::get(const model::StateKey& key) const -> Result<std::optional<Bytes>> {
  return store_.get(Column::state, key.encoded());
}

auto RememberedState::get(const model::StateKey& key) const -> Result<std::optional<Bytes>> {
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  TRY(found, below_.get(key));
  return known_.emplace(key, std::move(found)).first->second;
}

Ledger::Ledger(store::Path folder, std::unique_ptr<store::RocksStore> store,
               std::unique_ptr<store::SignerFile> signer_file, crypto::Signer signer,
               model::VaultId vault, Tip tip, const Ports& ports)
    : folder_{std::move(folder)},
      ports_{ports},
      store_{std::move(store)},
      signer_{std::move(signer), std::move(signer_file)},
      vault_{vault},
      solo_{vault, tip.solo, crypto::log_root_of},
      tip_{std::move(tip)} {}

Ledger::~Ledger() = default;

auto Ledger::create(const store::Path& folder, ByteView genesis_bytes,
                    const crypto::SigningSeed& node_key, const Ports& ports) -> Detailed<void> {
  TRY(genesis, model::decode_genesis(genesis_bytes));
  TRY(signer, crypto::Signer::create(node_key));
  const model::VaultId vault = model::vault_id(genesis_bytes);
  crypto::VerifierCache verifiers{2};
  TRY(state, vault::genesis_state(genesis, vault, verifiers));
  TRY(store,
      store::RocksStore::open(folder / "store", {.mode = store::OpenMode::create_if_missing}));

  Tip tip{.solo = consensus::solo_start(vault, committee_of(genesis), genesis.created),
          .state_root = {},
          .audit_root = crypto::LogTree{}.root(),
          .audit_size = 0,
          .audit_edge = {}};
  const store::SignerState signed_nothing{};
  TRY(signer_file, store::SignerFile::create(folder / "signer", signed_nothing));
  Ledger ledger{folder, std::move(store), std::move(signer_file), std::move(signer), vault, tip,
                ports};
  Batch batch;
  TRY_DO(ledger.store_state(state, batch));
  tip.state_root = ledger.tree_.root();
  batch.put(Column::meta, name_key(kGenesisName), base::to_bytes(genesis_bytes));
  batch.put(Column::meta, name_key(kTipName), encode(tip));
  TRY_DO(ledger.store_->write(batch, Durability::synced));
  return {};
}

auto Ledger::open(const store::Path& folder, const crypto::SigningSeed& node_key,
                  const Ports& ports) -> Detailed<std::unique_ptr<Ledger>> {
  TRY(signer, crypto::Signer::create(node_key));
  TRY(store, store::RocksStore::open(folder / "store"));
  TRY(genesis, store->get(Column::meta, name_key(kGenesisName)));
  TRY(tip_bytes, store->get(Column::meta, name_key(kTipName)));
  if (!genesis || !tip_bytes) return fail(Error::store_corrupt, (folder / "store").string());
  // The tip is trusted from here on, so it must agree with the genesis and with the state it names.
  const StoredState state{*store};
  const auto chain = vault::chain(state);
  auto decoded_tip = decode_tip(*tip_bytes);
  if (!chain || !decoded_tip || chain->vault != model::vault_id(*genesis) ||
      chain->height != decoded_tip->solo.height ||
      chain->timestamp != decoded_tip->solo.timestamp) {
    return fail(Error::store_corrupt, (folder / "store").string());
  }
  Tip tip = *std::move(decoded_tip);

  // Without the signer's word that the log is whole, history may be read but not continued.
  std::optional<Error> read_only;
  auto signer_file = store::SignerFile::open(folder / "signer");
  if (!signer_file) {
    read_only = signer_file.error().code;
  } else if (auto whole = store::check_log_complete(*store, (*signer_file)->state()); !whole) {
    read_only = whole.error();
  } else if ((*signer_file)->state().round > std::to_underlying(tip.solo.last_block.round)) {
    read_only = Error::store_log_lost;
  }
  std::unique_ptr<Ledger> ledger{
      new Ledger{folder, std::move(store), signer_file ? *std::move(signer_file) : nullptr,
                 std::move(signer), model::vault_id(*genesis), std::move(tip), ports}};
  ledger->read_only_ = read_only;
  TRY_DO(ledger->load_tree());
  return ledger;
}

auto Ledger::load_tree() -> Result<void> {
  Result<void> loaded;
  TRY_DO(store_->scan(Column::state_tree, {}, {}, [&](ByteView key, ByteView value) {
    if (key.size() != 2) {
      loaded = fail(Error::store_corrupt);
    } else {
      loaded = tree_.load_bucket(
          crypto::BucketIndex{static_cast<std::uint16_t>(key[0] << 8 | key[1])}, value);
    }
    return loaded.has_value();
  }));
  if (!loaded) return fail(Error::store_corrupt);
  if (tree_.root() != tip_.state_root) return fail(Error::store_corrupt);
  auto audit = crypto::LogTree::from_edge(tip_.audit_size, tip_.audit_edge);
  if (!audit || audit->root() != tip_.audit_root) return fail(Error::store_corrupt);
  audit_ = *std::move(audit);
  return {};
}

auto Ledger::tip() const -> Tip {
  const std::shared_lock lock{mutex_};
  return tip_;
}

auto Ledger::read_only() const -> std::optional<Error> {
  const std::shared_lock lock{mutex_};
  return read_only_ ? read_only_ : held_;
}

void Ledger::stop_writing(Error reason) {
  const std::unique_lock lock{mutex_};
  if (!read_only_) read_only_ = reason;
}

auto Ledger::may_propose() const -> Detailed<void> {
  if (const auto reason = read_only()) return fail(*reason, folder_.string());
  if (free_bytes(folder_) < kReserveBytes) return fail(Error::store_full, folder_.string());
  // A committee of one is a single clock: a step back by more than a day is refused.
  const auto last = std::to_underlying(solo_.state().timestamp);
  if (std::to_underlying(ports_.now()) + kClockStepMsMax < last) return fail(Error::clock_far_off);
  return {};
}

auto Ledger::propose(std::span<const model::SignedTransaction> transactions)
    -> Result<model::TimeMs> {
  std::vector<consensus::Item> items;
  for (const auto& transaction : transactions) {
    TRY(id, model::Digest::from(transaction.id.view()));
    items.push_back({id, transaction.bytes});
  }
  const model::TimeMs now = ports_.now();
  TRY(message, solo_.propose(std::move(items), now));
  signer_.begin(crypto::Purpose::block, std::move(message), signature_randomness(ports_.entropy));
  return std::max(now, solo_.state().timestamp);
}

// The block is signed on another thread while this one verifies and applies what it holds; a
// failure of either ends writing, as the trees in memory run ahead of the disk. A block of what
// does not verify is dropped with its signature.
auto Ledger::commit(std::vector<model::SignedTransaction> proposed, const Verify& verify)
    -> Detailed<Committed> {
  CHECK(!proposed.empty());
  if (const auto noted = signer_.noted(); !noted) stop_writing(Error::store_failed);
  TRY_DO(may_propose());
  TRY(timestamp, propose(proposed));
  const Height height = model::next(solo_.state().height);
  const StoredState stored{*store_};
  const RememberedState remembered{stored};
  vault::StateOverlay state{remembered};
  Batch batch;
  std::vector<model::VerifiedTransaction> transactions;
  auto committed = verify_all(std::move(proposed), verify).and_then([&](auto verified) {
    transactions = std::move(verified);
    return apply_all(height, timestamp, transactions, state, batch);
  });
  Result<void> prepared =
      committed ? store_state(state.changes(), batch) : Result<void>{fail(committed.error())};
  const auto signature = signer_.finish();
  if (prepared && !signature) prepared = fail(signature.error());
  if (!prepared) {
    solo_.drop_proposal();
    stop_writing(Error::store_failed);
    return fail(prepared.error(), folder_.string());
  }
  const consensus::OrderedCommit ordered = solo_.on_signed(*signature);
  CHECK(ordered.commit.height == height);
  CHECK(ordered.commit.timestamp == timestamp);
  Tip tip{.solo = ordered.after,
          .state_root = tree_.root(),
          .audit_root = audit_.root(),
          .audit_size = audit_.size(),
          .audit_edge = audit_.edge()};
  batch.put(Column::commits, number_key(std::to_underlying(height)), ordered.commit_bytes);
  model::Block stored_block = ordered.block;
  stored_block.payload.clear();  // the transactions are stored by height and index
  batch.put(Column::blocks, number_key(std::to_underlying(ordered.after.last_block.round)),
            model::encode(stored_block));
  for (std::size_t i = 0; i < transactions.size(); ++i) {
    batch.put(Column::transactions, transaction_key(height, i), transactions[i]->bytes);
  }
  batch.put(Column::meta, name_key(kTipName), encode(tip));
  auto written = store_checkpoint(ordered, tip, batch).and_then([&] {
    return store_->write(batch, Durability::synced);
  });
  if (!written) {
    stop_writing(Error::store_failed);
    return fail(written.error(), folder_.string());
  }
  solo_.on_persisted(ordered);
  signer_.note({.epoch = std::to_underlying(ordered.after.epoch),
                .round = std::to_underlying(ordered.after.last_block.round),
                .digest = ordered.after.last_block.digest.bytes,
                .synced = store_->last_synced()});
  const std::unique_lock lock{mutex_};
  tip_ = std::move(tip);
  return *std::move(committed);
}

auto Ledger::write_index(const Batch& batch) -> Result<void> {
  for (const Batch::Operation& operation : batch.ops()) CHECK(operation.column == Column::index);
  if (const auto reason = read_only()) return fail(*reason);
  if (free_bytes(folder_) < kReserveBytes + batch.bytes()) return fail(Error::store_full);
  auto written = store_->write(batch, Durability::synced);
  if (written) return {};
  stop_writing(Error::store_failed);
  return fail(written.error());
}

auto Ledger::apply_all(Height height, model::TimeMs timestamp,
                       std::span<const model::VerifiedTransaction> transactions,
                       vault::StateOverlay& state, Batch& batch) -> Result<Committed> {
  Committed committed{.height = height, .outcomes = {}};
  TRY(begun, vault::begin_commit(state, height, timestamp));
  state.absorb(begun);
  for (std::size_t i = 0; i < transactions.size(); ++i) {
    TRY(outcome, vault::apply(state, transactions[i], {height, i, timestamp}));
    state.absorb(outcome.changes);
    for (const vault::BodyChange& body : outcome.bodies) {
      Bytes key = base::to_bytes(body.version.view());
      if (body.bytes) {
        batch.put(Column::versions, std::move(key), *body.bytes);
      } else {
        batch.erase(Column::versions, std::move(key));
      }
    }
    if (outcome.audit) {
      Bytes record = model::encode(*outcome.audit);
      const std::uint64_t index = audit_.size();
      audit_.append(crypto::log_leaf_hash(record));
      batch.put(Column::audit, number_key(index), std::move(record));
    }
    committed.outcomes.push_back(std::move(outcome));
  }
  return committed;
}

auto Ledger::store_state(const vault::StateChanges& changes, Batch& batch) -> Result<void> {
  std::vector<crypto::LeafChange> leaves;
  leaves.reserve(changes.size());
  for (const auto& [key, value] : changes) {
    Bytes stored_key = key.encoded();
    crypto::LeafChange leaf{.key = model::state_leaf_key(key), .value = {}};
    if (value) {
      leaf.value = model::state_leaf_value(*value);
      batch.put(Column::state, std::move(stored_key), *value);
    } else {
      batch.erase(Column::state, std::move(stored_key));
    }
    leaves.push_back(leaf);
  }
  const auto read_bucket = [&](crypto::BucketIndex bucket) -> Result<Bytes> {
    TRY(found, store_->get(Column::state_tree, bucket_key(bucket)));
    return std::move(found).value_or(Bytes{});
  };
  TRY(buckets, tree_.update(leaves, read_bucket));
  for (crypto::BucketWrite& bucket : buckets) {
    Bytes key = bucket_key(bucket.bucket);
    if (bucket.encoded.empty()) {
      batch.erase(Column::state_tree, std::move(key));
    } else {
      batch.put(Column::state_tree, std::move(key), std::move(bucket.encoded));
    }
  }
  return {};
}

auto Ledger::store_checkpoint(const consensus::OrderedCommit& ordered, const Tip& tip, Batch& batch)
    -> Result<void> {
  if (!ordered.checkpoint_due) return {};
  const model::Checkpoint checkpoint{.vault = vault_,
                                     .epoch = ordered.commit.epoch,
                                     .height = ordered.commit.height,
                                     .commit = ordered.after.last_commit,
                                     .tx_root = ordered.commit.tx_root,
                                     .state_root = tip.state_root,
                                     .audit_root = tip.audit_root,
                                     .timestamp = ordered.commit.timestamp,
                                     .next = {}};
  Bytes encoded = model::encode(checkpoint);
  signer_.begin(crypto::Purpose::checkpoint, model::checkpoint_message(vault_, encoded),
                signature_randomness(ports_.entropy));
  TRY(signature, signer_.finish());
  const model::CheckpointVote vote{.checkpoint = std::move(encoded),
                                   .author = model::device_id(signer_.public_key()),
                                   .signature = signature};
  batch.put(Column::meta, checkpoint_key(ordered.commit.height), model::encode(vote));
  return {};
}

}  // namespace holdfast::node
