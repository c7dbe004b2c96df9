// doctor.h: what is right and wrong with this machine and its vaults, each with its remedy.
// A check looks and never mends; repair() mends only what cannot lose anything. Limits:
// kCheckedPathsMax. Time: as long as verifying every vault and deriving one key for each. Threads:
// one. Errors: none; they are results. Source: docs/design/interfaces.md §7, doctor.
#pragma once

#include <filesystem>
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

// Half a vault in the data folder, from a machine that stopped while it was made or removed.
[[nodiscard]] auto is_leftover(const std::filesystem::path& folder) -> bool;
// Takes the rights of others away, wipes what killed editors left, and, where no daemon runs,
// removes leftovers and a dead socket. Tells what it did.
[[nodiscard]] auto repair(Session& session) -> Outcome<std::vector<std::string>>;
// Which algorithm protects what.
void print_protections(Screen& screen);

}  // namespace holdfast::cli
