#include "store/file_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

namespace holdfast::store {
namespace {

using base::fail;

auto last_error() { return fail(error_of_errno(errno)); }

auto folder_of(const Path& path) -> Path {
  const Path parent = path.parent_path();
  return parent.empty() ? Path{"."} : parent;
}

auto sync(const FileDescriptor& file) -> Result<void> {
  if (::fsync(file.number()) != 0) return last_error();
  return {};
}

auto write_new_file(const Path& path, ByteView bytes, mode_t mode) -> Result<void> {
  TRY(file, open_file(path, O_WRONLY | O_CREAT | O_EXCL, mode));
  if (::fchmod(file.number(), mode) != 0) return last_error();  // whatever the umask is
  TRY_DO(write_at(file, bytes, 0));
  TRY_DO(sync(file));
  return file.close();
}

auto give_name(const Path& from, const Path& to, Existing existing) -> Result<void> {
  const unsigned flags = existing == Existing::refuse ? RENAME_NOREPLACE : 0U;
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) != 0) return last_error();
  return {};
}

auto link_as(const FileDescriptor& file, const Path& path) -> Result<void> {
  const std::string from = "/proc/self/fd/" + std::to_string(file.number());
  if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return last_error();
  }
  return sync(file);  // that it has a name is part of the file, too
}

// `Buffer` is any vector of bytes; reads one byte more than allowed to notice a file too long.
template <class Buffer>
auto read_all(const Path& path, std::size_t bytes_max, Buffer& out) -> Result<void> {
  TRY(file, open_file(path, O_RDONLY | O_NONBLOCK));  // a FIFO must not block
  struct stat status{};
  if (::fstat(file.number(), &status) != 0) return last_error();
  if (!S_ISREG(status.st_mode)) return fail(Error::store_io);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > bytes_max) return fail(Error::too_long);
  out.resize(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(file.number(), out.data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_error();
    if (got == 0) break;  // cut while being read
    done += static_cast<std::size_t>(got);
  }
  out.resize(done);
  return {};
}

auto at(const Path& path) {
  return [where = path.string()](Error error) { return base::Failure{error, where}; };
}

}  // namespace

auto error_of_errno(int number) -> Error {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return Error::not_found;
    case EEXIST:
      return Error::already_exists;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Error::store_full;
    case EROFS:
    case EACCES:
    case EPERM:
      return Error::store_read_only;
    case EMFILE:
    case ENFILE:
      return Error::too_many_files;
    default:
      return Error::store_io;
  }
}

auto FileDescriptor::operator=(FileDescriptor&& other) noexcept -> FileDescriptor& {
  if (this != &other) {
    if (number_ >= 0) ::close(number_);
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) ::close(number_);
}

auto FileDescriptor::close() -> Result<void> {
  if (::close(std::exchange(number_, -1)) != 0) return last_error();
  return {};
}

auto open_file(const Path& path, int flags, mode_t mode) -> Result<FileDescriptor> {
  const int number = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode);
  if (number < 0) return last_error();
  return FileDescriptor{number};
}

auto write_at(const FileDescriptor& file, ByteView bytes, std::size_t offset) -> Result<void> {
  while (!bytes.empty()) {
    const ssize_t put =
        ::pwrite(file.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return last_error();
    if (put == 0) return fail(Error::store_io);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::size_t>(put);
  }
  return {};
}

auto write_file_atomic(const Path& path, ByteView bytes, mode_t mode, Existing existing)
    -> Detailed<void> {
  Path temporary = path;
  temporary += ".new";
  ::unlink(temporary.c_str());  // left by a crash
  auto written = write_new_file(temporary, bytes, mode).and_then([&] {
    return give_name(temporary, path, existing);
  });
  if (!written) {
    ::unlink(temporary.c_str());
    return std::unexpected{at(path)(written.error())};
  }
  return sync_folder(folder_of(path));
}

auto write_file_unseen(const Path& path, ByteView bytes) -> Detailed<void> {
  const int number =
      ::open(folder_of(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kPrivateFileMode);
  if (number < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) return write_file_atomic(path, bytes);
  if (number < 0) return std::unexpected{at(path)(error_of_errno(errno))};
  const FileDescriptor file{number};
  Path temporary = path;
  temporary += ".new";
  ::unlink(temporary.c_str());  // left by a crash
  auto written =
      write_at(file, bytes, 0).and_then([&] { return sync(file); }).and_then([&]() -> Result<void> {
        const auto named = link_as(file, path);
        if (named || named.error() != Error::already_exists) return named;
        return link_as(file, temporary).and_then([&] {
          return give_name(temporary, path, Existing::replace);
        });
      });
  if (!written) {
    ::unlink(temporary.c_str());
    return std::unexpected{at(path)(written.error())};
  }
  return sync_folder(folder_of(path));
}

auto read_file(const Path& path, std::size_t bytes_max) -> Detailed<Bytes> {
  Bytes bytes;
  TRY_DO(read_all(path, bytes_max, bytes).transform_error(at(path)));
  return bytes;
}

auto read_secret_file(const Path& path, std::size_t bytes_max, base::SecretMemory& memory)
    -> Detailed<base::SecretBytes> {
  try {
    base::SecretBytes bytes{memory};
    TRY_DO(read_all(path, bytes_max, bytes.buffer()).transform_error(at(path)));
    return bytes;
  } catch (const std::bad_alloc&) {
    return fail(Error::secret_memory_exhausted, path.string());
  }
}

auto make_private_folder(const Path& path) -> Detailed<void> {
  if (::mkdir(path.c_str(), kPrivateFolderMode) == 0) return sync_folder(folder_of(path));
  const int reason = errno;
  std::error_code ignored;
  if (reason == EEXIST && std::filesystem::is_directory(path, ignored)) return {};
  return fail(error_of_errno(reason), path.string());
}

auto sync_folder(const Path& path) -> Detailed<void> {
  return open_file(path, O_RDONLY | O_DIRECTORY)
      .and_then([](const FileDescriptor& folder) { return sync(folder); })
      .transform_error(at(path));
}

}  // namespace holdfast::store
