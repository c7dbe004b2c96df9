#include "consensus/block_manager.h"

#include <gmock/gmock.h>

#include "dag_text.h"

namespace holdfast::consensus {
namespace {

using base::Error;
using testing::ElementsAre, testing::IsEmpty;

class BlockManagerTest : public testing::Test {
 protected:
  auto add(const BlockPtr& block, Arrival arrival = Arrival::pushed, Round clock = Round{1})
      -> base::Result<std::vector<DagBlock*>> {
    return manager_.add(dag_, block, arrival, clock);
  }
  auto add(const std::string& name) -> std::vector<BlockRef> {
    const auto added = add(drawing_.block(name));
    EXPECT_TRUE(added.has_value());
    return added ? refs(*added) : std::vector<BlockRef>{};
  }
  static auto refs(const std::vector<DagBlock*>& blocks) -> std::vector<BlockRef> {
    std::vector<BlockRef> all;
    for (const DagBlock* block : blocks) all.push_back(block->ref);
    return all;
  }
  void refuses(const BlockPtr& block, Error error, Round clock = Round{1}) {
    const auto suspended = manager_.suspended_count();
    const auto held = dag_.size();
    const auto added = add(block, Arrival::pushed, clock);
    ASSERT_FALSE(added.has_value());
    EXPECT_EQ(added.error(), error);
    EXPECT_EQ(manager_.suspended_count(), suspended);
    EXPECT_EQ(dag_.size(), held);
  }
  // A block of A with so many invented parents of the others and of itself.
  auto orphan(Round round, std::uint64_t number, std::size_t payload = 0) -> BlockPtr {
    std::vector<BlockRef> parents;
    for (std::uint64_t author = 0; author < 4; ++author) {
      BlockRef ref{earlier(round, 1), AuthorIndex{author}, {}};
      for (std::size_t i = 0; i < 8; ++i)
        ref.digest.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
      ref.digest.bytes[8] = 1;
      parents.push_back(ref);
    }
    auto header = header_of(drawing_.epoch(), round, AuthorIndex{0}, std::move(parents));
    return seal(drawing_.epoch(), std::move(header), {base::Bytes(payload)});
  }

  Drawing drawing_{4};
  Dag dag_{Validators{4}};
  BlockManager manager_{Validators{4}};
};

TEST_F(BlockManagerTest, AcceptsABlockOnceItsAncestorsAre) {
  drawing_.draw("Rounds 1-2: { * }");
  EXPECT_THAT(add("A2"), IsEmpty());
  EXPECT_EQ(manager_.missing_count(), 4U);
  EXPECT_THAT(manager_.missing(10), ElementsAre(drawing_.ref("A1"), drawing_.ref("B1"),
                                                drawing_.ref("C1"), drawing_.ref("D1")));
  EXPECT_EQ(manager_.missing(2).size(), 2U) << "not more than was asked for";
  for (const char* name : {"B1", "C1", "D1"})
    EXPECT_THAT(add(name), ElementsAre(drawing_.ref(name)));
  EXPECT_TRUE(manager_.is_suspended(drawing_.ref("A2")));
  EXPECT_THAT(add("A1"), ElementsAre(drawing_.ref("A1"), drawing_.ref("A2")));
  EXPECT_EQ(manager_.suspended_count(), 0U);
  EXPECT_EQ(manager_.missing_count(), 0U);
  EXPECT_EQ(manager_.suspended_bytes(AuthorIndex{0}), 0U);
}

TEST_F(BlockManagerTest, TakesABlockOnceThoughItComesTwice) {
  drawing_.draw("Rounds 1-2: { * }");
  EXPECT_THAT(add("A1"), ElementsAre(drawing_.ref("A1")));
  EXPECT_THAT(add("A1"), IsEmpty());
  EXPECT_THAT(add("A2"), IsEmpty());
  const std::size_t bytes = manager_.suspended_bytes(AuthorIndex{0});
  EXPECT_THAT(add("A2"), IsEmpty());
  EXPECT_EQ(manager_.suspended_bytes(AuthorIndex{0}), bytes);
}

TEST_F(BlockManagerTest, RefusesRoundsFarAheadUnlessSomethingRefersToThem) {
  const Round clock{5};
  const Round last = later(clock, kFutureRoundsMax);
  refuses(orphan(next(last), 1), Error::round_too_far_ahead, clock);
  EXPECT_TRUE(add(orphan(last, 1), Arrival::pushed, clock).has_value());
  EXPECT_TRUE(add(orphan(next(last), 2), Arrival::requested, clock).has_value());
  EXPECT_EQ(manager_.highest_suspended(), next(last));
}

TEST_F(BlockManagerTest, KeepsTwoBranchesOfASlotAndMoreOnlyIfReferredTo) {
  drawing_.draw("Round 1: { *->[*], A1'->[*], A1''->[*] } Round 2: { B->[-A1,A1''] }");
  EXPECT_THAT(add("A1"), ElementsAre(drawing_.ref("A1")));
  EXPECT_THAT(add("A1'"), ElementsAre(drawing_.ref("A1'")));
  refuses(drawing_.block("A1''"), Error::too_many_branches);
  EXPECT_THAT(add("B2"), IsEmpty());
  EXPECT_THAT(add("A1''"), ElementsAre(drawing_.ref("A1''")));
}

TEST_F(BlockManagerTest, CountsSuspendedBranchesToo) {
  EXPECT_TRUE(add(orphan(Round{9}, 1)).has_value());
  EXPECT_TRUE(add(orphan(Round{9}, 2)).has_value());
  refuses(orphan(Round{9}, 3), Error::too_many_branches);
}

TEST_F(BlockManagerTest, CountsMissingRefsAgainstTheAuthorOfWhatWaits) {
  std::uint64_t number = 0;
  for (std::size_t refs = 0; refs + 4 <= kSuspendedRefsMax; refs += 4, ++number)
    ASSERT_TRUE(add(orphan(Round{2 + number}, number)).has_value()) << refs;
  refuses(orphan(Round{2 + number}, number), Error::too_many_suspended);
  drawing_.draw("Rounds 1-2: { * }");
  EXPECT_THAT(add("B2"), IsEmpty()) << "another author has its own share";
  EXPECT_TRUE(manager_.is_suspended(drawing_.ref("B2")));
}

TEST_F(BlockManagerTest, ALowerRoundTakesThePlaceOfTheHighestThatWaits) {
  std::uint64_t number = 0;
  for (std::size_t refs = 0; refs + 4 <= kSuspendedRefsMax; refs += 4, ++number)
    ASSERT_TRUE(add(orphan(Round{100 + number}, number)).has_value());
  const std::size_t suspended = manager_.suspended_count();
  const Round highest = manager_.highest_suspended();
  (void)manager_.take_wanted();
  EXPECT_TRUE(add(orphan(Round{50}, number)).has_value());
  EXPECT_EQ(manager_.suspended_count(), suspended);
  EXPECT_EQ(manager_.highest_suspended(), earlier(highest, 1));
  refuses(orphan(highest, number + 1), Error::too_many_suspended);
}

// It learns of the newest blocks first, and of the others only by their names; the share of an
// author holds those of 77 rounds. What is refused is asked for again, and where nothing is, the
// newest blocks are sent once more.
TEST(BlockManagerCatchUp, ANodeFarBehindReachesTheGround) {
  constexpr std::size_t kCount = 26;
  constexpr Round kLast{160};
  Drawing drawing{kCount};
  drawing.draw("Rounds 1-160: { * }");
  std::map<BlockRef, BlockPtr> everything;
  for (const BlockPtr& block : drawing.blocks()) everything.emplace((*block)->ref(), block);
  Dag dag{Validators{kCount}};
  BlockManager manager{Validators{kCount}};
  std::set<BlockRef> newest, wanted;
  for (const auto& [ref, block] : everything)
    if (ref.round == kLast) newest.insert(ref);
  for (int turn = 0; turn < 400 && dag.highest_round() < kLast; ++turn) {
    if (wanted.empty()) wanted = newest;
    for (const BlockRef& ref : std::exchange(wanted, {}))
      if (!manager.add(dag, everything.at(ref), Arrival::requested, kLast)) wanted.insert(ref);
    for (const BlockRef& ref : manager.take_wanted()) wanted.insert(ref);
  }
  EXPECT_EQ(dag.highest_round(), kLast);
}

TEST_F(BlockManagerTest, CountsSuspendedBytesAgainstTheirAuthor) {
  const std::size_t mebi = 1 << 20;
  std::uint64_t number = 0;
  while (manager_.suspended_bytes(AuthorIndex{0}) + 3 * mebi + 4096 <= kSuspendedBytesMax) {
    ASSERT_TRUE(add(orphan(Round{2 + number}, number, 3 * mebi)).has_value());
    ++number;
  }
  EXPECT_GE(number, 5U);
  refuses(orphan(Round{2 + number}, number, 3 * mebi), Error::too_many_suspended);
  EXPECT_TRUE(add(orphan(Round{2 + number}, number)).has_value()) << "a small one has room";
}

TEST_F(BlockManagerTest, ReleasesWhatWaitedForRoundsThatWereCollected) {
  drawing_.draw("Rounds 1-5: { * }");
  for (const char* name : {"A4", "B4", "C4", "D4", "A5"}) EXPECT_THAT(add(name), IsEmpty());
  dag_.collect(Round{3});
  EXPECT_THAT(
      refs(manager_.release(dag_)),
      testing::UnorderedElementsAre(drawing_.ref("A4"), drawing_.ref("B4"), drawing_.ref("C4"),
                                    drawing_.ref("D4"), drawing_.ref("A5")));
  EXPECT_EQ(manager_.missing_count(), 0U);
  EXPECT_EQ(manager_.suspended_bytes(AuthorIndex{0}), 0U);
}

TEST_F(BlockManagerTest, DropsWhatIsCollectedItselfAndRefusesItLater) {
  drawing_.draw("Rounds 1-5: { * }");
  for (const char* name : {"A3", "A4"}) EXPECT_THAT(add(name), IsEmpty());
  dag_.collect(Round{4});
  EXPECT_THAT(manager_.release(dag_), IsEmpty());
  EXPECT_EQ(manager_.suspended_count(), 0U);
  EXPECT_EQ(manager_.missing_count(), 0U);
  EXPECT_EQ(manager_.suspended_bytes(AuthorIndex{0}), 0U);
  refuses(drawing_.block("A4"), Error::round_collected);
  EXPECT_THAT(add("A5"), ElementsAre(drawing_.ref("A5")));
}

// ---- beside a naive model: what is accepted is what can be reached from below

class NaiveModel {
 public:
  void add(const BlockPtr& block) {
    if ((**block).fields.round > collected_) known_.insert_or_assign((*block)->ref(), block);
    settle();
  }
  void collect(Round round) {
    collected_ = round;
    std::erase_if(known_, [&](const auto& entry) { return entry.first.round <= round; });
    std::erase_if(accepted_, [&](const BlockRef& ref) { return ref.round <= round; });
    settle();
  }
  [[nodiscard]] auto accepted() const -> const std::set<BlockRef>& { return accepted_; }
  [[nodiscard]] auto missing() const -> std::set<BlockRef> {
    std::set<BlockRef> refs;
    for (const auto& [ref, block] : known_)
      for (const BlockRef& ancestor : (**block).fields.ancestors)
        if (ancestor.round > collected_ && !known_.contains(ancestor)) refs.insert(ancestor);
    return refs;
  }

 private:
  void settle() {
    for (bool more = true; more;) {
      more = false;
      for (const auto& [ref, block] : known_) {
        if (accepted_.contains(ref)) continue;
        const bool ready =
            std::ranges::all_of((**block).fields.ancestors, [&](const BlockRef& ancestor) {
              return ancestor.round <= collected_ || accepted_.contains(ancestor);
            });
        if (ready) more = accepted_.insert(ref).second || more;
      }
    }
  }

  std::map<BlockRef, BlockPtr> known_;
  std::set<BlockRef> accepted_;
  Round collected_{};
};

void compare_with_the_model(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random{seed};
  Drawing drawing{4};
  for (std::uint64_t round = 1; round <= 8; ++round) {
    const std::string r = std::to_string(round), before = std::to_string(round - 1);
    const char* body[] = {" }", ", C%'->[-A$] }", ", D%'->[*] }"};
    std::string branch = body[random.below(3)];
    std::ranges::replace(branch, '%', r[0]);
    std::ranges::replace(branch, '$', before[0]);
    drawing.draw("Round " + r + ": { A->[*], B->[-C" + before + "], C->[*], D->[-B" + before + "]" +
                 branch);
  }
  Dag dag{Validators{4}};
  BlockManager manager{Validators{4}};
  NaiveModel model;
  std::vector<BlockPtr> arriving = drawing.blocks();
  shuffle(arriving, random);
  std::size_t accepted = 0;
  for (const BlockPtr& block : arriving) {
    if (random.percent(8)) {
      dag.collect(next(dag.gc_round()));
      accepted += manager.release(dag).size();
      model.collect(dag.gc_round());
    }
    const auto added = manager.add(dag, block, Arrival::pushed, Round{1});
    const bool late = (**block).fields.round <= dag.gc_round();
    ASSERT_EQ(added.has_value(), !late);
    if (added) accepted += added->size();
    model.add(block);
    std::set<BlockRef> held;
    dag.for_each([&](const DagBlock& each) { held.insert(each.ref); });
    ASSERT_EQ(held, model.accepted());
    const auto missing = manager.missing(1000);
    ASSERT_EQ(std::set<BlockRef>(missing.begin(), missing.end()), model.missing());
    ASSERT_EQ(dag.size(), held.size());
  }
  EXPECT_GE(accepted, dag.size());
  EXPECT_EQ(manager.suspended_count() == 0, manager.missing_count() == 0);
}

TEST(BlockManagerModel, AcceptsWhatANaiveModelAccepts) {
  const std::uint64_t runs = is_campaign() ? 20'000 : 500;
  for (std::uint64_t seed = 1; seed <= runs && !testing::Test::HasFatalFailure(); ++seed)
    compare_with_the_model(seed);
}

}  // namespace
}  // namespace holdfast::consensus
