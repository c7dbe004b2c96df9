// What digests, signatures and encryptions bind: the exact bytes, and that each input matters.
#include "model/signing.h"

#include <gtest/gtest.h>

#include <set>

#include "model/examples.h"

namespace holdfast::model {
namespace {

using base::Bytes, base::to_hex;

TEST(Signing, MessageIsSuiteVaultRecipientBody) {
  const auto vault = examples::fixed<VaultId>(1);
  const auto device = examples::fixed<DeviceId>(2);
  const Bytes body = {0xaa, 0xbb};
  EXPECT_EQ(to_hex(signed_message(vault, device, body)),
            "8401"
            "5820" +
                vault.hex() + "5820" + device.hex() + "42aabb");
  EXPECT_EQ(to_hex(signed_message(vault, std::nullopt, body)),
            "8401"
            "5820" +
                vault.hex() +
                "f6"
                "42aabb");
  EXPECT_EQ(to_hex(signed_message(std::nullopt, std::nullopt, body)), "8401f6f642aabb");
}

TEST(Signing, DigestIsOverDomainAndBody) {
  Bytes input = base::from_hex("82").value();
  base::append(input, Bytes{0x72});  // text of 18 bytes
  base::append(input, base::view_of("holdfast/1/version"));
  base::append(input, Bytes{0x43, 1, 2, 3});
  EXPECT_EQ(domain_digest("version", Bytes{1, 2, 3}), crypto::sha256(input));
}

TEST(Signing, EveryDomainGivesAnotherDigest) {
  std::set<Digest> digests;
  for (const std::string_view domain :
       {"version", "transaction", "genesis", "device", "block-digest", "commit", "key-generation",
        "state-key", "state-value", "readers", "generation-commitment"})
    digests.insert(domain_digest(domain, Bytes{1}));
  EXPECT_EQ(digests.size(), 11U);
}

TEST(Signing, BlockDigestCoversHeaderAndSignature) {
  const Block block = examples::block();
  Bytes input{0x83, 0x77};  // text of 23 bytes
  base::append(input, base::view_of("holdfast/1/block-digest"));
  const std::size_t size = block.header.size();
  ASSERT_GT(size, 255U);
  base::append(input, Bytes{0x59, static_cast<std::uint8_t>(size / 256),
                            static_cast<std::uint8_t>(size % 256)});
  base::append(input, block.header);
  base::append(input, Bytes{0x59, 0x0d, 0x2d});
  base::append(input, block.signature.view());
  EXPECT_EQ(block.digest.bytes, crypto::sha256(input).bytes);
  EXPECT_NE(block_digest(block.header, examples::fixed<crypto::Signature>(1)), block.digest);
}

TEST(Signing, GenerationCommitmentBindsVaultCategoryNumberAndKey) {
  const auto vault = examples::fixed<VaultId>(1);
  const auto category = examples::fixed<CategoryId>(2);
  const auto key = examples::fixed<Digest>(3);
  Bytes input{0x85, 0x78, 0x20};  // text of 32 bytes
  base::append(input, base::view_of("holdfast/1/generation-commitment"));
  base::append(input, Bytes{0x58, 0x20});
  base::append(input, vault.view());
  input.push_back(0x50);
  base::append(input, category.view());
  base::append(input, Bytes{0x07, 0x58, 0x20});
  base::append(input, key.view());
  EXPECT_EQ(generation_commitment(vault, category, Generation{7}, key.view()),
            crypto::sha256(input));
}

TEST(Signing, GenerationWrapInfoIsAsSpecified) {
  const auto device = examples::fixed<DeviceId>(2);
  EXPECT_EQ(to_hex(generation_wrap_info(device, WrapKeyNumber{5})),
            "83"
            "78"
            "1a" +
                to_hex(base::view_of("holdfast/1/generation-wrap")) + "5820" + device.hex() + "05");
}

TEST(Signing, TheSaltOfAGenerationIgnoresItsWrapsAndItsDigestDoesNot) {
  KeyGeneration record = examples::key_generation();
  const Digest salt = generation_salt(record);
  const Digest digest = generation_digest(record);
  record.wraps.pop_back();
  EXPECT_EQ(generation_salt(record), salt);
  EXPECT_NE(generation_digest(record), digest);
  record.reason = 2;
  EXPECT_NE(generation_salt(record), salt);
}

TEST(Signing, SealedVersionsBindEverythingButTheEncryptedParts) {
  const auto vault = examples::fixed<VaultId>(1);
  const Version version = examples::version();
  std::set<std::string> seen{to_hex(sealed_aad(vault, version))};
  std::set<std::string> seen_keys{to_hex(wrapped_key_aad(vault, version))};
  std::size_t variants = 1;
  const auto differs = [&](auto&& change) {
    Version other = version;
    change(other);
    ++variants;
    seen.insert(to_hex(sealed_aad(vault, other)));
    seen_keys.insert(to_hex(wrapped_key_aad(vault, other)));
  };
  differs([](Version& v) { v.secret.bytes[0] ^= 1; });
  differs([](Version& v) { v.category.bytes[0] ^= 1; });
  differs([](Version& v) { v.generation = Generation{9}; });
  differs([](Version& v) { v.parents.pop_back(); });
  differs([](Version& v) { v.replaces.reset(); });
  differs([](Version& v) { v.author.bytes[0] ^= 1; });
  differs([](Version& v) { v.author_seq = AuthorSeq{9}; });
  differs([](Version& v) { v.index = 9; });
  differs([](Version& v) { v.kind = VersionKind::tombstone; });
  EXPECT_EQ(seen.size(), variants);
  EXPECT_EQ(seen_keys.size(), variants);
  EXPECT_FALSE(seen.contains(to_hex(sealed_aad(examples::fixed<VaultId>(2), version))));
  EXPECT_FALSE(seen.contains(to_hex(wrapped_key_aad(vault, version))));

  Version resealed = version;  // the same place, other ciphertext
  resealed.sealed[0] ^= 1;
  resealed.nonce.bytes[0] ^= 1;
  EXPECT_TRUE(seen.contains(to_hex(sealed_aad(vault, resealed))));
  resealed.commitment.bytes[0] ^= 1;
  EXPECT_FALSE(seen_keys.contains(to_hex(wrapped_key_aad(vault, resealed))));
}

TEST(Signing, MemberBodyCoversAllButTheProofs) {
  MemberRecord member = examples::member();
  const Bytes body = member_body(member);
  member.proofs.clear();
  EXPECT_EQ(member_body(member), body);
  std::set<std::string> bodies{to_hex(body)};
  const auto differs = [&](auto&& change) {
    MemberRecord other = member;
    change(other);
    bodies.insert(to_hex(member_body(other)));
  };
  differs([](MemberRecord& m) { m.device.bytes[0] ^= 1; });
  differs([](MemberRecord& m) { m.person.bytes[0] ^= 1; });
  differs([](MemberRecord& m) { m.role = RoleId{0}; });
  differs([](MemberRecord& m) { m.node_key.bytes[0] ^= 1; });
  differs([](MemberRecord& m) { m.author_key.reset(); });
  differs([](MemberRecord& m) { m.wrap_key->key.bytes[0] ^= 1; });
  differs([](MemberRecord& m) { m.sealed_name.clear(); });
  EXPECT_EQ(bodies.size(), 8U);
}

TEST(Signing, WrapKeyBodyBindsDeviceNumberAndKey) {
  const WrapKeyRecord record = examples::wrap_key();
  const auto device = examples::fixed<DeviceId>(1);
  std::set<std::string> bodies{to_hex(wrap_key_body(device, record))};
  bodies.insert(to_hex(wrap_key_body(examples::fixed<DeviceId>(2), record)));
  WrapKeyRecord other = record;
  other.number = WrapKeyNumber{1};
  bodies.insert(to_hex(wrap_key_body(device, other)));
  other = record;
  other.key.bytes[9] ^= 1;
  bodies.insert(to_hex(wrap_key_body(device, other)));
  EXPECT_EQ(bodies.size(), 4U);
  other = record;
  other.signature.bytes[0] ^= 1;
  EXPECT_TRUE(bodies.contains(to_hex(wrap_key_body(device, other))));
}

TEST(Signing, CategoryKeysAndNamesBindTheirPlace) {
  const KeyGeneration record = examples::key_generation();
  const auto device = examples::fixed<DeviceId>(1);
  std::set<std::string> aads{
      to_hex(generation_wrap_aad(record, device, WrapKeyNumber{1})),
      to_hex(generation_wrap_aad(record, device, WrapKeyNumber{2})),
      to_hex(generation_wrap_aad(record, examples::fixed<DeviceId>(2), WrapKeyNumber{1})),
      to_hex(old_key_aad(record))};
  KeyGeneration next_record = record;
  next_record.generation = next(record.generation);
  aads.insert(to_hex(generation_wrap_aad(next_record, device, WrapKeyNumber{1})));
  aads.insert(to_hex(old_key_aad(next_record)));
  const auto vault = examples::fixed<VaultId>(1);
  aads.insert(to_hex(name_aad(vault, device.view())));
  aads.insert(to_hex(name_aad(vault, examples::fixed<CategoryId>(1).view())));
  aads.insert(to_hex(name_aad(examples::fixed<VaultId>(2), device.view())));
  EXPECT_EQ(aads.size(), 9U);
}

TEST(Signing, IdsAreDigestsUnderTheirOwnDomains) {
  const Bytes genesis = encode(examples::genesis());
  EXPECT_EQ(vault_id(genesis).bytes, domain_digest("genesis", genesis).bytes);
  const auto key = examples::fixed<crypto::PublicKey>(1);
  EXPECT_EQ(device_id(key).bytes, domain_digest("device", key.view()).bytes);
  const Bytes commit = encode(examples::commit());
  EXPECT_EQ(commit_digest(commit).bytes, domain_digest("commit", commit).bytes);
  const StateKey state_key{StateType::secret, {1, 2, 3}};
  EXPECT_EQ(state_key.encoded(), (Bytes{4, 1, 2, 3}));
  EXPECT_EQ(state_leaf_key(state_key), domain_digest("state-key", Bytes{4, 1, 2, 3}));
  EXPECT_EQ(state_leaf_value(Bytes{9}), domain_digest("state-value", Bytes{9}));
}

TEST(Signing, GenesisBlocksDifferByVaultCommitteeEpochAndAuthor) {
  const auto vault = examples::fixed<VaultId>(1);
  Committee committee = examples::committee();
  std::set<BlockRef> refs{genesis_ref(vault, committee, AuthorIndex{0}),
                          genesis_ref(vault, committee, AuthorIndex{1}),
                          genesis_ref(examples::fixed<VaultId>(2), committee, AuthorIndex{0})};
  committee.epoch = Epoch{4};
  refs.insert(genesis_ref(vault, committee, AuthorIndex{0}));
  committee.members.pop_back();
  refs.insert(genesis_ref(vault, committee, AuthorIndex{0}));
  EXPECT_EQ(refs.size(), 5U);
  for (const BlockRef& ref : refs) EXPECT_EQ(ref.round, Round{0});
}

TEST(Signing, OutcomeNamesAreDistinct) {
  std::set<std::string_view> names;
  for (std::uint8_t kind = 0; kind <= static_cast<std::uint8_t>(OutcomeKind::malformed); ++kind)
    names.insert(outcome_name(static_cast<OutcomeKind>(kind)));
  EXPECT_EQ(names.size(), 9U);
  EXPECT_EQ(outcome_name(OutcomeKind::stale_generation), "stale_generation");
}

}  // namespace
}  // namespace holdfast::model
