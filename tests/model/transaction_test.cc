#include "model/transaction.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "codec/cbor_writer.h"
#include "model/examples.h"
#include "model/signing.h"

namespace holdfast::model {
namespace {

using base::Bytes, base::ByteView, base::Error;

TEST(Transaction, KeepsItsFieldsBytesAndSignature) {
  const Bytes bytes = examples::signed_bytes(examples::transaction(examples::all_changes()));
  const SignedTransaction decoded = decode_transaction(bytes).value();
  EXPECT_EQ(decoded.bytes, bytes);
  EXPECT_EQ(decoded.signature, examples::signature());
  const Transaction expected = examples::transaction({});
  EXPECT_EQ(decoded.fields.vault, expected.vault);
  EXPECT_EQ(decoded.fields.author, expected.author);
  EXPECT_EQ(decoded.fields.seq, expected.seq);
  EXPECT_EQ(decoded.fields.previous, expected.previous);
  EXPECT_EQ(decoded.fields.height_seen, expected.height_seen);
  EXPECT_EQ(decoded.fields.created, expected.created);
  ASSERT_EQ(decoded.fields.changes.size(), examples::all_changes().size());
  for (std::size_t i = 0; i < decoded.fields.changes.size(); ++i)
    EXPECT_EQ(decoded.fields.changes[i].what.index(), i);  // one of every type, in order
  const auto& add = std::get<AddSecret>(decoded.fields.changes[0].what);
  EXPECT_EQ(add.version, encode(examples::first_version()));
  const auto& policy = std::get<SetPolicy>(decoded.fields.changes[12].what);
  EXPECT_EQ(policy.policy, examples::policy());
  const auto& propose = std::get<Propose>(decoded.fields.changes[20].what);
  EXPECT_TRUE(std::holds_alternative<RemoveMember>(propose.proposal->what));
}

TEST(Transaction, IdAndMessageFollowFromTheUnsignedBody) {
  const Transaction fields = examples::small_transaction();
  const Bytes body = encode_unsigned(fields).value();
  const SignedTransaction decoded =
      decode_transaction(attach_signature(body, examples::signature())).value();
  EXPECT_EQ(decoded.signed_message, transaction_message(fields.vault, body));
  EXPECT_EQ(decoded.signed_message, signed_message(fields.vault, std::nullopt, body));
  EXPECT_EQ(decoded.id.bytes, domain_digest("transaction", body).bytes);
}

TEST(Transaction, IdDoesNotDependOnTheSignature) {
  const Bytes body = encode_unsigned(examples::small_transaction()).value();
  const auto with = [&](std::uint8_t seed) {
    return decode_transaction(attach_signature(body, examples::fixed<crypto::Signature>(seed)))
        .value();
  };
  EXPECT_EQ(with(1).id, with(2).id);
  EXPECT_NE(with(1).bytes, with(2).bytes);
}

TEST(Transaction, TheSignatureCoversEveryOtherBit) {
  Bytes bytes = examples::signed_bytes(examples::small_transaction());
  const SignedTransaction original = decode_transaction(bytes).value();
  const std::size_t signature_start = bytes.size() - crypto::Signature::kSize;
  std::size_t accepted = 0;
  for (std::size_t bit = 0; bit < 8 * signature_start; ++bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << bit % 8));
    if (const auto decoded = decode_transaction(bytes)) {
      ++accepted;
      ASSERT_NE(decoded->signed_message, original.signed_message) << "bit " << bit;
      ASSERT_NE(decoded->id, original.id) << "bit " << bit;
    }
    bytes[bit / 8] = original.bytes[bit / 8];
  }
  EXPECT_GT(accepted, 1000U);  // ids, times and bodies may hold anything
}

TEST(Transaction, AProposalInsideAProposalIsTooDeep) {
  const auto inner = std::make_shared<const Change>(Change{CloseEpoch{}});
  const auto middle = std::make_shared<const Change>(Change{Propose{inner}});
  const Transaction nested = examples::transaction({Change{Propose{middle}}});
  EXPECT_EQ(encode_unsigned(nested).error(), Error::too_deep);

  // the same, hand-made: 33 within 33, as deep as an attacker likes
  const Transaction single = examples::transaction({Change{Propose{inner}}});
  Bytes body = encode_unsigned(single).value();
  const Bytes close_epoch = {0x81, 0x18, 0x23};
  const auto at = std::search(body.begin(), body.end(), close_epoch.begin(), close_epoch.end());
  ASSERT_NE(at, body.end());
  Bytes proposals;
  for (int i = 0; i < 600'000; ++i) base::append(proposals, Bytes{0x82, 0x18, 0x21});
  body.insert(at, proposals.begin(), proposals.end());
  EXPECT_EQ(decode_transaction(attach_signature(body, examples::signature())).error(),
            Error::too_deep);
}

TEST(Transaction, AnUnknownChangeIsRefused) {
  Bytes body = encode_unsigned(examples::transaction({Change{CloseEpoch{}}})).value();
  ASSERT_EQ(body.back(), 35);
  for (const std::uint8_t number : Bytes{29, 37, 99}) {
    body.back() = number;
    EXPECT_EQ(decode_transaction(attach_signature(body, examples::signature())).error(),
              Error::out_of_range);
  }
}

TEST(Transaction, AnAbsurdChangeCountIsRefusedBeforeAnythingIsAllocated) {
  const Bytes body = encode_unsigned(examples::transaction({Change{CloseEpoch{}}})).value();
  for (const std::uint8_t width : Bytes{0x9a, 0x9b}) {  // 2^32-1 and 2^64-1 changes
    Bytes lying = body;
    lying.resize(lying.size() - 4);  // array(1) of array(1) of 35
    lying.push_back(width);
    lying.insert(lying.end(), width == 0x9a ? 4 : 8, 0xff);
    EXPECT_EQ(decode_transaction(attach_signature(lying, examples::signature())).error(),
              Error::too_long);
  }
}

TEST(ChangeNumber, FollowsTheSchema) {
  EXPECT_EQ(change_number(Change{AddSecret{}}.what.index()), 0U);
  EXPECT_EQ(change_number(Change{PurgeSecret{}}.what.index()), 3U);
  EXPECT_EQ(change_number(Change{AddCategory{}}.what.index()), 10U);
  EXPECT_EQ(change_number(Change{AddMember{}}.what.index()), 20U);
  EXPECT_EQ(change_number(Change{RenewWrapKey{}}.what.index()), 28U);
  EXPECT_EQ(change_number(Change{SetValidators{}}.what.index()), 30U);
  EXPECT_EQ(change_number(Change{Propose{}}.what.index()), 33U);
  EXPECT_EQ(change_number(Change{ConfirmTime{}}.what.index()), 36U);
}

TEST(Version, IdIsTheDigestOfItsBytes) {
  const EncodedVersion version = encode(examples::version());
  EXPECT_EQ(version.id.bytes, domain_digest("version", version.bytes).bytes);
  EXPECT_EQ(decode_version(version.bytes).value().id, version.id);
}

}  // namespace
}  // namespace holdfast::model
