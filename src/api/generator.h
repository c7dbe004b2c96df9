// generator.h: random passwords and PINs.
// Invariant: every password that obeys the rules is equally likely: characters are drawn by
// rejection, and a password that lacks a wanted class is thrown away as a whole.
// Limits: below. Time: none. Threads: any, as the Entropy given. Errors: bad_generator_rules,
// secret_memory_exhausted. Word passphrases (diceware) are not offered yet.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "ports/entropy.h"

namespace holdfast::api {

inline constexpr std::size_t kGeneratedLengthMax = 1024;
inline constexpr std::size_t kGeneratedCountMax = 1000;
inline constexpr std::string_view kAmbiguous = "0O1lI|";  // what no_ambiguous leaves out

struct GeneratorRules {
  std::size_t length = 20;
  bool lower = true, upper = true, digit = true, symbol = true;  // each wanted one occurs
  bool no_ambiguous = false;
  std::string exclude{};  // characters never used
};

// The rules of a PIN: digits only.
[[nodiscard]] auto pin_rules(std::size_t length) -> GeneratorRules;
[[nodiscard]] auto check_rules(const GeneratorRules& rules) -> base::Result<void>;
[[nodiscard]] auto generate(const GeneratorRules& rules, ports::Entropy& entropy,
                            base::SecretMemory& memory) -> base::Result<base::SecretBytes>;
// Bits of the uniform choice, the wanted classes taken into account.
[[nodiscard]] auto entropy_bits(const GeneratorRules& rules) -> double;

}  // namespace holdfast::api
