// resolver_programs.h: the programs of conflicts.resolvers, as the daemon runs them.
// Each is a command for /bin/sh in a session of its own; what it does not finish in time is killed
// with all it started. Limits: api/program_resolver.h. Time: the wall's, for the wait. Threads:
// any. Errors: none; a resolver tells its own. Source: docs/design/vault.md §2; docs/adr/0015.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "api/program_resolver.h"
#include "cli/settings.h"

namespace holdfast::cli {

class ResolverPrograms {
 public:
  explicit ResolverPrograms(const ports::Clock& clock) : clock_{clock} {}
  // From now on these; a running one ends as it is. Failures before are forgotten.
  void configure(const Settings& settings);
  [[nodiscard]] auto find(std::string_view name) const
      -> std::shared_ptr<const api::ProgramResolver>;

 private:
  const ports::Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const api::ProgramResolver>, std::less<>> programs_;
};

}  // namespace holdfast::cli
