// fixed_rng.h: internal to crypto: hands the caller's random bytes to the library, so that
// randomness stays an argument. Whatever asks for more than was given fails. Limits: what refill()
// was given. Time: none. Threads: one. Errors: throws PRNG_Unseeded.
#pragma once

#include <botan/rng.h>

#include <algorithm>
#include <span>
#include <string>

namespace holdfast::crypto {

class FixedRng final : public Botan::RandomNumberGenerator {
 public:
  FixedRng() = default;
  explicit FixedRng(std::span<const std::uint8_t> bytes) : left_{bytes} {}

  void refill(std::span<const std::uint8_t> bytes) { left_ = bytes; }  // a view: outlive the use
  [[nodiscard]] auto used_up() const -> bool { return left_.empty(); }

  [[nodiscard]] auto accepts_input() const -> bool override { return false; }
  [[nodiscard]] auto name() const -> std::string override { return "FixedRng"; }
  [[nodiscard]] auto is_seeded() const -> bool override { return true; }
  void clear() override { left_ = {}; }

 private:
  void fill_bytes_with_input(std::span<std::uint8_t> out,
                             std::span<const std::uint8_t> /*input*/) override {
    if (out.size() > left_.size()) throw Botan::PRNG_Unseeded{"FixedRng: out of bytes"};
    std::ranges::copy(left_.first(out.size()), out.begin());
    left_ = left_.subspan(out.size());
  }

  std::span<const std::uint8_t> left_{};
};

}  // namespace holdfast::crypto
