#include "formats/otp_text.h"

#include <charconv>
#include <optional>
#include <string>

#include "formats/base_text.h"
#include "formats/secret_text.h"

namespace holdfast::formats {
namespace {

using base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;

constexpr std::string_view kScheme = "otpauth://totp/";
constexpr std::string_view kAlgorithms[] = {"SHA1", "SHA256", "SHA512"};

auto same_letters(std::string_view a, std::string_view b) -> bool {  // ASCII, either case
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

auto starts_with_letters(std::string_view text, std::string_view start) -> bool {
  return text.size() >= start.size() && same_letters(text.substr(0, start.size()), start);
}

auto number(std::string_view text, std::uint32_t low, std::uint32_t high)
    -> std::optional<std::uint32_t> {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value >= low && value <= high ? std::optional{value} : std::nullopt;
}

auto parse_secret(std::string_view text, OtpText& otp, SecretMemory& memory) -> Result<void> {
  TRY(decoded, base32_decode(text, memory));
  if (decoded.bytes.empty()) return fail(Error::bad_otp);
  otp.totp.secret = std::move(decoded.bytes);
  otp.plain = otp.plain && decoded.exact;
  return {};
}

auto parse_parameter(std::string_view name, std::string_view value, OtpText& otp,
                     SecretMemory& memory) -> Result<void> {
  if (same_letters(name, "secret")) {
    if (!otp.totp.secret.empty()) return fail(Error::bad_otp);
    return parse_secret(value, otp, memory);
  }
  if (same_letters(name, "algorithm")) {
    for (std::size_t i = 0; i < std::size(kAlgorithms); ++i) {
      if (!same_letters(value, kAlgorithms[i])) continue;
      otp.totp.algorithm = static_cast<model::OtpAlgorithm>(i);
      return {};
    }
    return fail(Error::bad_otp);
  }
  if (same_letters(name, "digits")) {
    const auto digits = number(value, 6, 8);
    if (!digits) return fail(Error::bad_otp);
    otp.totp.digits = static_cast<std::uint8_t>(*digits);
    return {};
  }
  if (same_letters(name, "period")) {
    const auto period = number(value, 1, 3600);
    if (!period) return fail(Error::bad_otp);
    otp.totp.period = *period;
    return {};
  }
  otp.plain = false;
  return {};
}

// Undoes %20, %3D and the like in a secret: writers escape the padding.
auto percent_decoded(std::string_view text, SecretMemory& memory) -> Result<SecretBytes> {
  SecretBytes decoded{memory};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.buffer().push_back(static_cast<std::uint8_t>(text[i]));
      continue;
    }
    std::uint8_t byte = 0;
    const char* digits = text.data() + i + 1;
    if (text.size() - i < 3 || std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2)
      return fail(Error::bad_otp);
    decoded.buffer().push_back(byte);
    i += 2;
  }
  return decoded;
}

auto parse_uri(std::string_view rest, OtpText& otp, SecretMemory& memory) -> Result<void> {
  const std::size_t question = rest.find('?');
  if (question == std::string_view::npos) return fail(Error::bad_otp);
  if (question > 0) otp.plain = false;  // a label
  std::string_view query = rest.substr(question + 1);
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const std::size_t equals = std::min(part.find('='), part.size());
    TRY(value, percent_decoded(part.substr(std::min(part.size(), equals + 1)), memory));
    TRY_DO(parse_parameter(part.substr(0, equals), peek(value), otp, memory));
  }
  if (otp.totp.secret.empty()) return fail(Error::bad_otp);
  return {};
}

}  // namespace

auto parse_otp(std::string_view text, SecretMemory& memory) -> Result<OtpText> {
  try {
    OtpText otp{.totp = {.secret = SecretBytes{memory}}};
    if (starts_with_letters(text, kScheme)) {
      TRY_DO(parse_uri(text.substr(kScheme.size()), otp, memory));
    } else {
      TRY_DO(parse_secret(text, otp, memory));
    }
    return otp;
  } catch (const std::bad_alloc&) {
    return fail(Error::secret_memory_exhausted);
  }
}

auto otp_text(const model::Totp& totp, SecretMemory& memory) -> SecretBytes {
  const model::Totp usual{.secret = SecretBytes{memory}};
  SecretBytes text{memory};
  SecretBytes::Buffer& out = text.buffer();
  const bool bare = totp.algorithm == usual.algorithm && totp.digits == usual.digits &&
                    totp.period == usual.period;
  if (!bare) append_text(out, "otpauth://totp/?secret=");
  totp.secret.expose([&](base::ByteView bytes) { base32_append(out, bytes); });
  if (!bare) {
    append_text(out, "&algorithm=");
    append_text(out, kAlgorithms[std::to_underlying(totp.algorithm)]);
    append_text(out, "&digits=" + std::to_string(totp.digits));
    append_text(out, "&period=" + std::to_string(totp.period));
  }
  return text;
}

}  // namespace holdfast::formats
