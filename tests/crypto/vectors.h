// vectors.h: published test vectors, which lie outside the repository: in the directory that the
// variable HOLDFAST_VECTORS names, by default next to the source tree. Where a file is absent its
// test is skipped and says so. Each file ends in one line "vectors FILE: N passed, M not
// applicable". Limits: none. Time: none. Threads: one. Errors: a malformed file fails the test by
// an exception.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"

namespace holdfast::crypto::vectors {

using Object = boost::json::object;

[[nodiscard]] auto read_file(std::string_view name) -> std::optional<std::string>;  // .gz unpacked
[[nodiscard]] auto parse(std::string_view text) -> boost::json::value;

[[nodiscard]] auto text(const Object& from, std::string_view key) -> std::string;  // absent: empty
[[nodiscard]] auto number(const Object& from, std::string_view key) -> std::uint64_t;
[[nodiscard]] auto flag(const Object& from, std::string_view key) -> bool;
[[nodiscard]] auto hex(std::string_view digits) -> base::Bytes;
[[nodiscard]] auto hex(const Object& from, std::string_view key) -> base::Bytes;  // absent: empty
[[nodiscard]] auto base64(std::string_view digits) -> base::Bytes;

// Calls use(group, test) for every test of every group.
template <class Use>
void each_test(const boost::json::value& file, Use&& use) {
  for (const auto& group : file.at("testGroups").as_array())
    for (const auto& test : group.at("tests").as_array()) use(group.as_object(), test.as_object());
}

class Tally {
 public:
  explicit Tally(std::string file) : file_{std::move(file)} {}
  Tally(const Tally&) = delete;
  auto operator=(const Tally&) -> Tally& = delete;
  ~Tally();  // prints the line

  void passed() { ++passed_; }
  void skipped(const std::string& why) { ++skipped_[why]; }
  // Expects, and counts what holds.
  void expect(bool holds, const Object& test) {
    EXPECT_TRUE(holds) << file_ << ": " << boost::json::serialize(test).substr(0, 300);
    if (holds) ++passed_;
  }
  [[nodiscard]] auto count() const -> std::size_t { return passed_; }

 private:
  std::string file_;
  std::size_t passed_ = 0;
  std::map<std::string, std::size_t> skipped_;
};

[[nodiscard]] inline auto test_memory() -> base::SecretMemory& {
  static const auto memory =
      base::SecretMemory::create({.bytes_max = std::size_t{64} << 20, .lock = base::Lock::none})
          .value();
  return *memory;
}
[[nodiscard]] inline auto bytes_of(const base::SecretBytes& secret) -> base::Bytes {
  return secret.expose([](base::ByteView view) { return base::to_bytes(view); });
}
template <class Tag, std::size_t kBytes>
[[nodiscard]] auto bytes_of(const base::Secret<Tag, kBytes>& secret) -> base::Bytes {
  return secret.expose([](auto view) { return base::to_bytes(view); });
}
template <std::size_t kBytes>
[[nodiscard]] auto fixed(const base::Bytes& bytes) -> std::span<const std::uint8_t, kBytes> {
  EXPECT_EQ(bytes.size(), kBytes);
  return std::span<const std::uint8_t, kBytes>{bytes.data(), kBytes};
}

}  // namespace holdfast::crypto::vectors

// Binds `name` to the content of the file, or skips the test.
#define VECTOR_TEXT(name, file)                                                                  \
  const auto name##_found = ::holdfast::crypto::vectors::read_file(file);                        \
  if (!name##_found)                                                                             \
    GTEST_SKIP() << "no test vectors " << (file) << "; set HOLDFAST_VECTORS to their directory"; \
  const std::string& name = *name##_found
#define VECTOR_JSON(name, file)   \
  VECTOR_TEXT(name##_text, file); \
  const auto name = ::holdfast::crypto::vectors::parse(name##_text)
