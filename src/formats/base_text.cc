#include "formats/base_text.h"

#include <cstdint>
#include <utility>

namespace holdfast::formats {
namespace {

using base::Error, base::fail, base::Result, base::SecretBytes;

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

auto base64_digit(char c) -> int {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

auto base32_digit(char c) -> int {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a';
  return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

// Writes the bits of `bytes` as digits of kBits each, the last one filled up with zeros.
template <unsigned kBits>
void append_digits(SecretBytes::Buffer& to, base::ByteView bytes, std::string_view alphabet) {
  std::uint32_t window = 0;
  unsigned held = 0;
  for (const std::uint8_t byte : bytes) {
    window = window << 8 | byte;
    for (held += 8; held >= kBits; held -= kBits)
      to.push_back(
          static_cast<std::uint8_t>(alphabet[window >> (held - kBits) & ((1u << kBits) - 1)]));
  }
  if (held > 0)
    to.push_back(
        static_cast<std::uint8_t>(alphabet[window << (kBits - held) & ((1u << kBits) - 1)]));
}

// Collects digits of kBits each into bytes.
template <unsigned kBits>
class Collector {
 public:
  explicit Collector(base::SecretMemory& memory) : bytes_{memory} {}
  void add(int digit) {
    window_ = window_ << kBits | static_cast<std::uint32_t>(digit);
    held_ += kBits;
    if (held_ < 8) return;
    held_ -= 8;
    bytes_.buffer().push_back(static_cast<std::uint8_t>(window_ >> held_));
    window_ &= (1u << held_) - 1;
  }
  // False: the last digit carries bits of no byte, or a whole digit too many.
  [[nodiscard]] auto exact() const -> bool { return held_ < kBits && window_ == 0; }
  [[nodiscard]] auto bytes() -> SecretBytes& { return bytes_; }

 private:
  SecretBytes bytes_;
  std::uint32_t window_ = 0;
  unsigned held_ = 0;
};

}  // namespace

auto base64_decode(std::string_view text, base::SecretMemory& memory) -> Result<SecretBytes> {
  if (text.size() % 4 != 0) return fail(Error::bad_base64);
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  Collector<6> collector{memory};
  collector.bytes().buffer().reserve(text.size() / 4 * 3 + 3);
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) return fail(Error::bad_base64);
    collector.add(digit);
  }
  if (!collector.exact()) return fail(Error::bad_base64);
  return std::move(collector.bytes());
}

void base64_append(SecretBytes::Buffer& to, base::ByteView bytes) {
  append_digits<6>(to, bytes, kBase64);
  for (std::size_t rest = bytes.size() % 3; rest > 0 && rest < 3; ++rest) to.push_back('=');
}

auto base32_decode(std::string_view text, base::SecretMemory& memory) -> Result<Base32> {
  while (text.ends_with('=')) text.remove_suffix(1);
  Collector<5> collector{memory};
  for (const char c : text) {
    if (c == ' ' || c == '-') continue;
    const int digit = base32_digit(c);
    if (digit < 0) return fail(Error::bad_otp);
    collector.add(digit);
  }
  return Base32{std::move(collector.bytes()), collector.exact()};
}

void base32_append(SecretBytes::Buffer& to, base::ByteView bytes) {
  append_digits<5>(to, bytes, kBase32);
}

}  // namespace holdfast::formats
