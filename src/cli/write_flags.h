// write_flags.h: what every command that changes a secret takes: --if-version and --dry-run.
// Limits: none. Time: none. Threads: one. Errors: Problem with Exit::conflict.
// Source: docs/design/interfaces.md §1.
#pragma once

#include <string>

#include "cli/session.h"

namespace CLI {
class App;
}

namespace holdfast::cli {

struct WriteFlags {
  std::string if_version;  // of get --full and history; empty: whatever it is now
  bool dry_run = false;

  void declare(CLI::App& app);
  // The secret is not what --if-version says. The daemon compares again when it writes.
  [[nodiscard]] auto check(const Answer& secret) const -> Outcome<void>;
  // If-Match: what --if-version says, else the secret as it was read.
  [[nodiscard]] auto match(const Answer& secret) const -> std::string;
  // True: that was a dry run, and the user was told: "WHAT; nothing was changed."
  [[nodiscard]] auto stops(std::string_view what, Session& session) const -> bool;
};

void declare_dry_run(CLI::App& app, bool& dry_run);

}  // namespace holdfast::cli
