// daemon.h: the background process that owns the vaults: starting it, being it, stopping it.
// start_daemon returns once it listens: the child says so on a pipe, or says why it cannot.
// Limits: one starter at a time (a lock file). Time: kStartTimeout. Threads: one; run_daemon must
// be called before any other thread exists. Errors: Problem with Exit::remote, or the reason the
// daemon gave. Source: docs/architecture.md, Process model.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "api/paths.h"
#include "cli/problem.h"
#include "node/distributed_vault.h"

namespace holdfast::cli {

inline constexpr std::chrono::seconds kStartTimeout{30};
inline constexpr std::chrono::seconds kStopTimeout{30};

[[nodiscard]] auto log_file(const api::Paths& paths) -> std::filesystem::path;
[[nodiscard]] auto start_daemon(const api::Paths& paths, const std::string& profile)
    -> Outcome<void>;
// Serves until SIGTERM or SIGINT. `ready` is the pipe to the starter, or -1.
[[nodiscard]] auto run_daemon(const api::Paths& paths, const node::Ports& ports, int ready)
    -> Outcome<void>;
// Asks the process to end and waits until it has.
[[nodiscard]] auto stop_process(pid_t process, int signal) -> Outcome<void>;

}  // namespace holdfast::cli
