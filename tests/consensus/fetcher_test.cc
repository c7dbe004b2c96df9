#include "consensus/fetcher.h"

#include <gmock/gmock.h>

namespace holdfast::consensus {
namespace {

using testing::IsEmpty, testing::SizeIs;

auto refs(std::uint64_t from, std::uint64_t to) -> std::vector<BlockRef> {
  std::vector<BlockRef> made;
  for (std::uint64_t round = from; round < to; ++round)
    made.push_back({Round{round}, AuthorIndex{0}, {}});
  return made;
}

class FetcherTest : public testing::Test {
 protected:
  FetcherTest() {
    for (const std::uint64_t peer : {1U, 2U, 3U}) fetcher_.peer_up(PeerId{peer});
  }
  auto ask(const std::vector<BlockRef>& wanted, std::optional<PeerId> hint = {},
           milliseconds now = milliseconds{0}) -> std::vector<FetchRequest> {
    for (const BlockRef& ref : wanted) fetcher_.want(ref, hint);
    return fetcher_.requests(now);
  }
  Fetcher fetcher_{Parameters{}};
};

TEST_F(FetcherTest, AsksTheSenderFirst) {
  const auto asked = ask(refs(1, 3), PeerId{2});
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].from, PeerId{2});
  EXPECT_EQ(asked[0].refs, refs(1, 3));
  EXPECT_THAT(ask(refs(1, 3), PeerId{2}), IsEmpty()) << "nothing is asked for twice";
}
TEST_F(FetcherTest, AsksAnotherPeerForWhatIsNew) {
  ASSERT_THAT(ask(refs(1, 3), PeerId{2}), SizeIs(1));
  const auto asked = ask(refs(1, 5), PeerId{2});
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_NE(asked[0].from, PeerId{2}) << "one request a peer";
  EXPECT_EQ(asked[0].refs, refs(3, 5));
}
TEST_F(FetcherTest, AsksForNoMoreThanARequestHolds) {
  const auto asked = ask(refs(1, kFetchRefsMax + 2));
  ASSERT_THAT(asked, SizeIs(2));
  EXPECT_EQ(asked[0].refs, refs(1, kFetchRefsMax + 1)) << "lowest rounds first";
  EXPECT_THAT(asked[1].refs, SizeIs(1));
  EXPECT_NE(asked[1].from, asked[0].from);
}
TEST_F(FetcherTest, AsksTheOthersInTurnWhenAPeerFails) {
  std::set<PeerId> asked;
  for (int i = 0; i < 3; ++i) {
    const auto request = ask(refs(1, 2), {}, milliseconds{500 * i});
    ASSERT_THAT(request, SizeIs(1));
    asked.insert(request[0].from);
    fetcher_.failed(request[0].id);
  }
  EXPECT_THAT(asked, SizeIs(3));
}
TEST_F(FetcherTest, AsksAgainWhenAPeerTakesTooLong) {
  const auto first = ask(refs(1, 2));
  EXPECT_EQ(fetcher_.wake_at({}), Instant{milliseconds{100}});
  EXPECT_THAT(ask(refs(1, 2), {}, milliseconds{99}), IsEmpty());
  const auto again = ask(refs(1, 2), {}, milliseconds{100});
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_NE(again[0].from, first[0].from);
  EXPECT_NE(again[0].id, first[0].id);
}
TEST_F(FetcherTest, AsksWhoeverNamedItMeanwhileWhenTheFirstStaysSilent) {
  ASSERT_THAT(ask(refs(1, 2), PeerId{1}), SizeIs(1));
  EXPECT_THAT(ask(refs(1, 2), PeerId{3}, milliseconds{10}), IsEmpty());
  const auto again = ask({}, {}, milliseconds{100});
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].from, PeerId{3});
}
TEST_F(FetcherTest, APeerThatStaysSilentIsNotAskedForMoreUntilItsTimeIsUp) {
  ASSERT_THAT(ask(refs(1, 2), PeerId{1}), SizeIs(1));
  fetcher_.forget(refs(1, 2)[0]);
  EXPECT_NE(ask(refs(2, 3), PeerId{1}, milliseconds{1999})[0].from, PeerId{1});
  EXPECT_EQ(ask(refs(3, 4), PeerId{1}, milliseconds{2000})[0].from, PeerId{1});
}
TEST_F(FetcherTest, AsksAgainWhenAPeerAnsweredWithSomethingElseOrLeft) {
  const auto first = ask(refs(1, 2), PeerId{1});
  fetcher_.answered(PeerId{1});
  const auto second = ask(refs(1, 2), PeerId{2});
  ASSERT_THAT(second, SizeIs(1));
  fetcher_.peer_down(PeerId{2});
  const auto third = ask(refs(1, 2), PeerId{2}, milliseconds{500});
  ASSERT_THAT(third, SizeIs(1));
  EXPECT_NE(third[0].from, PeerId{2});
}
TEST_F(FetcherTest, WaitsWhileNobodyIsThereOrNothingIsMissing) {
  EXPECT_THAT(ask({}), IsEmpty());
  for (const std::uint64_t peer : {1U, 2U, 3U}) fetcher_.peer_down(PeerId{peer});
  EXPECT_THAT(ask(refs(1, 2), PeerId{1}), IsEmpty());
  EXPECT_FALSE(fetcher_.wake_at({}).has_value());
}
TEST_F(FetcherTest, AnOldFailureDoesNotEndALaterRequest) {
  const auto first = ask(refs(1, 2), PeerId{1});
  fetcher_.answered(PeerId{1});
  ASSERT_THAT(ask(refs(1, 2), PeerId{1}), SizeIs(1));
  fetcher_.failed(first[0].id);
  EXPECT_THAT(ask(refs(1, 2), PeerId{1}, milliseconds{499}), IsEmpty());
}
TEST_F(FetcherTest, AsksTwoPeersAtOnceAndThenOnceAPeriod) {
  for (const std::uint64_t peer : {1U, 2U}) {
    ASSERT_THAT(ask(refs(1, 2), PeerId{peer}), SizeIs(1));
    fetcher_.answered(PeerId{peer});
  }
  EXPECT_THAT(ask(refs(1, 2), {}, milliseconds{499}), IsEmpty());
  EXPECT_EQ(fetcher_.wake_at(milliseconds{499}), Instant{milliseconds{500}});
  EXPECT_THAT(ask(refs(1, 2), {}, milliseconds{500}), SizeIs(1));
}

TEST_F(FetcherTest, ForgetsWhatArrivedOrWasCollectedThoughItWasAskedFor) {
  const auto asked = ask(refs(1, 5), PeerId{1});
  ASSERT_THAT(asked, SizeIs(1));
  fetcher_.forget(refs(3, 4)[0]);
  fetcher_.collected(Round{1});
  fetcher_.answered(PeerId{1});
  const auto again = ask({}, PeerId{2});
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].refs, (std::vector{refs(2, 3)[0], refs(4, 5)[0]}));
  fetcher_.collected(Round{4});
  EXPECT_EQ(fetcher_.wanted(), 0U);
  EXPECT_THAT(ask({}, {}, milliseconds{5000}), IsEmpty());
}

}  // namespace
}  // namespace holdfast::consensus
