// store_fixtures.h: scratch folders, child processes and system call faults for the store's tests.
// Children run one disabled test of this program by name: a forked copy would lack the threads that
// RocksDB believes in.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ports/key_value_store.h"
#include "store/file_io.h"
#include "store/memory_store.h"
#include "store/rocks_store.h"

namespace holdfast::store::testing {

using base::Error;
using ports::Batch;
using ports::Column;
using ports::Durability;
using ports::SequenceNumber;
using Rows = std::vector<std::pair<std::string, std::string>>;

inline auto bytes(std::string_view text) -> Bytes { return base::to_bytes(base::view_of(text)); }

inline auto put_one(std::string_view key, std::string_view value, Column column = Column::state)
    -> Batch {
  Batch batch;
  batch.put(column, bytes(key), bytes(value));
  return batch;
}

// The value as text; "<none>" if there is none, the error's name if reading failed.
inline auto read(const ports::Reader& from, std::string_view key, Column column = Column::state)
    -> std::string {
  const auto value = from.get(column, base::view_of(key));
  if (!value) return std::string{base::error_name(value.error())};
  return *value ? std::string{base::text_of(**value)} : "<none>";
}

inline auto rows(const ports::Reader& in, std::string_view from = "", std::string_view to = "",
                 Column column = Column::state) -> Result<Rows> {
  Rows found;
  TRY_DO(in.scan(column, base::view_of(from), base::view_of(to), [&](ByteView key, ByteView value) {
    found.emplace_back(base::text_of(key), base::text_of(value));
    return true;
  }));
  return found;
}

class Scratch {
 public:
  Scratch();
  Scratch(const Scratch&) = delete;
  auto operator=(const Scratch&) -> Scratch& = delete;
  ~Scratch();
  [[nodiscard]] auto path() const -> const Path& { return path_; }
  [[nodiscard]] auto operator/(const char* name) const -> Path { return path_ / name; }

 private:
  Path path_;
};

inline auto create_store(const Path& folder) {
  return RocksStore::open(folder, {.mode = OpenMode::create_if_missing});
}

// Files of a store whose name ends so, oldest first by number.
auto files_ending(const Path& folder, std::string_view ending) -> std::vector<Path>;
void flip_bit_of_file(const Path& file, std::uint64_t byte, unsigned bit);
auto copy_folder(const Path& from, const Path& to) -> Path;

// A child that runs the disabled test `role` with the environment added.
class Child {
 public:
  Child(const std::string& role, const std::map<std::string, std::string>& environment);
  Child(const Child&) = delete;
  auto operator=(const Child&) -> Child& = delete;
  ~Child();
  // The next number the child reported, or nothing after its end.
  auto next_number() -> std::optional<std::uint64_t>;
  void kill();
  // Exit code, or minus the signal that ended it. Waits.
  auto wait() -> int;

 private:
  int pid_ = -1;
  int pipe_ = -1;
  std::optional<int> result_;
};
void report(std::uint64_t number);  // in the child
auto variable(const char* name) -> std::string;

// Faults in the system calls of this process, RocksDB's included.
struct SyscallFaults {
  static void fail_sync(int nth, int error_number);  // fsync or fdatasync; 0 disarms
  static void fail_rename(int nth, int error_number);
  static auto syncs() -> int;
  // SIGKILL at the n-th write, pwrite, fsync, fdatasync, rename, unlink, ftruncate or mkdir.
  static void kill_at(int nth);
};

}  // namespace holdfast::store::testing
