// doctor.h: what is right and wrong with this machine and its vaults, each with its remedy.
// A check looks and never mends. Limits: kCheckedPathsMax. Time: as long as verifying every vault
// and deriving one key for each. Threads: one. Errors: none; they are results.
// Source: docs/design/interfaces.md §7, doctor.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"

namespace holdfast::cli {

inline constexpr std::size_t kCheckedPathsMax = 100'000;

enum class Health : std::uint8_t { ok, warning, failure };
struct Check {
  std::string name;  // "permissions"
  Health health = Health::ok;
  std::string text;    // what was found
  std::string remedy;  // empty where all is well
};
[[nodiscard]] auto health_name(Health health) -> std::string_view;

// Of this machine: permissions, leftovers, memory, core dumps, entropy, disk space, settings.
[[nodiscard]] auto machine_checks(const Session& session) -> std::vector<Check>;
// Of the daemon and each vault: socket, roots, clock, memory, cost of a guess.
[[nodiscard]] auto vault_checks(Session& session) -> std::vector<Check>;

}  // namespace holdfast::cli
