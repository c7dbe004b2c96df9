#include "node/records.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using model::Height;

auto numbered(std::string_view name, Height height) -> Bytes {
  Bytes key = name_key(name);
  base::append(key, number_key(std::to_underlying(height)));
  return key;
}

}  // namespace

auto number_key(std::uint64_t number) -> Bytes {
  Bytes key;
  for (int shift = 56; shift >= 0; shift -= 8)
    key.push_back(static_cast<std::uint8_t>(number >> shift));
  return key;
}

auto transaction_key(Height height, std::uint64_t index) -> Bytes {
  Bytes key = number_key(std::to_underlying(height));
  base::append(key, number_key(index));
  return key;
}

auto round_key(model::Epoch epoch, model::Round round) -> Bytes {
  Bytes key = number_key(std::to_underlying(epoch));
  base::append(key, number_key(std::to_underlying(round)));
  return key;
}

auto block_key(model::Epoch epoch, const model::BlockRef& ref) -> Bytes {
  Bytes key = round_key(epoch, ref.round);
  base::append(key, number_key(std::to_underlying(ref.author)));
  base::append(key, ref.digest.view());
  return key;
}

auto name_key(std::string_view name) -> Bytes { return base::to_bytes(base::view_of(name)); }
auto checkpoint_key(Height height) -> Bytes { return numbered("checkpoint/", height); }
auto certificate_key(Height height) -> Bytes { return numbered("certificate/", height); }

}  // namespace holdfast::node
