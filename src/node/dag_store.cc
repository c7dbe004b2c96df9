#include "node/dag_store.h"

#include <algorithm>

namespace holdfast::node {
namespace {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::fail;
using base::Result;
using consensus::BlockPtr;
using model::BlockRef;
using model::Height;
using model::Round;
using ports::Batch;
using ports::Column;

auto mark_key(model::Epoch epoch) -> Bytes {
  Bytes key = name_key(kDagMarkName);
  base::append(key, number_key(std::to_underlying(epoch)));
  return key;
}

}  // namespace

auto read_dag_mark(const ports::Reader& store, model::Epoch epoch)
    -> Result<std::optional<DagMark>> {
  TRY(stored, store.get(Column::meta, mark_key(epoch)));
  if (!stored) return std::optional<DagMark>{};
  TRY(mark, decode_dag_mark(*stored));
  return std::optional{std::move(mark)};
}

DagStore::DagStore(const ports::KeyValueStore& store, model::Epoch epoch,
                   const consensus::CommitState& start)
    : store_{store}, epoch_{epoch}, mark_{start.height, start, {}, {}, {}} {}

auto DagStore::recover(const VerifyBlock& verify, std::optional<model::AuthorIndex> self)
    -> Result<consensus::Recovered> {
  TRY(stored, read_dag_mark(store_, epoch_));
  if (stored) mark_ = *std::move(stored);
  consensus::Recovered recovered;
  recovered.commit = mark_.commit;
  recovered.ready = mark_.ready;
  TRY_DO(read_blocks(verify, self, recovered));
  TRY_DO(read_committed(recovered));
  return recovered;
}

auto DagStore::read_blocks(const VerifyBlock& verify, std::optional<model::AuthorIndex> self,
                           consensus::Recovered& recovered) -> Result<void> {
  const auto take = [&](ByteView encoded) -> Result<void> {
    TRY(decoded, model::decode_block(encoded));
    BlockPtr block = verify(std::move(decoded));
    if (!block) return fail(Error::store_corrupt);
    const BlockRef ref = (*block)->ref();
    open_.insert(ref);
    const bool own = self == ref.author;
    if (own && (!recovered.last_own || (*recovered.last_own)->ref().round < ref.round))
      recovered.last_own = block;
    recovered.blocks.push_back(std::move(block));
    return {};
  };
  if (mark_.own && mark_.own->round <= mark_.gc_round) {  // older than what is read below
    TRY(own, store_.get(Column::blocks, block_key(epoch_, *mark_.own)));
    if (!own) return fail(Error::store_corrupt);
    TRY_DO(take(*own));
    recovered.blocks.clear();
  }
  Result<void> read;
  TRY_DO(store_.scan(Column::blocks, round_key(epoch_, next(mark_.gc_round)),
                     round_key(next(epoch_), Round{}), [&](ByteView, ByteView value) {
                       read = take(value);
                       return read.has_value();
                     }));
  return read;
}

// Newest first: a commit's blocks lie at or below its leader.
auto DagStore::read_committed(consensus::Recovered& recovered) -> Result<void> {
  for (auto height = std::to_underlying(mark_.commit.height);
       height > std::to_underlying(mark_.started_at); --height) {
    TRY(bytes, store_.get(Column::commits, number_key(height)));
    if (!bytes) return fail(Error::store_corrupt);
    TRY(commit, model::decode_commit(*bytes));
    if (commit.leader.round <= mark_.gc_round) break;
    for (const BlockRef& ref : commit.blocks) {
      open_.erase(ref);
      if (ref.round > mark_.gc_round) recovered.committed.push_back(ref);
    }
  }
  return {};
}

void DagStore::put_block(const model::Block& block, Batch& batch) const {
  batch.put(Column::blocks, block_key(epoch_, block.ref()), model::encode(block));
}

void DagStore::put(const consensus::Batch& from, Batch& batch) {
  for (const BlockPtr& block : from.blocks) {
    if (open_.insert((*block)->ref()).second) put_block(**block, batch);
  }
  if (from.own) mark_.own = (*from.own)->ref();
  for (const auto& commit : from.commits) put_commit(commit, batch);
  if (from.gc_round > mark_.gc_round) {
    mark_.gc_round = from.gc_round;
    open_.erase(open_.begin(), open_.lower_bound({next(from.gc_round), {}, {}}));
  }
  batch.put(Column::meta, mark_key(epoch_), encode(mark_));
}

void DagStore::put_commit(const consensus::CommittedSubDag& commit, Batch& batch) {
  for (const BlockPtr& block : commit.blocks) {
    const BlockRef ref = (*block)->ref();
    // One that came with a certified commit, below gc_round, was never accepted.
    if (open_.erase(ref) == 0) put_block(**block, batch);
    if ((**block).fields.ready && !std::ranges::contains(mark_.ready, ref.author))
      mark_.ready.push_back(ref.author);
  }
  batch.put(Column::commits, number_key(std::to_underlying(commit.commit.height)),
            commit.commit_bytes);
  mark_.commit = commit.state();
}

auto DagStore::block(const BlockRef& ref) const -> Result<std::optional<model::Block>> {
  TRY(bytes, store_.get(Column::blocks, block_key(epoch_, ref)));
  if (!bytes) return std::optional<model::Block>{};
  TRY(block, model::decode_block(*bytes));
  return std::optional{std::move(block)};
}

auto DagStore::commit(Height height) const -> Result<std::optional<StoredCommit>> {
  TRY(bytes, store_.get(Column::commits, number_key(std::to_underlying(height))));
  if (!bytes) return std::optional<StoredCommit>{};
  TRY(commit, model::decode_commit(*bytes));
  StoredCommit stored{std::move(commit), *std::move(bytes), {}, {}};
  stored.digest = model::commit_digest(stored.commit_bytes);
  for (const BlockRef& ref : stored.commit.blocks) {
    TRY(block, this->block(ref));
    if (!block) return fail(Error::store_corrupt);
    stored.blocks.push_back(*std::move(block));
  }
  return std::optional{std::move(stored)};
}

auto DagStore::voters_for(const model::CommitVote& vote, Round from, const MayGive& may_give) const
    -> Result<std::vector<model::Block>> {
  std::vector<model::Block> voters;
  std::set<model::AuthorIndex> authors;
  Result<void> read;
  TRY_DO(store_.scan(Column::blocks, round_key(epoch_, from),
                     round_key(epoch_, consensus::later(from, kVoterRounds)),
                     [&](ByteView, ByteView value) {
                       auto block = model::decode_block(value);
                       if (!block) {
                         read = fail(block.error());
                         return false;
                       }
                       if (!std::ranges::contains(block->fields.commit_votes, vote)) return true;
                       if (may_give(block->ref()) && authors.insert(block->fields.author).second)
                         voters.push_back(*std::move(block));
                       return true;
                     }));
  if (!read) return fail(read.error());
  return voters;
}

auto DagStore::range_after(Height from, std::size_t quorum, const MayGive& may_give) const
    -> Result<CommitRange> {
  CommitRange range;
  const auto first = std::to_underlying(std::max(from, mark_.started_at)) + 1;
  const auto last =
      std::min(std::to_underlying(mark_.commit.height), first - 1 + consensus::kSyncRangeMax);
  if (std::to_underlying(from) + 1 != first) return range;  // of an earlier epoch
  for (auto end = last; end >= first; --end) {
    TRY(bytes, store_.get(Column::commits, number_key(end)));
    if (!bytes) return fail(Error::store_corrupt);
    TRY(commit, model::decode_commit(*bytes));
    TRY(voters,
        voters_for({commit.height, model::commit_digest(*bytes)}, commit.leader.round, may_give));
    if (voters.size() < quorum) continue;
    range.voters = std::move(voters);
    for (auto height = first; height <= end; ++height) {
      TRY(stored, this->commit(Height{height}));
      if (!stored) return fail(Error::store_corrupt);
      range.commits.push_back(*std::move(stored));
    }
    break;
  }
  return range;
}

}  // namespace holdfast::node
