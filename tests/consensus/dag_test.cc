#include "consensus/dag.h"

#include <gmock/gmock.h>

#include "consensus/equivocation.h"
#include "dag_text.h"
#include "sim/signatures.h"

namespace holdfast::consensus {
namespace {

using testing::IsEmpty;

class DagTest : public testing::Test {
 protected:
  void draw(const std::string& text) {
    for (const BlockPtr& block : drawing_.draw(text)) dag_.accept(block);
  }

  Drawing drawing_{4};
  Dag dag_{Validators{4}};
};

TEST_F(DagTest, ForgetsCollectedRoundsAndTreatsThemAsKnown) {
  draw("Rounds 1-5: { * }");
  EXPECT_EQ(dag_.size(), 20U);
  dag_.collect(Round{3});
  EXPECT_EQ(dag_.size(), 8U);
  EXPECT_EQ(dag_.find(drawing_.ref("A3")), nullptr);
  EXPECT_TRUE(dag_.is_known(drawing_.ref("A3")));
  EXPECT_THAT(dag_.at({Round{3}, AuthorIndex{0}}), IsEmpty());
  for (const DagBlock* parent : dag_.find(drawing_.ref("A4"))->strong) EXPECT_EQ(parent, nullptr);
  dag_.collect(Round{2});
  EXPECT_EQ(dag_.gc_round(), Round{3}) << "it never goes back";
  draw("Round 6: { * }");
  EXPECT_EQ(dag_.highest_round(), Round{6});
  dag_.collect(Round{9});
  EXPECT_EQ(dag_.size(), 0U);
}

TEST_F(DagTest, NamesTheFirstBranchOfTheLatestRound) {
  draw("Rounds 1-2: { * } Round 3: { A->[*], A3'->[*], B->[*] }");
  EXPECT_EQ(dag_.latest_of(AuthorIndex{0}, Round{4})->ref, drawing_.ref("A3"));
  EXPECT_EQ(dag_.latest_of(AuthorIndex{2}, Round{4})->ref, drawing_.ref("C2"));
  EXPECT_EQ(dag_.latest_of(AuthorIndex{0}, Round{3})->ref, drawing_.ref("A2"));
  EXPECT_EQ(dag_.latest_of(AuthorIndex{0}, Round{1}), nullptr);
  EXPECT_EQ(dag_.authors_of(Round{3}), 2U) << "two branches are one author";
  EXPECT_EQ(dag_.authors_of(Round{0}), 4U) << "the genesis";
  EXPECT_EQ(dag_.find({Round{1}, AuthorIndex{77}, {}}), nullptr);
}

TEST_F(DagTest, HasNoWorkLeftOnceItsRoundIsCollected) {
  auto header = header_of(drawing_.epoch(), Round{1}, AuthorIndex{0}, drawing_.epoch().genesis);
  header.ready = true;
  dag_.accept(seal(drawing_.epoch(), std::move(header)));
  EXPECT_TRUE(dag_.has_work());
  dag_.collect(Round{1});
  EXPECT_FALSE(dag_.has_work());
}

TEST_F(DagTest, AnEquivocationIsProvedOnceAnAuthor) {
  draw("Round 1: { *->[*], A1'->[*], B1'->[*], A1''->[*] }");
  EquivocationWatch watch;
  std::size_t proofs = 0;
  dag_.for_each([&](const DagBlock& block) {
    const auto proof = watch.on_accepted(dag_, block);
    if (!proof) return;
    ++proofs;
    EXPECT_EQ((**proof->first).fields.author, (**proof->second).fields.author);
    EXPECT_NE((**proof->first).header, (**proof->second).header);
  });
  EXPECT_EQ(proofs, 2U) << "one for A, one for B";
  EXPECT_EQ(watch.signed_again(), 0U);
}

TEST_F(DagTest, OneHeaderSignedTwiceProvesNothing) {
  draw("Round 1: { * }");
  model::Block again = **drawing_.block("A1");
  again.signature.bytes.back() ^= 1;
  again.digest = model::block_digest(again.header, again.signature);
  const DagBlock& second = dag_.accept(std::make_shared<const model::VerifiedBlock>(
      crypto::SimulatedSignatures::trust(std::move(again))));
  EquivocationWatch watch;
  EXPECT_FALSE(watch.on_accepted(dag_, second).has_value());
  EXPECT_EQ(watch.signed_again(), 1U);
}

}  // namespace
}  // namespace holdfast::consensus
