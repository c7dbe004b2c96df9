#include "api/backup_schedule.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "node/backup.h"

namespace holdfast::api {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".hfbackup";

struct Made {
  fs::path file;
  std::uint64_t at_ms;
};

// The schedule's own files of this vault and device, the newest first.
auto made_of(const fs::path& folder, const std::string& name, const node::Status& vault)
    -> std::vector<Made> {
  std::vector<Made> made;
  std::error_code error;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    const std::string file = entry->path().filename().string();
    if (!file.starts_with(name + "-") || !file.ends_with(kSuffix)) continue;
    if (made.size() == kScheduledFilesMax) break;
    const auto manifest = node::read_backup_manifest(entry->path());
    if (!manifest || manifest->vault != vault.vault_id || manifest->device != vault.device) {
      continue;
    }
    made.push_back({entry->path(), std::to_underlying(manifest->created)});
  }
  std::ranges::sort(made, std::greater{}, &Made::at_ms);
  return made;
}

auto make_one(const Vaults::Ref& vault, const fs::path& folder, std::uint64_t now)
    -> base::Detailed<void> {
  TRY_DO(store::make_private_folder(folder));
  const std::string file = vault->name + "-" + std::to_string(now) + std::string{kSuffix};
  TRY_DO(vault->vault->backup(folder / file));
  return {};
}

}  // namespace

void BackupSchedule::run_due() {
  const std::scoped_lock running{running_};
  look_at_ = ports_.clock.monotonic() + kBackupLookInterval;
  const BackupPlan plan = vaults_.options().backup;
  const auto listed = vaults_.list();
  if (plan.every.count() == 0 || !listed) return;
  for (const Vaults::Listed& vault : *listed) {
    if (vault.open != nullptr) run_due(vault.open, plan);
  }
}

void BackupSchedule::run_due(const Vaults::Ref& vault, const BackupPlan& plan) {
  const auto now = static_cast<std::uint64_t>(ports_.clock.now_ms());
  const auto since = [&](std::uint64_t then) {  // a clock set back makes nothing wait for it
    return std::chrono::milliseconds{then > now ? 0 : now - then};
  };
  if (const auto failed = failure(vault->name);
      failed && since(failed->at_ms) < kBackupRetryInterval)
    return;
  const node::Status status = vault->vault->status();
  std::vector<Made> made = made_of(plan.folder, vault->name, status);
  if (!made.empty() && since(made.front().at_ms) < plan.every) return;
  const Tasks::Task task{tasks_, vault->name, "backup"};
  const auto result = make_one(vault, plan.folder, now);
  {
    const std::scoped_lock guard{mutex_};
    failures_.erase(vault->name);
    if (!result) failures_.emplace(vault->name, Failure{now, result.error()});
  }
  if (!result) return;
  made = made_of(plan.folder, vault->name, status);
  std::error_code ignored;  // it is tried again after the next
  for (std::size_t i = plan.keep; i < made.size(); ++i) fs::remove(made[i].file, ignored);
}

auto BackupSchedule::next_due() const -> std::optional<std::chrono::nanoseconds> {
  if (vaults_.options().backup.every.count() == 0) return std::nullopt;
  return look_at_.load();
}

auto BackupSchedule::failure(const std::string& vault) const -> std::optional<Failure> {
  const std::scoped_lock guard{mutex_};
  const auto found = failures_.find(vault);
  if (found == failures_.end()) return std::nullopt;
  return found->second;
}

}  // namespace holdfast::api
