#include "api/vaults.h"

#include <sys/stat.h>

#include "api/vaults_slot.h"

namespace holdfast::api {
namespace {

namespace fs = std::filesystem;
using base::Detailed, base::Error, base::fail;
using std::chrono::nanoseconds;

}  // namespace

auto holds_vault(const fs::path& folder) -> bool {
  std::error_code error;
  return fs::is_regular_file(folder / "header", error);
}

auto is_vault_name(std::string_view name) -> bool {
  if (name.empty() || name.size() > kVaultNameBytesMax) return false;
  if (name.front() == '.' || name.front() == '-') return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

Vaults::Vaults(VaultsOptions options, const node::Ports& ports)
    : options_{std::move(options)}, ports_{ports} {}
Vaults::~Vaults() { lock_all(); }

auto Vaults::list() const -> Detailed<std::vector<Listed>> {
  std::vector<Listed> vaults;
  std::error_code error;
  for (fs::directory_iterator entry{options_.folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!is_vault_name(name) || !holds_vault(entry->path())) continue;
    if (vaults.size() == kVaultsMax) return fail(Error::too_many_vaults, options_.folder.string());
    vaults.push_back({.name = name});
  }
  if (error && error != std::errc::no_such_file_or_directory) {  // or it would look like none
    const bool too_many = error == std::errc::too_many_files_open ||
                          error == std::errc::too_many_files_open_in_system;
    return fail(too_many ? Error::too_many_files : Error::store_io, options_.folder.string());
  }
  std::ranges::sort(vaults, {}, &Listed::name);
  const std::scoped_lock guard{mutex_};
  for (Listed& listed : vaults) {
    listed.is_default =
        options_.default_vault.empty() ? vaults.size() == 1 : listed.name == options_.default_vault;
    if (const auto found = slots_.find(listed.name); found != slots_.end()) {
      listed.open = found->second->open;
    }
  }
  return vaults;
}

auto Vaults::name_of(std::string_view name) const -> Detailed<std::string> {
  if (!name.empty() && name != kDefaultVault) {
    if (!is_vault_name(name)) return fail(Error::bad_vault_name, "");
    return std::string{name};
  }
  if (std::string chosen = options().default_vault; !chosen.empty()) return chosen;
  TRY(vaults, list());
  if (vaults.empty()) return fail(Error::no_vault, options_.folder.string());
  if (vaults.size() > 1) return fail(Error::vault_needed, "");
  return vaults.front().name;
}

auto Vaults::slot(const std::string& name) -> Detailed<std::shared_ptr<Slot>> {
  const std::scoped_lock guard{mutex_};
  if (const auto found = slots_.find(name); found != slots_.end()) return found->second;
  std::erase_if(slots_, [](const auto& entry) {  // left behind by what failed to open
    return !entry.second->open && entry.second.use_count() == 1;
  });
  if (slots_.size() >= kVaultsMax) return fail(Error::too_many_vaults, "");
  return slots_.emplace(name, std::make_shared<Slot>()).first->second;
}

auto Vaults::open(std::string_view name) -> Detailed<Ref> {
  TRY(vault_name, name_of(name));
  {
    const std::scoped_lock guard{mutex_};  // the usual case: open already
    const auto found = slots_.find(vault_name);
    if (found != slots_.end() && found->second->open) return found->second->open;
  }
  const fs::path folder = options_.folder / vault_name;
  if (!holds_vault(folder)) return fail(Error::unknown_vault, vault_name);
  TRY(place, slot(vault_name));
  const std::scoped_lock opening{place->opening};
  {
    const std::scoped_lock guard{mutex_};
    if (place->open) return place->open;
  }
  TRY(vault, node::DistributedVault::open(folder, ports_));
  vault->set_resolvers(options_.find_resolver);
  const std::scoped_lock guard{mutex_};
  return place->hold(vault_name, std::move(vault));
}

auto Vaults::create(std::string_view name, const node::NewVault& options,
                    const base::SecretBytes& passphrase) -> Detailed<Ref> {
  if (!is_vault_name(name)) return fail(Error::bad_vault_name, "");
  const std::string vault_name{name};
  TRY(existing, list());
  if (existing.size() >= kVaultsMax) return fail(Error::too_many_vaults, "");
  std::error_code error;
  fs::create_directories(options_.folder, error);
  if (error) return fail(Error::store_io, options_.folder.string());
  ::chmod(options_.folder.c_str(), 0700);
  TRY(place, slot(vault_name));
  const std::scoped_lock opening{place->opening};
  if (holds_vault(options_.folder / vault_name)) return fail(Error::vault_exists, vault_name);
  TRY(vault,
      node::DistributedVault::create(options_.folder / vault_name, options, passphrase, ports_));
  vault->set_resolvers(options_.find_resolver);
  const std::scoped_lock guard{mutex_};
  Ref opened = place->hold(vault_name, std::move(vault));
  start_timer(*place, std::nullopt);
  return opened;
}

auto Vaults::unlock(std::string_view name, const base::SecretBytes& passphrase,
                    std::optional<std::chrono::milliseconds> for_time) -> Detailed<Ref> {
  TRY(vault, open(name));
  TRY_DO(vault->vault->unlock(passphrase));
  const std::scoped_lock guard{mutex_};
  if (const auto found = slots_.find(vault->name); found != slots_.end()) {  // else: removed now
    start_timer(*found->second, for_time);
  }
  return vault;
}

void Vaults::start_timer(Slot& slot, std::optional<std::chrono::milliseconds> for_time) {
  const nanoseconds now = ports_.clock.monotonic();
  slot.last_use = now;
  slot.idle = for_time ? nanoseconds{0} : nanoseconds{options_.idle};
  slot.deadline = now + std::min(for_time.value_or(options_.absolute), options_.absolute);
}

auto Vaults::lock(std::string_view name) -> Detailed<void> {
  TRY(vault_name, name_of(name));
  Ref vault;
  {
    const std::scoped_lock guard{mutex_};
    const auto found = slots_.find(vault_name);
    if (found != slots_.end()) {
      vault = found->second->open;
      found->second->deadline = kNever;
    }
  }
  if (vault) {
    vault->vault->lock();
  } else if (!holds_vault(options_.folder / vault_name)) {
    return fail(Error::unknown_vault, vault_name);
  }
  return {};
}

void Vaults::lock_all() {
  std::vector<Ref> open;
  {
    const std::scoped_lock guard{mutex_};
    for (const auto& [name, place] : slots_) {
      place->deadline = kNever;
      if (place->open) open.push_back(place->open);
    }
  }
  for (const Ref& vault : open) vault->vault->lock();
}

void Vaults::used(const Ref& vault) {
  const nanoseconds now = ports_.clock.monotonic();
  const std::scoped_lock guard{mutex_};
  if (const auto found = slots_.find(vault->name); found != slots_.end()) {
    found->second->last_use = now;
  }
}

auto Vaults::lock_due() -> std::optional<nanoseconds> {
  // One at a time, or a second caller would overtake the first.
  const std::scoped_lock guard_all{locking_due_};
  const nanoseconds now = ports_.clock.monotonic();
  std::vector<Ref> due;
  {
    const std::scoped_lock guard{mutex_};
    for (const auto& [name, place] : slots_) {
      if (place->due() > now) continue;
      place->deadline = kNever;
      due.push_back(place->open);
    }
  }
  for (const Ref& vault : due) vault->vault->lock();
  return next_due();
}

auto Vaults::next_due() const -> std::optional<nanoseconds> {
  const std::scoped_lock guard{mutex_};
  nanoseconds next = kNever;
  for (const auto& [name, place] : slots_) next = std::min(next, place->due());
  if (next == kNever) return std::nullopt;
  return next;
}

auto Vaults::locks_at(std::string_view name) const -> std::optional<nanoseconds> {
  const std::scoped_lock guard{mutex_};
  const auto found = slots_.find(name);
  if (found == slots_.end() || found->second->due() == kNever) return std::nullopt;
  return found->second->due();
}

}  // namespace holdfast::api
