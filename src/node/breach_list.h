// breach_list.h: the hashes of passwords that have leaked, in a file as Have I Been Pwned gives it
// out: one SHA-1 in hexadecimal a line, a colon, how often it was seen; sorted by hash. A password
// is looked up by binary search in the file, which may have many gigabytes and is never read whole;
// nothing leaves this machine.
// Limits: lines of kBreachLineBytesMax. Time: none. Threads: any. Errors, each with the place:
// bad_breach_list, and those of opening and reading (store/file_io.h).
#pragma once

#include <cstdint>

#include "crypto/sha1.h"
#include "store/file_io.h"

namespace holdfast::node {

inline constexpr std::size_t kBreachLineBytesMax = 64;

class BreachList {
 public:
  static auto open(const store::Path& file) -> base::Detailed<BreachList>;

  // How often it was seen in a leak; 0: it is not in the list. A line without a count counts once.
  [[nodiscard]] auto seen(base::ByteView password) const -> base::Detailed<std::uint64_t>;

 private:
  struct Line {
    std::uint64_t begin = 0, end = 0;  // of the file; end is the next one's begin
    crypto::Sha1Digest hash;
    std::uint64_t count = 0;
  };

  BreachList(store::Path path, store::FileDescriptor file, std::uint64_t bytes)
      : path_{std::move(path)}, file_{std::move(file)}, bytes_{bytes} {}
  // The first line that begins at or after this place; its begin is bytes_ if there is none.
  [[nodiscard]] auto line_from(std::uint64_t place) const -> base::Detailed<Line>;
  [[nodiscard]] auto bad(std::uint64_t place) const -> std::unexpected<base::Failure>;

  store::Path path_;
  store::FileDescriptor file_;
  std::uint64_t bytes_;
};

}  // namespace holdfast::node
