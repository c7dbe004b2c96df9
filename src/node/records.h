// records.h: the keys of a node's own records in its store.
// Invariant: the order of keys is the order of what they name. Threads: pure. Errors: none.
// Source: docs/formats.cddl, local records.
#pragma once

#include <string_view>

#include "model/commit.h"

namespace holdfast::node {

// Big-endian numbers as keys, so that order of keys is order of numbers.
[[nodiscard]] auto number_key(std::uint64_t number) -> base::Bytes;
[[nodiscard]] auto transaction_key(model::Height height, std::uint64_t index) -> base::Bytes;
// In Column::blocks: epoch, round, author, digest.
[[nodiscard]] auto block_key(model::Epoch epoch, const model::BlockRef& ref) -> base::Bytes;
[[nodiscard]] auto round_key(model::Epoch epoch, model::Round round) -> base::Bytes;  // first of it
// In Column::meta.
[[nodiscard]] auto checkpoint_key(model::Height height) -> base::Bytes;
[[nodiscard]] auto certificate_key(model::Height height) -> base::Bytes;
[[nodiscard]] auto name_key(std::string_view name) -> base::Bytes;
inline constexpr std::string_view kGenesisName = "genesis";
inline constexpr std::string_view kTipName = "tip";
inline constexpr std::string_view kOrderingName = "ordering";
inline constexpr std::string_view kDagMarkName = "dag";

}  // namespace holdfast::node
