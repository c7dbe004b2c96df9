// vaults.h: the vaults of one data folder: named, made, opened when first asked for, locked in
// time. Invariant: a vault is opened at most once, and opening leaves it locked. A vault locks when
// it was not used for `idle`, and in any case `absolute` after it was unlocked. status is no use.
// Limits: kVaultsMax, kVaultNameBytesMax. Time: the Clock port, monotonic. Threads: any.
// Errors: bad_vault_name, unknown_vault, vault_needed (several vaults, none named), vault_exists,
// too_many_vaults, and those of node. Source: docs/design/interfaces.md §2.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/program_resolver.h"
#include "base/result.h"
#include "node/distributed_vault.h"

namespace holdfast::api {

inline constexpr std::size_t kVaultsMax = 64;  // of one data folder
inline constexpr std::size_t kVaultNameBytesMax = 64;
inline constexpr std::chrono::seconds kCloseTimeout{10};
inline constexpr std::string_view kDefaultVault = "-";  // in place of a name: the default vault

// [A-Za-z0-9._-]{1,64}, beginning with neither '.' nor '-'.
[[nodiscard]] auto is_vault_name(std::string_view name) -> bool;

// Backups that make themselves; see backup_schedule.h.
struct BackupPlan {
  std::chrono::milliseconds every{0};  // 0: never
  std::filesystem::path folder{};
  std::size_t keep = 7;  // of each vault
};

struct VaultsOptions {
  std::filesystem::path folder;  // $XDG_DATA_HOME/holdfast/[PROFILE/]; made when first needed
  std::string default_vault{};   // empty: the only one
  std::chrono::milliseconds idle{std::chrono::minutes{15}};
  std::chrono::milliseconds absolute{std::chrono::hours{12}};
  BackupPlan backup{};
  FindResolver find_resolver{};  // for the strategy `custom`; outlives the vaults; may be empty
};

class Vaults {
 public:
  struct Open {
    std::string name;
    std::unique_ptr<node::DistributedVault> vault;
  };
  using Ref = std::shared_ptr<const Open>;
  struct Listed {
    std::string name;
    bool is_default = false;
    Ref open{};  // null: not opened yet, so locked
  };

  Vaults(VaultsOptions options, const node::Ports& ports);
  ~Vaults();
  Vaults(const Vaults&) = delete;
  auto operator=(const Vaults&) -> Vaults& = delete;

  [[nodiscard]] auto list() const -> base::Detailed<std::vector<Listed>>;  // by name
  // `name` empty or "-": the default vault.
  [[nodiscard]] auto name_of(std::string_view name) const -> base::Detailed<std::string>;
  [[nodiscard]] auto open(std::string_view name) -> base::Detailed<Ref>;
  [[nodiscard]] auto create(std::string_view name, const node::NewVault& options,
                            const base::SecretBytes& passphrase) -> base::Detailed<Ref>;

  // Unlocks; `for_time` replaces both limits of this unlocking, but never exceeds `absolute`.
  [[nodiscard]] auto unlock(std::string_view name, const base::SecretBytes& passphrase,
                            std::optional<std::chrono::milliseconds> for_time = {})
      -> base::Detailed<Ref>;
  [[nodiscard]] auto lock(std::string_view name) -> base::Detailed<void>;
  void lock_all();
  // Both close the vault first, and wait until its last request is answered: busy if that takes
  // longer than kCloseTimeout. A removed vault is gone at once, or not at all.
  [[nodiscard]] auto rename(std::string_view name, std::string_view to) -> base::Detailed<void>;
  [[nodiscard]] auto remove(std::string_view name) -> base::Detailed<void>;
  // Default vault and times from now on; the folder stays. Unlocked vaults lock no later for it.
  void configure(const VaultsOptions& options);
  void used(const Ref& vault);  // restarts its idle time
  // Locks what is due; tells when the next one will be, or nothing. When it returns, to whichever
  // of several callers, what was due is locked.
  auto lock_due() -> std::optional<std::chrono::nanoseconds>;
  [[nodiscard]] auto next_due() const -> std::optional<std::chrono::nanoseconds>;
  // When this vault locks by itself, on the monotonic clock; nothing: it is locked.
  [[nodiscard]] auto locks_at(std::string_view name) const
      -> std::optional<std::chrono::nanoseconds>;

  [[nodiscard]] auto options() const -> VaultsOptions {
    const std::scoped_lock guard{mutex_};
    return options_;
  }

 private:
  struct Slot;
  [[nodiscard]] auto slot(const std::string& name) -> base::Detailed<std::shared_ptr<Slot>>;
  void start_timer(Slot& slot, std::optional<std::chrono::milliseconds> for_time);

  [[nodiscard]] auto close(Slot& slot) -> base::Detailed<void>;  // under slot.opening

  VaultsOptions options_;  // the folder never changes; the rest is guarded by mutex_
  const node::Ports ports_;
  std::mutex locking_due_;    // held by lock_due() to its end; taken before mutex_
  mutable std::mutex mutex_;  // of slots_ and of the times in them
  std::map<std::string, std::shared_ptr<Slot>, std::less<>> slots_;
};

}  // namespace holdfast::api
