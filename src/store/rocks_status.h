// rocks_status.h: what a status of RocksDB means to a caller. Private to this module.
// RocksDB 9.10 keeps the system's reason only as text, so it is compared with the system's texts;
// the tests pin each case to the library in use.
// Limits: none. Time: none. Threads: any. Errors: it makes them.
#pragma once

#include "base/result.h"

namespace rocksdb {
class Status;
}

namespace holdfast::store {

[[nodiscard]] auto error_of(const rocksdb::Status& status) -> base::Error;
[[nodiscard]] auto error_of_open(const rocksdb::Status& status) -> base::Error;

}  // namespace holdfast::store
