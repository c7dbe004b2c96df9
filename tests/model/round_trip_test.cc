// Every structure: encode, decode, compare; every prefix; every single flipped bit.
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "model/examples.h"

namespace holdfast::model {
namespace {

using base::Bytes, base::ByteView, base::Error, base::Result;

// Decodes and encodes again: the bytes, or why they were refused.
using Recode = std::function<Result<Bytes>(ByteView)>;

template <class Decode>
auto recode(Decode decode) -> Recode {
  return [decode](ByteView bytes) -> Result<Bytes> {
    TRY(value, decode(bytes));
    if constexpr (requires { value.bytes; }) {
      return encode(value.fields).bytes;
    } else {
      return encode(value);
    }
  };
}
auto recode_transaction(ByteView bytes) -> Result<Bytes> {
  TRY(transaction, decode_transaction(bytes));
  TRY(body, encode_unsigned(transaction.fields));
  return attach_signature(body, transaction.signature);
}

struct Structure {
  std::string name;
  Bytes example;
  Recode recode;
};

auto structures() -> std::vector<Structure> {
  namespace e = examples;
  const auto transaction = [](std::vector<Change> changes) {
    return e::signed_bytes(e::transaction(std::move(changes)));
  };
  return {
      {"Version", encode(e::version()).bytes, recode(decode_version)},
      {"tombstone", encode(e::tombstone()).bytes, recode(decode_version)},
      {"Stub", encode(e::stub()), recode(decode_stub)},
      {"KeyGeneration", encode(e::key_generation()), recode(decode_key_generation)},
      {"MemberRecord", encode(e::member()), recode(decode_member_record)},
      {"replica", encode(e::replica()), recode(decode_member_record)},
      {"Genesis", encode(e::genesis()), recode(decode_genesis)},
      {"small transaction", e::signed_bytes(e::small_transaction()), recode_transaction},
      {"transaction", transaction(e::all_changes()), recode_transaction},
      {"Header", encode(e::header()), recode(decode_header)},
      {"Block", encode(e::block()), recode(decode_block)},
      {"Commit", encode(e::commit()), recode(decode_commit)},
      {"Checkpoint", encode(e::checkpoint()), recode(decode_checkpoint)},
      {"CheckpointVote", encode(e::checkpoint_vote()), recode(decode_checkpoint_vote)},
      {"ChainState", encode(e::chain_state()), recode(decode_chain_state)},
      {"MemberState", encode(e::member_state()), recode(decode_member_state)},
      {"AuthorState", encode(e::author_state()), recode(decode_author_state)},
      {"Roster", encode(e::roster()), recode(decode_roster)},
      {"CategoryState", encode(e::category_state()), recode(decode_category_state)},
      {"SecretState", encode(e::secret_state()), recode(decode_secret_state)},
      {"AuditRecord", encode(e::audit_record()), recode(decode_audit_record)},
  };
}

TEST(RoundTrip, EveryStructureKeepsItsBytes) {
  for (const auto& [name, example, again] : structures()) {
    const auto result = again(example);
    ASSERT_TRUE(result) << name << ": " << base::error_name(result.error());
    EXPECT_EQ(*result, example) << name;
  }
}

TEST(RoundTrip, EveryStructureKeepsItsFields) {
  namespace e = examples;
  EXPECT_EQ(decode_version(encode(e::version()).bytes).value(), encode(e::version()));
  EXPECT_EQ(decode_stub(encode(e::stub())).value(), e::stub());
  EXPECT_EQ(decode_key_generation(encode(e::key_generation())).value(), e::key_generation());
  EXPECT_EQ(decode_member_record(encode(e::member())).value(), e::member());
  EXPECT_EQ(decode_genesis(encode(e::genesis())).value(), e::genesis());
  EXPECT_EQ(decode_header(encode(e::header())).value(), e::header());
  EXPECT_EQ(decode_commit(encode(e::commit())).value(), e::commit());
  EXPECT_EQ(decode_checkpoint(encode(e::checkpoint())).value(), e::checkpoint());
  EXPECT_EQ(decode_chain_state(encode(e::chain_state())).value(), e::chain_state());
  EXPECT_EQ(decode_member_state(encode(e::member_state())).value(), e::member_state());
  EXPECT_EQ(decode_category_state(encode(e::category_state())).value(), e::category_state());
  EXPECT_EQ(decode_secret_state(encode(e::secret_state())).value(), e::secret_state());
  EXPECT_EQ(decode_audit_record(encode(e::audit_record())).value(), e::audit_record());

  const Block block = decode_block(encode(e::block())).value();
  EXPECT_EQ(block.fields, e::header());
  EXPECT_EQ(block.header, encode(e::header()));
  EXPECT_EQ(block.signature, e::block().signature);
  EXPECT_EQ(block.payload, e::block().payload);
  EXPECT_EQ(block.digest, e::block().digest);

  const CheckpointVote vote = decode_checkpoint_vote(encode(e::checkpoint_vote())).value();
  EXPECT_EQ(vote.checkpoint, encode(e::checkpoint()));
  EXPECT_EQ(vote.author, e::checkpoint_vote().author);
  EXPECT_EQ(vote.signature, e::checkpoint_vote().signature);
}

TEST(RoundTrip, EveryOptionalFieldMayBeAbsent) {
  namespace e = examples;
  KeyGeneration generation = e::key_generation();
  generation.previous.reset();
  generation.old_key_sealed.reset();
  generation.wraps.clear();
  EXPECT_EQ(decode_key_generation(encode(generation)).value(), generation);
  EXPECT_EQ(decode_member_record(encode(e::replica())).value(), e::replica());
  Genesis genesis = e::genesis();
  genesis.recovery_key.reset();
  EXPECT_EQ(decode_genesis(encode(genesis)).value(), genesis);
  Checkpoint checkpoint = e::checkpoint();
  checkpoint.next.reset();
  EXPECT_EQ(decode_checkpoint(encode(checkpoint)).value(), checkpoint);
  ChainState chain = e::chain_state();
  chain.root_category.reset();
  EXPECT_EQ(decode_chain_state(encode(chain)).value(), chain);
  MemberState member = e::member_state();
  member.removed.reset();
  EXPECT_EQ(decode_member_state(encode(member)).value(), member);
  AuthorState author = e::author_state();
  author.last_tx.reset();
  EXPECT_EQ(decode_author_state(encode(author)).value(), author);
  Transaction first = e::small_transaction();
  first.previous.reset();
  EXPECT_FALSE(decode_transaction(e::signed_bytes(first)).value().fields.previous);
}

TEST(RoundTrip, TheLargestNumbersSurvive) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  Header header = examples::header();
  header.round = Round{kMax};
  header.timestamp = TimeMs{kMax};
  header.commit_votes.back().height = Height{kMax};
  EXPECT_EQ(decode_header(encode(header)).value(), header);
}

TEST(RoundTrip, EveryPrefixIsRefused) {
  for (const auto& [name, example, again] : structures()) {
    for (std::size_t size = 0; size < example.size(); ++size)
      ASSERT_FALSE(again(ByteView{example}.first(size))) << name << " cut to " << size;
  }
}

TEST(RoundTrip, ATrailingByteIsRefused) {
  for (auto [name, example, again] : structures()) {
    example.push_back(0);
    EXPECT_EQ(again(example).error(), Error::trailing_bytes) << name;
  }
}

// Whatever one flipped bit makes of a message: refused, or other content under the same bytes.
TEST(RoundTrip, EveryFlippedBitIsRefusedOrDecodesToOtherContent) {
  std::size_t refused = 0, accepted = 0;
  for (auto [name, example, again] : structures()) {
    if (example.size() > 6000) continue;  // the long ones repeat what the short ones have
    const Bytes original = example;
    for (std::size_t bit = 0; bit < 8 * example.size(); ++bit) {
      example[bit / 8] = static_cast<std::uint8_t>(example[bit / 8] ^ (1U << bit % 8));
      const auto result = again(example);
      if (result) {
        ASSERT_EQ(*result, example) << name << " bit " << bit;
        ASSERT_NE(*result, original) << name << " bit " << bit;
      }
      ++(result ? accepted : refused);
      example[bit / 8] = original[bit / 8];
    }
  }
  EXPECT_GT(refused, 1000U);
  EXPECT_GT(accepted, 1000U);
}

TEST(RoundTrip, AnotherFormatVersionIsRefusedAsSuch) {
  for (const auto& [name, example, again] : structures()) {
    if (name == "Block" || name == "CheckpointVote" || name == "MemberRecord" || name == "replica")
      continue;  // their versions lie within
    for (const std::uint8_t version : {std::uint8_t{0}, std::uint8_t{2}}) {
      Bytes other = example;
      ASSERT_EQ(other[1], kFormatVersion) << name;
      other[1] = version;
      EXPECT_EQ(again(other).error(), Error::unsupported_version) << name;
    }
  }
}

TEST(RoundTrip, AnotherSuiteIsRefusedAsSuch) {
  for (const auto& [name, example, again] : structures()) {
    if (name != "Version" && name != "KeyGeneration" && name != "Genesis" &&
        name != "transaction" && name != "Header")
      continue;
    Bytes other = example;
    ASSERT_EQ(other[2], kSuite) << name;
    other[2] = 2;
    EXPECT_EQ(again(other).error(), Error::unsupported_suite) << name;
  }
}

TEST(RoundTrip, AnElementMoreOrLessIsRefused) {
  for (const auto& [name, example, again] : structures()) {
    Bytes longer = example;
    ++longer.front();
    longer.push_back(0);
    EXPECT_EQ(again(longer).error(), Error::bad_length) << name;
    Bytes shorter = example;
    --shorter.front();
    EXPECT_FALSE(again(shorter)) << name;
  }
}

}  // namespace
}  // namespace holdfast::model
