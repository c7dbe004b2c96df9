// generator.h: random passwords, PINs and passphrases of words (diceware).
// Invariant: every password that obeys the rules is equally likely: characters and words are drawn
// by rejection, and a password that lacks a wanted class is thrown away as a whole.
// Limits: below. Time: none. Threads: any, as the Entropy given. Errors: bad_generator_rules,
// secret_memory_exhausted.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "ports/entropy.h"

namespace holdfast::api {

inline constexpr std::size_t kGeneratedLengthMax = 1024;
inline constexpr std::size_t kGeneratedCountMax = 1000;
inline constexpr std::size_t kGeneratedWordsMax = 64;
inline constexpr std::size_t kSeparatorBytesMax = 16;
inline constexpr std::string_view kAmbiguous = "0O1lI|";  // what no_ambiguous leaves out

struct GeneratorRules {
  std::size_t length = 20;
  bool lower = true, upper = true, digit = true, symbol = true;  // each wanted one occurs
  bool no_ambiguous = false;
  std::string exclude{};  // characters never used
};

// Adds the class lower, upper, digit or symbol to those wanted; false: there is no such class.
[[nodiscard]] auto want_class(GeneratorRules& rules, std::string_view name) -> bool;
// The rules of a PIN: digits only.
[[nodiscard]] auto pin_rules(std::size_t length) -> GeneratorRules;
[[nodiscard]] auto check_rules(const GeneratorRules& rules) -> base::Result<void>;
[[nodiscard]] auto generate(const GeneratorRules& rules, ports::Entropy& entropy,
                            base::SecretMemory& memory) -> base::Result<base::SecretBytes>;
// Bits of the uniform choice, the wanted classes taken into account.
[[nodiscard]] auto entropy_bits(const GeneratorRules& rules) -> double;

struct WordRules {
  std::size_t words = 6;
  std::string separator = "-";
};
[[nodiscard]] auto check_rules(const WordRules& rules) -> base::Result<void>;
// From a list of words that differ (word_list.h).
[[nodiscard]] auto generate(const WordRules& rules, std::span<const std::string_view> list,
                            ports::Entropy& entropy, base::SecretMemory& memory)
    -> base::Result<base::SecretBytes>;
[[nodiscard]] auto entropy_bits(const WordRules& rules, std::size_t list_words) -> double;

}  // namespace holdfast::api
