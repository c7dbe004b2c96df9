#include "crypto/vectors.h"

#include <zlib.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <iostream>

namespace holdfast::crypto::vectors {
namespace {

auto directory() -> std::filesystem::path {
  const char* named = std::getenv("HOLDFAST_VECTORS");
  return named != nullptr ? named : HOLDFAST_VECTORS_DEFAULT;
}

}  // namespace

auto read_file(std::string_view name) -> std::optional<std::string> {
  const gzFile file = ::gzopen((directory() / name).c_str(), "rb");  // reads plain files too
  if (file == nullptr) return std::nullopt;
  std::string content;
  std::array<char, 1 << 16> chunk{};
  int got = 0;
  while ((got = ::gzread(file, chunk.data(), chunk.size())) > 0)
    content.append(chunk.data(), static_cast<std::size_t>(got));
  ::gzclose(file);
  if (got < 0) throw std::runtime_error{"damaged file: " + std::string{name}};
  return content;
}

auto parse(std::string_view text) -> boost::json::value {
  // The parser of one call is picky about nothing that these files contain.
  return boost::json::parse(boost::json::string_view{text.data(), text.size()});
}

auto text(const Object& from, std::string_view key) -> std::string {
  const auto* found = from.if_contains(key);
  if (found == nullptr || found->is_null()) return {};
  const auto& value = found->as_string();
  return {value.data(), value.size()};
}

auto number(const Object& from, std::string_view key) -> std::uint64_t {
  return from.at(key).to_number<std::uint64_t>();
}

auto flag(const Object& from, std::string_view key) -> bool { return from.at(key).as_bool(); }

auto hex(std::string_view digits) -> base::Bytes { return base::from_hex(digits).value(); }

auto hex(const Object& from, std::string_view key) -> base::Bytes { return hex(text(from, key)); }

auto base64(std::string_view digits) -> base::Bytes {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  base::Bytes out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : digits) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(kAlphabet.find(c));
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<std::uint8_t>(bits >> held));
    }
  }
  return out;
}

Tally::~Tally() {
  std::size_t skipped = 0;
  std::string reasons;
  for (const auto& [why, count] : skipped_) {
    skipped += count;
    reasons += (reasons.empty() ? "" : "; ") + std::to_string(count) + " " + why;
  }
  std::cout << "vectors " << file_ << ": " << passed_ << " passed, " << skipped
            << " not applicable";
  if (skipped > 0) std::cout << " (" << reasons << ")";
  std::cout << '\n';
}

}  // namespace holdfast::crypto::vectors
