// id_hash.h: a hash of ids, which are random. Threads: pure. Errors: none.
#pragma once

#include <cstddef>
#include <cstring>

namespace holdfast::node {

struct IdHash {
  template <class Id>
  auto operator()(const Id& id) const -> std::size_t {
    static_assert(Id::kSize >= sizeof(std::size_t));
    std::size_t value = 0;
    std::memcpy(&value, id.bytes.data(), sizeof value);
    return value;
  }
};

}  // namespace holdfast::node
