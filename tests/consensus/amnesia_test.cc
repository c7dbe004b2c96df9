#include "consensus/amnesia.h"

#include <gmock/gmock.h>

#include <bit>

#include "blocks.h"

namespace holdfast::consensus {
namespace {

using model::LatestAnswer;
using Members = std::uint32_t;  // a bit a validator other than the asker, who is the last

// The asker, validator n-1, has signed a block of round 3, for which it needed Q-1 others at round
// 2. Those others are the first Q-1; the rest made a block of round 1 only.
class Forgotten {
 public:
  explicit Forgotten(std::size_t validators)
      : epoch_{epoch_of(validators)},
        rules_{epoch_.validators()},
        quorum_{validators - (validators - 1) / 3},
        dag_{rules_} {
    for (std::size_t i = 0; i < validators; ++i) first_.push_back(add(Round{1}, i, epoch_.genesis));
    for (std::size_t i = 0; i + 1 < quorum_; ++i) second_.push_back(add(Round{2}, i, first_));
  }
  [[nodiscard]] auto others() const -> std::size_t { return rules_.count() - 1; }
  [[nodiscard]] auto quorum() const -> std::size_t { return quorum_; }
  [[nodiscard]] auto faults() const -> std::size_t { return (rules_.count() - 1) / 3; }
  [[nodiscard]] auto is_at_two(std::size_t author) const -> bool { return author + 1 < quorum_; }

  // What honest validators must say; the faulty deny all and name their genesis block.
  [[nodiscard]] auto floor(Members answering, Members faulty) const -> std::optional<Round> {
    Amnesia amnesia{rules_, AuthorIndex{others()}, {}};
    for (std::size_t i = 0; i < others(); ++i)
      if ((answering >> i & 1) != 0) amnesia.add(answer(i, (faulty >> i & 1) != 0));
    return amnesia.floor(dag_);
  }
  [[nodiscard]] auto highest_named(Members answering, Members faulty) const -> Round {
    Round highest{0};
    for (std::size_t i = 0; i < others(); ++i)
      if ((answering >> i & 1) != 0)
        highest = std::max(highest, answer(i, (faulty >> i & 1) != 0).latest.round);
    return highest;
  }

 private:
  auto add(Round round, std::size_t author, const std::vector<BlockRef>& parents) -> BlockRef {
    const AuthorIndex index{author};
    const BlockPtr block = seal(epoch_, header_of(epoch_, round, index, own_first(parents, index)));
    return dag_.accept(block).ref;
  }
  [[nodiscard]] auto answer(std::size_t author, bool faulty) const -> LatestAnswer {
    LatestAnswer answer;
    answer.author = AuthorIndex{author};
    answer.latest = faulty              ? epoch_.genesis[author]
                    : is_at_two(author) ? second_[author]
                                        : first_[author];
    return answer;
  }

  EpochRules epoch_;
  Validators rules_;
  std::size_t quorum_;
  Dag dag_;
  std::vector<BlockRef> first_, second_;
};

auto size(Members members) -> std::size_t {
  return static_cast<std::size_t>(std::popcount(members));
}

TEST(AmnesiaProof, NoChoiceOfAnswersAndFaultsLetsARoundBeSignedAgain) {
  for (std::size_t validators = 2; validators <= 16; ++validators) {
    SCOPED_TRACE(validators);
    const Forgotten forgotten{validators};
    const std::size_t needed = std::min(forgotten.quorum(), validators - 1);
    const Members all = (Members{1} << forgotten.others()) - 1;
    for (Members answering = 0; answering <= all; ++answering) {
      if (size(answering) != needed) continue;
      for (Members faulty = 0; faulty <= all; ++faulty) {
        if (size(faulty) != forgotten.faults()) continue;
        // an honest one answers that was at P-1
        Members honest_at_two = 0;
        for (std::size_t i = 0; i < forgotten.others(); ++i)
          if (forgotten.is_at_two(i)) honest_at_two |= Members{1} << i;
        honest_at_two &= answering & ~faulty;
        ASSERT_NE(honest_at_two, 0U) << answering << ' ' << faulty;
        if (validators > 8 && (faulty & ~answering) != 0) continue;  // only the worst, for time
        if (validators > 10 && (answering * 31 + faulty) % 997 != 0) continue;
        ASSERT_GE(forgotten.floor(answering, faulty).value(), Round{3})
            << answering << ' ' << faulty;
      }
    }
  }
}

TEST(AmnesiaProof, OneAnswerLessIsNotEnough) {
  for (std::size_t validators = 2; validators <= 16; ++validators) {
    const Forgotten forgotten{validators};
    const std::size_t needed = std::min(forgotten.quorum(), validators - 1);
    EXPECT_TRUE(forgotten.floor((Members{1} << needed) - 1, 0).has_value()) << validators;
    EXPECT_FALSE(forgotten.floor((Members{1} << (needed - 1)) - 1, 0).has_value()) << validators;
  }
}

// As others have it: f+1 answers hold an honest one, but it need not have been at P-1.
TEST(AmnesiaProof, FPlusOneAnswersDoNotSuffice) {
  for (const std::size_t validators : {4U, 7U, 10U, 13U, 16U}) {
    SCOPED_TRACE(validators);
    const Forgotten forgotten{validators};
    const std::size_t f = forgotten.faults();
    const Members faulty = (Members{1} << f) - 1;
    const Members behind = ((Members{1} << f) - 1) << (forgotten.quorum() - 1);
    const Members answering = behind | 1;  // f honest ones that were slow, and one that lies
    ASSERT_EQ(size(answering), f + 1);
    EXPECT_LT(next(forgotten.highest_named(answering, faulty)), Round{3})
        << "round 3 would be signed again";
    EXPECT_FALSE(forgotten.floor(answering, faulty).has_value());
  }
}

class AmnesiaTest : public testing::Test {
 protected:
  AmnesiaTest() {
    nonce_.bytes.fill(5);
    std::vector<BlockRef> parents = epoch_.genesis;
    for (std::uint64_t round = 1; round <= 5; ++round) {
      std::vector<BlockRef> made;
      for (std::uint64_t author = 0; author < 4; ++author) {
        const BlockPtr block = seal(epoch_, header_of(epoch_, Round{round}, AuthorIndex{author},
                                                      own_first(parents, AuthorIndex{author})));
        made.push_back((*block)->ref());
        blocks_.push_back(block);
      }
      parents = std::move(made);
    }
  }
  void accept_up_to(std::uint64_t round, bool own = true) {
    for (const BlockPtr& block : blocks_) {
      const BlockRef ref = (*block)->ref();
      if (ref.round > Round{round} || dag_.contains(ref)) continue;
      if (own || ref.author != AuthorIndex{3} || ref.round < Round{round}) dag_.accept(block);
    }
  }
  [[nodiscard]] auto ref(std::uint64_t round, std::uint64_t author) const -> BlockRef {
    return (*blocks_[(round - 1) * 4 + author])->ref();
  }
  [[nodiscard]] auto answer(std::uint64_t author, BlockRef latest,
                            std::optional<BlockRef> yours = {}) const -> LatestAnswer {
    LatestAnswer made;
    made.nonce = nonce_;
    made.author = AuthorIndex{author};
    made.latest = latest;
    made.yours = yours;
    return made;
  }

  EpochRules epoch_ = epoch_of(4);
  std::vector<BlockPtr> blocks_;
  Dag dag_{Validators{4}};
  model::AmnesiaNonce nonce_;
  Amnesia amnesia_{Validators{4}, AuthorIndex{3}, [] {
                     model::AmnesiaNonce nonce;
                     nonce.bytes.fill(5);
                     return nonce;
                   }()};
};

TEST_F(AmnesiaTest, CountsAnAnswerOnceWhatItNamesIsAccepted) {
  for (std::uint64_t author = 0; author < 3; ++author) amnesia_.add(answer(author, ref(2, author)));
  EXPECT_FALSE(amnesia_.floor(dag_).has_value());
  EXPECT_EQ(amnesia_.missing(dag_).size(), 3U);
  accept_up_to(1);
  EXPECT_FALSE(amnesia_.floor(dag_).has_value());
  accept_up_to(2, false);
  EXPECT_EQ(amnesia_.floor(dag_), Round{3});
  EXPECT_TRUE(amnesia_.missing(dag_).empty());
}

TEST_F(AmnesiaTest, AnInventedRoundCountsForNothing) {
  accept_up_to(2);
  amnesia_.add(answer(0, ref(2, 0)));
  amnesia_.add(answer(1, ref(2, 1)));
  amnesia_.add(answer(2, {Round{1'000'000}, AuthorIndex{2}, {}}));
  EXPECT_FALSE(amnesia_.floor(dag_).has_value()) << "and it is no answer either";
  amnesia_.add(answer(2, ref(1, 2)));
  EXPECT_EQ(amnesia_.floor(dag_), Round{3}) << "a newer answer of the same validator counts";
}

TEST_F(AmnesiaTest, CountsOwnBlocksThatAreShownOrAccepted) {
  accept_up_to(1);
  for (std::uint64_t author = 0; author < 3; ++author) amnesia_.add(answer(author, ref(1, author)));
  EXPECT_EQ(amnesia_.floor(dag_), Round{2});
  amnesia_.add(answer(1, ref(1, 1), ref(2, 3)));
  EXPECT_EQ(amnesia_.missing(dag_), std::vector{ref(2, 3)}) << "to be fetched";
  dag_.accept(blocks_[4 + 3]);
  EXPECT_EQ(amnesia_.floor(dag_), Round{3});
}

TEST_F(AmnesiaTest, IgnoresOtherNoncesItselfStrangersAndBlocksOfOthers) {
  Dag low{Validators{4}};
  for (std::size_t i = 0; i < 4; ++i) low.accept(blocks_[i]);
  LatestAnswer other_nonce = answer(0, ref(1, 0));
  other_nonce.nonce.bytes[0] ^= 1;
  amnesia_.add(other_nonce);
  amnesia_.add(answer(3, ref(1, 3)));
  amnesia_.add(answer(4, {Round{1}, AuthorIndex{4}, {}}));
  amnesia_.add(answer(0, ref(1, 1)));
  amnesia_.add(answer(1, ref(1, 1)));
  amnesia_.add(answer(2, ref(1, 2)));
  EXPECT_FALSE(amnesia_.floor(low).has_value()) << "only two of three count";
  amnesia_.add(answer(0, ref(1, 0), BlockRef{Round{4}, AuthorIndex{0}, {}}));
  EXPECT_EQ(amnesia_.floor(low), Round{2});
}

TEST_F(AmnesiaTest, ABlockOfAnotherThatIsShownAsOwnCountsForNothing) {
  accept_up_to(2, false);
  for (std::uint64_t author = 0; author < 3; ++author)
    amnesia_.add(answer(author, ref(1, author), ref(2, 0)));
  EXPECT_EQ(amnesia_.floor(dag_), Round{2});
}

TEST(AmnesiaAlone, ACommitteeOfOneWaitsForItsOwner) {
  const Amnesia amnesia{Validators{1}, AuthorIndex{0}, {}};
  EXPECT_FALSE(amnesia.floor(Dag{Validators{1}}).has_value());
}

}  // namespace
}  // namespace holdfast::consensus
