// file_io.h: small files that are old or new after a power loss, never in between.
// Invariant: when write_file_atomic returns success, the content and the name are durable; when it
// fails, the old content is still there, and no failed fsync is ever repeated.
// Limits: readers name bytes_max. Time: none. Threads: any, but one writer for each path.
// Errors, each with the path: not_found, too_long, already_exists, store_full, store_read_only,
// too_many_files, store_io. Source: docs/architecture.md, Durability.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace holdfast::store {

using base::Bytes;
using base::ByteView;
using base::Detailed;
using base::Error;
using base::Result;
using Path = std::filesystem::path;

inline constexpr mode_t kPrivateFileMode = 0600;
inline constexpr mode_t kPrivateFolderMode = 0700;

enum class Existing : std::uint8_t { replace, refuse };

[[nodiscard]] auto write_file_atomic(const Path& path, ByteView bytes,
                                     mode_t mode = kPrivateFileMode,
                                     Existing existing = Existing::replace) -> Detailed<void>;
// For what nobody may come upon by chance: replaces, mode 0600. The content has no name before it
// is whole, so that of a write cut short nothing is left; while an older file is being replaced, or
// on a file system without such files, it is NAME.new, until the next write.
[[nodiscard]] auto write_file_unseen(const Path& path, ByteView bytes) -> Detailed<void>;
[[nodiscard]] auto read_file(const Path& path, std::size_t bytes_max) -> Detailed<Bytes>;
// The same into wiped memory, with no copy elsewhere.
[[nodiscard]] auto read_secret_file(const Path& path, std::size_t bytes_max,
                                    base::SecretMemory& memory) -> Detailed<base::SecretBytes>;

// Creates the last component with mode 0700, durably. An existing folder is left as it is.
[[nodiscard]] auto make_private_folder(const Path& path) -> Detailed<void>;
// Makes names created, renamed or removed in the folder durable.
[[nodiscard]] auto sync_folder(const Path& path) -> Detailed<void>;

// The error whose reaction an errno of a file operation asks for.
[[nodiscard]] auto error_of_errno(int number) -> Error;

// Owns an open file; closed at the end of its life.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_{number} {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  auto operator=(FileDescriptor&& other) noexcept -> FileDescriptor&;
  FileDescriptor(const FileDescriptor&) = delete;
  auto operator=(const FileDescriptor&) -> FileDescriptor& = delete;
  ~FileDescriptor();

  [[nodiscard]] auto is_open() const -> bool { return number_ >= 0; }
  [[nodiscard]] auto number() const -> int { return number_; }
  [[nodiscard]] auto close() -> Result<void>;  // reports what the destructor cannot

 private:
  int number_ = -1;
};

// open(2) without following a last symbolic link, closed on exec. `mode` matters with O_CREAT.
[[nodiscard]] auto open_file(const Path& path, int flags, mode_t mode = 0)
    -> Result<FileDescriptor>;
// Writes all of it at the offset, over interruptions and short writes.
[[nodiscard]] auto write_at(const FileDescriptor& file, ByteView bytes, std::size_t offset)
    -> Result<void>;

}  // namespace holdfast::store
