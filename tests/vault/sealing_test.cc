#include "vault/sealing.h"

#include <gtest/gtest.h>

#include <set>

#include "crypto/padme.h"
#include "model/examples.h"
#include "vault/test_author.h"

namespace holdfast::vault {
namespace {

using base::Error;
using model::Version;
using test::named, test::memory;
using namespace test;

template <class Key>
auto key_named(std::uint64_t number) -> Key {
  const auto bytes = named<base::FixedBytes<struct TestKeyTag, 32>>(number);
  return Key::copy_of(memory(), bytes.view()).value();
}
auto secret_with(std::size_t notes) -> model::Secret {
  model::Secret secret{memory()};
  secret.label = model::examples::secret_bytes(memory(), "Bank");
  secret.notes.buffer().assign(notes, 'n');
  return secret;
}
auto encoded(const model::Secret& secret) -> Bytes {
  return model::encode(secret, memory()).value().expose([](auto b) { return base::to_bytes(b); });
}

class Sealing : public testing::Test {
 protected:
  auto seal(const model::Secret& secret, const Version& version) -> model::EncodedVersion {
    return seal_version(aead, kVault, version, secret, category_key, entry_key, kNonce, memory())
        .value();
  }
  auto open(const Version& version) {
    return open_version(aead, kVault, version, category_key, memory());
  }
  void expect_closed(const Version& version) {
    const auto opened = open(version);
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error(), Error::authentication_failed) << base::error_name(opened.error());
  }
  static auto unsealed() -> Version {
    Version version = model::examples::version();
    version.wrapped_key.clear();
    version.sealed.clear();
    return version;
  }

  static inline const VaultId kVault = named<VaultId>(1);
  static inline const crypto::Nonce kNonce = named<crypto::Nonce>(2);
  crypto::Aead aead;
  CategoryKey category_key = key_named<CategoryKey>(3);
  EntryKey entry_key = key_named<EntryKey>(4);
};

TEST_F(Sealing, OpensWhatItSealed) {
  const model::Secret secret = model::examples::secret(memory());
  const auto version = seal(secret, unsealed());
  const auto decoded = model::decode_version(version.bytes);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->id, version.id);
  const auto opened = open(decoded->fields);
  ASSERT_TRUE(opened.has_value()) << base::error_name(opened.error());
  EXPECT_EQ(encoded(*opened), encoded(secret));
}

TEST_F(Sealing, NothingOfTheSecretIsInClear) {
  const auto version = seal(model::examples::secret(memory()), unsealed());
  const auto text = base::text_of(version.bytes);
  for (const char* canary : {"canary-password", "canary-pin", "bank.example", "money", "ann"}) {
    EXPECT_EQ(text.find(canary), std::string_view::npos) << canary;
  }
}

TEST_F(Sealing, SizesFollowPadmeWithAFloorOf256) {
  std::set<std::size_t> sizes;
  for (std::size_t notes = 0; notes < 1500; notes += 7) {
    const model::Secret secret = secret_with(notes);
    const std::size_t plain = encoded(secret).size() + 1;  // the byte that ends the text
    const auto version = seal(secret, unsealed());
    const std::size_t padded = version.fields.sealed.size() - crypto::kTagBytes;
    EXPECT_EQ(padded, crypto::padme_length(plain));
    EXPECT_GE(padded, 256U);
    EXPECT_LE(padded, std::max<std::size_t>(256, plain + plain * 12 / 100));
    sizes.insert(padded);
    EXPECT_EQ(encoded(open(version.fields).value()), encoded(secret));
  }
  EXPECT_LT(sizes.size(), 45U);  // 215 lengths in few sizes
}

TEST_F(Sealing, TheLargestSecretFitsAVersion) {
  model::Secret secret = secret_with(model::kNotesBytesMax);
  auto& file = secret.attachments.emplace_back(model::Attachment{
      base::SecretBytes{memory()}, base::SecretBytes{memory()}, base::SecretBytes{memory()}});
  file.name = model::examples::secret_bytes(memory(), "f");
  file.content.buffer().assign(model::kSecretBytesMax - model::kNotesBytesMax - 300, 'x');
  const auto version = seal(secret, unsealed());
  EXPECT_LE(version.fields.sealed.size(), model::kSealedBytesMax);
  EXPECT_TRUE(model::decode_version(version.bytes).has_value());
  EXPECT_TRUE(open(version.fields).has_value());
}

TEST_F(Sealing, AnotherCategoryKeyOpensNothing) {
  const auto version = seal(secret_with(0), unsealed());
  const auto opened =
      open_version(aead, kVault, version.fields, key_named<CategoryKey>(5), memory());
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error(), Error::authentication_failed);
}

TEST_F(Sealing, AnotherVaultOpensNothing) {
  const auto version = seal(secret_with(0), unsealed());
  const auto opened = open_version(aead, named<VaultId>(9), version.fields, category_key, memory());
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error(), Error::authentication_failed);
}

TEST_F(Sealing, NoFieldOfTheVersionCanBeAltered) {
  const Version sealed = seal(secret_with(0), unsealed()).fields;
  const auto altered = [&](auto alter) {
    Version version = sealed;
    alter(version);
    ASSERT_NE(version, sealed);
    expect_closed(version);
  };
  altered([](Version& v) { v.secret = named<SecretId>(9); });
  altered([](Version& v) { v.category = named<CategoryId>(9); });
  altered([](Version& v) { v.generation = model::next(v.generation); });
  altered([](Version& v) { v.parents.pop_back(); });
  altered([](Version& v) { v.parents.clear(); });
  altered([](Version& v) { v.parents.push_back(named<VersionId>(9)); });
  altered([](Version& v) { std::swap(v.parents[0], v.parents[1]); });
  altered([](Version& v) { v.replaces.reset(); });
  altered([](Version& v) { v.replaces = named<VersionId>(9); });
  altered([](Version& v) { v.author = named<DeviceId>(9); });
  altered([](Version& v) { v.author_seq = model::next(v.author_seq); });
  altered([](Version& v) { ++v.index; });
  altered([](Version& v) { v.kind = VersionKind::tombstone; });
  altered([](Version& v) { v.nonce = named<crypto::Nonce>(9); });
  altered([](Version& v) { v.commitment = named<crypto::Commitment>(9); });
}

TEST_F(Sealing, AFlippedBitAnywhereInTheCiphertextIsNoticed) {
  const Version sealed = seal(secret_with(0), unsealed()).fields;
  const auto flip_each = [&](Bytes Version::* part, std::size_t step) {
    for (std::size_t bit = 0; bit < (sealed.*part).size() * 8; bit += step) {
      Version version = sealed;
      (version.*part)[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      expect_closed(version);
    }
  };
  flip_each(&Version::sealed, 3);
  flip_each(&Version::wrapped_key, 1);
}

TEST_F(Sealing, ACutOrLongerCiphertextIsNoticed) {
  const Version sealed = seal(secret_with(0), unsealed()).fields;
  for (const std::size_t size : {0UZ, 1UZ, 15UZ, 16UZ, 31UZ, 32UZ, 79UZ, 81UZ}) {
    Version version = sealed;
    version.wrapped_key.resize(size);
    expect_closed(version);
    version = sealed;
    version.sealed.resize(size);
    expect_closed(version);
  }
}

TEST_F(Sealing, AWrappedKeyOrABodyOfAnotherVersionIsNoticed) {
  const Version one = seal(secret_with(0), unsealed()).fields;
  Version place = unsealed();
  place.index = 9;
  Version other = seal(secret_with(1), place).fields;
  Version mixed = other;
  mixed.wrapped_key = one.wrapped_key;
  expect_closed(mixed);
  mixed = other;
  mixed.sealed = one.sealed;
  expect_closed(mixed);
  mixed = other;  // all that is encrypted, at another place
  mixed.wrapped_key = one.wrapped_key;
  mixed.sealed = one.sealed;
  mixed.commitment = one.commitment;
  mixed.nonce = one.nonce;
  expect_closed(mixed);
}

// A writer who knows the keys can seal what no honest one would.
TEST_F(Sealing, TextThatIsNotPaddedIsAnError) {
  for (const Bytes& text : {Bytes(256, 0), Bytes(256, 0x42), Bytes{}}) {
    Version version = unsealed();
    version.nonce = kNonce;
    const auto body = entry_key.expose([&](auto key) {
      return aead.seal(key, kNonce, model::sealed_aad(kVault, version), text).value();
    });
    version.commitment = body.commitment;
    version.sealed = body.ciphertext;
    const auto wrap = category_key.expose([&](auto key) {
      return entry_key.expose([&](auto entry) {
        return aead.seal(key, kNonce, model::wrapped_key_aad(kVault, version), entry).value();
      });
    });
    version.wrapped_key = base::to_bytes(wrap.commitment.view());
    base::append(version.wrapped_key, wrap.ciphertext);
    const auto opened = open(version);
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error(), Error::bad_padding);
  }
}

class SealedName : public Sealing {
 protected:
  auto seal(std::string_view name) {
    return seal_name(aead, kVault, kOwner.view(), name, category_key, kNonce).value();
  }
  auto open(base::ByteView sealed, const CategoryId& owner = kOwner) -> Result<std::string> {
    TRY(name, open_name(aead, kVault, owner.view(), sealed, category_key, memory()));
    return name.expose_text([](std::string_view text) { return std::string{text}; });
  }
  static inline const CategoryId kOwner = named<CategoryId>(1);
};

TEST_F(SealedName, OpensAgain) {
  EXPECT_EQ(open(seal("Työ")).value(), "Työ");
  EXPECT_EQ(open(seal("")).value(), "");
}

TEST_F(SealedName, IsBoundToItsOwner) {
  EXPECT_EQ(open(seal("Work"), named<CategoryId>(9)).error(), Error::authentication_failed);
}

TEST_F(SealedName, EveryFlippedBitAndEveryCutIsNoticed) {
  const Bytes sealed = seal("Work");
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes altered = sealed;
    altered[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_EQ(open(altered).error(), Error::authentication_failed);
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_EQ(open(base::ByteView{sealed}.first(size)).error(), Error::authentication_failed);
  }
}

}  // namespace
}  // namespace holdfast::vault
