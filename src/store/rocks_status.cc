#include "store/rocks_status.h"

#include <rocksdb/status.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "store/file_io.h"

namespace holdfast::store {
namespace {

using base::Error;

auto error_of_text(const std::string& text) -> Error {
  constexpr auto kReasons =
      std::to_array<int>({ENOSPC, EDQUOT, EFBIG, EROFS, EACCES, EPERM, EMFILE, ENFILE});
  for (const int reason : kReasons) {
    if (text.contains(std::generic_category().message(reason))) return error_of_errno(reason);
  }
  return Error::store_io;
}

}  // namespace

// The system's reason goes first: a file that could not be opened for want of descriptors is also
// reported as corruption or as an invalid argument.
auto error_of(const rocksdb::Status& status) -> Error {
  if (status.IsNoSpace()) return Error::store_full;
  const Error reason = error_of_text(status.ToString());
  if (reason != Error::store_io) return reason;
  if (status.IsCorruption()) return Error::store_corrupt;
  if (status.IsPathNotFound()) return Error::store_corrupt;  // a file it had is gone
  return Error::store_io;
}

auto error_of_open(const rocksdb::Status& status) -> Error {
  const Error reason = error_of(status);
  if (reason != Error::store_io) return reason;
  const std::string text = status.ToString();
  if (text.contains("lock file") || text.contains("lock hold by current process")) {
    return Error::store_locked;
  }
  if (status.IsNotSupported()) return Error::unsupported_version;
  if (status.IsInvalidArgument()) {
    return text.contains("olumn famil") ? Error::unsupported_version : Error::store_corrupt;
  }
  return Error::store_io;
}

}  // namespace holdfast::store
