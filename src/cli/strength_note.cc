#include "cli/strength_note.h"

#include <unistd.h>

#include "api/strength.h"

namespace holdfast::cli {
namespace {

constexpr std::uint8_t kWeakPassphrase = 2;  // this score and below

}  // namespace

void note_strength(const base::SecretBytes& password, const Session& session) {
  if (::isatty(STDERR_FILENO) != 1) return;
  const api::Strength strength = api::estimate_strength(password, session.memory());
  session.screen().note("strength: " + std::string{strength.name()} + ", guessed in " +
                        strength.guessed_in());
}

void warn_if_weak(const base::SecretBytes& passphrase, const Session& session) {
  const api::Strength strength = api::estimate_strength(passphrase, session.memory());
  if (strength.score > kWeakPassphrase) return;
  session.screen().warn("this passphrase is " + std::string{strength.name()} +
                        "; whoever copies the vault may guess it. Better: holdfast generate "
                        "--diceware 6, then holdfast passphrase change");
}

}  // namespace holdfast::cli
