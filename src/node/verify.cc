// Rebuilds from the store what the tip claims, without trusting any record that was derived.
#include <algorithm>

#include "model/genesis.h"
#include "node/participant.h"
#include "node/vault_impl.h"
#include "node/verify.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::fail;
using base::Result;
using model::Digest;
using model::Height;
using ports::Column;

using Progress = std::function<void(std::uint64_t, std::uint64_t)>;

class Verifier {
 public:
  Verifier(const ports::Reader& store, const Tip& tip, const Progress& progress)
      : store_{store}, state_{store}, tip_{tip}, progress_{progress} {}

  auto run() -> Result<VerifyReport> {
    TRY_DO(check_genesis());
    if (!report_.first_bad) TRY_DO(check_state());  // first: it holds the keys of the authors
    if (!report_.first_bad) TRY_DO(check_history());
    if (!report_.first_bad) TRY_DO(check_audit());
    report_.state_root = tip_.state_root;
    report_.audit_root = tip_.audit_root;
    return report_;
  }

 private:
  void bad(std::string what) {
    if (!report_.first_bad) report_.first_bad = std::move(what);
  }
  void step() {
    constexpr std::uint64_t kEvery = 256;
    if (progress_ && ++steps_ % kEvery == 0) progress_(steps_, std::max(steps_, total_));
  }

  auto check_genesis() -> Result<void> {
    TRY(bytes, store_.get(Column::meta, name_key(kGenesisName)));
    if (!bytes) {
      bad("genesis: missing");
      return {};
    }
    auto genesis = model::decode_genesis(*bytes);
    if (!genesis) {
      bad("genesis: does not decode");
      return {};
    }
    vault_ = model::vault_id(*bytes);
    node_key_ = genesis->owner.node_key;
    last_ = consensus::chain_start(vault_, founders_of(*genesis), genesis->created);
    TRY(ordering, stored_ordering(store_));
    ordering_ = ordering;
    total_ = std::to_underlying(tip_.chain.height);
    return {};
  }

  // Commits are dense, chained, and agree with their blocks and transactions.
  auto check_history() -> Result<void> {
    const std::uint64_t heights = std::to_underlying(tip_.chain.height);
    for (std::uint64_t h = 1; h <= heights && !report_.first_bad; ++h) {
      const std::string name = "commit " + std::to_string(h);
      TRY(bytes, store_.get(Column::commits, number_key(h)));
      if (!bytes) {
        bad(name + ": missing");
        return {};
      }
      auto commit = model::decode_commit(*bytes);
      if (!commit || commit->height != Height{h} || commit->vault != vault_ ||
          commit->previous != last_.last_commit) {
        bad(name + ": does not follow the commit before it");
        return {};
      }
      TRY(has_items, check_blocks(*commit, name));
      last_ =
          consensus::after_commit(last_, *commit, model::commit_digest(*bytes), has_items, false);
      TRY_DO(check_checkpoint(*commit, name));
      ++report_.heights;
      step();
    }
    if (!report_.first_bad && heights > 0 && last_ != tip_.chain)
      bad("tip: is not the last commit");
    return {};
  }

  // Tells whether they hold anything.
  auto check_blocks(const model::Commit& commit, const std::string& name) -> Result<bool> {
    std::map<Bytes, Bytes> stored;  // transactions by key
    TRY_DO(store_.scan(Column::transactions, transaction_key(commit.height, 0),
                       transaction_key(model::next(commit.height), 0),
                       [&](ByteView key, ByteView value) {
                         stored.emplace(base::to_bytes(key), base::to_bytes(value));
                         return true;
                       }));
    std::vector<Bytes> items;
    for (const model::BlockRef& ref : commit.blocks) {
      TRY(payload, check_block(commit, ref, stored, name));
      std::ranges::move(payload, std::back_inserter(items));
    }
    std::vector<Digest> ids;
    for (std::size_t i = 0; i < items.size() && !report_.first_bad; ++i) {
      const auto kept = stored.extract(transaction_key(commit.height, i));
      TRY(id, check_item(items[i], kept ? &kept.mapped() : nullptr, name));
      ids.push_back(id);
    }
    std::vector<ByteView> leaves;
    for (const Digest& id : ids) leaves.emplace_back(id.view());
    if (!stored.empty() || crypto::log_root_of(leaves) != commit.tx_root)
      bad(name + ": its transactions are not those it committed");
    return !items.empty();
  }

  // What the block holds: itself, or, made by this device alone, the transactions of its height.
  auto check_block(const model::Commit& commit, const model::BlockRef& ref,
                   const std::map<Bytes, Bytes>& stored, const std::string& name)
      -> Result<std::vector<Bytes>> {
    TRY(bytes, store_.get(Column::blocks, block_key(commit.epoch, ref)));
    auto block = bytes ? model::decode_block(*bytes) : Result<model::Block>{fail(Error::not_found)};
    if (!block || block->digest != ref.digest) {
      bad(name + ": its block is missing or another one");
      return std::vector<Bytes>{};
    }
    const Bytes message = model::header_message(vault_, block->header);
    if (!verifiers_.verify(node_key_, crypto::Purpose::block, message, block->signature)) {
      bad(name + ": the signature of its block does not verify");
      return std::vector<Bytes>{};
    }
    std::vector<Bytes> payload = std::move(block->payload);
    if (payload.empty() && block->fields.payload_len > 0)
      for (const auto& [key, item] : stored) payload.push_back(item);
    const std::vector<ByteView> leaves{payload.begin(), payload.end()};
    if (crypto::log_root_of(leaves) != block->fields.payload_root)
      bad(name + ": its transactions are not those it committed");
    return payload;
  }

  // What does not verify changed nothing, and is not kept among the transactions.
  auto check_item(const Bytes& item, const Bytes* kept, const std::string& name) -> Result<Digest> {
    auto transaction = model::decode_transaction(item);
    if (!transaction) {
      if (kept != nullptr) bad(name + ": a transaction does not decode");
      return item_id(item);
    }
    TRY(author, vault::member(state_, transaction->fields.author));
    const bool verifies =
        author && author->record.author_key &&
        verifiers_.verify(*author->record.author_key, crypto::Purpose::transaction,
                          transaction->signed_message, transaction->signature);
    if (verifies != (kept != nullptr) || (kept != nullptr && *kept != item))
      bad("transaction " + transaction->id.hex() + ": its signature does not verify");
    ++report_.transactions;
    return Digest::from(transaction->id.view());
  }

  // The own vote of a committee of one is in the batch of its commit; one of several may have been
  // lost in a crash.
  auto check_checkpoint(const model::Commit& commit, const std::string& name) -> Result<void> {
    TRY(bytes, store_.get(Column::meta, checkpoint_key(commit.height)));
    const bool due = last_.checkpoint_is_here();
    if (!due && bytes) bad(name + ": has a checkpoint that nobody made");
    if (due && !bytes && ordering_ == OrderingKind::solo) bad(name + ": its checkpoint is missing");
    if (!due || !bytes) return {};
    auto vote = model::decode_checkpoint_vote(*bytes);
    auto checkpoint = vote ? model::decode_checkpoint(vote->checkpoint)
                           : Result<model::Checkpoint>{fail(Error::wrong_type)};
    if (!checkpoint || checkpoint->height != commit.height ||
        checkpoint->commit != last_.last_commit || checkpoint->tx_root != commit.tx_root ||
        !verifiers_.verify(node_key_, crypto::Purpose::checkpoint,
                           model::checkpoint_message(vault_, vote->checkpoint), vote->signature)) {
      bad(name + ": its checkpoint does not verify");
      return {};
    }
    audit_roots_[checkpoint->height] = checkpoint->audit_root;
    if (commit.height == tip_.chain.height && checkpoint->state_root != tip_.state_root) {
      bad(name + ": its checkpoint names another state");
    }
    ++report_.checkpoints;
    return {};
  }

  // The log holds every record in order; the root at each checkpoint is the one that was signed.
  auto check_audit() -> Result<void> {
    crypto::LogTree log;
    auto due = audit_roots_.begin();
    const auto settle = [&](Height before) {
      for (; due != audit_roots_.end() && due->first < before; ++due) {
        if (log.root() != due->second) {
          bad("audit log: differs from the checkpoint at height " +
              std::to_string(std::to_underlying(due->first)));
        }
      }
    };
    TRY_DO(store_.scan(Column::audit, {}, {}, [&](ByteView key, ByteView value) {
      const std::string name = "audit record " + std::to_string(log.size());
      auto record = model::decode_audit_record(value);
      if (!record || !std::ranges::equal(key, number_key(log.size()))) {
        bad(name + ": missing or damaged");
        return false;
      }
      settle(record->height);
      log.append(crypto::log_leaf_hash(value));
      ++report_.audit_records;
      step();
      return !report_.first_bad;
    }));
    settle(Height{UINT64_MAX});
    if (log.size() != tip_.audit_size || log.root() != tip_.audit_root) {
      bad("audit log: its root is not the recorded one");
    }
    return {};
  }

  // The tree made anew from the records has the recorded root; every version has its body.
  auto check_state() -> Result<void> {
    std::vector<crypto::LeafChange> leaves;
    Result<void> read;
    TRY_DO(store_.scan(Column::state, {}, {}, [&](ByteView key, ByteView value) {
      if (key.empty()) {
        bad("state: a record without a type");
        return false;
      }
      const model::StateKey state_key{model::StateType{key[0]}, base::to_bytes(key.subspan(1))};
      leaves.push_back({model::state_leaf_key(state_key), model::state_leaf_value(value)});
      if (state_key.type == model::StateType::secret) read = check_versions(value);
      step();
      return read.has_value() && !report_.first_bad;
    }));
    TRY_DO(std::move(read));
    if (report_.first_bad) return {};
    report_.state_records = leaves.size();
    crypto::SparseTree tree;
    TRY_DO(tree.update(leaves, [](crypto::BucketIndex) { return Result<Bytes>{Bytes{}}; }));
    if (tree.root() != tip_.state_root) bad("state: its root is not the recorded one");
    return {};
  }

  auto check_versions(ByteView record) -> Result<void> {
    auto secret = model::decode_secret_state(record);
    if (!secret) {
      bad("state: a secret's record does not decode");
      return {};
    }
    for (const model::VersionNode& node : secret->versions) {
      if (node.body != model::BodyState::present) continue;
      TRY(body, store_.get(Column::versions, node.id.view()));
      auto version = body ? model::decode_version(*body)
                          : Result<model::EncodedVersion>{fail(Error::not_found)};
      if (!version || version->id != node.id) {
        bad("version ver_" + node.id.hex() +
            (body ? ": its bytes do not match its id" : ": missing"));
        return {};
      }
      ++report_.versions;
    }
    return {};
  }

  const ports::Reader& store_;
  const StoredState state_;
  const Tip& tip_;
  const Progress& progress_;
  VerifyReport report_;
  model::VaultId vault_;
  crypto::PublicKey node_key_;
  crypto::VerifierCache verifiers_{64};
  std::map<Height, crypto::Digest> audit_roots_;
  OrderingKind ordering_{};
  consensus::ChainEnd last_;  // as the commits read so far leave it
  std::uint64_t steps_ = 0, total_ = 0;
};

}  // namespace

auto verify_store(const ports::Reader& store, const Progress& progress) -> Result<VerifyReport> {
  TRY(tip_bytes, store.get(ports::Column::meta, name_key(kTipName)));
  if (!tip_bytes) return fail(Error::store_corrupt);
  TRY(tip, decode_tip(*tip_bytes));
  Verifier verifier{store, tip, progress};
  return verifier.run();
}

auto DistributedVault::Impl::verify(const Progress& progress) const -> Detailed<VerifyReport> {
  const auto snapshot = history_->store().snapshot();
  auto report = verify_store(*snapshot, progress);
  if (!report) return fail(report.error(), folder_.string());
  return *std::move(report);
}

}  // namespace holdfast::node
