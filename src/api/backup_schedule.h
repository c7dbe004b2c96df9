// backup_schedule.h: backups that make themselves: of every opened vault, locked or not, into one
// folder, one after each `every`.
// Invariant: what is due follows from the newest backup of that vault and device in the folder, so
// a restart forgets nothing; of its own files the newest `keep` of a vault stay, and no file of
// another name or vault is removed. A failed one is told of until one succeeds.
// Limits: kScheduledFilesMax files of a vault are looked at. Time: the Clock port. Threads: any;
// run_due() one at a time. Errors: kept for whoever asks. Source: docs/design/interfaces.md §2.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "api/tasks.h"
#include "api/vaults.h"

namespace holdfast::api {

inline constexpr std::size_t kScheduledFilesMax = 1000;
inline constexpr std::chrono::seconds kBackupLookInterval{60};  // vaults may be opened meanwhile
inline constexpr std::chrono::minutes kBackupRetryInterval{10};

class BackupSchedule {
 public:
  struct Failure {
    std::uint64_t at_ms = 0;
    base::Failure reason;
  };

  BackupSchedule(Vaults& vaults, const node::Ports& ports, Tasks& tasks)
      : vaults_{vaults}, ports_{ports}, tasks_{tasks} {}

  void run_due();
  // When to look again, on the monotonic clock; nothing: no schedule is set.
  [[nodiscard]] auto next_due() const -> std::optional<std::chrono::nanoseconds>;
  [[nodiscard]] auto failure(const std::string& vault) const -> std::optional<Failure>;

 private:
  void run_due(const Vaults::Ref& vault, const BackupPlan& plan);

  Vaults& vaults_;
  const node::Ports ports_;
  Tasks& tasks_;
  std::mutex running_;
  std::atomic<std::chrono::nanoseconds> look_at_{std::chrono::nanoseconds{0}};
  mutable std::mutex mutex_;
  std::map<std::string, Failure> failures_;  // by vault; guarded by mutex_
};

}  // namespace holdfast::api
