#include "node/header_file.h"

#include <fstream>

#include "crypto/equal.h"
#include "model/signing.h"
#include "node/vault_fixture.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using base::Error;

template <class Fixed>
auto filled(std::uint8_t value) -> Fixed {
  Fixed made;
  made.bytes.fill(value);
  return made;
}

class HeaderFiles : public VaultTest {
 protected:
  auto keys() -> UserKeys {
    const auto author = filled<base::FixedBytes<struct TestSeedTag, 64>>(1);
    const auto wrap = filled<base::FixedBytes<struct TestSeedTag, 32>>(2);
    return {crypto::SigningSeed::copy_of(*keys_, author.view()).value(),
            crypto::KemSeed::copy_of(*keys_, wrap.view()).value()};
  }
  auto sealed() -> HeaderFile {
    HeaderFile header{.vault = filled<model::VaultId>(3),
                      .device = filled<model::DeviceId>(4),
                      .kdf = kTestKdf,
                      .salt = {},
                      .nonce = {},
                      .commitment = {},
                      .sealed = {}};
    return seal_user_keys(std::move(header), passphrase(), keys(), ports()).value();
  }
  auto path() const { return temp_.path() / "header"; }
  auto read_back(const Bytes& file) -> base::Detailed<HeaderFile> {
    std::ofstream out{path(), std::ios::binary};
    out << base::text_of(file);
    out.close();
    return read_header_file(path());
  }
  auto error_of_reading(const Bytes& file) -> Error {
    auto header = read_back(file);
    return header ? Error{} : header.error().code;
  }
};

TEST_F(HeaderFiles, GivesBackTheKeysThatWereSealed) {
  const auto header = read_back(encode(sealed()));
  ASSERT_TRUE(header) << header.error().text();
  EXPECT_EQ(header->vault, filled<model::VaultId>(3));
  EXPECT_EQ(header->device, filled<model::DeviceId>(4));
  EXPECT_EQ(header->kdf, kTestKdf);
  const auto opened = open_user_keys(*header, passphrase(), ports());
  ASSERT_TRUE(opened.has_value()) << base::error_name(opened.error());
  EXPECT_TRUE(crypto::equal(opened->author, keys().author));
  EXPECT_TRUE(crypto::equal(opened->wrap, keys().wrap));
}

TEST_F(HeaderFiles, SaltAndNonceAreFreshEveryTime) {
  const HeaderFile one = sealed();
  const HeaderFile two = sealed();
  EXPECT_NE(one.salt, two.salt);
  EXPECT_NE(one.nonce, two.nonce);
  EXPECT_NE(one.sealed, two.sealed);
}

TEST_F(HeaderFiles, AWrongPassphraseIsToldApartFromDamage) {
  const HeaderFile header = sealed();
  EXPECT_EQ(open_user_keys(header, passphrase("wrong"), ports()).error(), Error::wrong_passphrase);
  EXPECT_EQ(open_user_keys(header, passphrase("correct horse "), ports()).error(),
            Error::wrong_passphrase);
  EXPECT_EQ(open_user_keys(header, passphrase(""), ports()).error(), Error::passphrase_empty);
}

TEST_F(HeaderFiles, AFlippedBitOfAnyByteIsDamageAndNeverAWrongPassphrase) {
  const Bytes file = encode(sealed());
  for (std::size_t byte = 0; byte < file.size(); ++byte) {
    Bytes altered = file;
    altered[byte] ^= static_cast<std::uint8_t>(1U << byte % 8);
    ASSERT_EQ(error_of_reading(altered), Error::header_corrupt) << "byte " << byte;
  }
}

TEST_F(HeaderFiles, EveryCutAndEveryAppendedByteIsDamage) {
  const Bytes file = encode(sealed());
  for (std::size_t size = 0; size < file.size(); ++size) {
    const Bytes cut{file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)};
    ASSERT_EQ(error_of_reading(cut), Error::header_corrupt) << "bytes " << size;
  }
  Bytes longer = file;
  longer.push_back(0);
  EXPECT_EQ(error_of_reading(longer), Error::header_corrupt);
  longer.resize(kHeaderFileBytesMax + 1);
  EXPECT_EQ(error_of_reading(longer), Error::header_corrupt);
}

TEST_F(HeaderFiles, AMissingFileIsNoVault) {
  EXPECT_EQ(read_header_file(temp_.path() / "nowhere").error().code, Error::header_missing);
}

TEST_F(HeaderFiles, AnotherFormatOrSuiteAsksForANewerProgram) {
  const Bytes file = encode(sealed());
  // file = [body, digest]; the body starts [9 elements, version, suite, …
  const std::size_t head = 1 + 3;  // the array's head, and that of a string of 256 bytes and more
  ASSERT_EQ(file[head], 0x89);
  for (const auto& [offset, error] : {std::pair{head + 1, Error::unsupported_version},
                                      std::pair{head + 2, Error::unsupported_suite}}) {
    Bytes body{file.begin() + std::ptrdiff_t{head}, file.end() - 34};
    body[offset - head] = 2;
    Bytes altered{file.begin(), file.begin() + std::ptrdiff_t{head}};
    base::append(altered, body);
    altered.push_back(0x58);
    altered.push_back(0x20);
    base::append(altered, model::domain_digest("header-file", body).view());
    EXPECT_EQ(error_of_reading(altered), error);
  }
}

TEST_F(HeaderFiles, ParametersOutsideTheirRangeAreRefusedBeforeTheyAreUsed) {
  HeaderFile header = sealed();
  header.kdf.memory_kib = crypto::kArgon2Floor.memory_kib / 2;
  auto decoded = read_back(encode(header));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(open_user_keys(*decoded, passphrase(), ports()).error(), Error::kdf_below_floor);
  header.kdf = {.memory_kib = crypto::kArgon2Floor.memory_kib, .passes = 1, .lanes = 1};
  EXPECT_EQ(open_user_keys(header, passphrase(), ports()).error(), Error::kdf_below_floor);
  header.kdf = {.memory_kib = UINT32_MAX, .passes = 3, .lanes = 1};
  EXPECT_EQ(open_user_keys(header, passphrase(), ports()).error(), Error::kdf_above_ceiling);
}

TEST_F(HeaderFiles, NothingOfAHeaderWithItsDigestMadeAnewCanBeAltered) {
  const HeaderFile whole = sealed();
  const auto refused = [&](auto alter) {
    HeaderFile header = whole;
    alter(header);
    const auto decoded = read_back(encode(header));
    ASSERT_TRUE(decoded) << decoded.error().text();
    EXPECT_EQ(open_user_keys(*decoded, passphrase(), ports()).error(), Error::wrong_passphrase);
  };
  refused([](HeaderFile& h) { h.kdf.memory_kib += 1024; });
  refused([](HeaderFile& h) { h.kdf.passes += 1; });
  refused([](HeaderFile& h) { h.salt.bytes[0] ^= 1; });
  refused([](HeaderFile& h) { h.vault.bytes[0] ^= 1; });
  refused([](HeaderFile& h) { h.device.bytes[0] ^= 1; });
  refused([](HeaderFile& h) { h.nonce.bytes[0] ^= 1; });
  refused([](HeaderFile& h) { h.commitment.bytes[0] ^= 1; });
  refused([](HeaderFile& h) { h.sealed[0] ^= 1; });
}

}  // namespace
}  // namespace holdfast::node
