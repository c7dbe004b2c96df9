// ordering_kind.h: the ways in which a vault can put its transactions into one order; chosen when
// it is made. Threads: pure. Source: docs/design/architecture.md §5.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::node {

// The names are on disk and in the API: never change one, append only.
enum class OrderingKind : std::uint8_t {
  solo,  // this device alone: a block is a commit is a batch
  dag,   // the DAG-BFT core, here with a committee of one
};
[[nodiscard]] auto ordering_name(OrderingKind kind) -> std::string_view;
[[nodiscard]] auto ordering_of(std::string_view name) -> std::optional<OrderingKind>;

}  // namespace holdfast::node
