#include "node/ledger.h"

#include <mutex>

#include "model/genesis.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::fail;
using base::Result;
using ports::Batch;
using ports::Column;
using ports::Durability;

auto bucket_key(crypto::BucketIndex bucket) -> Bytes {
  const auto number = std::to_underlying(bucket);
  return {static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

auto malformed(Error reason) -> vault::Outcome {
  return {.kind = model::OutcomeKind::malformed,
          .reason = reason,
          .changes = {},
          .bodies = {},
          .audit = {}};
}

}  // namespace

auto StoredState::get(const model::StateKey& key) const -> Result<std::optional<Bytes>> {
  return store_.get(Column::state, key.encoded());
}

auto RememberedState::get(const model::StateKey& key) const -> Result<std::optional<Bytes>> {
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  TRY(found, below_.get(key));
  return known_.emplace(key, std::move(found)).first->second;
}

auto Ledger::create(ports::KeyValueStore& store, ByteView genesis, const vault::StateChanges& state,
                    const consensus::ChainEnd& start) -> Result<void> {
  Ledger ledger{store, model::vault_id(genesis), {}};
  Batch batch;
  TRY_DO(ledger.store_state(state, batch));
  batch.put(Column::meta, name_key(kGenesisName), base::to_bytes(genesis));
  ledger.end_at(start, batch);
  TRY_DO(store.write(batch, Durability::synced));
  return {};
}

auto Ledger::load(ports::KeyValueStore& store) -> Result<std::unique_ptr<Ledger>> {
  TRY(genesis, store.get(Column::meta, name_key(kGenesisName)));
  TRY(tip_bytes, store.get(Column::meta, name_key(kTipName)));
  if (!genesis || !tip_bytes) return fail(Error::store_corrupt);
  // The tip is trusted from here on, so it must agree with the genesis and with the state it names.
  const StoredState state{store};
  const auto chain = vault::chain(state);
  auto tip = decode_tip(*tip_bytes);
  if (!tip &&
      (tip.error() == Error::store_of_older_version || tip.error() == Error::unsupported_version)) {
    return fail(tip.error());  // whole, but not for this version
  }
  if (!chain || !tip || chain->vault != model::vault_id(*genesis) ||
      chain->height != tip->chain.height || chain->timestamp != tip->chain.timestamp) {
    return fail(Error::store_corrupt);
  }
  std::unique_ptr<Ledger> ledger{new Ledger{store, chain->vault, *std::move(tip)}};
  TRY_DO(ledger->load_tree());
  return ledger;
}

auto Ledger::load_tree() -> Result<void> {
  Result<void> loaded;
  TRY_DO(store_.scan(Column::state_tree, {}, {}, [&](ByteView key, ByteView value) {
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

void Ledger::stored() {
  const std::unique_lock lock{mutex_};
  tip_ = next_;
}

auto Ledger::apply(model::TimeMs timestamp, std::vector<Item> items,
                   const VerifyTransaction& verify, Batch& batch)
    -> Result<std::vector<vault::Outcome>> {
  const model::Height height = model::next(next_.chain.height);
  const StoredState stored{store_};
  const RememberedState remembered{stored};
  vault::StateOverlay state{remembered};
  TRY(begun, vault::begin_commit(state, height, timestamp));
  state.absorb(begun);
  std::vector<vault::Outcome> outcomes;
  outcomes.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    TRY(outcome, apply_one(std::move(items[i]), {height, i, timestamp}, state, verify, batch));
    state.absorb(outcome.changes);
    keep(outcome, batch);
    outcomes.push_back(std::move(outcome));
  }
  TRY_DO(store_state(state.changes(), batch));
  return outcomes;
}

// Who is not a member has no key to verify with.
auto Ledger::apply_one(Item item, const vault::CommitContext& context, vault::StateOverlay& state,
                       const VerifyTransaction& verify, Batch& batch) -> Result<vault::Outcome> {
  if (!item) return malformed(item.error());
  TRY(author, vault::member(state, item->fields.author));
  if (!author || !author->record.author_key) return malformed(Error::unknown_author);
  const auto verified = verify(*std::move(item), *author->record.author_key);
  if (!verified) return malformed(verified.error());
  batch.put(Column::transactions, transaction_key(context.height, context.index),
            (*verified)->bytes);
  return vault::apply(state, *verified, context);
}

void Ledger::keep(const vault::Outcome& outcome, Batch& batch) {
  for (const vault::BodyChange& body : outcome.bodies) {
    Bytes key = base::to_bytes(body.version.view());
    if (body.bytes) {
      batch.put(Column::versions, std::move(key), *body.bytes);
    } else {
      batch.erase(Column::versions, std::move(key));
    }
  }
  if (!outcome.audit) return;
  Bytes record = model::encode(*outcome.audit);
  const std::uint64_t index = audit_.size();
  audit_.append(crypto::log_leaf_hash(record));
  batch.put(Column::audit, number_key(index), std::move(record));
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
    TRY(found, store_.get(Column::state_tree, bucket_key(bucket)));
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

void Ledger::end_at(const consensus::ChainEnd& end, Batch& batch) {
  next_ = {.chain = end,
           .state_root = tree_.root(),
           .audit_root = audit_.root(),
           .audit_size = audit_.size(),
           .audit_edge = audit_.edge()};
  batch.put(Column::meta, name_key(kTipName), encode(next_));
}

}  // namespace holdfast::node
