#include "consensus/lineariser.h"

#include <gmock/gmock.h>

#include "dag_text.h"

namespace holdfast::consensus {
namespace {

using base::Bytes;
using model::Height, model::TimeMs;
using testing::ElementsAre;

class LineariserTest : public testing::Test {
 protected:
  void draw(const std::string& text) {
    for (const BlockPtr& block : drawing_.draw(text)) dag_.accept(block);
  }
  auto commit(const std::string& leader) -> CommittedSubDag {
    return lineariser_.commit(dag_, drawing_.ref(leader));
  }
  auto refs(std::initializer_list<const char*> names) const -> std::vector<BlockRef> {
    std::vector<BlockRef> all;
    for (const char* name : names) all.push_back(drawing_.ref(name));
    return all;
  }
  static auto digest_order(std::vector<BlockRef> branches) -> std::vector<BlockRef> {
    std::ranges::sort(branches, {}, &BlockRef::digest);
    return branches;
  }

  Drawing drawing_{4};
  Dag dag_{Validators{4}};
  Lineariser lineariser_ = lineariser_of(drawing_.epoch());
};

TEST_F(LineariserTest, TakesTheHistoryOnceInOrderOfRoundsAndAuthors) {
  draw("Rounds 1-2: { * } Round 3: { B->[-D2], C->[-A2] }");
  EXPECT_EQ(commit("B2").commit.blocks, refs({"A1", "B1", "C1", "D1", "B2"}));
  EXPECT_EQ(commit("B3").commit.blocks, refs({"A2", "C2", "B3"}));
  EXPECT_EQ(commit("C3").commit.blocks, refs({"D2", "C3"}));
}

TEST_F(LineariserTest, ChainsCommitsWithDenseHeights) {
  draw("Rounds 1-3: { * }");
  const CommittedSubDag first = commit("A1"), second = commit("B2");
  EXPECT_EQ(first.commit.height, Height{1});
  EXPECT_EQ(first.commit.previous, model::CommitDigest{});
  EXPECT_EQ(second.commit.height, Height{2});
  EXPECT_EQ(second.commit.previous, first.digest);
  EXPECT_EQ(second.digest, model::commit_digest(second.commit_bytes));
  EXPECT_EQ(model::decode_commit(second.commit_bytes).value(), second.commit);
  EXPECT_EQ(lineariser_.state(), second.state());
}

TEST_F(LineariserTest, OrdersTwoBlocksOfOneSlotByDigestWhicheverCameFirst) {
  draw("Round 1: { *->[*], A1'->[*] }");
  draw("Round 2: { A->[*], B->[-A1,A1'], C->[*], D->[*] } Round 3: { C->[*] }");
  std::vector<BlockRef> expected = digest_order(refs({"A1", "A1'"}));
  std::ranges::copy(refs({"B1", "C1", "D1", "A2", "B2", "C2", "D2", "C3"}),
                    std::back_inserter(expected));
  EXPECT_EQ(commit("C3").commit.blocks, expected);

  Dag other{Validators{4}};
  other.accept(drawing_.block("A1'"));
  for (const BlockPtr& block : drawing_.blocks())
    if (block != drawing_.block("A1'")) other.accept(block);
  Lineariser again = lineariser_of(drawing_.epoch());
  EXPECT_EQ(again.commit(other, drawing_.ref("C3")).commit.blocks, expected);
  EXPECT_EQ(again.state(), lineariser_.state());
}

TEST_F(LineariserTest, LeavesOutWhatLiesAtOrBelowGcRound) {
  draw("Rounds 1-4: { * }");
  dag_.collect(Round{2});
  EXPECT_EQ(commit("D4").commit.blocks, refs({"A3", "B3", "C3", "D3", "D4"}));
}

TEST_F(LineariserTest, TakesAWeakBlockThatNobodyTookBefore) {
  draw("Round 1: { * } Round 2: { first 3->[-D1] } Round 3: { C->[*,D1] }");
  EXPECT_EQ(commit("C3").commit.blocks, refs({"A1", "B1", "C1", "D1", "A2", "B2", "C2", "C3"}));
}

TEST_F(LineariserTest, CommitsRootTheIdsOfTheirItemsInOrder) {
  const auto add = [&](std::uint64_t author, std::vector<Bytes> payload) {
    const BlockPtr block = seal(drawing_.epoch(),
                                header_of(drawing_.epoch(), Round{1}, AuthorIndex{author},
                                          own_first(drawing_.epoch().genesis, AuthorIndex{author})),
                                std::move(payload));
    dag_.accept(block);
    return (*block)->ref();
  };
  const BlockRef a = add(0, {{1}, {2}}), b = add(1, {}), c = add(2, {{3}});
  EXPECT_TRUE(dag_.has_work());
  const BlockPtr top =
      seal(drawing_.epoch(), header_of(drawing_.epoch(), Round{2}, AuthorIndex{1}, {b, a, c}));
  const BlockRef leader = dag_.accept(top).ref;
  const CommittedSubDag made = lineariser_.commit(dag_, leader);
  std::vector<base::ByteView> leaves;
  for (const auto& id : made.item_ids) leaves.emplace_back(id.view());
  EXPECT_THAT(made.item_ids,
              ElementsAre(primitives().item_id(Bytes{1}), primitives().item_id(Bytes{2}),
                          primitives().item_id(Bytes{3})));
  EXPECT_EQ(made.commit.tx_root, primitives().merkle_root(leaves));
  EXPECT_FALSE(dag_.has_work()) << "all that carried a payload is committed";
}

TEST_F(LineariserTest, AdoptsACommitAndGoesOnAfterIt) {
  draw("Rounds 1-3: { * }");
  const CommittedSubDag first = commit("A1"), second = commit("B2"), third = commit("C3");
  Dag dag{Validators{4}};
  for (const BlockPtr& block : drawing_.blocks()) dag.accept(block);
  Lineariser other = lineariser_of(drawing_.epoch());
  other.adopt(dag, first.commit, first.digest);
  other.adopt(dag, second.commit, second.digest);
  EXPECT_EQ(other.commit(dag, drawing_.ref("C3")).commit_bytes, third.commit_bytes);
}

class TimestampTest : public LineariserTest {
 protected:
  // The timestamp of a commit whose leader's parents have these.
  auto of(const std::vector<std::uint64_t>& times, std::uint64_t previous) -> std::uint64_t {
    Dag dag{Validators{4}};
    std::vector<BlockRef> parents;
    for (std::size_t i = 0; i < times.size(); ++i) {
      const AuthorIndex author{i};
      auto header = header_of(drawing_.epoch(), Round{1}, author,
                              own_first(drawing_.epoch().genesis, author));
      header.timestamp = TimeMs{times[i]};
      parents.push_back(dag.accept(seal(drawing_.epoch(), std::move(header))).ref);
    }
    auto header = header_of(drawing_.epoch(), Round{2}, AuthorIndex{0}, parents);
    header.timestamp = TimeMs{1'000'000};  // the leader's own word does not count
    return std::to_underlying(
        commit_timestamp(dag.accept(seal(drawing_.epoch(), header)), TimeMs{previous}));
  }
};

TEST_F(TimestampTest, IsTheFirstWithMoreThanHalfOfTheParents) {
  EXPECT_EQ(of({30, 10, 20}, 0), 20U);
  EXPECT_EQ(of({40, 10, 20, 30}, 0), 30U) << "two of four are only half";
  EXPECT_EQ(of({5, 5, 900'000}, 0), 5U) << "one liar moves nothing";
}
TEST_F(TimestampTest, NeverGoesBack) { EXPECT_EQ(of({30, 10, 20}, 25), 25U); }
TEST_F(TimestampTest, IsTheLeadersOwnInTheFirstRound) {
  draw("Round 1: { * }");
  EXPECT_EQ(commit("A1").commit.timestamp, TimeMs{1});
}

TEST(GcRound, IsDepthBelowTheLeaderAndNotBelowZero) {
  EXPECT_EQ(gc_round_after(Round{5}, 60), Round{0});
  EXPECT_EQ(gc_round_after(Round{60}, 60), Round{0});
  EXPECT_EQ(gc_round_after(Round{61}, 60), Round{1});
}

}  // namespace
}  // namespace holdfast::consensus
