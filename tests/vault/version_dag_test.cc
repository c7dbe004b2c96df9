#include "vault/version_dag.h"

#include <gmock/gmock.h>

#include <functional>
#include <random>
#include <set>

#include "vault/test_author.h"

namespace holdfast::vault {
namespace {

using model::BodyState;
using model::SecretState;
using model::VersionNode;
using test::named, test::VersionId, test::VersionKind;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Numbers = std::vector<std::uint64_t>;

auto node(std::uint64_t number, const Numbers& parents, std::optional<std::uint64_t> replaces = {},
          BodyState body = BodyState::present, VersionKind kind = VersionKind::content)
    -> VersionNode {
  VersionNode made{.id = named<VersionId>(number),
                   .parents = {},
                   .replaces = {},
                   .kind = kind,
                   .body = body,
                   .author = {},
                   .height = {},
                   .index = 0,
                   .committed = {}};
  for (const std::uint64_t parent : parents) made.parents.push_back(named<VersionId>(parent));
  if (replaces) made.replaces = named<VersionId>(*replaces);
  return made;
}
auto stub(std::uint64_t number, const Numbers& parents, std::optional<std::uint64_t> replaces = {})
    -> VersionNode {
  return node(number, parents, replaces, BodyState::purged);
}
auto tombstone(std::uint64_t number, const Numbers& parents) -> VersionNode {
  return node(number, parents, {}, BodyState::present, VersionKind::tombstone);
}
auto number_of(const VersionNode* found) -> std::uint64_t {
  for (std::uint64_t number = 0; number < 1000; ++number) {
    if (named<VersionId>(number) == found->id) return number;
  }
  return 1000;
}
auto heads_of(std::vector<VersionNode> versions) -> Numbers {
  const SecretState secret{.id = {}, .category = {}, .versions = std::move(versions)};
  Numbers numbers;
  for (const VersionNode* head : heads(secret)) numbers.push_back(number_of(head));
  return numbers;
}
auto shown_of(std::vector<VersionNode> versions) -> std::optional<std::uint64_t> {
  const SecretState secret{.id = {}, .category = {}, .versions = std::move(versions)};
  const VersionNode* shown = shown_head(secret);
  return shown == nullptr ? std::nullopt : std::optional{number_of(shown)};
}

TEST(VersionDag, AVersionWithoutALivingChildIsAHead) {
  EXPECT_THAT(heads_of({}), IsEmpty());
  EXPECT_THAT(heads_of({node(1, {})}), ElementsAre(1));
  EXPECT_THAT(heads_of({node(1, {}), node(2, {1})}), ElementsAre(2));
}

TEST(VersionDag, TwoEditsOfOneVersionAreTwoHeadsAndAMergeIsOne) {
  EXPECT_THAT(heads_of({node(1, {}), node(2, {1}), node(3, {1})}), ElementsAre(2, 3));
  EXPECT_THAT(heads_of({node(1, {}), node(2, {1}), node(3, {1}), node(4, {2, 3})}), ElementsAre(4));
}

TEST(VersionDag, AVersionExpectedAsAParentIsNoHeadWhenItCommits) {
  EXPECT_THAT(heads_of({node(2, {1})}), ElementsAre(2));
  EXPECT_THAT(heads_of({node(2, {1}), node(1, {})}), ElementsAre(2));
}

TEST(VersionDag, AStubIsNoHeadAndItsParentsAreThoseOfItsChildren) {
  EXPECT_THAT(heads_of({node(1, {}), stub(2, {1}), node(3, {2})}), ElementsAre(3));
  EXPECT_THAT(heads_of({node(1, {}), stub(2, {1}), stub(3, {2}), node(4, {3})}), ElementsAre(4));
  EXPECT_THAT(heads_of({node(1, {}), node(9, {1}), stub(2, {1, 9}), node(3, {2})}), ElementsAre(3));
}

TEST(VersionDag, WhatOnlyStubsDescendFromIsAHeadAgain) {
  EXPECT_THAT(heads_of({node(1, {}), stub(2, {1})}), ElementsAre(1));
  EXPECT_THAT(heads_of({stub(1, {}), stub(2, {1})}), IsEmpty());
}

TEST(VersionDag, AResealedVersionStandsForTheOldIdWhetherThatIsKnownOrNot) {
  EXPECT_THAT(heads_of({node(1, {}), node(11, {}, 1)}), ElementsAre(11));
  EXPECT_THAT(heads_of({node(11, {}, 1)}), ElementsAre(11));
  // A child that names the old id, and one that names the new.
  EXPECT_THAT(heads_of({node(11, {}, 1), node(2, {1})}), ElementsAre(2));
  EXPECT_THAT(heads_of({node(1, {}), node(11, {}, 1), node(2, {11})}), ElementsAre(2));
  EXPECT_THAT(heads_of({node(1, {}), node(11, {}, 1), node(2, {1})}), ElementsAre(2));
}

TEST(VersionDag, AChainOfReplacementsIsOnePlace) {
  EXPECT_THAT(heads_of({node(1, {}), node(11, {}, 1), node(111, {}, 11)}), ElementsAre(111));
  EXPECT_THAT(heads_of({node(1, {}), node(11, {}, 1), node(111, {}, 11), node(2, {1})}),
              ElementsAre(2));
  EXPECT_THAT(heads_of({node(1, {}), node(11, {}, 1), node(111, {}, 11), node(2, {11})}),
              ElementsAre(2));
}

TEST(VersionDag, AReplacementReachesThroughAStubInItsChain) {
  EXPECT_THAT(heads_of({node(1, {}), stub(11, {}, 1), node(111, {}, 11)}), ElementsAre(111));
  EXPECT_THAT(heads_of({node(1, {}), stub(11, {}, 1)}), ElementsAre(1));
}

TEST(VersionDag, TwoStubsOfOnePlaceBothLeadToTheirParents) {
  EXPECT_THAT(heads_of({node(1, {}), node(2, {}), stub(3, {1}), stub(33, {2}, 3), node(4, {3}),
                        node(5, {33})}),
              UnorderedElementsAre(4, 5));
}

TEST(VersionDag, TheShownHeadIsTheLastCommittedContent) {
  EXPECT_EQ(shown_of({}), std::nullopt);
  EXPECT_EQ(shown_of({node(1, {}), node(2, {1}), node(3, {1})}), 3);
  EXPECT_EQ(shown_of({node(1, {}), node(3, {1}), node(2, {1})}), 2);
}

TEST(VersionDag, ADeletionHidesOnlyWhatItSaw) {
  EXPECT_EQ(shown_of({node(1, {}), tombstone(2, {1})}), std::nullopt);
  EXPECT_EQ(shown_of({node(1, {}), node(2, {1}), tombstone(3, {1})}), 2);  // the update survives
  EXPECT_EQ(shown_of({node(1, {}), tombstone(2, {1}), node(3, {2})}), 3);
}

TEST(VersionDag, FindsAVersionByItsIdAndNothingByAnother) {
  const SecretState secret{.id = {}, .category = {}, .versions = {node(1, {}), node(2, {1})}};
  EXPECT_EQ(find_version(secret, named<VersionId>(2)), &secret.versions[1]);
  EXPECT_EQ(find_version(secret, named<VersionId>(3)), nullptr);
}

// ---- what a merge starts from -----------------------------------------------------------------
auto ancestor_of(std::vector<VersionNode> versions) -> std::optional<std::uint64_t> {
  const SecretState secret{.id = {}, .category = {}, .versions = std::move(versions)};
  const VersionNode* found = common_ancestor(secret, heads(secret));
  return found == nullptr ? std::nullopt : std::optional{number_of(found)};
}

TEST(VersionDag, TheCommonAncestorIsTheLowestThatAllHeadsDescendFrom) {
  EXPECT_EQ(ancestor_of({node(1, {}), node(2, {1}), node(3, {1})}), 1);
  EXPECT_EQ(ancestor_of({node(1, {}), node(2, {1}), node(3, {2}), node(4, {2})}), 2);
  EXPECT_EQ(ancestor_of({node(1, {}), node(2, {1}), node(3, {2}), node(4, {1})}), 1);
  EXPECT_EQ(ancestor_of({node(1, {}), node(2, {1}), node(3, {1}), node(4, {1})}), 1);
}

TEST(VersionDag, OneHeadNeedsNoAncestorAndStrangersHaveNone) {
  EXPECT_EQ(ancestor_of({node(1, {}), node(2, {1})}), std::nullopt);
  EXPECT_EQ(ancestor_of({node(1, {}), node(2, {})}), std::nullopt);
}

TEST(VersionDag, AnAncestorIsLookedForThroughStubsAndDeletions) {
  EXPECT_EQ(ancestor_of({node(1, {}), stub(2, {1}), node(3, {2}), node(4, {2})}), 1);
  EXPECT_EQ(ancestor_of({node(1, {}), tombstone(2, {1}), node(3, {2}), node(4, {2})}), 1);
  EXPECT_EQ(ancestor_of({stub(1, {}), node(3, {1}), node(4, {1})}), std::nullopt);
}

TEST(VersionDag, AResealedAncestorIsFoundByEitherName) {
  EXPECT_EQ(ancestor_of({stub(1, {}), node(11, {}, 1), node(2, {1}), node(3, {11})}), 11);
}

TEST(VersionDag, OfTwoLowestAncestorsTheFirstCommittedCounts) {
  auto one = node(1, {});
  auto two = node(2, {1});
  auto three = node(3, {1});
  two.height = model::Height{3};
  three.height = model::Height{2};
  // A criss-cross: both 2 and 3 lie below both heads.
  EXPECT_EQ(ancestor_of({one, two, three, node(4, {2, 3}), node(5, {2, 3})}), 3);
  two.height = model::Height{1};
  EXPECT_EQ(ancestor_of({one, two, three, node(4, {2, 3}), node(5, {2, 3})}), 2);
}

TEST(VersionDag, TheTypeOfAConflictFollowsFromItsHeads) {
  using model::ConflictType;
  const auto type_of = [](std::vector<VersionNode> versions) {
    const SecretState secret{.id = {}, .category = {}, .versions = std::move(versions)};
    return conflict_type(heads(secret));
  };
  EXPECT_EQ(type_of({node(1, {}), node(2, {1})}), std::nullopt);
  EXPECT_EQ(type_of({node(1, {}), node(2, {1}), node(3, {1})}), ConflictType::concurrent_update);
  EXPECT_EQ(type_of({node(1, {}), node(2, {1}), node(3, {2}), node(4, {1})}),
            ConflictType::version);
  EXPECT_EQ(type_of({node(1, {}), node(2, {1}), tombstone(3, {1})}), ConflictType::delete_update);
}

// ---- random DAGs against the rules written out ------------------------------------------------
struct RandomDag {
  std::vector<VersionNode> versions;
  std::map<VersionId, std::size_t> place;  // of every id ever used, also of those left out
};

// Some versions stay uncommitted, some are stubs, some replace another and keep its parents.
auto random_dag(std::mt19937_64& random) -> RandomDag {
  RandomDag dag;
  std::vector<std::vector<VersionNode>> places;
  const std::size_t count = 1 + random() % 9;
  std::uint64_t number = 0;
  for (std::size_t p = 0; p < count; ++p) {
    Numbers parents;
    for (std::size_t tries = random() % 4; tries > 0 && p > 0; --tries) {
      const auto& of = places[random() % p];
      const std::uint64_t parent = number_of(&of[random() % of.size()]);
      if (std::ranges::find(parents, parent) == parents.end()) parents.push_back(parent);
    }
    auto& copies = places.emplace_back();
    std::optional<std::uint64_t> replaces;
    for (std::size_t copy = 1 + (random() % 3 == 0 ? random() % 3 : 0); copy > 0; --copy) {
      const auto body = random() % 4 == 0 ? BodyState::purged : BodyState::present;
      copies.push_back(node(number, parents, replaces, body));
      dag.place[copies.back().id] = p;
      if (random() % 3 != 0)
        replaces = number;
      else if (!replaces)
        replaces = number;
      ++number;
    }
    for (const VersionNode& made : copies) {
      if (random() % 6 != 0) dag.versions.push_back(made);
    }
  }
  return dag;
}

// Which id a version stands for, as far as the committed versions tell.
auto stands_for(const RandomDag& dag, VersionId id) -> VersionId {
  while (true) {
    const auto it = std::ranges::find(dag.versions, id, &VersionNode::id);
    if (it == dag.versions.end() || !it->replaces) return id;
    id = *it->replaces;
  }
}

auto naive_heads(const RandomDag& dag) -> std::set<VersionId> {
  const auto living = [](const VersionNode& v) { return v.body == BodyState::present; };
  const std::function<bool(VersionId, const VersionNode&)> descends = [&](VersionId target,
                                                                          const VersionNode& from) {
    for (const VersionId& parent : from.parents) {
      const VersionId at = stands_for(dag, parent);
      if (at == target) return true;
      for (const VersionNode& between : dag.versions) {
        if (stands_for(dag, between.id) == at && !living(between) && descends(target, between)) {
          return true;
        }
      }
    }
    return false;
  };
  const auto replaces = [&](const VersionNode& newer, const VersionNode& older) {
    VersionId at = newer.id;
    while (true) {
      const auto it = std::ranges::find(dag.versions, at, &VersionNode::id);
      if (it == dag.versions.end() || !it->replaces) return false;
      at = *it->replaces;
      if (at == older.id) return true;
    }
  };
  std::set<VersionId> result;
  for (const VersionNode& version : dag.versions) {
    if (!living(version)) continue;
    const VersionId at = stands_for(dag, version.id);
    const bool covered = std::ranges::any_of(dag.versions, [&](const VersionNode& other) {
      return living(other) && (descends(at, other) || replaces(other, version));
    });
    if (!covered) result.insert(version.id);
  }
  return result;
}

TEST(VersionDag, HeadsFollowTheRulesInAnyOrderOfVersions) {
  constexpr std::uint64_t kSeed = 20'260'101;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937_64 random{kSeed};
  for (int round = 0; round < 3000; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const RandomDag dag = random_dag(random);
    const std::set<VersionId> expected = naive_heads(dag);
    SecretState secret{.id = {}, .category = {}, .versions = dag.versions};
    for (int order = 0; order < 4; ++order) {
      std::set<VersionId> found;
      for (const VersionNode* head : heads(secret)) found.insert(head->id);
      ASSERT_EQ(found, expected);
      std::ranges::shuffle(secret.versions, random);
    }
  }
}

}  // namespace
}  // namespace holdfast::vault
