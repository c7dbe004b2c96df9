#include "node/node_signer.h"

#include <gtest/gtest.h>

#include "support/temp_folder.h"

namespace holdfast::node {
namespace {

class NodeSignerTest : public testing::Test {
 protected:
  auto seed() -> crypto::SigningSeed {
    return crypto::SigningSeed::make(*keys_,
                                     [](auto bytes) { std::ranges::fill(bytes, std::uint8_t{7}); })
        .value();
  }
  auto path() const -> store::Path { return temp_.path() / "signer"; }
  auto open() -> std::unique_ptr<NodeSigner> {
    auto file = std::filesystem::exists(path()) ? store::SignerFile::open(path())
                                                : store::SignerFile::create(path(), {});
    return std::make_unique<NodeSigner>(crypto::Signer::create(seed()).value(), *std::move(file));
  }
  static auto state(std::uint64_t round) -> store::SignerState {
    return {.epoch = 0, .round = round, .digest = {}, .synced = ports::SequenceNumber{round}};
  }
  auto round_on_disk() const -> std::uint64_t {
    return store::SignerFile::open(path()).value()->state().round;
  }

  test::TempFolder temp_;
  std::unique_ptr<base::SecretMemory> keys_ =
      base::SecretMemory::create({.bytes_max = 1 << 20, .lock = base::Lock::attempted}).value();
};

TEST_F(NodeSignerTest, SignsWhatItWasGiven) {
  const auto signer = open();
  const base::Bytes message{1, 2, 3};
  signer->begin(crypto::Purpose::block, message, {});
  const auto signature = signer->finish();
  ASSERT_TRUE(signature.has_value());
  auto direct = crypto::Signer::create(seed()).value();
  const NodeSigner::Randomness none{};
  EXPECT_EQ(*signature, direct.sign(crypto::Purpose::block, message, none).value());
  EXPECT_EQ(signer->public_key(), direct.public_key());
}

TEST_F(NodeSignerTest, WhatIsNotedIsOnDiskOnceItSettles) {
  const auto signer = open();
  signer->note(state(5));
  ASSERT_TRUE(signer->settled());
  EXPECT_EQ(round_on_disk(), 5U);
}

TEST_F(NodeSignerTest, TheNewestOfManyNotesIsWrittenBeforeItEnds) {
  auto signer = open();
  for (std::uint64_t round = 1; round <= 200; ++round) signer->note(state(round));
  signer.reset();
  EXPECT_EQ(round_on_disk(), 200U);
}

TEST_F(NodeSignerTest, AFailedNoteIsRemembered) {
  const auto signer = open();
  signer->note(state(5));
  ASSERT_TRUE(signer->settled());
  signer->note(state(4));  // a round that goes back
  EXPECT_EQ(signer->settled().error(), base::Error::signer_regression);
  EXPECT_EQ(signer->noted().error(), base::Error::signer_regression);
  EXPECT_EQ(round_on_disk(), 5U);
}

}  // namespace
}  // namespace holdfast::node
