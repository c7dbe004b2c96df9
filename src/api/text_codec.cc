#include "api/text_codec.h"

#include <cstdint>

namespace holdfast::api {
namespace {

using base::Error, base::fail, base::Result, base::SecretBytes;

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::uint32_t kNone = 0xff;

auto value64(char c) -> std::uint32_t {
  if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0') + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : kNone;
}
auto value32(char c) -> std::uint32_t {
  if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a');
  if (c >= '2' && c <= '7') return static_cast<std::uint32_t>(c - '2') + 26;
  return kNone;
}
auto value16(char c) -> std::uint32_t {
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<std::uint32_t>(c - 'A') + 10;
  if (c >= 'a' && c <= 'f') return static_cast<std::uint32_t>(c - 'a') + 10;
  return kNone;
}

// Groups of `bits` become characters; the last one is filled with zero bits.
void append_groups(SecretBytes::Buffer& to, base::ByteView bytes, unsigned bits,
                   std::string_view alphabet) {
  std::uint32_t held = 0;
  unsigned count = 0;
  for (const std::uint8_t byte : bytes) {
    held = (held << 8) | byte;
    count += 8;
    while (count >= bits) {
      count -= bits;
      to.push_back(static_cast<std::uint8_t>(alphabet[(held >> count) & ((1U << bits) - 1)]));
    }
    held &= (1U << count) - 1;
  }
  if (count == 0) return;
  const std::uint32_t last = (held << (bits - count)) & ((1U << bits) - 1);
  to.push_back(static_cast<std::uint8_t>(alphabet[last]));
}

}  // namespace

void append_base64(SecretBytes::Buffer& to, base::ByteView bytes) {
  append_groups(to, bytes, 6, kBase64);
  for (std::size_t i = bytes.size() % 3; i != 0 && i < 3; ++i) to.push_back('=');
}

auto decode_base64(std::string_view text, base::SecretMemory& memory) -> Result<SecretBytes> {
  if (text.size() % 4 != 0) return fail(Error::bad_base64);
  SecretBytes out{memory};
  out.buffer().reserve(text.size() / 4 * 3);
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::uint32_t held = 0;
  unsigned count = 0;
  for (const char c : text.substr(0, text.size() - padding)) {
    const std::uint32_t value = value64(c);
    if (value == kNone) return fail(Error::bad_base64);
    held = ((held << 6) | value) & 0xffffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.buffer().push_back(static_cast<std::uint8_t>(held >> count));
    }
  }
  if ((held & ((1U << count) - 1)) != 0) return fail(Error::bad_base64);
  return out;
}

void append_base32(SecretBytes::Buffer& to, base::ByteView bytes) {
  append_groups(to, bytes, 5, kBase32);
}

auto decode_base32(std::string_view text, base::SecretMemory& memory) -> Result<SecretBytes> {
  SecretBytes out{memory};
  out.buffer().reserve(text.size());
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::uint32_t held = 0;
  unsigned count = 0;
  for (const char c : text) {
    if (c == ' ' || c == '-') continue;
    const std::uint32_t value = value32(c);
    if (value == kNone) return fail(Error::bad_otp);
    held = ((held << 5) | value) & 0xffffff;
    count += 5;
    if (count >= 8) {
      count -= 8;
      out.buffer().push_back(static_cast<std::uint8_t>(held >> count));
    }
  }
  if (out.empty()) return fail(Error::bad_otp);
  return out;
}

auto decode_percent(std::string_view text, base::SecretMemory& memory) -> Result<SecretBytes> {
  SecretBytes out{memory};
  out.buffer().reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<std::uint8_t>(text[i]);
    if (text[i] == '%') {
      if (text.size() - i < 3) return fail(Error::bad_request);
      const std::uint32_t high = value16(text[i + 1]);
      const std::uint32_t low = value16(text[i + 2]);
      if (high == kNone || low == kNone) return fail(Error::bad_request);
      byte = static_cast<std::uint8_t>(high << 4 | low);
      i += 2;
    }
    if (byte == 0) return fail(Error::bad_request);
    out.buffer().push_back(byte);
  }
  return out;
}

}  // namespace holdfast::api
