#include "vault/genesis_state.h"

#include <gtest/gtest.h>

#include "vault/test_author.h"

namespace holdfast::vault {
namespace {

using base::Error;
using test::MapState, test::named, test::TestAuthor;
using namespace test;

class GenesisState : public testing::Test {
 protected:
  auto state_of(const model::Genesis& genesis) {
    return genesis_state(genesis, model::vault_id(model::encode(genesis)), verifiers_);
  }
  auto genesis_of(const TestAuthor& author) const -> model::Genesis {
    model::Genesis genesis;
    genesis.created = kBegin;
    genesis.owner = author.record();
    genesis.retention = {3, 4, 5};
    return genesis;
  }
  void expect_bad(const model::MemberRecord& record) {
    model::Genesis genesis = genesis_of(owner);
    ASSERT_NE(record, genesis.owner);
    genesis.owner = record;
    const auto state = state_of(genesis);
    ASSERT_FALSE(state.has_value());
    EXPECT_EQ(state.error(), Error::bad_genesis);
  }
  TestAuthor owner{1, kOwner};

 private:
  crypto::VerifierCache verifiers_{4};
};

TEST_F(GenesisState, StartsWithTheOwnerAndNothingElse) {
  const model::Genesis genesis = genesis_of(owner);
  MapState state;
  state.absorb(state_of(genesis).value());
  EXPECT_EQ(state.records.size(), 3U);
  const auto start = chain(state).value();
  EXPECT_EQ(start.vault, model::vault_id(model::encode(genesis)));
  EXPECT_EQ(start.height, Height{0});
  EXPECT_EQ(start.timestamp, kBegin);
  EXPECT_EQ(start.retention, genesis.retention);
  EXPECT_FALSE(start.time_suspect);
  EXPECT_FALSE(start.root_category.has_value());
  EXPECT_EQ(roster(state).value().members, std::vector{owner.device()});
  const auto member_now = member(state, owner.device()).value().value();
  EXPECT_EQ(member_now.record, owner.record());
  EXPECT_FALSE(member_now.removed.has_value());
  EXPECT_EQ(author(state, owner.device()).value(), model::AuthorState{});
}

TEST_F(GenesisState, RefusesEachProofThatDoesNotHold) {
  for (const std::size_t proof : {0UZ, 1UZ}) {
    for (const std::size_t byte : {0UZ, 3308UZ, 3309UZ, 3372UZ}) {  // of either half
      auto record = owner.record();
      record.proofs[proof].bytes[byte] ^= 1;
      expect_bad(record);
    }
  }
  auto record = owner.record();
  record.wrap_key->signature.bytes[5] ^= 1;
  expect_bad(record);
  record = owner.record();
  std::swap(record.proofs[0], record.proofs[1]);
  expect_bad(record);
}

TEST_F(GenesisState, RefusesMissingOrExtraProofs) {
  auto record = owner.record();
  record.proofs.pop_back();
  expect_bad(record);
  record = owner.record();
  record.proofs.push_back(record.proofs[0]);
  expect_bad(record);
}

TEST_F(GenesisState, RefusesAFieldThatIsNotWhatWasSigned) {
  auto record = owner.record();
  record.person = named<model::PersonId>(9);
  expect_bad(record);
  record = owner.record();
  record.sealed_name.push_back(0);
  expect_bad(record);
  record = owner.record();
  record.wrap_key->number = model::WrapKeyNumber{9};
  expect_bad(record);
}

TEST_F(GenesisState, RefusesKeysOfSomebodyElse) {
  const TestAuthor other{2, kOwner};
  auto record = owner.record();
  record.author_key = other.record().author_key;
  expect_bad(record);
  record = owner.record();
  record.wrap_key = other.record().wrap_key;
  expect_bad(record);
  record = owner.record();
  record.author_key.reset();
  expect_bad(record);
  record = owner.record();
  record.wrap_key.reset();
  expect_bad(record);
}

TEST_F(GenesisState, RefusesEveryRoleButOwnerHoweverWellSigned) {
  for (const auto role : {kReplica, kReader, kWriter, kAdmin, model::RoleId{5}}) {
    expect_bad(TestAuthor{1, role}.record());
  }
}

TEST_F(GenesisState, RefusesADeviceIdThatIsNotOfTheNodeKeyHoweverWellSigned) {
  owner.record().device = named<DeviceId>(9);
  owner.prove();
  const auto state = state_of(genesis_of(owner));
  ASSERT_FALSE(state.has_value());
  EXPECT_EQ(state.error(), Error::bad_genesis);
}

}  // namespace
}  // namespace holdfast::vault
