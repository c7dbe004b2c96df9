#include "vault/apply.h"

#include <gmock/gmock.h>

#include <memory>

#include "base/overloaded.h"
#include "model/examples.h"
#include "vault/test_author.h"

namespace holdfast::vault {
namespace {

using base::Error;
using model::Transaction;
using test::Draft, test::named, test::pattern, test::TestAuthor, test::World;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace test;  // ids and numbers

const SecretId kSecret = named<SecretId>(1);
const SecretId kOther = named<SecretId>(2);
const CategoryId kWork = named<CategoryId>(1001);
const CategoryId kNowhere = named<CategoryId>(1003);

class Apply : public test::VaultWorld {
 protected:
  auto added(const SecretId& id, TestAuthor& by) -> VersionId {
    Draft tx = draft(by);
    const VersionId version = tx.add(id, kRoot);
    EXPECT_EQ(world.run(tx.sign()).kind, OutcomeKind::applied);
    return version;
  }
};

// ---- what every transaction meets -------------------------------------------------------------
TEST_F(Apply, AnAppliedTransactionUsesItsNumberIsAuditedAndKeepsItsBodies) {
  Draft tx = draft(writer);
  const VersionId version = tx.add(kSecret, kRoot);
  const auto transaction = tx.sign();
  const Outcome outcome = world.run(transaction);
  EXPECT_EQ(outcome.kind, OutcomeKind::applied);
  ASSERT_TRUE(outcome.audit.has_value());
  EXPECT_EQ(*outcome.audit, (model::AuditRecord{.height = world.context().height,
                                                .index = 0,
                                                .timestamp = world.context().timestamp,
                                                .author = writer.device(),
                                                .transaction = transaction->id,
                                                .outcome = OutcomeKind::applied,
                                                .reason = 0,
                                                .changes = {0}}));
  EXPECT_EQ(last_seq(writer), 1U);
  EXPECT_EQ(sequence(world.state, writer.device(), AuthorSeq{1}).value(), transaction->id);
  EXPECT_THAT(world.heads_of(kSecret), ElementsAre(version));
  EXPECT_EQ(model::decode_version(world.bodies.at(version))->id, version);
}

TEST_F(Apply, TheAuditRecordNamesThePlaceInTheCommit) {
  Draft tx = draft(writer);
  tx.add(kSecret, kRoot);
  world.begin(TimeMs{std::to_underlying(kBegin) + 5000});
  const auto outcome =
      world.run_in_commit(tx.sign(), {world.context().height, 7, world.context().timestamp});
  EXPECT_EQ(outcome.audit->index, 7U);
  const auto state = secret(world.state, kSecret).value().value();
  EXPECT_EQ(state.versions.front().index, 7U);
  EXPECT_EQ(state.versions.front().height, world.context().height);
  EXPECT_EQ(state.versions.front().committed, world.context().timestamp);
}

TEST_F(Apply, TheSameTransactionAgainIsADuplicateWithoutAnyEffect) {
  Draft tx = draft(writer);
  tx.add(kSecret, kRoot);
  const auto transaction = tx.sign();
  ASSERT_EQ(world.run(transaction).kind, OutcomeKind::applied);
  for (int again = 0; again < 2; ++again) {
    const Outcome outcome = world.run(transaction);
    EXPECT_EQ(outcome.kind, OutcomeKind::duplicate);
    EXPECT_TRUE(outcome.changes.empty());
    EXPECT_FALSE(outcome.audit.has_value());
  }
  EXPECT_EQ(last_seq(writer), 1U);
}

TEST_F(Apply, ARefusedTransactionAgainIsADuplicateToo) {
  const auto transaction = draft(writer).with(model::PurgeSecret{kSecret}).sign();
  ASSERT_EQ(world.run(transaction).kind, OutcomeKind::invalid);
  EXPECT_EQ(world.run(transaction).kind, OutcomeKind::duplicate);
}

TEST_F(Apply, ANumberThatSkipsIsAGapAndStaysOfferable) {
  Draft first = draft(writer);
  first.add(kSecret, kRoot);
  const auto one = first.sign();
  Draft second = draft(writer);
  second.fields.seq = AuthorSeq{2};
  second.fields.previous = one->id;
  second.add(kOther, kRoot);
  const auto two = second.sign();
  const Outcome early = world.run(two);
  EXPECT_EQ(early.kind, OutcomeKind::gap);
  EXPECT_TRUE(early.changes.empty());
  EXPECT_FALSE(early.audit.has_value());
  EXPECT_EQ(world.run(one).kind, OutcomeKind::applied);
  EXPECT_EQ(world.run(two).kind, OutcomeKind::applied);  // offered again in order
}

TEST_F(Apply, TheMaximalNumberIsAGap) {
  Draft tx = draft(writer);
  tx.fields.seq = AuthorSeq{UINT64_MAX};
  tx.add(kSecret, kRoot);
  EXPECT_EQ(world.run(tx.sign()).kind, OutcomeKind::gap);
  EXPECT_EQ(last_seq(writer), 0U);
}

TEST_F(Apply, AnUnknownPreviousIsAGap) {
  Draft tx = draft(writer);
  tx.fields.previous = named<TxId>(9);
  tx.add(kSecret, kRoot);
  EXPECT_EQ(world.run(tx.sign()).kind, OutcomeKind::gap);
  added(kSecret, writer);
  Draft next = draft(writer);
  next.fields.previous.reset();
  next.add(kOther, kRoot);
  EXPECT_EQ(world.run(next.sign()).kind, OutcomeKind::gap);
  EXPECT_EQ(last_seq(writer), 1U);
}

TEST_F(Apply, ASecondTransactionUnderAUsedNumberIsAuditedOncePerId) {
  const auto clone_with = [&](const SecretId& id) {
    Draft tx = draft(writer);
    tx.add(id, kRoot);
    return tx.sign();
  };
  const auto first = clone_with(kSecret);
  const auto second = clone_with(kOther);
  const auto third = clone_with(named<SecretId>(3));
  ASSERT_EQ(world.run(first).kind, OutcomeKind::applied);
  for (const auto& late : {second, third}) {
    const Outcome once = world.run(late);
    EXPECT_EQ(once.kind, OutcomeKind::sequence_used);
    EXPECT_EQ(once.reason, Error::sequence_reused);
    EXPECT_TRUE(once.audit.has_value());
    const Outcome twice = world.run(late);
    EXPECT_EQ(twice.kind, OutcomeKind::sequence_used);
    EXPECT_FALSE(twice.audit.has_value());
    EXPECT_TRUE(twice.changes.empty());
  }
  EXPECT_EQ(last_seq(writer), 1U);
  EXPECT_THAT(world.heads_of(kOther), IsEmpty());
}

TEST_F(Apply, AnUnknownAuthorIsDeniedAndHasNoNumberToUse) {
  TestAuthor stranger{9, kWriter};
  Draft tx = draft(stranger);
  tx.add(kSecret, kRoot);
  const Outcome outcome = world.run(tx.sign());
  EXPECT_EQ(outcome.kind, OutcomeKind::denied);
  EXPECT_EQ(outcome.reason, Error::unknown_author);
  EXPECT_TRUE(outcome.audit.has_value());
  EXPECT_TRUE(outcome.changes.empty());
}

TEST_F(Apply, ATransactionOfAnotherVaultIsDeniedAndUsesNothing) {
  Draft tx = draft(writer);
  tx.fields.vault = named<VaultId>(9);
  tx.add(kSecret, kRoot);
  const Outcome outcome = world.run(tx.sign());
  EXPECT_EQ(outcome.kind, OutcomeKind::denied);
  EXPECT_EQ(outcome.reason, Error::foreign_vault);
  EXPECT_TRUE(outcome.changes.empty());
}

TEST_F(Apply, ARemovedAuthorIsDeniedAndUsesTheNumber) {
  world.remove(writer);
  Draft tx = draft(writer);
  tx.add(kSecret, kRoot);
  expect_refused(writer, tx.sign(), OutcomeKind::denied, Error::author_removed);
}

// A month of offline edits arrives whole: neither age nor the height seen refuses anything.
TEST_F(Apply, OldTransactionsAreApplied) {
  Draft tx = draft(writer);
  tx.fields.created = TimeMs{1};
  tx.fields.height_seen = Height{0};
  tx.add(kSecret, kRoot);
  world.begin(TimeMs{std::to_underlying(kBegin) + 40ULL * kTimeStepMsMax});
  EXPECT_EQ(world.run_in_commit(tx.sign(), world.context()).kind, OutcomeKind::applied);
}

TEST_F(Apply, TheSameStateAndTransactionGiveEqualOutcomes) {
  Draft tx = draft(writer);
  tx.add(kSecret, kRoot);
  const auto transaction = tx.sign();
  const auto a = apply(world.state, transaction, world.context()).value();
  const auto b = apply(world.state, transaction, world.context()).value();
  EXPECT_EQ(a.changes, b.changes);
  EXPECT_EQ(a.audit, b.audit);
}

TEST_F(Apply, ADamagedStateIsAnErrorAndNoOutcome) {
  Draft tx = draft(writer);
  tx.add(kSecret, kRoot);
  const auto transaction = tx.sign();
  const CommitContext context = world.context();
  world.state.records[member_key(writer.device())].pop_back();
  EXPECT_FALSE(apply(world.state, transaction, context).has_value());
  world.state.records.erase(chain_key());
  EXPECT_EQ(apply(world.state, transaction, context).error(), Error::store_corrupt);
}

// ---- roles ------------------------------------------------------------------------------------
enum class Needs : std::uint8_t { read, write, categories, vault, own };

auto needs_of(const Change& change) -> Needs {
  return std::visit(base::Overloaded{
                        [](const model::AddSecret&) { return Needs::write; },
                        [](const model::UpdateSecret&) { return Needs::write; },
                        [](const model::DeleteSecret&) { return Needs::write; },
                        [](const model::PurgeSecret&) { return Needs::write; },
                        [](const model::AddCategory&) { return Needs::categories; },
                        [](const model::RenameCategory&) { return Needs::categories; },
                        [](const model::MoveCategory&) { return Needs::categories; },
                        [](const model::DeleteCategory&) { return Needs::categories; },
                        [](const model::StartKeyGeneration&) { return Needs::read; },
                        [](const model::RenewWrapKey&) { return Needs::read; },
                        [](const model::ConfirmTime&) { return Needs::own; },
                        [](const auto&) { return Needs::vault; },
                    },
                    change.what);
}
auto may(model::RoleId role, Needs needs) -> bool {
  const std::map<Needs, std::vector<model::RoleId>> table{
      {Needs::read, {kReader, kWriter, kAdmin, kOwner}},
      {Needs::write, {kWriter, kAdmin, kOwner}},
      {Needs::categories, {kAdmin, kOwner}},
      {Needs::vault, {kAdmin, kOwner}},
      {Needs::own, {kOwner}}};
  return std::ranges::contains(table.at(needs), role);
}

TEST_F(Apply, EachRoleMayMakeExactlyTheChangesOfItsTable) {
  TestAuthor unheard_of{6, model::RoleId{99}};
  world.admit(unheard_of);
  for (TestAuthor* author : {&owner, &admin, &writer, &reader, &replica, &unheard_of}) {
    const auto role = author->record().role;
    for (const Change& change : model::examples::all_changes()) {
      SCOPED_TRACE("role " + std::to_string(std::to_underlying(role)) + ", change " +
                   std::to_string(change.what.index()));
      Draft tx = draft(*author);
      tx.fields.changes = {change};
      if (!may(role, needs_of(change))) {
        expect_refused(*author, tx.sign(), OutcomeKind::denied, Error::not_permitted);
        continue;
      }
      // The example may not fit this state; but the role is no reason.
      EXPECT_NE(world.run(tx.sign()).reason, Error::not_permitted);
    }
  }
}

TEST_F(Apply, ChangesThatThisVersionDoesNotOfferAreInvalid) {
  std::size_t refused = 0;
  for (const Change& change : model::examples::all_changes()) {
    const bool offered =
        std::visit(base::Overloaded{[](const model::AddSecret&) { return true; },
                                    [](const model::UpdateSecret&) { return true; },
                                    [](const model::DeleteSecret&) { return true; },
                                    [](const model::PurgeSecret&) { return true; },
                                    [](const model::AddCategory&) { return true; },
                                    [](const model::RenameCategory&) { return true; },
                                    [](const model::MoveCategory&) { return true; },
                                    [](const model::DeleteCategory&) { return true; },
                                    [](const model::StartKeyGeneration&) { return true; },
                                    [](const model::SetStrategy&) { return true; },
                                    [](const model::SetRetention&) { return true; },
                                    [](const model::ConfirmTime&) { return true; },
                                    [](const auto&) { return false; }},
                   change.what);
    if (offered) continue;
    SCOPED_TRACE("change " + std::to_string(change.what.index()));
    Draft tx = draft(owner);
    tx.fields.changes = {change};
    expect_refused(owner, tx.sign(), OutcomeKind::invalid, Error::change_not_offered);
    ++refused;
  }
  EXPECT_EQ(refused, 12U);
}

// ---- secrets ----------------------------------------------------------------------------------
TEST_F(Apply, AddUpdateAndDeleteOfOneSecretFitOneTransaction) {
  Draft tx = draft(writer);
  const VersionId one = tx.add(kSecret, kRoot);
  const VersionId two = tx.update(kSecret, kRoot, {one});
  const VersionId three = tx.remove(kSecret, kRoot, {two});
  const Outcome outcome = world.run(tx.sign());
  EXPECT_EQ(outcome.kind, OutcomeKind::applied);
  EXPECT_EQ(outcome.bodies.size(), 3U);
  EXPECT_THAT(outcome.audit->changes, ElementsAre(0, 1, 2));
  EXPECT_THAT(world.heads_of(kSecret), ElementsAre(three));
  EXPECT_EQ(world.shown(kSecret), std::nullopt);
  EXPECT_EQ(world.bodies.size(), 3U);
}

TEST_F(Apply, OneBadChangeTakesAllOthersWithIt) {
  for (std::size_t bad = 0; bad < 4; ++bad) {
    SCOPED_TRACE("change " + std::to_string(bad));
    Draft tx = draft(admin);
    for (std::size_t i = 0; i < 4; ++i) {
      if (i == bad) {
        tx.with(model::PurgeSecret{named<SecretId>(404)});
      } else {
        tx.add(named<SecretId>(10 + i), kRoot);
      }
    }
    expect_refused(admin, tx.sign(), OutcomeKind::invalid, Error::state_unknown_secret);
  }
  EXPECT_THAT(world.bodies, IsEmpty());
}

TEST_F(Apply, AnIdIsAddedOnce) {
  added(kSecret, writer);
  Draft tx = draft(admin);
  tx.add(kSecret, kRoot);
  expect_refused(admin, tx.sign(), OutcomeKind::invalid, Error::secret_exists);
}

TEST_F(Apply, AnIdIsNotAddedAgainAfterDeletionNorPurge) {
  const VersionId one = added(kSecret, writer);
  Draft remove = draft(writer);
  remove.remove(kSecret, kRoot, {one});
  ASSERT_EQ(world.run(remove.sign()).kind, OutcomeKind::applied);
  Draft again = draft(writer);
  again.add(kSecret, kRoot);
  expect_refused(writer, again.sign(), OutcomeKind::invalid, Error::secret_exists);
  ASSERT_EQ(world.run(draft(writer).with(model::PurgeSecret{kSecret}).sign()).kind,
            OutcomeKind::applied);
  Draft purged = draft(writer);
  purged.add(kSecret, kRoot);
  expect_refused(writer, purged.sign(), OutcomeKind::invalid, Error::secret_exists);
}

// Guards: a version ordered before the one it updates (docs/design/vault.md, "accepted, and the
// parent is simply no head when it commits").
TEST_F(Apply, AnUpdateOrderedBeforeTheAdditionConverges) {
  Draft addition = draft(writer);
  const VersionId one = addition.add(kSecret, kRoot);
  Draft edit = draft(admin);
  const VersionId two = edit.update(kSecret, kRoot, {one});
  EXPECT_EQ(world.run(edit.sign()).kind, OutcomeKind::applied);
  EXPECT_THAT(world.heads_of(kSecret), ElementsAre(two));
  EXPECT_EQ(world.run(addition.sign()).kind, OutcomeKind::applied);
  EXPECT_THAT(world.heads_of(kSecret), ElementsAre(two));
  EXPECT_EQ(world.bodies.size(), 2U);
}

// Guards: an edit of a later version than the first came before both; the addition was refused.
TEST_F(Apply, AnUpdateOrderedBeforeAllItDescendsFromConverges) {
  Draft addition = draft(writer);
  const VersionId one = addition.add(kSecret, kRoot);
  const auto first = addition.sign();
  Draft edit = draft(writer);
  edit.fields.seq = AuthorSeq{2};
  edit.fields.previous = first->id;
  const VersionId two = edit.update(kSecret, kRoot, {one});
  Draft last = draft(admin);
  const VersionId three = last.update(kSecret, kRoot, {two});
  EXPECT_EQ(world.run(last.sign()).kind, OutcomeKind::applied);
  EXPECT_EQ(world.run(first).kind, OutcomeKind::applied);
  EXPECT_EQ(world.run(edit.sign()).kind, OutcomeKind::applied);
  EXPECT_THAT(world.heads_of(kSecret), ElementsAre(three));
}

TEST_F(Apply, AnAdditionOfAnotherDoesNotKeepOutTheExpectedOne) {
  Draft addition = draft(writer);
  const VersionId one = addition.add(kSecret, kRoot);
  Draft edit = draft(admin);
  edit.update(kSecret, kRoot, {one});
  ASSERT_EQ(world.run(edit.sign()).kind, OutcomeKind::applied);
  Draft other = draft(owner);
  other.add(kSecret, kRoot);
  EXPECT_EQ(world.run(other.sign()).kind, OutcomeKind::applied);
  EXPECT_EQ(world.run(addition.sign()).kind, OutcomeKind::applied);
  Draft third = draft(owner);
  third.add(kSecret, kRoot);
  expect_refused(owner, third.sign(), OutcomeKind::invalid, Error::secret_exists);
}

TEST_F(Apply, AResealedAdditionIsExpectedUnderItsOldId) {
  Draft stale = draft(writer);
  const VersionId old_id = stale.add(kSecret, kRoot);
  Draft edit = draft(admin);
  const VersionId two = edit.update(kSecret, kRoot, {old_id});
  ASSERT_EQ(world.run(edit.sign()).kind, OutcomeKind::applied);
  Draft resealed = draft(writer);
  auto version = resealed.version(kSecret, kRoot);
  version.replaces = old_id;
  resealed.put<model::AddSecret>(version);
  EXPECT_EQ(world.run(resealed.sign()).kind, OutcomeKind::applied);
  EXPECT_THAT(world.heads_of(kSecret), ElementsAre(two));
}

// Guards: a writer who replaces a version by a descendant of it would hide the secret for good.
TEST_F(Apply, AReplacementThatDescendsFromWhatItReplacesIsInvalid) {
  const VersionId one = added(kSecret, writer);
  Draft edit = draft(writer);
  const VersionId two = edit.update(kSecret, kRoot, {one});
  ASSERT_EQ(world.run(edit.sign()).kind, OutcomeKind::applied);
  Draft circle = draft(admin);
  auto version = circle.version(kSecret, kRoot);
  version.parents = {two};
  version.replaces = one;
  circle.put<model::UpdateSecret>(version);
  EXPECT_EQ(world.run(circle.sign()).kind, OutcomeKind::invalid);
  EXPECT_THAT(world.heads_of(kSecret), ElementsAre(two));
}

TEST_F(Apply, AnEarlierParentDoesNotMoveTheSecretBackToItsCategory) {
  ASSERT_EQ(world.run(draft(owner).with(child_category(kWork, kRoot)).sign()).kind,
            OutcomeKind::applied);
  Draft addition = draft(writer);
  const VersionId one = addition.add(kSecret, kRoot);
  Draft edit = draft(admin);
  edit.update(kSecret, kWork, {one});
  ASSERT_EQ(world.run(edit.sign()).kind, OutcomeKind::applied);
  ASSERT_EQ(world.run(addition.sign()).kind, OutcomeKind::applied);
  EXPECT_EQ(secret(world.state, kSecret).value().value().category, kWork);
}

TEST_F(Apply, ConcurrentEditsAreBothKept) {
  const VersionId one = added(kSecret, writer);
  Draft a = draft(writer);
  const VersionId left = a.update(kSecret, kRoot, {one});
  Draft b = draft(admin);
  const VersionId right = b.update(kSecret, kRoot, {one});
  EXPECT_EQ(world.run(a.sign()).kind, OutcomeKind::applied);
  EXPECT_EQ(world.run(b.sign()).kind, OutcomeKind::applied);
  EXPECT_THAT(world.heads_of(kSecret), UnorderedElementsAre(left, right));
}

TEST_F(Apply, ADeletionConcurrentWithAnEditKeepsTheEdit) {
  const VersionId one = added(kSecret, writer);
  Draft edit = draft(writer);
  const VersionId two = edit.update(kSecret, kRoot, {one});
  Draft deletion = draft(admin);
  deletion.remove(kSecret, kRoot, {one});
  EXPECT_EQ(world.run(edit.sign()).kind, OutcomeKind::applied);
  EXPECT_EQ(world.run(deletion.sign()).kind, OutcomeKind::applied);
  EXPECT_EQ(world.shown(kSecret), two);
}

TEST_F(Apply, AVersionBelongsToItsTransactionAndToNoOther) {
  const VersionId one = added(kSecret, writer);
  const auto refuse = [&](auto alter) {
    Draft tx = draft(writer);
    auto version = tx.version(kSecret, kRoot, {one});
    alter(version);
    tx.put<model::UpdateSecret>(version);
    expect_refused(writer, tx.sign(), OutcomeKind::invalid, Error::version_mismatch);
  };
  refuse([&](model::Version& v) { v.author = admin.device(); });
  refuse([](model::Version& v) { v.author_seq = model::next(v.author_seq); });
  refuse([](model::Version& v) { v.index = 1; });
  refuse([](model::Version& v) { v.parents.clear(); });  // an update without what it updates
  refuse([](model::Version& v) {
    v.kind = VersionKind::tombstone;
    v.wrapped_key.clear();
    v.sealed.clear();
  });
  Draft adds = draft(writer);  // an addition that names a parent
  adds.put<model::AddSecret>(adds.version(kOther, kRoot, {one}));
  expect_refused(writer, adds.sign(), OutcomeKind::invalid, Error::version_mismatch);
  Draft deletes = draft(writer);  // a deletion that carries content
  deletes.put<model::DeleteSecret>(deletes.version(kSecret, kRoot, {one}));
  expect_refused(writer, deletes.sign(), OutcomeKind::invalid, Error::version_mismatch);
}

TEST_F(Apply, AnUnknownCategoryIsInvalid) {
  Draft tx = draft(writer);
  tx.add(kSecret, kNowhere);
  expect_refused(writer, tx.sign(), OutcomeKind::invalid, Error::state_unknown_category);
}

TEST_F(Apply, ADeletedCategoryTakesNoSecrets) {
  auto now = category(world.state, kRoot).value().value();
  now.deleted = true;
  world.state.records[category_key(kRoot)] = model::encode(now);
  Draft tx = draft(writer);
  tx.add(kSecret, kRoot);
  expect_refused(writer, tx.sign(), OutcomeKind::invalid, Error::state_unknown_category);
}

TEST_F(Apply, AVersionUnderAnotherGenerationIsStaleAndUsesTheNumber) {
  for (const Generation wrong : {Generation{0}, Generation{2}, Generation{UINT64_MAX}}) {
    Draft tx = draft(writer);
    tx.generation = wrong;
    tx.add(kSecret, kRoot);
    expect_refused(writer, tx.sign(), OutcomeKind::stale_generation, Error::generation_ended);
  }
}

TEST_F(Apply, WritesWaitWhileTheGenerationHasEndedAndGoOnWithTheNext) {
  const VersionId one = added(kSecret, writer);
  end_generation(kRoot);
  Draft tx = draft(writer);
  tx.update(kSecret, kRoot, {one});
  expect_refused(writer, tx.sign(), OutcomeKind::stale_generation, Error::generation_ended);
  Draft deletion = draft(writer);
  deletion.remove(kSecret, kRoot, {one});
  expect_refused(writer, deletion.sign(), OutcomeKind::stale_generation, Error::generation_ended);
  const auto start = draft(reader).with(model::StartKeyGeneration{generation_after(kRoot)}).sign();
  ASSERT_EQ(world.run(start).kind, OutcomeKind::applied);
  Draft resealed = draft(writer);
  resealed.generation = Generation{2};
  resealed.update(kSecret, kRoot, {one});
  EXPECT_EQ(world.run(resealed.sign()).kind, OutcomeKind::applied);
}

TEST_F(Apply, ASecretHasAtMostItsLimitOfVersions) {
  model::SecretState full{.id = kSecret, .category = kRoot, .versions = {}};
  for (std::uint64_t i = 0; i < model::kVersionNodesMax; ++i) {
    full.versions.push_back({.id = named<VersionId>(i),
                             .parents = {},
                             .replaces = {},
                             .kind = {},
                             .body = {},
                             .author = {},
                             .height = {},
                             .index = 0,
                             .committed = {}});
  }
  world.state.records[secret_key(kSecret)] = model::encode(full);
  Draft tx = draft(writer);
  tx.update(kSecret, kRoot, {named<VersionId>(1)});
  expect_refused(writer, tx.sign(), OutcomeKind::invalid, Error::too_many_versions);
}

TEST_F(Apply, PurgeErasesEveryBodyAndLeavesStubs) {
  Draft tx = draft(writer);
  const VersionId one = tx.add(kSecret, kRoot);
  const VersionId two = tx.update(kSecret, kRoot, {one});
  ASSERT_EQ(world.run(tx.sign()).kind, OutcomeKind::applied);
  const VersionId other = added(kOther, writer);
  const Outcome outcome = world.run(draft(writer).with(model::PurgeSecret{kSecret}).sign());
  EXPECT_EQ(outcome.kind, OutcomeKind::applied);
  ASSERT_EQ(outcome.bodies.size(), 2U);
  EXPECT_EQ(world.bodies.size(), 1U);
  EXPECT_TRUE(world.bodies.contains(other));
  const auto state = secret(world.state, kSecret).value().value();
  ASSERT_EQ(state.versions.size(), 2U);
  for (const auto& node : state.versions) EXPECT_EQ(node.body, model::BodyState::purged);
  EXPECT_EQ(state.versions[1].parents, std::vector{one});
  EXPECT_EQ(state.versions[1].id, two);
  EXPECT_THAT(world.heads_of(kSecret), IsEmpty());
}

TEST_F(Apply, PurgingTwiceHasNoFurtherEffect) {
  added(kSecret, writer);
  ASSERT_EQ(world.run(draft(writer).with(model::PurgeSecret{kSecret}).sign()).kind,
            OutcomeKind::applied);
  const Outcome again = world.run(draft(writer).with(model::PurgeSecret{kSecret}).sign());
  EXPECT_EQ(again.kind, OutcomeKind::applied);
  EXPECT_TRUE(again.bodies.empty());
}

TEST_F(Apply, PurgingWhatTheSameTransactionAddedLeavesNoBody) {
  Draft tx = draft(writer);
  tx.add(kSecret, kRoot);
  tx.with(model::PurgeSecret{kSecret});
  EXPECT_EQ(world.run(tx.sign()).kind, OutcomeKind::applied);
  EXPECT_THAT(world.bodies, IsEmpty());
}

// ---- retention --------------------------------------------------------------------------------
constexpr std::uint64_t kDay = 24ULL * 60 * 60 * 1000;

class Retention : public Apply {
 protected:
  // One update after the other, each this long after the last.
  auto update(std::uint64_t after_ms) -> VersionId {
    Draft tx = draft(writer);
    const VersionId version = tx.update(kSecret, kRoot, world.heads_of(kSecret));
    world.begin(TimeMs{std::to_underlying(chain(world.state).value().timestamp) + after_ms});
    EXPECT_EQ(world.run_in_commit(tx.sign(), world.context()).kind, OutcomeKind::applied);
    return version;
  }
  void keep(std::uint64_t versions, std::uint64_t days) {
    const model::Retention retention{.versions = versions, .days = days, .transactions_days = 365};
    ASSERT_EQ(world.run(draft(owner).with(model::SetRetention{retention}).sign()).kind,
              OutcomeKind::applied);
  }
  auto bodies() const -> std::size_t { return world.bodies.size(); }
  auto stored() const -> model::SecretState { return secret(world.state, kSecret).value().value(); }
};

TEST_F(Retention, KeepsTheNewestVersionsAndLeavesStubsOfTheOthers) {
  keep(3, 0);
  added(kSecret, writer);
  std::vector<VersionId> versions;
  for (int i = 0; i < 5; ++i) versions.push_back(update(10));
  EXPECT_EQ(bodies(), 3U);
  EXPECT_TRUE(world.bodies.contains(versions[4]));
  EXPECT_TRUE(world.bodies.contains(versions[2]));
  EXPECT_FALSE(world.bodies.contains(versions[1]));
  EXPECT_EQ(stored().versions.size(), 6U);
  EXPECT_EQ(stored().versions.front().body, model::BodyState::pruned);
  EXPECT_THAT(world.heads_of(kSecret), ElementsAre(versions[4]));
}

TEST_F(Retention, KeepsWhatIsYoungHoweverMany) {
  keep(1, 2);
  added(kSecret, writer);
  update(kDay / 2);
  update(kDay / 2);
  EXPECT_EQ(bodies(), 3U);
  update(kDay);  // the first is two days old now
  EXPECT_EQ(bodies(), 3U);
}

TEST_F(Retention, NeverDropsAHead) {
  keep(1, 0);
  const VersionId first = added(kSecret, writer);
  Draft one = draft(writer);
  const VersionId left = one.update(kSecret, kRoot, {first});
  ASSERT_EQ(world.run(one.sign()).kind, OutcomeKind::applied);
  Draft two = draft(owner);
  const VersionId right = two.update(kSecret, kRoot, {first});
  ASSERT_EQ(world.run(two.sign()).kind, OutcomeKind::applied);
  EXPECT_THAT(world.heads_of(kSecret), UnorderedElementsAre(left, right));
  EXPECT_EQ(bodies(), 2U);
}

TEST_F(Retention, DropsNothingWhileTheTimeIsSuspect) {
  keep(1, 0);
  added(kSecret, writer);
  update(2 * kDay);  // a step of more than a day
  EXPECT_EQ(bodies(), 2U);
  ASSERT_EQ(world.run(draft(owner).with(model::ConfirmTime{}).sign()).kind, OutcomeKind::applied);
  update(10);
  EXPECT_EQ(bodies(), 1U);
}

TEST_F(Retention, ASecretThatChangesAllTheTimeCanAlwaysBeChangedAgain) {
  added(kSecret, writer);
  for (int batch = 0; batch < 20; ++batch) {  // 5,120 updates within a second
    Draft tx = draft(writer);
    std::vector<VersionId> heads = world.heads_of(kSecret);
    while (tx.fields.changes.size() < model::kChangesMax) {
      heads = {tx.update(kSecret, kRoot, heads)};
    }
    const Outcome outcome = world.run(tx.sign());
    ASSERT_EQ(outcome.kind, OutcomeKind::applied) << base::error_text(outcome.reason);
  }
  EXPECT_EQ(bodies(), 1000U);
  EXPECT_LT(stored().versions.size(), model::kVersionNodesMax);
  EXPECT_EQ(world.heads_of(kSecret).size(), 1U);
}

}  // namespace
}  // namespace holdfast::vault
