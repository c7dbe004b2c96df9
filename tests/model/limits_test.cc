// Each limit of a list or a byte string: kept at the limit, refused one beyond.
#include <gtest/gtest.h>

#include "model/examples.h"

namespace holdfast::model {
namespace {

using base::Error;

auto error_of(const auto& result) -> std::string_view {
  return result ? "accepted" : base::error_name(result.error());
}
template <class Id>
auto ids(std::size_t count) -> std::vector<Id> {  // ascending
  std::vector<Id> list(count);
  for (std::size_t i = 0; i < count; ++i) {
    list[i].bytes[0] = static_cast<std::uint8_t>(i / 256);
    list[i].bytes[1] = static_cast<std::uint8_t>(i % 256);
  }
  return list;
}
auto decoded(const Version& version) { return decode_version(encode(version).bytes); }
auto decoded(const KeyGeneration& record) { return decode_key_generation(encode(record)); }
auto decoded(const MemberRecord& record) { return decode_member_record(encode(record)); }
auto decoded(const Header& header) { return decode_header(encode(header)); }
auto decoded(const Commit& commit) { return decode_commit(encode(commit)); }
auto decoded(Change change) {
  return decode_transaction(examples::signed_bytes(examples::transaction({std::move(change)})));
}

TEST(Limits, AVersionHasAtMostSixteenAscendingParents) {
  Version version = examples::version();
  version.parents = ids<VersionId>(kParentsMax);
  EXPECT_TRUE(decoded(version));
  version.parents = ids<VersionId>(kParentsMax + 1);
  EXPECT_EQ(error_of(decoded(version)), "too_long");
  version.parents = ids<VersionId>(2);
  std::swap(version.parents[0], version.parents[1]);
  EXPECT_EQ(error_of(decoded(version)), "unsorted_keys");
  version.parents[1] = version.parents[0];
  EXPECT_EQ(error_of(decoded(version)), "duplicate_key");
}

TEST(Limits, AContentVersionHasABodyAndATombstoneHasNone) {
  Version version = examples::version();
  version.wrapped_key.pop_back();
  EXPECT_EQ(error_of(decoded(version)), "bad_length");
  version.wrapped_key.resize(kWrappedKeyBytes + 1);
  EXPECT_EQ(error_of(decoded(version)), "too_long");
  version = examples::version();
  version.sealed.clear();
  EXPECT_EQ(error_of(decoded(version)), "bad_length");

  Version tombstone = examples::tombstone();
  tombstone.sealed = {1};
  EXPECT_EQ(error_of(decoded(tombstone)), "bad_length");
  tombstone = examples::tombstone();
  tombstone.wrapped_key = examples::bytes(kWrappedKeyBytes, 1);
  EXPECT_EQ(error_of(decoded(tombstone)), "bad_length");
}

TEST(Limits, ASealedBodyEndsAtItsLimit) {
  Version version = examples::version();
  version.sealed.assign(kSealedBytesMax, 0);
  EXPECT_TRUE(decoded(version));
  version.sealed.push_back(0);
  EXPECT_EQ(error_of(decoded(version)), "too_long");
}

TEST(Limits, AKeyGenerationHasAtMostAThousandReadersAscending) {
  KeyGeneration record = examples::key_generation();
  record.wraps.clear();
  for (const DeviceId& device : ids<DeviceId>(kReadersMax)) {
    record.wraps.push_back(examples::key_wrap(0));
    record.wraps.back().device = device;
  }
  EXPECT_TRUE(decoded(record));
  std::swap(record.wraps[0], record.wraps[1]);
  EXPECT_EQ(error_of(decoded(record)), "unsorted_keys");
  record.wraps[1] = record.wraps[0];
  EXPECT_EQ(error_of(decoded(record)), "duplicate_key");
  record.wraps.push_back(record.wraps.back());
  EXPECT_EQ(error_of(decoded(record)), "too_long");
}

TEST(Limits, ASealedKeyHasOneLength) {
  for (const std::size_t size : {kSealedKeyBytes - 1, kSealedKeyBytes + 1}) {
    KeyGeneration record = examples::key_generation();
    record.old_key_sealed = examples::bytes(size, 1);
    EXPECT_EQ(error_of(decoded(record)), "bad_length");
    record = examples::key_generation();
    record.wraps[0].sealed = examples::bytes(size, 1);
    EXPECT_EQ(error_of(decoded(record)), "bad_length");
  }
}

TEST(Limits, AMemberHasOneToThreeProofsAndAShortName) {
  MemberRecord member = examples::member();
  member.proofs.resize(3);
  EXPECT_TRUE(decoded(member));
  member.proofs.resize(4);
  EXPECT_EQ(error_of(decoded(member)), "too_long");
  member.proofs.clear();
  EXPECT_EQ(error_of(decoded(member)), "bad_length");
  member = examples::member();
  member.sealed_name.resize(kSealedNameBytesMax);
  EXPECT_TRUE(decoded(member));
  member.sealed_name.push_back(0);
  EXPECT_EQ(error_of(decoded(member)), "too_long");
}

TEST(Limits, AHeaderNamesOneToAHundredAncestorsAndRisingVotes) {
  Header header = examples::header();
  header.ancestors.resize(kCommitteeMax);
  header.commit_votes.clear();
  for (std::size_t i = 0; i < kCommitVotesMax; ++i)
    header.commit_votes.push_back({Height{1'000'000 + i}, {}});
  EXPECT_TRUE(decoded(header));
  EXPECT_LE(encode(header).size(), kHeaderBytesMax);
  header.commit_votes.push_back({Height{2'000'000}, {}});
  EXPECT_EQ(error_of(decoded(header)), "too_long");
  header.commit_votes = {{Height{2}, {}}, {Height{1}, {}}};
  EXPECT_EQ(error_of(decoded(header)), "unsorted_keys");
  header.commit_votes = {{Height{2}, {}}, {Height{2}, {}}};
  EXPECT_EQ(error_of(decoded(header)), "duplicate_key");
  header = examples::header();
  header.ancestors.resize(kCommitteeMax + 1);
  EXPECT_EQ(error_of(decoded(header)), "too_long");
  header.ancestors.clear();
  EXPECT_EQ(error_of(decoded(header)), "bad_length");
}

TEST(Limits, ABlockCarriesAtMostItsPayloadLimit) {
  Block block = examples::block();
  block.payload = {base::Bytes(kPayloadBytesMax - 10), base::Bytes(10)};
  EXPECT_TRUE(decode_block(encode(block)));
  block.payload.back().push_back(0);
  EXPECT_EQ(error_of(decode_block(encode(block))), "too_long");
  block.payload.assign(kPayloadItemsMax, base::Bytes{});
  EXPECT_TRUE(decode_block(encode(block)));
  block.payload.emplace_back();
  EXPECT_EQ(error_of(decode_block(encode(block))), "too_long");
  block = examples::block();
  block.header.resize(kHeaderBytesMax + 1);
  EXPECT_EQ(error_of(decode_block(encode(block))), "too_long");
}

TEST(Limits, ACommitNamesAtLeastOneBlock) {
  Commit commit = examples::commit();
  commit.blocks.resize(kBlocksPerCommitMax);
  EXPECT_TRUE(decoded(commit));
  commit.blocks.emplace_back();
  EXPECT_EQ(error_of(decoded(commit)), "too_long");
  commit.blocks.clear();
  EXPECT_EQ(error_of(decoded(commit)), "bad_length");
}

TEST(Limits, ACommitteeHasOneToAHundredMembers) {
  Checkpoint checkpoint = examples::checkpoint();
  checkpoint.next->members.resize(kCommitteeMax);
  EXPECT_TRUE(decode_checkpoint(encode(checkpoint)));
  checkpoint.next->members.emplace_back();
  EXPECT_EQ(error_of(decode_checkpoint(encode(checkpoint))), "too_long");
  checkpoint.next->members.clear();
  EXPECT_EQ(error_of(decode_checkpoint(encode(checkpoint))), "bad_length");
}

TEST(Limits, ASecretRemembersAtMostItsVersionNodes) {
  SecretState state = examples::secret_state();
  VersionNode node = examples::version_node(1);
  node.parents.clear();
  state.versions.assign(kVersionNodesMax, node);
  EXPECT_TRUE(decode_secret_state(encode(state)));
  state.versions.push_back(node);
  EXPECT_EQ(error_of(decode_secret_state(encode(state))), "too_long");
}

TEST(Limits, EveryListOfAChangeEnds) {
  RoleRecord role{RoleId{9}, {}, std::vector<std::uint64_t>(kPermissionsMax)};
  EXPECT_TRUE(decoded(Change{DefineRole{role}}));
  role.permissions.push_back(0);
  EXPECT_EQ(error_of(decoded(Change{DefineRole{role}})), "too_long");

  PolicyRecord policy = examples::policy();
  policy.checks.assign(kChecksMax, TimeWindow{});
  EXPECT_TRUE(decoded(Change{SetPolicy{policy}}));
  policy.checks.emplace_back();
  EXPECT_EQ(error_of(decoded(Change{SetPolicy{policy}})), "too_long");
  policy.checks = {RequireMultiSig{std::vector<PersonId>(kPersonsMax + 1), 1}};
  EXPECT_EQ(error_of(decoded(Change{SetPolicy{policy}})), "too_long");

  EXPECT_TRUE(decoded(Change{SetValidators{std::vector<DeviceId>(kValidatorsMax)}}));
  EXPECT_EQ(error_of(decoded(Change{SetValidators{std::vector<DeviceId>(kValidatorsMax + 1)}})),
            "too_long");
  EXPECT_TRUE(decoded(Change{SetStrategy{base::Bytes(kSettingsBytesMax)}}));
  EXPECT_EQ(error_of(decoded(Change{SetStrategy{base::Bytes(kSettingsBytesMax + 1)}})), "too_long");

  RewrapRecord rewrap{{}, {}, {}};
  rewrap.keys.assign(kRewrapsMax, {VersionId{}, base::Bytes(kWrappedKeyBytes)});
  EXPECT_TRUE(decoded(Change{RewrapKeys{rewrap}}));
  rewrap.keys.push_back(rewrap.keys.back());
  EXPECT_EQ(error_of(decoded(Change{RewrapKeys{rewrap}})), "too_long");
}

TEST(Limits, ATransactionHasOneTo256Changes) {
  std::vector<Change> changes(kChangesMax, Change{CloseEpoch{}});
  EXPECT_TRUE(decode_transaction(examples::signed_bytes(examples::transaction(changes))));
  changes.push_back(Change{CloseEpoch{}});
  EXPECT_EQ(error_of(encode_unsigned(examples::transaction(changes))), "too_long");
  EXPECT_EQ(error_of(encode_unsigned(examples::transaction({}))), "bad_length");
}

TEST(Limits, ATransactionEndsAtItsByteLimit) {
  Version big = examples::first_version();
  big.sealed.assign(kSealedBytesMax, 0);
  const Change change{AddSecret{encode(big)}};
  EXPECT_TRUE(encode_unsigned(examples::transaction({change})));
  EXPECT_EQ(error_of(encode_unsigned(examples::transaction({change, change}))), "too_long");
  EXPECT_EQ(error_of(decode_transaction(base::Bytes(kTransactionBytesMax + 1))), "too_long");
}

}  // namespace
}  // namespace holdfast::model
