// Vaults: renaming and removing them, and settings that change while they are open.
#include <fcntl.h>
#include <stdio.h>  // renameat2
#include <unistd.h>

#include <cerrno>

#include "api/vaults_slot.h"

namespace holdfast::api {
namespace {

namespace fs = std::filesystem;
using base::Detailed, base::Error, base::fail;

// Never over what is there already; durable when it returns.
auto move_in(const fs::path& folder, const std::string& from, const std::string& to)
    -> Detailed<void> {
  const int place = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (place < 0) return fail(Error::store_io, folder.string());
  const bool moved = ::renameat2(place, from.c_str(), place, to.c_str(), RENAME_NOREPLACE) == 0;
  const int why = errno;
  const bool synced = moved && ::fsync(place) == 0;
  ::close(place);
  if (synced) return {};
  if (!moved && (why == EEXIST || why == ENOTEMPTY)) return fail(Error::vault_exists, to);
  const bool forbidden = !moved && (why == EACCES || why == EPERM || why == EROFS);
  return fail(forbidden ? Error::store_read_only : Error::store_io, (folder / from).string());
}

}  // namespace

auto Vaults::close(Slot& slot) -> Detailed<void> {
  Ref open;
  std::shared_ptr<Closing> closing;
  {
    const std::scoped_lock guard{mutex_};
    open = std::move(slot.open);
    closing = slot.closing;
    slot.open = nullptr;
  }
  if (!open) return {};
  open->vault->lock();
  const std::string name = open->name;
  const std::weak_ptr<const Open> watched = open;
  open.reset();
  if (closing->wait(kCloseTimeout)) return {};
  Ref again = watched.lock();
  if (!again) return {};
  const std::scoped_lock guard{mutex_};
  slot.open = std::move(again);
  return fail(Error::busy, name);
}

auto Vaults::rename(std::string_view name, std::string_view to) -> Detailed<void> {
  if (!is_vault_name(to)) return fail(Error::bad_vault_name, "");
  TRY(vault_name, name_of(name));
  const fs::path folder = options_.folder / vault_name;
  if (!holds_vault(folder)) return fail(Error::unknown_vault, vault_name);
  std::error_code error;
  if (fs::exists(options_.folder / to, error)) return fail(Error::vault_exists, std::string{to});
  TRY(place, slot(vault_name));
  const std::scoped_lock opening{place->opening};
  TRY_DO(close(*place));
  return move_in(options_.folder, vault_name, std::string{to});
}

auto Vaults::remove(std::string_view name) -> Detailed<void> {
  TRY(vault_name, name_of(name));
  const fs::path folder = options_.folder / vault_name;
  if (!holds_vault(folder)) return fail(Error::unknown_vault, vault_name);
  TRY(place, slot(vault_name));
  const std::scoped_lock opening{place->opening};
  TRY_DO(close(*place));
  const auto token = ports_.random<base::FixedBytes<struct TokenTag, 4>>();
  const std::string going = "." + vault_name + ".removed-" + token.hex();
  TRY_DO(move_in(options_.folder, vault_name, going));
  std::error_code error;
  fs::remove_all(options_.folder / going, error);  // what is left, doctor names
  return {};
}

void Vaults::configure(const VaultsOptions& options) {
  const std::chrono::nanoseconds now = ports_.clock.monotonic();
  const std::scoped_lock guard{mutex_};
  options_.default_vault = options.default_vault;
  options_.idle = options.idle;
  options_.absolute = options.absolute;
  options_.backup = options.backup;
  for (const auto& [name, place] : slots_) {
    if (!place->open || place->deadline == kNever) continue;
    place->deadline = std::min<std::chrono::nanoseconds>(place->deadline, now + options.absolute);
    if (place->idle.count() != 0) place->idle = options.idle;
  }
}

}  // namespace holdfast::api
