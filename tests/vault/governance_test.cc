// What `apply` does with categories, key generations, settings and time.
#include <gmock/gmock.h>

#include "vault/test_author.h"

namespace holdfast::vault {
namespace {

using base::Error;
using test::Draft, test::named, test::pattern, test::World;
using testing::ElementsAre;
using namespace test;  // ids and numbers

const SecretId kSecret = named<SecretId>(1);
const CategoryId kWork = named<CategoryId>(1001);
const CategoryId kHome = named<CategoryId>(1002);
const CategoryId kNowhere = named<CategoryId>(1003);

class Governance : public test::VaultWorld {};

// ---- categories -------------------------------------------------------------------------------
TEST_F(Governance, TheFirstCategoryIsTheRootAndThereIsOne) {
  EXPECT_EQ(chain(world.state).value().root_category, kRoot);
  EXPECT_EQ(category(world.state, kRoot).value().value().generation, Generation{1});
  auto second = root_category();
  second.category.id = second.generation.category = kWork;
  expect_refused(owner, draft(owner).with(second).sign(), OutcomeKind::invalid,
                 Error::root_category_needed);
}

TEST_F(Governance, AChildNeedsARoot) {
  World empty{owner};
  const model::AddCategory child{{kWork, kRoot, {}},
                                 generation_for(empty.vault, kWork, {owner.device()})};
  Draft tx{empty, owner};
  const Outcome outcome = empty.run(tx.with(child).sign());
  EXPECT_EQ(outcome.kind, OutcomeKind::invalid);
  EXPECT_EQ(outcome.reason, Error::root_category_needed);
}

TEST_F(Governance, AChildCategoryIsAddedBelowItsParent) {
  ASSERT_EQ(world.run(draft(admin).with(child_category(kWork, kRoot)).sign()).kind,
            OutcomeKind::applied);
  const auto found = category(world.state, kWork).value().value();
  EXPECT_EQ(found.record.parent, kRoot);
  EXPECT_EQ(found.generation, Generation{1});
  EXPECT_FALSE(found.ended);
  EXPECT_TRUE(generation(world.state, kWork, Generation{1}).value().has_value());
}

TEST_F(Governance, ACategoryAndASecretInItFitOneTransaction) {
  Draft tx = draft(admin);
  tx.with(child_category(kWork, kRoot));
  const VersionId version = tx.add(kSecret, kWork);
  EXPECT_EQ(world.run(tx.sign()).kind, OutcomeKind::applied);
  EXPECT_THAT(world.heads_of(kSecret), ElementsAre(version));
}

TEST_F(Governance, ACategoryIdIsUsedOnce) {
  expect_refused(admin, draft(admin).with(child_category(kRoot, kRoot)).sign(),
                 OutcomeKind::invalid, Error::state_category_exists);
}

TEST_F(Governance, AParentMustExist) {
  expect_refused(admin, draft(admin).with(child_category(kWork, kNowhere)).sign(),
                 OutcomeKind::invalid, Error::state_unknown_category);
  expect_refused(admin, draft(admin).with(child_category(kWork, kWork)).sign(),
                 OutcomeKind::invalid, Error::state_unknown_category);
}

TEST_F(Governance, ANewCategoryIsWrappedToExactlyTheReaders) {
  const auto refuse = [&](std::vector<DeviceId> to) {
    std::ranges::sort(to);
    auto add = child_category(kWork, kRoot);
    add.generation = generation_for(world.vault, kWork, to);
    expect_refused(admin, draft(admin).with(add).sign(), OutcomeKind::invalid,
                   Error::wrong_readers);
  };
  auto everybody = world.readers_now();
  EXPECT_EQ(everybody.size(), 4U);  // not the replica
  auto one_less = everybody;
  one_less.pop_back();
  refuse(one_less);
  auto with_replica = everybody;
  with_replica.push_back(replica.device());
  refuse(with_replica);
  auto with_stranger = everybody;
  with_stranger.push_back(named<DeviceId>(9));
  refuse(with_stranger);
  refuse({});
  auto add = child_category(kWork, kRoot);  // the right wraps, but a digest of others
  add.generation.readers = named<model::Digest>(9);
  expect_refused(admin, draft(admin).with(add).sign(), OutcomeKind::invalid, Error::wrong_readers);
}

TEST_F(Governance, ARemovedMemberIsNoReader) {
  world.remove(reader);
  EXPECT_EQ(world.readers_now().size(), 3U);
  EXPECT_EQ(world.run(draft(admin).with(child_category(kWork, kRoot)).sign()).kind,
            OutcomeKind::applied);
}

TEST_F(Governance, TheFirstGenerationOfACategoryIsItsFirst) {
  const auto refuse = [&](auto alter) {
    auto add = child_category(kWork, kRoot);
    alter(add.generation);
    expect_refused(admin, draft(admin).with(add).sign(), OutcomeKind::invalid,
                   Error::wrong_generation);
  };
  refuse([](model::KeyGeneration& g) { g.generation = Generation{2}; });
  refuse([](model::KeyGeneration& g) { g.generation = Generation{0}; });
  refuse([](model::KeyGeneration& g) { g.previous = named<model::Digest>(9); });
  refuse([](model::KeyGeneration& g) { g.old_key_sealed = pattern(model::kSealedKeyBytes, 1); });
  refuse([](model::KeyGeneration& g) { g.vault = named<VaultId>(9); });
  refuse([](model::KeyGeneration& g) { g.category = kRoot; });
}

TEST_F(Governance, RenameChangesTheNameAlone) {
  ASSERT_EQ(world.run(draft(admin).with(child_category(kWork, kRoot)).sign()).kind,
            OutcomeKind::applied);
  const auto before = category(world.state, kWork).value().value();
  const model::RenameCategory rename{{kWork, kNowhere, pattern(40, 9)}};  // its parent says nothing
  ASSERT_EQ(world.run(draft(admin).with(rename).sign()).kind, OutcomeKind::applied);
  auto after = category(world.state, kWork).value().value();
  EXPECT_EQ(after.record.sealed_name, pattern(40, 9));
  after.record.sealed_name = before.record.sealed_name;
  EXPECT_EQ(after, before);
  expect_refused(admin, draft(admin).with(model::RenameCategory{{kNowhere, {}, {}}}).sign(),
                 OutcomeKind::invalid, Error::state_unknown_category);
}

class MoveCategory : public Governance {
 protected:
  MoveCategory() {  // root ─ work ─ home
    EXPECT_EQ(world
                  .run(draft(admin)
                           .with(child_category(kWork, kRoot))
                           .with(child_category(kHome, kWork))
                           .sign())
                  .kind,
              OutcomeKind::applied);
  }
  auto parent_of(const CategoryId& id) { return category(world.state, id).value()->record.parent; }
  auto move(const CategoryId& id, std::optional<CategoryId> to) {
    return draft(admin).with(model::MoveCategory{id, to}).sign();
  }
};

TEST_F(MoveCategory, PutsACategoryBelowAnother) {
  ASSERT_EQ(world.run(move(kHome, kRoot)).kind, OutcomeKind::applied);
  EXPECT_EQ(parent_of(kHome), kRoot);
}

TEST_F(MoveCategory, ThatWouldCloseACircleHasNoEffect) {
  EXPECT_EQ(world.run(move(kWork, kHome)).kind, OutcomeKind::applied);
  EXPECT_EQ(world.run(move(kWork, kWork)).kind, OutcomeKind::applied);
  EXPECT_EQ(parent_of(kWork), kRoot);
  EXPECT_EQ(parent_of(kHome), kWork);
}

TEST_F(MoveCategory, OfTwoThatTogetherCloseACircleTheLaterHasNoEffect) {
  ASSERT_EQ(world.run(move(kHome, kRoot)).kind, OutcomeKind::applied);
  ASSERT_EQ(world.run(move(kHome, kWork)).kind, OutcomeKind::applied);
  ASSERT_EQ(world.run(move(kWork, kHome)).kind, OutcomeKind::applied);
  EXPECT_EQ(parent_of(kHome), kWork);
  EXPECT_EQ(parent_of(kWork), kRoot);
}

TEST_F(MoveCategory, RefusesTheRootAndUnknownOnes) {
  expect_refused(admin, move(kRoot, kWork), OutcomeKind::invalid, Error::root_category_needed);
  expect_refused(admin, move(kWork, {}), OutcomeKind::invalid, Error::root_category_needed);
  expect_refused(admin, move(kNowhere, kRoot), OutcomeKind::invalid, Error::state_unknown_category);
  expect_refused(admin, move(kWork, kNowhere), OutcomeKind::invalid, Error::state_unknown_category);
}

TEST_F(MoveCategory, ATreeDeeperThanItsLimitDoesNotGrowFurther) {
  CategoryId at = kHome;
  std::size_t depth = 2;
  for (; depth < 100; ++depth) {
    const auto next = named<CategoryId>(2000 + depth);
    const Outcome outcome = world.run(draft(admin).with(child_category(next, at)).sign());
    if (outcome.kind != OutcomeKind::applied) break;
    at = next;
  }
  EXPECT_LT(depth, 66U);
  EXPECT_GT(depth, 60U);
}

// ---- key generations --------------------------------------------------------------------------
TEST_F(Governance, AReaderStartsTheNextGeneration) {
  end_generation(kRoot);
  const auto next = generation_after(kRoot);
  ASSERT_EQ(world.run(draft(reader).with(model::StartKeyGeneration{next}).sign()).kind,
            OutcomeKind::applied);
  const auto now = category(world.state, kRoot).value().value();
  EXPECT_EQ(now.generation, Generation{2});
  EXPECT_FALSE(now.ended);
  EXPECT_EQ(generation(world.state, kRoot, Generation{2}).value(), next);
  EXPECT_TRUE(generation(world.state, kRoot, Generation{1}).value().has_value());  // still opens
}

TEST_F(Governance, AGenerationFollowsTheOneBeforeIt) {
  const auto refuse = [&](auto alter) {
    auto next = generation_after(kRoot);
    alter(next);
    expect_refused(owner, draft(owner).with(model::StartKeyGeneration{next}).sign(),
                   OutcomeKind::invalid, Error::wrong_generation);
  };
  refuse([](model::KeyGeneration& g) { g.generation = Generation{1}; });
  refuse([](model::KeyGeneration& g) { g.generation = Generation{3}; });
  refuse([](model::KeyGeneration& g) { g.previous = named<model::Digest>(9); });
  refuse([](model::KeyGeneration& g) { g.previous.reset(); });
  refuse([](model::KeyGeneration& g) { g.vault = named<VaultId>(9); });
  auto nowhere = generation_after(kRoot);
  nowhere.category = kNowhere;
  expect_refused(owner, draft(owner).with(model::StartKeyGeneration{nowhere}).sign(),
                 OutcomeKind::invalid, Error::state_unknown_category);
}

TEST_F(Governance, AGenerationIsWrappedToExactlyTheReaders) {
  auto to = world.readers_now();
  to.pop_back();
  auto next = generation_after(kRoot);
  next.wraps.pop_back();
  expect_refused(owner, draft(owner).with(model::StartKeyGeneration{next}).sign(),
                 OutcomeKind::invalid, Error::wrong_readers);
  next.readers = model::readers_digest(to);
  expect_refused(owner, draft(owner).with(model::StartKeyGeneration{next}).sign(),
                 OutcomeKind::invalid, Error::wrong_readers);
}

TEST_F(Governance, WhoHasNoWrapKeyIsNoReaderAndStartsNoGeneration) {
  auto without = member(world.state, writer.device()).value().value();
  without.record.wrap_key.reset();
  world.state.records[member_key(writer.device())] = model::encode(without);
  EXPECT_EQ(world.readers_now().size(), 3U);
  const auto next = generation_after(kRoot);
  expect_refused(writer, draft(writer).with(model::StartKeyGeneration{next}).sign(),
                 OutcomeKind::denied, Error::not_permitted);
}

TEST_F(Governance, OfTwoConcurrentGenerationsTheLaterIsVoid) {
  const auto one = draft(owner).with(model::StartKeyGeneration{generation_after(kRoot)}).sign();
  const auto two = draft(writer).with(model::StartKeyGeneration{generation_after(kRoot)}).sign();
  ASSERT_EQ(world.run(one).kind, OutcomeKind::applied);
  expect_refused(writer, two, OutcomeKind::invalid, Error::wrong_generation);
}

TEST_F(Governance, ADeletedCategoryTakesNothingNewAndKeepsWhatItHas) {
  ASSERT_EQ(world.run(draft(admin).with(child_category(kWork, kRoot)).sign()).kind,
            OutcomeKind::applied);
  Draft add = draft(writer);
  const VersionId first = add.add(kSecret, kWork);
  ASSERT_EQ(world.run(add.sign()).kind, OutcomeKind::applied);
  ASSERT_EQ(world.run(draft(admin).with(model::DeleteCategory{kWork}).sign()).kind,
            OutcomeKind::applied);
  EXPECT_TRUE(category(world.state, kWork).value().value().deleted);
  EXPECT_THAT(world.heads_of(kSecret), ElementsAre(first));
  Draft again = draft(writer);
  again.update(kSecret, kWork, {first});
  expect_refused(writer, again.sign(), OutcomeKind::invalid, Error::state_unknown_category);
  Draft moved = draft(writer);
  const VersionId second = moved.update(kSecret, kRoot, {first});
  EXPECT_EQ(world.run(moved.sign()).kind, OutcomeKind::applied);
  EXPECT_THAT(world.heads_of(kSecret), ElementsAre(second));
}

TEST_F(Governance, ACategoryIsDeletedOnceAndTheRootNever) {
  ASSERT_EQ(world.run(draft(admin).with(child_category(kWork, kRoot)).sign()).kind,
            OutcomeKind::applied);
  ASSERT_EQ(world.run(draft(admin).with(model::DeleteCategory{kWork}).sign()).kind,
            OutcomeKind::applied);
  expect_refused(admin, draft(admin).with(model::DeleteCategory{kWork}).sign(),
                 OutcomeKind::invalid, Error::state_unknown_category);
  expect_refused(admin, draft(admin).with(model::DeleteCategory{kNowhere}).sign(),
                 OutcomeKind::invalid, Error::state_unknown_category);
  expect_refused(owner, draft(owner).with(model::DeleteCategory{kRoot}).sign(),
                 OutcomeKind::invalid, Error::root_category_needed);
}

// ---- settings and time ------------------------------------------------------------------------
TEST_F(Governance, RetentionIsKept) {
  const model::Retention retention{7, 8, 9};
  ASSERT_EQ(world.run(draft(admin).with(model::SetRetention{retention}).sign()).kind,
            OutcomeKind::applied);
  EXPECT_EQ(chain(world.state).value().retention, retention);
}

TEST_F(Governance, AStepOfMoreThanADayMakesTheTimeSuspectUntilAnOwnerConfirms) {
  const auto now = std::to_underlying(chain(world.state).value().timestamp);
  world.begin(TimeMs{now + kTimeStepMsMax});
  EXPECT_FALSE(chain(world.state).value().time_suspect);
  world.begin(TimeMs{now + 2 * kTimeStepMsMax + 1});
  EXPECT_TRUE(chain(world.state).value().time_suspect);
  world.begin(TimeMs{now + 2 * kTimeStepMsMax + 2});
  EXPECT_TRUE(chain(world.state).value().time_suspect);  // it does not pass by itself
  const model::ConfirmTime confirm{TimeMs{now + 2 * kTimeStepMsMax}};
  expect_refused(admin, draft(admin).with(confirm).sign(), OutcomeKind::denied,
                 Error::not_permitted);
  EXPECT_EQ(world.run(draft(owner).with(confirm).sign()).kind, OutcomeKind::applied);
  EXPECT_FALSE(chain(world.state).value().time_suspect);
}

TEST_F(Governance, TheFirstCommitMayComeLongAfterTheGenesis) {
  World young{owner};
  young.begin(TimeMs{std::to_underlying(kBegin) + 100 * kTimeStepMsMax});
  EXPECT_FALSE(chain(young.state).value().time_suspect);
}

TEST_F(Governance, ACommitMovesHeightAndTimeAndNothingElse) {
  const auto before = chain(world.state).value();
  const auto changes = begin_commit(world.state, model::next(before.height),
                                    TimeMs{std::to_underlying(before.timestamp) + 3})
                           .value();
  ASSERT_EQ(changes.size(), 1U);
  auto after = model::decode_chain_state(*changes.at(chain_key())).value();
  EXPECT_EQ(after.height, model::next(before.height));
  after.height = before.height;
  after.timestamp = before.timestamp;
  EXPECT_EQ(after, before);
}

TEST_F(Governance, AHeightOutOfOrderOrATimeThatRunsBackIsABug) {
  const auto now = chain(world.state).value();
  EXPECT_DEATH((void)begin_commit(world.state, now.height, now.timestamp), "height");
  EXPECT_DEATH((void)begin_commit(world.state, model::next(now.height),
                                  TimeMs{std::to_underlying(now.timestamp) - 1}),
               "timestamp");
}

TEST_F(Governance, TheStrategyIsKeptAsItIsSealed) {
  const Bytes sealed = pattern(200, 1);
  ASSERT_EQ(world.run(draft(admin).with(model::SetStrategy{sealed}).sign()).kind,
            OutcomeKind::applied);
  EXPECT_EQ(world.state.get(settings_key()).value(), sealed);
  const Bytes other = pattern(100, 2);
  ASSERT_EQ(world.run(draft(owner).with(model::SetStrategy{other}).sign()).kind,
            OutcomeKind::applied);
  EXPECT_EQ(world.state.get(settings_key()).value(), other);
}

}  // namespace
}  // namespace holdfast::vault
