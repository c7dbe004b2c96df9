#include "api/generator.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <vector>

#include "base/text.h"

namespace holdfast::api {
namespace {

using base::Error, base::fail, base::Result;

constexpr std::size_t kClasses = 4;
constexpr std::array<std::string_view, kClasses> kAlphabets = {
    "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"};
constexpr std::size_t kTriesMax = 100'000;  // the rarest rules succeed once in about 1,200

struct Alphabet {
  std::string characters;
  std::vector<std::size_t> class_of;  // of each character
  std::array<std::size_t, kClasses> sizes{};
  std::size_t wanted = 0;  // classes
};

auto alphabet_of(const GeneratorRules& rules) -> Result<Alphabet> {
  const std::array<bool, kClasses> wanted = {rules.lower, rules.upper, rules.digit, rules.symbol};
  Alphabet alphabet;
  for (std::size_t i = 0; i < kClasses; ++i) {
    if (!wanted[i]) continue;
    ++alphabet.wanted;
    for (const char c : kAlphabets[i]) {
      if (rules.exclude.contains(c) || (rules.no_ambiguous && kAmbiguous.contains(c))) continue;
      alphabet.characters += c;
      alphabet.class_of.push_back(i);
      ++alphabet.sizes[i];
    }
    if (alphabet.sizes[i] == 0) return fail(Error::bad_generator_rules);
  }
  if (alphabet.wanted == 0 || rules.length < alphabet.wanted ||
      rules.length > kGeneratedLengthMax) {
    return fail(Error::bad_generator_rules);
  }
  return alphabet;
}

// Random bytes in portions, in wiped memory.
class Draw {
 public:
  Draw(ports::Entropy& entropy, base::SecretMemory& memory) : entropy_{entropy}, bytes_{memory} {
    bytes_.buffer().resize(256);
    next_ = bytes_.size();
  }
  // Uniform below `bound`: the numbers at the top that would favour small ones are thrown away.
  auto below(std::size_t bound) -> std::size_t {
    const std::size_t digits = bound <= 256 ? 1 : 4;
    const std::uint64_t range = std::uint64_t{1} << (8 * digits);
    CHECK(bound > 0);
    CHECK(bound <= range);
    const std::uint64_t limit = range / bound * bound;
    for (;;) {
      std::uint64_t number = 0;
      for (std::size_t i = 0; i < digits; ++i) number = number << 8 | byte();
      if (number < limit) return static_cast<std::size_t>(number % bound);
    }
  }

 private:
  auto byte() -> std::uint8_t {
    if (next_ == bytes_.size()) {
      entropy_.fill(bytes_.buffer());
      next_ = 0;
    }
    return bytes_.buffer()[next_++];
  }

  ports::Entropy& entropy_;
  base::SecretBytes bytes_;
  std::size_t next_;
};

}  // namespace

auto want_class(GeneratorRules& rules, std::string_view name) -> bool {
  bool* wanted = name == "lower"    ? &rules.lower
                 : name == "upper"  ? &rules.upper
                 : name == "digit"  ? &rules.digit
                 : name == "symbol" ? &rules.symbol
                                    : nullptr;
  if (wanted != nullptr) *wanted = true;
  return wanted != nullptr;
}

auto pin_rules(std::size_t length) -> GeneratorRules {
  return {.length = length, .lower = false, .upper = false, .digit = true, .symbol = false};
}

auto check_rules(const GeneratorRules& rules) -> Result<void> {
  return alphabet_of(rules).transform([](const Alphabet&) {});
}

auto generate(const GeneratorRules& rules, ports::Entropy& entropy, base::SecretMemory& memory)
    -> Result<base::SecretBytes> {
  TRY(alphabet, alphabet_of(rules));
  try {
    Draw draw{entropy, memory};
    base::SecretBytes out{memory};
    out.buffer().resize(rules.length);
    for (std::size_t attempt = 0; attempt < kTriesMax; ++attempt) {
      std::bitset<kClasses> seen;
      for (std::uint8_t& place : out.buffer()) {
        const std::size_t index = draw.below(alphabet.characters.size());
        place = static_cast<std::uint8_t>(alphabet.characters[index]);
        seen.set(alphabet.class_of[index]);
      }
      if (seen.count() == alphabet.wanted) return out;
    }
    return fail(Error::bad_generator_rules);
  } catch (const std::bad_alloc&) {
    return fail(Error::secret_memory_exhausted);
  }
}

auto entropy_bits(const GeneratorRules& rules) -> double {
  const auto alphabet = alphabet_of(rules);
  if (!alphabet) return 0;
  // Inclusion and exclusion over the sets of missing classes gives the share that is acceptable.
  const auto total = static_cast<double>(alphabet->characters.size());
  double share = 0;
  for (unsigned missing = 0; missing < 1U << kClasses; ++missing) {
    double left = total;
    bool possible = true;
    for (std::size_t i = 0; i < kClasses; ++i) {
      if ((missing >> i & 1) == 0) continue;
      possible = possible && alphabet->sizes[i] > 0;
      left -= static_cast<double>(alphabet->sizes[i]);
    }
    if (!possible) continue;
    const double term = std::pow(left / total, static_cast<double>(rules.length));
    share += std::popcount(missing) % 2 == 0 ? term : -term;
  }
  if (share <= 0) return 0;
  return static_cast<double>(rules.length) * std::log2(total) + std::log2(share);
}

auto check_rules(const WordRules& rules) -> Result<void> {
  const bool fits = rules.words >= 1 && rules.words <= kGeneratedWordsMax &&
                    rules.separator.size() <= kSeparatorBytesMax;
  if (!fits || !base::is_utf8(base::view_of(rules.separator))) {
    return fail(Error::bad_generator_rules);
  }
  return {};
}

auto generate(const WordRules& rules, std::span<const std::string_view> list,
              ports::Entropy& entropy, base::SecretMemory& memory) -> Result<base::SecretBytes> {
  TRY_DO(check_rules(rules));
  if (list.empty()) return fail(Error::bad_generator_rules);
  try {
    Draw draw{entropy, memory};
    base::SecretBytes out{memory};
    auto& text = out.buffer();
    for (std::size_t i = 0; i < rules.words; ++i) {
      if (i > 0) text.insert(text.end(), rules.separator.begin(), rules.separator.end());
      const std::string_view word = list[draw.below(list.size())];
      text.insert(text.end(), word.begin(), word.end());
    }
    return out;
  } catch (const std::bad_alloc&) {
    return fail(Error::secret_memory_exhausted);
  }
}

auto entropy_bits(const WordRules& rules, std::size_t list_words) -> double {
  if (list_words == 0) return 0;
  return static_cast<double>(rules.words) * std::log2(static_cast<double>(list_words));
}

}  // namespace holdfast::api
