// primitives.h: the hash functions that the core is given, as they belong to another level.
// Threads: pure functions. Source: docs/design/consensus.md §12.
#pragma once

#include <span>
#include <vector>

#include "model/commit.h"

namespace holdfast::consensus {

// RFC 9162 root over the leaves.
using MerkleRoot = model::Digest (*)(const std::vector<base::ByteView>& leaves);
// Extendable output (SHAKE256): fills `out` from `input`.
using Xof = void (*)(base::ByteView input, std::span<std::uint8_t> out);
// The id of an item of a payload: of a transaction without its signature.
using ItemId = model::Digest (*)(base::ByteView item);

struct Primitives {
  MerkleRoot merkle_root = nullptr;
  Xof xof = nullptr;
  ItemId item_id = nullptr;
};

}  // namespace holdfast::consensus
