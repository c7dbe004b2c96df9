// dispatch.h: from a request to its answer: the checks every request passes, the route, the errors.
// Invariant: whatever arrives, there is one answer; no route is reachable that the table (call.h)
// does not list, and openapi.json is written from the same table.
// Limits: kBodyBytesMax, formats::kImportBytesMax, IdempotencyMemory. Time: the Clock port.
// Threads: any. Errors: none; they become answers. Source: docs/api.md; RFC 9110.
#pragma once

#include <optional>

#include "api/call.h"
#include "api/idempotency.h"

namespace holdfast::api {

class Dispatcher {
 public:
  using Reload = std::function<base::Detailed<void>()>;
  Dispatcher(Vaults& vaults, const node::Ports& ports, Reload reload = {});

  struct Plan {
    const Route* route;
    std::size_t body_max;
  };
  // Judges a request by its header alone.
  [[nodiscard]] auto plan(const Message& header) const -> base::Detailed<Plan>;
  [[nodiscard]] auto run(const Plan& plan, const Message& request) -> Answer;
  [[nodiscard]] auto refuse(const base::Failure& failure) const -> Answer;
  [[nodiscard]] auto backups() -> BackupSchedule& { return backups_; }
  [[nodiscard]] auto backups() const -> const BackupSchedule& { return backups_; }

 private:
  [[nodiscard]] auto handle(const Route& route, const Message& request) -> base::Detailed<Answer>;
  [[nodiscard]] auto remembered(const Route& route, const Message& request)
      -> base::Detailed<Answer>;

  Tasks tasks_;
  BackupSchedule backups_;
  Services services_;
  IdempotencyMemory memory_;
};

[[nodiscard]] auto status_of(base::Error error) -> unsigned;
[[nodiscard]] auto openapi(base::SecretMemory& memory) -> base::SecretBytes;

}  // namespace holdfast::api
