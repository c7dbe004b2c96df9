#include "consensus/solo.h"

#include <gmock/gmock.h>

#include "crypto/hash.h"

namespace holdfast::consensus {
namespace {

using base::Bytes, base::ByteView, base::Error;
using model::Digest, model::Height, model::Round, model::TimeMs;
using testing::ElementsAre;

constexpr std::uint64_t kStart = 1'760'000'000'000;

// RFC 9162 §2.1.1, written as it stands there.
auto rfc_root(const std::vector<Bytes>& leaves) -> Digest {
  if (leaves.empty()) return crypto::sha256(ByteView{});
  if (leaves.size() == 1) {
    Bytes input{0};
    base::append(input, leaves[0]);
    return crypto::sha256(input);
  }
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  const auto middle = leaves.begin() + static_cast<std::ptrdiff_t>(k);
  Bytes input{1};
  base::append(input, rfc_root({leaves.begin(), middle}).view());
  base::append(input, rfc_root({middle, leaves.end()}).view());
  return crypto::sha256(input);
}
auto root_of(const std::vector<ByteView>& leaves) -> Digest {
  std::vector<Bytes> copies;
  for (const ByteView leaf : leaves) copies.push_back(base::to_bytes(leaf));
  return rfc_root(copies);
}

auto item(std::uint8_t number, std::size_t size = 10) -> Item {
  Item made{.id = {}, .bytes = Bytes(size, number)};
  made.id.bytes.fill(number);
  return made;
}
auto items(std::size_t count) -> std::vector<Item> {
  std::vector<Item> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(item(static_cast<std::uint8_t>(i)));
  return made;
}
auto signature(std::uint8_t number) -> crypto::Signature {
  crypto::Signature made;
  made.bytes.fill(number);
  return made;
}

class SoloOrder : public testing::Test {
 protected:
  SoloOrder() {
    vault_.bytes.fill(7);
    committee_.members.emplace_back();
    committee_.members[0].device.bytes.fill(8);
    committee_.members[0].node_key.bytes.fill(9);
  }
  auto start() const -> ChainEnd { return chain_start(vault_, committee_, TimeMs{kStart}); }
  auto solo_at(const ChainEnd& state) const -> Solo { return {vault_, state, root_of}; }
  static auto order(Solo& solo, std::uint64_t now, std::vector<Item> payload = items(1))
      -> OrderedCommit {
    EXPECT_TRUE(solo.propose(std::move(payload), TimeMs{now}).has_value());
    auto ordered = solo.on_signed(signature(1));
    solo.on_persisted(ordered);
    return ordered;
  }

  model::VaultId vault_;
  model::Committee committee_;
};

TEST_F(SoloOrder, HeightsAreDenseFromOneAndRoundsGrow) {
  Solo solo = solo_at(start());
  for (std::uint64_t n = 1; n <= 20; ++n) {
    const OrderedCommit ordered = order(solo, kStart + n);
    EXPECT_EQ(ordered.commit.height, Height{n});
    EXPECT_EQ(ordered.block.fields.round, Round{n});
    EXPECT_EQ(ordered.commit.leader.round, Round{n});
    EXPECT_EQ(solo.state().height, Height{n});
  }
}

TEST_F(SoloOrder, EveryCommitNamesTheDigestOfTheOneBefore) {
  Solo solo = solo_at(start());
  model::CommitDigest previous{};  // zero before the first
  for (std::uint64_t n = 1; n <= 5; ++n) {
    const OrderedCommit ordered = order(solo, kStart + n);
    EXPECT_EQ(ordered.commit.previous, previous);
    EXPECT_EQ(model::decode_commit(ordered.commit_bytes), ordered.commit);
    previous = model::commit_digest(ordered.commit_bytes);
    EXPECT_EQ(ordered.after.last_commit, previous);
  }
}

TEST_F(SoloOrder, EveryBlockLinksToTheOwnLastBlockAndTheFirstToTheGenesisBlock) {
  Solo solo = solo_at(start());
  model::BlockRef last = model::genesis_ref(vault_, committee_, model::AuthorIndex{0});
  for (std::uint64_t n = 1; n <= 5; ++n) {
    const OrderedCommit ordered = order(solo, kStart + n);
    EXPECT_THAT(ordered.block.fields.ancestors, ElementsAre(last));
    EXPECT_EQ(model::decode_header(ordered.block.header), ordered.block.fields);
    EXPECT_EQ(ordered.block.digest,
              model::block_digest(ordered.block.header, ordered.block.signature));
    last = {ordered.block.fields.round, model::AuthorIndex{0}, ordered.block.digest};
    EXPECT_EQ(ordered.commit.leader, last);
    EXPECT_THAT(ordered.commit.blocks, ElementsAre(last));
    EXPECT_EQ(ordered.after.last_block, last);
  }
}

TEST_F(SoloOrder, TheNextBlockVotesForTheLastCommit) {
  Solo solo = solo_at(start());
  const OrderedCommit first = order(solo, kStart);
  EXPECT_TRUE(first.block.fields.commit_votes.empty());
  const OrderedCommit second = order(solo, kStart);
  EXPECT_THAT(second.block.fields.commit_votes,
              ElementsAre(model::CommitVote{Height{1}, model::commit_digest(first.commit_bytes)}));
}

TEST_F(SoloOrder, TimestampsNeverDecreaseWhenTheClockGoesBack) {
  Solo solo = solo_at(start());
  EXPECT_EQ(order(solo, kStart - 5000).commit.timestamp, TimeMs{kStart});  // before the genesis
  EXPECT_EQ(order(solo, kStart + 100).commit.timestamp, TimeMs{kStart + 100});
  EXPECT_EQ(order(solo, 0).commit.timestamp, TimeMs{kStart + 100});
  const OrderedCommit last = order(solo, kStart + 101);
  EXPECT_EQ(last.commit.timestamp, TimeMs{kStart + 101});
  EXPECT_EQ(last.block.fields.timestamp, last.commit.timestamp);
}

TEST_F(SoloOrder, RootsAreThoseOfRfc9162) {
  Solo solo = solo_at(start());
  for (const std::size_t count : {1UZ, 2UZ, 3UZ, 5UZ, 8UZ, 13UZ}) {
    std::vector<Bytes> payload, ids;
    for (const Item& each : items(count)) {
      payload.push_back(each.bytes);
      ids.push_back(base::to_bytes(each.id.view()));
    }
    const OrderedCommit ordered = order(solo, kStart, items(count));
    EXPECT_EQ(ordered.block.fields.payload_root, rfc_root(payload));
    EXPECT_EQ(ordered.block.fields.payload_len, 10 * count);
    EXPECT_EQ(ordered.block.payload, payload);
    EXPECT_EQ(ordered.commit.tx_root, rfc_root(ids));
  }
}

TEST_F(SoloOrder, TheMessageToSignIsThatOfTheBlock) {
  Solo solo = solo_at(start());
  const Bytes message = solo.propose(items(2), TimeMs{kStart}).value();
  const OrderedCommit ordered = solo.on_signed(signature(3));
  EXPECT_EQ(message, model::header_message(vault_, ordered.block.header));
  EXPECT_EQ(ordered.block.signature, signature(3));
}

TEST_F(SoloOrder, OneProposalIsInFlight) {
  Solo solo = solo_at(start());
  ASSERT_TRUE(solo.propose(items(1), TimeMs{kStart}).has_value());
  EXPECT_DEATH((void)solo.propose(items(1), TimeMs{kStart}), "proposal_");
}

TEST_F(SoloOrder, NothingIsOrderedWithoutAProposalNorAnEmptyOneProposed) {
  Solo solo = solo_at(start());
  EXPECT_DEATH((void)solo.on_signed(signature(1)), "proposal_");
  EXPECT_DEATH((void)solo.propose({}, TimeMs{kStart}), "empty");
}

TEST_F(SoloOrder, TooManyItemsOrBytesAreRefusedAndLeaveNothingBehind) {
  Solo solo = solo_at(start());
  EXPECT_EQ(solo.propose(items(kBlockItemsMax + 1), TimeMs{kStart}).error(), Error::too_long);
  std::vector<Item> large{item(1, model::kPayloadBytesMax), item(2, 1)};
  EXPECT_EQ(solo.propose(std::move(large), TimeMs{kStart}).error(), Error::too_long);
  EXPECT_EQ(solo.state(), start());
  EXPECT_EQ(order(solo, kStart, items(kBlockItemsMax)).commit.height, Height{1});
  EXPECT_EQ(order(solo, kStart, {item(1, model::kPayloadBytesMax)}).commit.height, Height{2});
}

TEST_F(SoloOrder, ADroppedProposalIsAsIfItNeverWas) {
  Solo solo = solo_at(start());
  order(solo, kStart);
  const ChainEnd before = solo.state();
  ASSERT_TRUE(solo.propose(items(3), TimeMs{kStart + 50}).has_value());
  solo.drop_proposal();
  EXPECT_EQ(solo.state(), before);
  EXPECT_EQ(order(solo, kStart).commit.height, Height{2});
}

TEST_F(SoloOrder, ACommitThatWasNeverPersistedIsMadeAgain) {
  Solo solo = solo_at(start());
  ASSERT_TRUE(solo.propose(items(1), TimeMs{kStart}).has_value());
  const OrderedCommit lost = solo.on_signed(signature(1));
  EXPECT_EQ(solo.state(), start());
  EXPECT_EQ(order(solo, kStart).commit, lost.commit);
}

TEST_F(SoloOrder, ACheckpointIsDueAfterASecond) {
  Solo solo = solo_at(start());
  EXPECT_FALSE(order(solo, kStart + 999).after.checkpoint_is_here());
  const OrderedCommit due = order(solo, kStart + 1000);
  EXPECT_TRUE(due.after.checkpoint_is_here());
  EXPECT_EQ(due.after.checkpoint_height, Height{2});
  EXPECT_EQ(due.after.checkpoint_timestamp, TimeMs{kStart + 1000});
  EXPECT_FALSE(order(solo, kStart + 1999).after.checkpoint_is_here());
  EXPECT_TRUE(order(solo, kStart + 2000).after.checkpoint_is_here());
}

TEST_F(SoloOrder, ACheckpointIsDueAfterAHundredHeights) {
  Solo solo = solo_at(start());
  std::vector<std::uint64_t> due;
  for (std::uint64_t n = 1; n <= 250; ++n) {
    if (order(solo, kStart).after.checkpoint_is_here()) due.push_back(n);
  }
  EXPECT_THAT(due, ElementsAre(100, 200));
}

TEST_F(SoloOrder, ARestartFromTheStoredStateContinuesTheChainIdentically) {
  Solo whole = solo_at(start());
  ChainEnd stored = start();
  for (std::uint64_t n = 1; n <= 12; ++n) {
    Solo restarted = solo_at(stored);
    const OrderedCommit a = order(whole, kStart + n * 300, items(n));
    const OrderedCommit b = order(restarted, kStart + n * 300, items(n));
    EXPECT_EQ(a.commit_bytes, b.commit_bytes);
    EXPECT_EQ(a.block.header, b.block.header);
    EXPECT_EQ(a.after.checkpoint_is_here(), b.after.checkpoint_is_here());
    stored = b.after;
    EXPECT_EQ(whole.state(), stored);
  }
}

TEST_F(SoloOrder, AnotherVaultOrCommitteeStartsAnotherChain) {
  const ChainEnd one = start();
  vault_.bytes.fill(1);
  EXPECT_NE(start().last_block, one.last_block);
  vault_.bytes.fill(7);
  committee_.members[0].node_key.bytes.fill(1);
  EXPECT_NE(start().last_block, one.last_block);
}

}  // namespace
}  // namespace holdfast::consensus
