// kdbx_builder.h: makes KDBX files of every kind for the tests, straight from the description of
// the format and on the library itself, so that it shares no code with the reader. In the XML
// "@P(text)@" stands for a protected <Value>, encrypted in the order of the document, and
// "@HASH@" for the base64 of the header's hash. Nothing here is wiped: the secrets are made up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::formats::test {

struct Recipe {
  std::uint16_t major = 3, minor = 1;
  std::string cipher = "AES-256";  // Twofish, ChaCha20; or 16 bytes as hex
  std::string kdf = "AES";         // Argon2d, Argon2id; or 16 bytes as hex
  std::uint32_t stream = 2;        // 0 none, 2 Salsa20, 3 ChaCha20
  bool packed = true;
  std::optional<std::string> passphrase = "correct horse";
  std::string key_component{};  // 32 bytes, or nothing
  std::uint64_t rounds = 3;
  std::uint64_t argon_memory = 64 << 10;  // bytes
  std::uint64_t argon_passes = 1;
  std::uint32_t argon_lanes = 1;
  std::uint32_t argon_version = 0x13;
  std::vector<std::string> binaries{};  // version 4
  std::string xml{};
  std::size_t block_bytes = 100;  // small, so that there are several
};

[[nodiscard]] auto build(const Recipe& recipe) -> std::string;
[[nodiscard]] auto header_of(const Recipe& recipe) -> std::string;
[[nodiscard]] auto gzip(const std::string& bytes) -> std::string;
[[nodiscard]] auto base64(const std::string& bytes) -> std::string;
[[nodiscard]] auto sha256(const std::string& bytes) -> std::string;
[[nodiscard]] auto le(std::uint64_t value, std::size_t bytes) -> std::string;

}  // namespace holdfast::formats::test
