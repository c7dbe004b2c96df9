#include "node/write_gate.h"

#include <sys/statvfs.h>

namespace holdfast::node {
namespace {

using base::Error;

inline constexpr std::uint64_t kReserveBytes = 16 << 20;

auto free_bytes(const store::Path& folder) -> std::uint64_t {
  struct statvfs info{};
  if (::statvfs(folder.c_str(), &info) != 0) return UINT64_MAX;  // the write itself will tell
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

}  // namespace

auto WriteGate::read_only() const -> std::optional<Error> {
  const std::scoped_lock lock{mutex_};
  return stopped_ ? stopped_ : held_;
}

auto WriteGate::stopped() const -> std::optional<Error> {
  const std::scoped_lock lock{mutex_};
  return stopped_;
}

auto WriteGate::may_write(std::size_t bytes) const -> base::Detailed<void> {
  if (const auto reason = read_only()) return base::fail(*reason, folder_.string());
  if (free_bytes(folder_) < kReserveBytes + bytes)
    return base::fail(Error::store_full, folder_.string());
  return {};
}

void WriteGate::hold(std::optional<Error> reason) {
  const std::scoped_lock lock{mutex_};
  held_ = reason;
}

void WriteGate::stop(Error reason) {
  const std::scoped_lock lock{mutex_};
  if (!stopped_) stopped_ = reason;
}

void WriteGate::go_on() {
  const std::scoped_lock lock{mutex_};
  stopped_.reset();
}

}  // namespace holdfast::node
