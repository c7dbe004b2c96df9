#include "consensus/block_rules.h"

#include <gmock/gmock.h>

#include "dag_text.h"
#include "sim/signatures.h"

namespace holdfast::consensus {
namespace {

using base::Bytes, base::Error;
using model::CommitDigest, model::Epoch, model::Header, model::Height;

class BlockRules : public testing::Test {
 protected:
  BlockRules() { drawing_.draw("Rounds 1-3: { * }"); }

  // A valid header of A in round 4, for the test to spoil.
  [[nodiscard]] auto header(std::initializer_list<const char*> ancestors = {"A3", "B3", "C3",
                                                                            "D3"}) const -> Header {
    std::vector<BlockRef> refs;
    for (const char* name : ancestors) refs.push_back(drawing_.ref(name));
    return header_of(drawing_.epoch(), Round{4}, AuthorIndex{0}, std::move(refs));
  }
  [[nodiscard]] auto check(const Header& header) const -> base::Result<void> {
    return check_header(header, drawing_.epoch());
  }
  void refuses(const Header& header, Error error) const {
    const auto checked = check(header);
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error(), error) << base::error_text(checked.error());
  }

  Drawing drawing_{4};
};

TEST_F(BlockRules, AcceptTheBlocksOfARound) { EXPECT_TRUE(check(header()).has_value()); }

TEST_F(BlockRules, RefuseAForeignVault) {
  Header foreign = header();
  foreign.vault.bytes[0] ^= 1;
  refuses(foreign, Error::foreign_vault);
}
TEST_F(BlockRules, RefuseAnEarlierAndALaterEpoch) {
  Header foreign = header();
  foreign.epoch = Epoch{1};
  refuses(foreign, Error::foreign_epoch);
}
TEST_F(BlockRules, RefuseABlockOfRoundZero) {
  Header block = header({"A0"});
  block.round = Round{0};
  refuses(block, Error::bad_ancestors);
}
TEST_F(BlockRules, RefuseAnAuthorBeyondTheCommittee) {
  Header block = header();
  for (const std::uint64_t author : {std::uint64_t{4}, std::uint64_t{100}, UINT64_MAX}) {
    block.author = AuthorIndex{author};
    block.ancestors[0].author = AuthorIndex{author};
    refuses(block, Error::unknown_validator);
  }
}
// An index that reached an array would read far outside it.
TEST_F(BlockRules, RefuseAnAncestorBeyondTheCommitteeBeforeItIsLookedUp) {
  for (const std::uint64_t author : {std::uint64_t{4}, std::uint64_t{100}, UINT64_MAX})
    for (const std::uint64_t round : {0U, 3U}) {
      Header block = header();
      block.ancestors[1].author = AuthorIndex{author};
      block.ancestors[1].round = Round{round};
      refuses(block, Error::unknown_validator);
    }
}
TEST_F(BlockRules, RefuseNoAncestorsAndMoreThanThereAreValidators) {
  refuses(header({}), Error::bad_ancestors);
  refuses(header({"A3", "B3", "C3", "D3", "B2"}), Error::bad_ancestors);
}
TEST_F(BlockRules, RefuseAFirstAncestorOfAnotherAuthor) {
  refuses(header({"B3", "A3", "C3", "D3"}), Error::bad_ancestors);
}
TEST_F(BlockRules, RefuseAnAuthorTwiceThoughItsBlocksDiffer) {
  refuses(header({"A3", "B3", "C3", "B2"}), Error::bad_ancestors);
  drawing_.draw("Round 3: { B3'->[*] }");
  refuses(header({"A3", "B3", "C3", "B3'"}), Error::bad_ancestors);
}
TEST_F(BlockRules, RefuseAncestorsOfTheOwnRoundAndLater) {
  for (const std::uint64_t round : {4U, 5U}) {
    Header block = header();
    block.ancestors[3].round = Round{round};
    refuses(block, Error::bad_ancestors);
  }
}
TEST_F(BlockRules, RefuseAGenesisBlockThatIsNotTheKnownOne) {
  Header block = header_of(drawing_.epoch(), Round{1}, AuthorIndex{0}, drawing_.epoch().genesis);
  EXPECT_TRUE(check(block).has_value());
  block.ancestors[2].digest.bytes[0] ^= 1;
  refuses(block, Error::bad_ancestors);
  std::swap(block.ancestors[2].digest, block.ancestors[3].digest);
  refuses(block, Error::bad_ancestors);
}
TEST_F(BlockRules, RefuseLessThanAQuorumOfParentsOfTheRoundBefore) {
  EXPECT_TRUE(check(header({"A3", "B3", "C3"})).has_value());
  refuses(header({"A3", "B3"}), Error::too_few_parents);
  refuses(header({"A3", "B3", "C2", "D2"}), Error::too_few_parents);
}
TEST_F(BlockRules, AQuorumIsAllButFNotTwoFPlusOne) {
  Drawing five{5};
  five.draw("Rounds 1-3: { * }");
  std::vector<BlockRef> refs;
  for (const char* name : {"A3", "B3", "C3", "D3"}) refs.push_back(five.ref(name));
  EXPECT_TRUE(check_header(header_of(five.epoch(), Round{4}, AuthorIndex{0}, refs), five.epoch()));
  refs.pop_back();
  const auto less =
      check_header(header_of(five.epoch(), Round{4}, AuthorIndex{0}, refs), five.epoch());
  ASSERT_FALSE(less.has_value());
  EXPECT_EQ(less.error(), Error::too_few_parents);
}
TEST_F(BlockRules, AcceptAnOwnBlockFromBeforeAGapAndWeakAncestors) {
  EXPECT_TRUE(check(header({"A1", "B3", "C3", "D3"})).has_value());
  EXPECT_TRUE(check(header({"A0", "B3", "C3", "D3"})).has_value());
  EXPECT_TRUE(check(header({"A3", "B3", "C3", "D1"})).has_value());
}
TEST_F(BlockRules, RefuseCommitVotesThatDoNotRise) {
  Header block = header();
  block.commit_votes = {{Height{3}, {}}, {Height{5}, {}}};
  EXPECT_TRUE(check(block).has_value());
  block.commit_votes = {{Height{5}, {}}, {Height{5}, CommitDigest{{1}}}};
  refuses(block, Error::bad_commit_votes);
  block.commit_votes = {{Height{5}, {}}, {Height{3}, {}}};
  refuses(block, Error::bad_commit_votes);
}
TEST_F(BlockRules, RefuseMoreCommitVotesThanABlockMayHave) {
  Header block = header();
  for (std::uint64_t height = 1; height <= model::kCommitVotesMax; ++height)
    block.commit_votes.push_back({Height{height}, {}});
  EXPECT_TRUE(check(block).has_value());
  block.commit_votes.push_back({Height{model::kCommitVotesMax + 1}, {}});
  refuses(block, Error::bad_commit_votes);
}

class PayloadRules : public BlockRules {
 protected:
  [[nodiscard]] auto sealed(std::vector<Bytes> payload) const -> model::Block {
    return **seal(drawing_.epoch(), header(), std::move(payload));
  }
  static void refuses_payload(const model::Block& block, Error error) {
    const auto checked = check_payload(block, primitives().merkle_root);
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error(), error);
  }
};

TEST_F(PayloadRules, AcceptNoneAndWhatTheHeaderNames) {
  EXPECT_TRUE(check_payload(sealed({}), primitives().merkle_root));
  EXPECT_TRUE(check_payload(sealed({{1, 2}, {}, {3}}), primitives().merkle_root));
}
TEST_F(PayloadRules, RefuseAnotherItemAnotherOrderAndAnotherDivision) {
  const model::Block block = sealed({{1, 2}, {3}});
  for (const auto& other : std::vector<std::vector<Bytes>>{
           {{1, 2}, {4}}, {{3}, {1, 2}}, {{1, 2, 3}}, {{1}, {2, 3}}, {{1, 2}, {3}, {}}}) {
    model::Block changed = block;
    changed.payload = other;
    refuses_payload(changed, Error::payload_mismatch);
  }
}
TEST_F(PayloadRules, RefuseALengthThatIsNotThatOfTheItems) {
  model::Block block = sealed({{1, 2}, {3}});
  ++block.fields.payload_len;
  refuses_payload(block, Error::payload_mismatch);
}
TEST_F(PayloadRules, RefuseMoreItemsAndMoreBytesThanABlockMayHold) {
  EXPECT_TRUE(
      check_payload(sealed(std::vector<Bytes>(model::kPayloadItemsMax)), primitives().merkle_root));
  refuses_payload(sealed(std::vector<Bytes>(model::kPayloadItemsMax + 1)), Error::too_long);
  EXPECT_TRUE(check_payload(sealed({Bytes(model::kPayloadBytesMax)}), primitives().merkle_root));
  refuses_payload(sealed({Bytes(model::kPayloadBytesMax), {1}}), Error::too_long);
}

// From a program of its own: CBOR written by hand and hashlib's SHA-256.
constexpr auto kHeaderHex =
    "8c01015820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0319012c021b00000199"
    "c8"
    "2cc000848319012b02582002020202020202020202020202020202020202020202020202020202020202028319012b"
    "00"
    "582000000000000000000000000000000000000000000000000000000000000000008319012b015820010101010101"
    "01"
    "0101010101010101010101010101010101010101010101010183110358200303030303030303030303030303030303"
    "03"
    "03030303030303030303030303035820f80e556c5f7736e43fca17f02069e9852c1bb9896a0d24960d1771d07d0f70"
    "fd"
    "0c8282075820090909090909090909090909090909090909090909090909090909090909090982085820"
    "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0af5";
constexpr auto kDigestHex = "66c12e8b70deecbe5a04e31b1c49ba4c93770a5ba19beb9dcf120464b7607cf6";

auto pinned_header() -> Header {
  const auto ancestor = [](std::uint64_t round, std::uint8_t author) {
    BlockRef ref{Round{round}, AuthorIndex{author}, {}};
    ref.digest.bytes.fill(author);
    return ref;
  };
  Header header;
  for (std::size_t i = 0; i < 32; ++i) header.vault.bytes[i] = static_cast<std::uint8_t>(i);
  header.epoch = Epoch{3};
  header.round = Round{300};
  header.author = AuthorIndex{2};
  header.timestamp = model::TimeMs{1'760'000'000'000};
  header.ancestors = {ancestor(299, 2), ancestor(299, 0), ancestor(299, 1), ancestor(17, 3)};
  const std::vector<base::ByteView> items{base::view_of("first"), base::view_of("second!")};
  header.payload_root = primitives().merkle_root(items);
  header.payload_len = 12;
  header.commit_votes = {{Height{7}, {}}, {Height{8}, {}}};
  header.commit_votes[0].digest.bytes.fill(9);
  header.commit_votes[1].digest.bytes.fill(10);
  header.ready = true;
  return header;
}

TEST(BlockBytes, AreThoseOfAnIndependentProgram) {
  const Bytes encoded = model::encode(pinned_header());
  EXPECT_EQ(base::to_hex(encoded), kHeaderHex);
  const auto decoded = model::decode_header(encoded);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, pinned_header());
}

// [suite 1, vault, null, header], the vault and the header as byte strings.
TEST(BlockBytes, AreSignedWithSuiteAndVaultAndNoRecipient) {
  const Header header = pinned_header();
  const Bytes message = model::header_message(header.vault, model::encode(header));
  const std::string body{kHeaderHex};
  EXPECT_EQ(base::to_hex(message),
            "84015820" + header.vault.hex() + "f65901" +
                base::to_hex(Bytes{static_cast<std::uint8_t>(body.size() / 2 - 256)}) + body);
  const Bytes all = crypto::signed_bytes(crypto::Purpose::block, message);
  EXPECT_TRUE(base::text_of(all).starts_with(std::string_view{"holdfast/1/block\0", 17}));
}

TEST(BlockBytes, DigestCoversHeaderAndSignature) {
  const Bytes header = model::encode(pinned_header());
  crypto::Signature signature;
  signature.bytes.fill(0xab);
  EXPECT_EQ(model::block_digest(header, signature).hex(), kDigestHex);
  signature.bytes.back() ^= 1;
  EXPECT_NE(model::block_digest(header, signature).hex(), kDigestHex);
}

TEST(BlockBytes, GenesisIsBoundToVaultEpochCommitteeAndAuthor) {
  const EpochRules epoch = epoch_of(4);
  std::set<model::BlockDigest> digests;
  for (const BlockRef& ref : epoch.genesis) digests.insert(ref.digest);
  EXPECT_EQ(digests.size(), 4U);
  model::VaultId vault = epoch.vault;
  vault.bytes[0] ^= 1;
  digests.insert(model::genesis_ref(vault, epoch.committee, AuthorIndex{0}).digest);
  model::Committee later = epoch.committee;
  later.epoch = Epoch{1};
  digests.insert(model::genesis_ref(epoch.vault, later, AuthorIndex{0}).digest);
  model::Committee other = epoch.committee;
  other.members[3].node_key.bytes[0] ^= 1;
  digests.insert(model::genesis_ref(epoch.vault, other, AuthorIndex{0}).digest);
  EXPECT_EQ(digests.size(), 7U);
}

}  // namespace
}  // namespace holdfast::consensus
