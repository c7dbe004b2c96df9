#include "consensus/core.h"

#include <gmock/gmock.h>

#include "blocks.h"
#include "sim/signatures.h"

namespace holdfast::consensus {
namespace {

using base::Bytes;
using crypto::SimulatedSignatures;
using testing::IsEmpty, testing::SizeIs;

template <class T>
auto only(const std::vector<Effect>& effects) -> std::vector<T> {
  std::vector<T> found;
  for (const Effect& effect : effects)
    if (const T* one = std::get_if<T>(&effect)) found.push_back(*one);
  return found;
}

// One core, whose signatures, syncs and timers the test carries out.
class CoreTest : public testing::Test {
 protected:
  void start(std::size_t validators, const Recovered& recovered = {},
             const Parameters& parameters = {}) {
    epoch_.emplace(epoch_of(validators));
    core_ = std::make_unique<Core>(CoreSettings{.epoch = *epoch_,
                                                .self = AuthorIndex{0},
                                                .beacon = {},
                                                .parameters = parameters,
                                                .primitives = primitives()},
                                   recovered, Moment{now_, {}});
    effects_ = step(Started{});
  }
  auto step(const Input& input) -> std::vector<Effect> {
    return core_->step(input, Moment{now_, model::TimeMs{1'000'000}});
  }
  auto sign(const SignBlock& request) const -> BlockPtr {
    return seal(*epoch_, *model::decode_header(request.header), request.payload);
  }
  auto wait(milliseconds time = Parameters{}.pace) -> std::vector<Effect> {
    now_ += time;
    return step(TimerFired{TimerKind::propose});
  }
  // Carries out everything that follows from these effects; returns all of them.
  auto carry_out(std::vector<Effect> effects) -> std::vector<Effect> {
    std::vector<Effect> all;
    for (int i = 0; i < 1000 && !effects.empty(); ++i) {
      std::vector<Effect> more;
      const auto add = [&](std::vector<Effect> those) {
        more.insert(more.end(), those.begin(), those.end());
      };
      for (const Effect& effect : effects) {
        all.push_back(effect);
        if (const auto* request = std::get_if<SignBlock>(&effect)) {
          add(step(BlockSigned{request->id, sign(*request)}));
        } else if (const auto* persist = std::get_if<Persist>(&effect)) {
          add(step(Persisted{persist->id}));
        } else if (const auto* timer = std::get_if<SetTimer>(&effect)) {
          now_ = std::max(now_, timer->at);
          if (core_->is_busy()) add(step(TimerFired{timer->kind}));
        }
      }
      effects = std::move(more);
    }
    return all;
  }
  auto block_of(std::uint64_t author, std::uint64_t round, std::vector<BlockRef> ancestors,
                std::vector<Bytes> payload = {}) const -> BlockPtr {
    return seal(*epoch_,
                header_of(*epoch_, Round{round}, AuthorIndex{author},
                          own_first(std::move(ancestors), AuthorIndex{author})),
                std::move(payload));
  }
  auto answer(std::uint64_t author, BlockRef latest, std::optional<BlockRef> yours = {}) const
      -> LatestAnswered {
    model::LatestAnswer content{.vault = epoch_->vault,
                                .epoch = {},
                                .nonce = {},
                                .author = AuthorIndex{author},
                                .latest = latest,
                                .yours = yours};
    return {SimulatedSignatures::trust(std::move(content))};
  }
  static auto transaction(std::uint8_t number) -> Submit {
    Submit submit{.id = {}, .transaction = Bytes(40, number)};
    submit.id = primitives().item_id(submit.transaction);
    return submit;
  }

  Instant now_{};
  std::optional<EpochRules> epoch_;
  std::unique_ptr<Core> core_;
  std::vector<Effect> effects_;  // of Started
};

TEST_F(CoreTest, ACommitteeOfOneOrdersByItself) {
  start(1);
  const auto all = carry_out(step(transaction(1)));
  const auto sequenced = only<TxStatus>(all);
  ASSERT_THAT(sequenced, SizeIs(1));
  EXPECT_EQ(sequenced[0].fate, TxFate::sequenced);
  EXPECT_FALSE(core_->is_busy());
  EXPECT_THAT(only<Deliver>(all), Not(IsEmpty()));
}

TEST_F(CoreTest, AQuietVaultRestsAndATransactionWakesIt) {
  start(4);
  EXPECT_THAT(only<SignBlock>(effects_), IsEmpty());
  now_ += std::chrono::hours{1};
  EXPECT_THAT(only<SignBlock>(step(TimerFired{TimerKind::propose})), IsEmpty());
  EXPECT_THAT(only<SignBlock>(step(transaction(1))), SizeIs(1));
}

TEST_F(CoreTest, AnOwnBlockWaitsForItsSyncAndTheNextProposalForBoth) {
  start(1);
  (void)step(transaction(1));
  const auto asked = only<SignBlock>(wait());
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_THAT(only<SignBlock>(step(transaction(2))), IsEmpty()) << "one in flight";
  const auto signed_effects = step(BlockSigned{asked[0].id, sign(asked[0])});
  const auto persists = only<Persist>(signed_effects);
  const auto sends = only<Send>(signed_effects);
  ASSERT_THAT(persists, SizeIs(1));
  ASSERT_THAT(sends, SizeIs(1));
  EXPECT_EQ(sends[0].after, persists[0].id);
  EXPECT_NE(persists[0].batch.own, nullptr);
  EXPECT_THAT(only<SignBlock>(signed_effects), IsEmpty());
  EXPECT_EQ(core_->signed_round(), Round{0}) << "not yet durable";
  (void)step(Persisted{persists[0].id});
  EXPECT_EQ(core_->signed_round(), Round{1});
}

TEST_F(CoreTest, AfterARestartTheStoredBlockIsSentAgainAndItsRoundNotSigned) {
  start(4);
  (void)step(transaction(1));
  const auto asked = only<SignBlock>(wait());
  ASSERT_THAT(asked, SizeIs(1));
  const BlockPtr own = sign(asked[0]);
  Recovered recovered;
  recovered.signed_round = Round{1};
  recovered.last_own = own;
  recovered.blocks = {own};
  start(4, recovered);
  const auto sends = only<Send>(effects_);
  ASSERT_THAT(sends, SizeIs(1));
  EXPECT_EQ(std::get<BlockMessage>(sends[0].message).block, own);
  EXPECT_THAT(only<SignBlock>(step(transaction(2))), IsEmpty()) << "round 2 has no parents yet";
}

TEST_F(CoreTest, WhatAmnesiaFoundOutIsDurableBeforeAnythingIsSigned) {
  Recovered recovered;
  recovered.amnesia = model::AmnesiaNonce{};
  start(4, recovered);
  EXPECT_THAT(only<SignBlock>(step(transaction(1))), IsEmpty());
  (void)step(answer(1, epoch_->genesis[1]));
  (void)step(answer(2, epoch_->genesis[2]));
  EXPECT_TRUE(core_->is_in_amnesia());
  const auto effects = step(answer(3, epoch_->genesis[3]));
  EXPECT_FALSE(core_->is_in_amnesia());
  const auto persists = only<Persist>(effects);
  ASSERT_THAT(persists, SizeIs(1));
  EXPECT_EQ(persists[0].batch.floor, Round{1}) << "one above the highest round shown";
  EXPECT_THAT(only<SignBlock>(effects), IsEmpty()) << "round 1 may have been signed before";

  BlocksVerified others{.from = PeerId{1}, .blocks = {}, .arrival = Arrival::pushed};
  for (const std::uint64_t author : {1U, 2U, 3U})
    others.blocks.push_back(block_of(author, 1, epoch_->genesis));
  (void)step(others);
  EXPECT_THAT(only<SignBlock>(wait()), IsEmpty())
      << "it led round 1 itself, and that block is lost";
  const auto asked = only<SignBlock>(wait(Parameters{}.timeout_start));
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(model::decode_header(asked[0].header)->round, Round{2});
}

TEST_F(CoreTest, AnswersThatNameUnknownBlocksCountOnceTheseAreAccepted) {
  Recovered recovered;
  recovered.amnesia = model::AmnesiaNonce{};
  start(4, recovered);
  const BlockPtr theirs = block_of(3, 1, epoch_->genesis);
  (void)step(answer(1, epoch_->genesis[1]));
  (void)step(answer(2, epoch_->genesis[2]));
  (void)step(PeerUp{PeerId{3}, {}});
  const auto fetches = only<Fetch>(step(answer(3, (*theirs)->ref())));
  EXPECT_TRUE(core_->is_in_amnesia());
  ASSERT_THAT(fetches, SizeIs(1));
  (void)step(BlocksVerified{PeerId{3}, {theirs}, Arrival::requested});
  EXPECT_FALSE(core_->is_in_amnesia());
  EXPECT_EQ(core_->signed_round(), Round{2});
}

TEST_F(CoreTest, ABlockOfItsOwnThatItNeverMadeStopsANode) {
  start(4);
  const BlockPtr foreign = block_of(0, 1, epoch_->genesis);
  const auto halts = only<Halt>(step(BlocksVerified{PeerId{1}, {foreign}, Arrival::pushed}));
  ASSERT_THAT(halts, SizeIs(1));
  EXPECT_EQ(halts[0].reason, HaltReason::own_slot_conflict);
  EXPECT_THAT(only<SignBlock>(step(transaction(1))), IsEmpty());
}

TEST_F(CoreTest, AnEquivocationIsProvedInTheNextOwnBlock) {
  start(4);
  const BlockPtr one = block_of(1, 1, epoch_->genesis);
  const BlockPtr other = block_of(1, 1, epoch_->genesis, {Bytes(10, 1)});
  const auto effects = step(BlocksVerified{PeerId{1}, {one, other}, Arrival::pushed});
  EXPECT_THAT(only<Misconduct>(effects), SizeIs(1));
  const auto asked = only<SignBlock>(wait());
  ASSERT_THAT(asked, SizeIs(1));
  ASSERT_THAT(asked[0].payload, SizeIs(1));
  EXPECT_EQ(asked[0].payload[0], model::encode_equivocation_proof(**one, **other));
}

TEST_F(CoreTest, ABlockThatAPeerPushesIsNoAnswerToWhatItWasAskedFor) {
  start(4);
  for (const std::uint64_t peer : {1U, 2U}) (void)step(PeerUp{PeerId{peer}, {}});
  std::vector<BlockRef> unknown = epoch_->genesis;
  for (BlockRef& ref : unknown) ref.round = Round{1};
  const auto first = step(BlocksVerified{PeerId{1}, {block_of(1, 2, unknown)}, Arrival::pushed});
  ASSERT_THAT(only<Fetch>(first), SizeIs(1));
  EXPECT_THAT(only<Fetch>(step(BlocksVerified{PeerId{1}, {}, Arrival::pushed})), IsEmpty());
  const auto again = only<Fetch>(step(BlocksVerified{PeerId{1}, {}, Arrival::requested}));
  ASSERT_THAT(again, SizeIs(1)) << "it answered and had nothing";
  EXPECT_EQ(again[0].request.refs.size(), 4U);
}

TEST_F(CoreTest, ATimerThatIsSetIsNotSetAgainUntilItFires) {
  start(4);
  const auto first = only<SetTimer>(step(transaction(1)));
  EXPECT_THAT(only<SetTimer>(step(PeerDown{PeerId{1}})), IsEmpty());
  EXPECT_EQ(only<SetTimer>(step(TimerFired{TimerKind::propose})).size(), first.size());
}

TEST_F(CoreTest, MoreTransactionsThanThePoolHoldsAreRefusedAndSayWhy) {
  start(4);
  Submit submit = transaction(0);
  for (std::size_t i = 0; i < kPendingMax; ++i) {
    for (std::size_t at = 0; at < 4; ++at)
      submit.id.bytes.at(at) = static_cast<std::uint8_t>(i >> (8 * at));
    (void)step(submit);
  }
  EXPECT_EQ(core_->held().transactions, kPendingMax);
  const auto refused = only<TxStatus>(step(transaction(1)));
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].fate, TxFate::refused);
  EXPECT_EQ(refused[0].reason, base::Error::too_many_pending);
}

TEST_F(CoreTest, ABlockTakesSoManyTransactionsAndBytesAndTheRestWaits) {
  Parameters parameters;
  parameters.payload_items_max = 3;
  parameters.payload_bytes_max = 130;
  start(4, {}, parameters);
  for (std::uint8_t i = 0; i < 5; ++i) (void)step(transaction(i));  // of 40 bytes each
  const auto asked = only<SignBlock>(wait());
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_THAT(asked[0].payload, SizeIs(3));
  parameters.payload_items_max = 4;
  start(4, {}, parameters);
  for (std::uint8_t i = 0; i < 5; ++i) (void)step(transaction(i));
  const auto by_bytes = only<SignBlock>(wait());
  ASSERT_THAT(by_bytes, SizeIs(1));
  EXPECT_THAT(by_bytes[0].payload, SizeIs(3)) << "the fourth would be over the limit of bytes";
}

TEST_F(CoreTest, AVaultThatDoesNotApplyItsCommitsIsGivenNoMoreWork) {
  start(1);
  std::vector<TxStatus> refused;
  for (std::size_t i = 0; i < 4 * kUnappliedMax && refused.empty(); ++i) {
    const auto effects = carry_out(step(transaction(static_cast<std::uint8_t>(i))));
    for (const TxStatus& status : only<TxStatus>(effects))
      if (status.fate == TxFate::refused) refused.push_back(status);
  }
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].reason, base::Error::too_many_pending);
  EXPECT_LE(core_->held().unapplied, kUnappliedMax + 2 * kWaveRounds);
  (void)step(Applied{core_->committed().height, {}, {}, false, {}});
  EXPECT_EQ(core_->held().unapplied, 0U);
  EXPECT_THAT(only<TxStatus>(step(transaction(1))), IsEmpty()) << "it is taken";
}

TEST_F(CoreTest, WhatAnAnswerNamesIsWantedOnlyWhileItCounts) {
  Recovered recovered;
  recovered.amnesia = model::AmnesiaNonce{};
  start(4, recovered);
  for (std::uint8_t i = 0; i < 100; ++i) {  // a Byzantine one invents a block each time
    BlockRef invented{Round{1000U + i}, AuthorIndex{3}, {}};
    invented.digest.bytes.fill(i);
    (void)step(answer(3, invented, BlockRef{Round{5}, AuthorIndex{0}, invented.digest}));
    EXPECT_EQ(core_->held().wanted, 2U);
  }
  (void)step(answer(1, epoch_->genesis[1]));
  (void)step(answer(2, epoch_->genesis[2]));
  EXPECT_TRUE(core_->is_in_amnesia());
  (void)step(answer(3, epoch_->genesis[3]));
  EXPECT_FALSE(core_->is_in_amnesia());
  EXPECT_EQ(core_->held().wanted, 0U);
}

TEST_F(CoreTest, AStoreThatFailsStopsSigning) {
  start(1);
  EXPECT_THAT(only<Halt>(step(StoreFailed{})), SizeIs(1));
  EXPECT_THAT(only<SignBlock>(step(transaction(1))), IsEmpty());
}

TEST_F(CoreTest, ACheckpointIsSignedOnceTheVaultHasAppliedTheHeightThatIsDue) {
  start(1);
  const auto delivered = only<Deliver>(carry_out(step(transaction(1))));
  ASSERT_THAT(delivered, Not(IsEmpty()));
  const Applied applied{.height = delivered[0].commit.commit.height,
                        .state_root = {},
                        .audit_root = {},
                        .close_epoch = false,
                        .next = {}};
  const auto asked = only<SignCheckpoint>(step(applied));
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(model::decode_checkpoint(asked[0].checkpoint)->commit, delivered[0].commit.digest);
  EXPECT_THAT(only<SignCheckpoint>(step(applied)), IsEmpty()) << "once a height";
}

TEST_F(CoreTest, AnEpochEndsWithTheCommitThatHoldsAQuorumOfReadyBlocks) {
  start(1);
  const auto delivered = only<Deliver>(carry_out(step(transaction(1))));
  ASSERT_THAT(delivered, Not(IsEmpty()));
  const model::Height applied = delivered.back().commit.commit.height;
  auto closing = step(Applied{applied, {}, {}, true, {}});
  auto late = step(transaction(2));
  closing.insert(closing.end(), late.begin(), late.end());
  const auto all = carry_out(std::move(closing));
  const auto ended = only<EpochEnded>(all);
  ASSERT_THAT(ended, SizeIs(1));
  ASSERT_THAT(ended[0].unordered, SizeIs(1)) << "it came after the barrier";
  EXPECT_EQ(ended[0].unordered[0].first, transaction(2).id);
  EXPECT_TRUE(only<Deliver>(all).back().last_of_epoch);
  EXPECT_TRUE(core_->has_ended());
  EXPECT_THAT(only<SignBlock>(step(transaction(3))), IsEmpty());
}

}  // namespace
}  // namespace holdfast::consensus
