// program_resolver.h: the strategy `custom`: a program of the user's settles a conflict.
// It gets the heads and their common ancestor as JSON on standard input and answers, on standard
// output, with what a PATCH of a secret may say; what it does not name is merged field by field.
// Invariant: nothing of a secret is in its arguments or environment. Whatever it does wrong, the
// conflict stays in the queue and problem() says why.
// Limits: kResolverAnswerBytesMax, kResolverTime for one conflict; a program that was late is not
// asked again for kResolverPause, because writers wait meanwhile. Time: the Clock port, monotonic.
// Threads: any. Errors: bad_answer for all of them. Source: docs/design/vault.md §2; docs/api.md.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <mutex>
#include <string>

#include "node/distributed_vault.h"
#include "ports/clock.h"

namespace holdfast::api {

inline constexpr std::size_t kResolverAnswerBytesMax = std::size_t{4} << 20;
inline constexpr std::chrono::seconds kResolverTime{5};
inline constexpr std::chrono::seconds kResolverPause{60};

struct ResolverFailure {
  std::string text;  // "it ended with code 3"; no values
  bool late = false;
};
// Runs the program: what it printed, or why not.
using RunResolver = std::function<std::expected<base::SecretBytes, ResolverFailure>(
    base::ByteView input, base::SecretMemory& memory)>;

class ProgramResolver final : public node::ConflictResolver {
 public:
  ProgramResolver(std::string name, RunResolver run, const ports::Clock& clock)
      : name_{std::move(name)}, run_{std::move(run)}, clock_{clock} {}

  [[nodiscard]] auto resolve(const node::Conflict& conflict, base::SecretMemory& memory) const
      -> base::Result<model::Secret> override;
  // Why the last conflict was left to the user; empty: it was not.
  [[nodiscard]] auto problem() const -> std::string;

 private:
  [[nodiscard]] auto ask(const node::Conflict& conflict, base::SecretMemory& memory) const
      -> std::expected<model::Secret, ResolverFailure>;

  const std::string name_;
  const RunResolver run_;
  const ports::Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::string problem_;
  mutable std::chrono::nanoseconds not_before_{0};
};

// The resolver of this name on this machine; null: none.
using FindResolver = std::function<std::shared_ptr<const ProgramResolver>(std::string_view name)>;

}  // namespace holdfast::api
