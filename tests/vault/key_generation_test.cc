#include "vault/key_generation.h"

#include <gtest/gtest.h>

#include "crypto/equal.h"
#include "crypto/kdf.h"
#include "vault/test_author.h"

namespace holdfast::vault {
namespace {

using base::Error;
using model::KeyGeneration;
using test::named, test::memory;
using namespace test;

auto category_key_named(std::uint64_t number) -> CategoryKey {
  const auto bytes = named<base::FixedBytes<struct TestKeyTag, 32>>(number);
  return CategoryKey::copy_of(memory(), bytes.view()).value();
}

class KeyGenerations : public testing::Test {
 protected:
  struct Device {
    DeviceId id;
    crypto::Decapsulator wrap;
  };
  KeyGenerations() {
    for (std::uint64_t number = 0; number < 3; ++number) {
      devices.push_back({named<DeviceId>(number),
                         crypto::Decapsulator::create(test::kem_seed_named(number)).value()});
    }
    std::ranges::sort(devices, {}, &Device::id);
  }
  auto start(const CategoryKey& new_key, const CategoryKey* old_key = nullptr,
             Generation number = Generation{1}) -> KeyGeneration {
    GenerationPlan plan{.vault = named<VaultId>(1),
                        .category = named<CategoryId>(2),
                        .generation = number,
                        .previous = {},
                        .reason = 0,
                        .recipients = {}};
    for (std::size_t i = 0; i < devices.size(); ++i) {
      plan.recipients.push_back(
          {devices[i].id, model::WrapKeyNumber{i + 1}, devices[i].wrap.public_key()});
    }
    const auto random = [&](std::span<std::uint8_t> out) {
      for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(++drawn_ * 167);
    };
    return start_generation(aead, plan, new_key, old_key, random, memory()).value();
  }
  auto open(const KeyGeneration& record, Device& as) {
    return open_generation(aead, record, as.id, as.wrap, memory());
  }
  void expect_closed(const KeyGeneration& record, Error expected = Error::authentication_failed) {
    for (Device& device : devices) {
      const auto opened = open(record, device);
      ASSERT_FALSE(opened.has_value());
      EXPECT_EQ(opened.error(), expected) << base::error_name(opened.error());
    }
  }

  crypto::Aead aead;
  std::vector<Device> devices;
  CategoryKey key = category_key_named(7);

 private:
  std::uint32_t drawn_ = 0;
};

TEST_F(KeyGenerations, EveryRecipientOpensTheSameKey) {
  const KeyGeneration record = start(key);
  const auto decoded = model::decode_key_generation(model::encode(record));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, record);
  for (Device& device : devices) {
    const auto opened = open(*decoded, device);
    ASSERT_TRUE(opened.has_value()) << base::error_name(opened.error());
    EXPECT_TRUE(crypto::equal(*opened, key));
  }
}

TEST_F(KeyGenerations, TheRecordNamesItsReaders) {
  const KeyGeneration record = start(key);
  EXPECT_EQ(record.readers, model::readers_digest({devices[0].id, devices[1].id, devices[2].id}));
  EXPECT_FALSE(record.old_key_sealed.has_value());
}

TEST_F(KeyGenerations, AStrangerOpensNothing) {
  const KeyGeneration record = start(key);
  Device stranger{named<DeviceId>(9),
                  crypto::Decapsulator::create(test::kem_seed_named(9)).value()};
  EXPECT_EQ(open(record, stranger).error(), Error::wrong_readers);
  Device impostor{devices[0].id, std::move(stranger.wrap)};  // the id alone is not enough
  EXPECT_EQ(open(record, impostor).error(), Error::authentication_failed);
}

TEST_F(KeyGenerations, ATwoFacedAuthorIsNoticedByTheCommitment) {
  // Two records, honest but for the commitment: what one reader got does not match it.
  KeyGeneration record = start(key);
  const KeyGeneration other = start(category_key_named(8));
  // The salt covers the commitment, so the wraps are made anew around the altered one: a plan of
  // its own is what such an author would run.
  record.commitment = other.commitment;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto random = named<base::FixedBytes<struct KemRandomTag, 64>>(50 + i);
    const auto made =
        crypto::encapsulate(devices[i].wrap.public_key(), random.view(), memory()).value();
    using WrapKey = base::Secret<struct TestWrapKeyTag, 32>;
    auto& wrap = record.wraps[i];
    const auto under =
        WrapKey::make(memory(), [&](auto out) {
          const auto salt = model::generation_salt(record);
          ASSERT_TRUE(made.shared
                          .expose([&](auto ikm) {
                            return crypto::hkdf(ikm, salt.view(),
                                                model::generation_wrap_info(wrap.device, wrap.key),
                                                out);
                          })
                          .has_value());
        }).value();
    const auto nonce = named<crypto::Nonce>(60 + i);
    const auto sealed = under.expose([&](auto bytes) {
      return key.expose([&](auto plain) {
        return aead
            .seal(bytes, nonce, model::generation_wrap_aad(record, wrap.device, wrap.key), plain)
            .value();
      });
    });
    wrap.kem = made.ciphertext;
    wrap.sealed = base::to_bytes(nonce.view());
    base::append(wrap.sealed, sealed.commitment.view());
    base::append(wrap.sealed, sealed.ciphertext);
  }
  expect_closed(record, Error::key_commitment_mismatch);
}

TEST_F(KeyGenerations, NothingOfTheRecordCanBeAltered) {
  const KeyGeneration record = start(key, &key);
  const auto altered = [&](auto alter) {
    KeyGeneration other = record;
    alter(other);
    ASSERT_NE(other, record);
    expect_closed(other);
  };
  altered([](KeyGeneration& g) { g.vault = named<VaultId>(9); });
  altered([](KeyGeneration& g) { g.category = named<CategoryId>(9); });
  altered([](KeyGeneration& g) { g.generation = Generation{2}; });
  altered([](KeyGeneration& g) { g.previous = named<model::Digest>(9); });
  altered([](KeyGeneration& g) { g.readers = named<model::Digest>(9); });
  altered([](KeyGeneration& g) { g.reason = 1; });
  altered([](KeyGeneration& g) { g.commitment = named<model::Digest>(9); });
  altered([](KeyGeneration& g) { g.old_key_sealed.reset(); });
  altered([](KeyGeneration& g) { g.old_key_sealed->back() ^= 1; });
  altered([](KeyGeneration& g) {
    for (auto& wrap : g.wraps) wrap.key = model::next(wrap.key);
  });
  altered([](KeyGeneration& g) {
    for (auto& wrap : g.wraps) wrap.sealed.back() ^= 1;
  });
  altered([](KeyGeneration& g) {
    for (auto& wrap : g.wraps) wrap.sealed.front() ^= 1;
  });
  altered([](KeyGeneration& g) {
    for (auto& wrap : g.wraps) wrap.sealed.pop_back();
  });
  altered([](KeyGeneration& g) {
    for (auto& wrap : g.wraps) wrap.kem.bytes[1000] ^= 1;
  });
}

TEST_F(KeyGenerations, WhatIsMeantForOneRecipientOpensForNoOther) {
  const KeyGeneration record = start(key);
  KeyGeneration swapped = record;
  std::swap(swapped.wraps[0].kem, swapped.wraps[1].kem);
  EXPECT_EQ(open(swapped, devices[0]).error(), Error::authentication_failed);
  EXPECT_EQ(open(swapped, devices[1]).error(), Error::authentication_failed);
  EXPECT_TRUE(open(swapped, devices[2]).has_value());  // the others are not harmed
  swapped = record;
  std::swap(swapped.wraps[0].sealed, swapped.wraps[1].sealed);
  EXPECT_EQ(open(swapped, devices[0]).error(), Error::authentication_failed);
  swapped = record;  // a whole wrap under another name
  std::swap(swapped.wraps[0].device, swapped.wraps[1].device);
  EXPECT_EQ(open(swapped, devices[0]).error(), Error::authentication_failed);
}

TEST_F(KeyGenerations, TheChainLeadsFromTheNewestKeyToTheFirst) {
  std::vector<CategoryKey> keys;
  std::vector<KeyGeneration> records;
  for (std::uint64_t g = 1; g <= 4; ++g) {
    keys.push_back(category_key_named(20 + g));
    records.push_back(start(keys.back(), g > 1 ? &keys[g - 2] : nullptr, Generation{g}));
  }
  auto at = open(records.back(), devices[1]).value();
  for (std::size_t g = records.size() - 1; g > 0; --g) {
    auto older = open_old_key(aead, records[g], at, memory());
    ASSERT_TRUE(older.has_value());
    EXPECT_TRUE(crypto::equal(*older, keys[g - 1]));
    at = *std::move(older);
  }
  EXPECT_EQ(open_old_key(aead, records[0], at, memory()).error(), Error::not_found);
}

TEST_F(KeyGenerations, AnOldKeyOpensOnlyUnderItsOwnGeneration) {
  const CategoryKey old_key = category_key_named(1);
  const KeyGeneration record = start(key, &old_key, Generation{2});
  EXPECT_EQ(open_old_key(aead, record, old_key, memory()).error(), Error::authentication_failed);
  KeyGeneration moved = record;
  moved.generation = Generation{3};
  EXPECT_EQ(open_old_key(aead, moved, key, memory()).error(), Error::authentication_failed);
  moved = record;
  moved.old_key_sealed->resize(10);
  EXPECT_EQ(open_old_key(aead, moved, key, memory()).error(), Error::authentication_failed);
}

}  // namespace
}  // namespace holdfast::vault
