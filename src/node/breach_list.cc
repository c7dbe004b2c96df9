#include "node/breach_list.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>

namespace holdfast::node {

using base::Detailed, base::Error, base::fail;

namespace {

constexpr std::size_t kHexBytes = 40;

auto read_at(int file, std::span<char> out, std::uint64_t place) -> ssize_t {
  for (;;) {
    const ssize_t got = ::pread(file, out.data(), out.size(), static_cast<off_t>(place));
    if (got >= 0 || errno != EINTR) return got;
  }
}

}  // namespace

auto BreachList::open(const store::Path& path) -> Detailed<BreachList> {
  store::FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat info{};
  if (!file.is_open() || ::fstat(file.number(), &info) != 0)
    return fail(store::error_of_errno(errno), path.string());
  if (!S_ISREG(info.st_mode)) return fail(Error::bad_breach_list, path.string());
  BreachList list{path, std::move(file), static_cast<std::uint64_t>(info.st_size)};
  TRY_DO(list.line_from(0));
  return list;
}

auto BreachList::bad(std::uint64_t place) const -> std::unexpected<base::Failure> {
  return fail(Error::bad_breach_list, path_.string() + ", at byte " + std::to_string(place));
}

auto BreachList::line_from(std::uint64_t place) const -> Detailed<Line> {
  // From one byte before, whose line break tells that a line begins at `place` itself.
  const std::uint64_t from = place == 0 ? 0 : place - 1;
  std::array<char, 2 * kBreachLineBytesMax> buffer{};
  const ssize_t got = read_at(file_.number(), buffer, from);
  if (got < 0) return fail(store::error_of_errno(errno), path_.string());
  const std::string_view text{buffer.data(), static_cast<std::size_t>(got)};
  std::size_t begin = 0;
  if (place > 0) {
    const std::size_t line_break = text.find('\n');
    if (line_break == std::string_view::npos && from + text.size() < bytes_) return bad(from);
    begin = line_break == std::string_view::npos ? text.size() : line_break + 1;
  }
  Line line{.begin = from + begin, .end = bytes_, .hash = {}, .count = 1};
  if (line.begin == bytes_) return line;
  std::string_view rest = text.substr(begin);
  if (const std::size_t end = rest.find('\n'); end != std::string_view::npos) {
    line.end = line.begin + end + 1;
    rest = rest.substr(0, end);
  } else if (line.begin + rest.size() < bytes_) {
    return bad(line.begin);  // too long
  }
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  auto hash = crypto::Sha1Digest::from_hex(rest.substr(0, kHexBytes));
  if (!hash) return bad(line.begin);
  line.hash = *hash;
  if (rest.size() == kHexBytes) return line;
  if (rest[kHexBytes] != ':') return bad(line.begin);
  const std::string_view count = rest.substr(kHexBytes + 1);
  const auto parsed = std::from_chars(count.begin(), count.end(), line.count);
  if (parsed.ec != std::errc{} || parsed.ptr != count.end()) return bad(line.begin);
  return line;
}

auto BreachList::seen(base::ByteView password) const -> Detailed<std::uint64_t> {
  const crypto::Sha1Digest wanted = crypto::sha1_for_lookup(password);
  std::uint64_t low = 0, high = bytes_;  // a line of this hash begins in here
  std::optional<crypto::Sha1Digest> below, above;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    TRY(line, line_from(middle));
    if (line.begin >= high) {  // none begins in the upper half
      high = middle;
      continue;
    }
    if ((below && line.hash <= *below) || (above && line.hash >= *above)) return bad(line.begin);
    if (line.hash == wanted) return line.count;
    if (line.hash > wanted) {
      above = line.hash;
      high = middle;
    } else {
      below = line.hash;
      low = line.end;
    }
  }
  return 0;
}

}  // namespace holdfast::node
