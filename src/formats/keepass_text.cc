// The small texts of a KeePass entry: one-time codes, times, tags.
#include <algorithm>
#include <charconv>
#include <chrono>

#include "formats/base_text.h"
#include "formats/keepass_entry.h"
#include "formats/little_endian.h"
#include "formats/otp_text.h"
#include "formats/secret_text.h"
#include "formats/time_text.h"

namespace holdfast::formats {
namespace {

using base::Error, base::fail, base::Result, base::SecretBytes, base::SecretMemory;

constexpr std::string_view kNativeSecret = "TimeOtp-Secret";
constexpr std::string_view kNativeLength = "TimeOtp-Length";
constexpr std::string_view kNativePeriod = "TimeOtp-Period";
constexpr std::string_view kNativeAlgorithm = "TimeOtp-Algorithm";
constexpr std::string_view kSeed = "TOTP Seed";
constexpr std::string_view kSettings = "TOTP Settings";
constexpr std::string_view kAlgorithms[] = {"HMAC-SHA-1", "HMAC-SHA-256", "HMAC-SHA-512"};
constexpr std::uint64_t kSecondsToEpoch = 62'135'596'800;  // from year 1 to 1970
constexpr std::uint64_t kSecondsMax = 253'402'300'799;     // since 1970: the end of 9999

auto number(std::string_view text) -> std::optional<std::uint32_t> {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

auto set_digits(model::Totp& totp, std::string_view text) -> bool {
  const auto digits = number(text);
  if (!digits || *digits < 6 || *digits > 8) return false;
  totp.digits = static_cast<std::uint8_t>(*digits);
  return true;
}
auto set_period(model::Totp& totp, std::string_view text) -> bool {
  const auto period = number(text);
  if (!period || *period < 1 || *period > 3600) return false;
  totp.period = *period;
  return true;
}

class OtpSearch {
 public:
  OtpSearch(const std::vector<KeePassString>& strings, SecretMemory& memory)
      : strings_{strings}, memory_{memory} {}

  auto run() -> KeePassOtp {
    if (!from_uri() && !from_native()) (void)from_seed();
    return std::move(found_);
  }

 private:
  auto at(std::string_view key) const -> std::optional<std::size_t> {
    for (std::size_t i = 0; i < strings_.size(); ++i)
      if (peek(strings_[i].key) == key) return i;
    return std::nullopt;
  }
  [[nodiscard]] auto value(std::size_t index) const -> std::string_view {
    return peek(strings_[index].value);
  }

  auto from_uri() -> bool {
    const auto uri = at(kKeePassOtp);
    if (!uri) return false;
    if (value(*uri).starts_with("key=")) return from_keeotp(*uri);
    auto otp = parse_otp(value(*uri), memory_);
    if (!otp || !value(*uri).starts_with("otpauth:")) return false;
    found_ = {std::move(otp->totp), otp->plain, {*uri}};
    return true;
  }

  // "key=BASE32&size=6&step=30", of the KeeOtp plug-in.
  auto from_keeotp(std::size_t index) -> bool {
    model::Totp totp{.secret = SecretBytes{memory_}};
    bool exact = false;
    for (std::string_view rest = value(index); !rest.empty();) {
      const std::string_view part = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
      const std::string_view name = part.substr(0, part.find('='));
      const std::string_view text = part.substr(std::min(part.size(), name.size() + 1));
      if (name == "key") {
        auto secret = base32_decode(text, memory_);
        if (!secret) return false;
        totp.secret = std::move(secret->bytes);
        exact = secret->exact;
      } else if (name == "size" ? !set_digits(totp, text)
                                : name != "step" || !set_period(totp, text)) {
        return false;
      }
    }
    if (totp.secret.empty()) return false;
    found_ = {std::move(totp), exact, {index}};
    return true;
  }

  // KeePass has one string for each way to write the secret.
  auto native_secret(std::string_view form, std::string_view text) -> std::optional<SecretBytes> {
    if (form.empty()) return secret_text(text, memory_);
    if (form == "-Base32") {
      auto decoded = base32_decode(text, memory_);
      if (decoded && decoded->exact) return std::move(decoded->bytes);
    } else if (form == "-Base64") {
      if (auto decoded = base64_decode(text, memory_)) return *std::move(decoded);
    } else if (form == "-Hex") {
      return from_hex(text);
    }
    return std::nullopt;
  }

  auto from_hex(std::string_view text) -> std::optional<SecretBytes> {
    SecretBytes bytes{memory_};
    if (text.size() % 2 != 0) return std::nullopt;
    for (; !text.empty(); text.remove_prefix(2)) {
      std::uint8_t byte = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + 2, byte, 16);
      if (error != std::errc{} || end != text.data() + 2) return std::nullopt;
      bytes.buffer().push_back(byte);
    }
    return bytes;
  }

  auto from_native() -> bool {
    model::Totp totp{.secret = SecretBytes{memory_}};
    std::vector<std::size_t> used;
    for (const std::string_view form : {"-Base32", "-Base64", "-Hex", ""}) {
      const auto index = at(std::string{kNativeSecret} + std::string{form});
      if (!index) continue;
      if (!used.empty()) return false;  // two secrets: who knows which one is meant
      auto secret = native_secret(form, value(*index));
      if (!secret || secret->empty()) return false;
      totp.secret = *std::move(secret);
      used.push_back(*index);
    }
    if (used.empty()) return false;
    if (const auto length = at(kNativeLength)) {
      if (!set_digits(totp, value(*length))) return false;
      used.push_back(*length);
    }
    if (const auto period = at(kNativePeriod)) {
      if (!set_period(totp, value(*period))) return false;
      used.push_back(*period);
    }
    if (const auto algorithm = at(kNativeAlgorithm)) {
      const auto* known = std::ranges::find(kAlgorithms, value(*algorithm));
      if (known == std::end(kAlgorithms)) return false;
      totp.algorithm = static_cast<model::OtpAlgorithm>(known - std::begin(kAlgorithms));
      used.push_back(*algorithm);
    }
    found_ = {std::move(totp), true, std::move(used)};
    return true;
  }

  // "TOTP Seed" in base32, "TOTP Settings" as "30;6".
  auto from_seed() -> bool {
    const auto seed = at(kSeed);
    if (!seed) return false;
    auto secret = base32_decode(value(*seed), memory_);
    if (!secret || secret->bytes.empty() || !secret->exact) return false;
    model::Totp totp{.secret = std::move(secret->bytes)};
    std::vector<std::size_t> used{*seed};
    if (const auto settings = at(kSettings)) {
      const std::string_view text = value(*settings);
      const std::size_t semicolon = text.find(';');
      if (semicolon == std::string_view::npos) return false;
      if (!set_period(totp, text.substr(0, semicolon)) ||
          !set_digits(totp, text.substr(semicolon + 1)))
        return false;
      used.push_back(*settings);
    }
    found_ = {std::move(totp), true, std::move(used)};
    return true;
  }

  const std::vector<KeePassString>& strings_;
  SecretMemory& memory_;
  KeePassOtp found_;
};

auto is_separator(char c) -> bool { return c == ';' || c == ',' || c == '\t'; }

auto trimmed(std::string_view text) -> std::string_view {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

}  // namespace

auto is_keepass_otp(std::string_view key) -> bool {
  return key == kKeePassOtp || key == kSeed || key == kSettings || key.starts_with("TimeOtp-");
}

auto keepass_otp(const std::vector<KeePassString>& strings, SecretMemory& memory) -> KeePassOtp {
  return OtpSearch{strings, memory}.run();
}

auto otp_uri(const model::Totp& totp, SecretMemory& memory) -> SecretBytes {
  SecretBytes text = otp_text(totp, memory);
  if (peek(text).starts_with("otpauth:")) return text;
  SecretBytes uri{memory};
  append_text(uri.buffer(), "otpauth://totp/?secret=");
  append_text(uri.buffer(), peek(text));
  append_text(uri.buffer(), "&algorithm=SHA1&digits=6&period=30");
  return uri;
}

auto parse_keepass_time(std::string_view text) -> Result<std::optional<model::TimeMs>> {
  if (text.empty()) return std::nullopt;
  if (text.size() > 4 && text[4] == '-') {
    if (number(text.substr(0, 4)).value_or(0) < 1970 && number(text.substr(0, 4)))
      return model::TimeMs{0};
    TRY(time, parse_time(text));
    return time;
  }
  constexpr std::size_t kCharacters = 12;
  if (text.size() != kCharacters) return fail(Error::bad_time);
  std::array<std::uint8_t, 9> bytes{};
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::uint32_t bits = 0;
  std::size_t filled = 0;
  for (std::size_t i = 0; i < kCharacters; ++i) {  // a time is no secret, so no wiped buffer
    const std::size_t value = text[i] == '=' ? 0 : kAlphabet.find(text[i]);
    if (value == std::string_view::npos || (text[i] == '=') != (i == kCharacters - 1))
      return fail(Error::bad_time);
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (i % 4 != 3) continue;
    for (const int shift : {16, 8, 0})
      bytes.at(filled++) = static_cast<std::uint8_t>(bits >> shift);
    bits = 0;
  }
  const auto seconds = little_endian<std::uint64_t>(bytes);
  if (seconds >> 63 != 0 || seconds < kSecondsToEpoch) return model::TimeMs{0};
  return model::TimeMs{std::min(seconds - kSecondsToEpoch, kSecondsMax) * 1000};
}

auto keepass_seconds(model::TimeMs time) -> std::uint64_t {
  return kSecondsToEpoch + std::min(std::to_underlying(time) / 1000, kSecondsMax);
}

auto split_tags(std::string_view text, SecretMemory& memory) -> std::vector<SecretBytes> {
  std::vector<SecretBytes> tags;
  while (!text.empty()) {
    const auto end =
        static_cast<std::size_t>(std::ranges::find_if(text, is_separator) - text.begin());
    const std::string_view tag = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
    if (!tag.empty()) tags.push_back(secret_text(tag, memory));
  }
  return tags;
}

auto joined_tags(const std::vector<SecretBytes>& tags, SecretMemory& memory) -> SecretBytes {
  SecretBytes joined{memory};
  for (const SecretBytes& tag : tags) {
    if (!joined.empty()) append_text(joined.buffer(), ";");
    append_text(joined.buffer(), peek(tag));
  }
  return joined;
}

auto usual_kind(const model::Secret& secret) -> model::Kind {
  const bool bare = secret.username.empty() && secret.password.empty() && secret.urls.empty() &&
                    secret.totp.secret.empty();
  return bare && !secret.notes.empty() ? model::Kind::note : model::Kind::login;
}

}  // namespace holdfast::formats
