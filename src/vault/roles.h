// roles.h: the built-in roles, what each may do, and who may read a category.
// Each role may do all that a lower one may. Threads: pure. Source: docs/architecture.md.
#pragma once

#include <vector>

#include "vault/state_view.h"

namespace holdfast::vault {

inline constexpr model::RoleId kReplica{0};  // stores and orders ciphertext, reads nothing
inline constexpr model::RoleId kReader{1};
inline constexpr model::RoleId kWriter{2};
inline constexpr model::RoleId kAdmin{3};
inline constexpr model::RoleId kOwner{4};

enum class Permission : std::uint8_t { read, write, manage_categories, manage_vault, own };

[[nodiscard]] auto role_permits(model::RoleId role, Permission permission) -> bool;

// Members who may read the category and have a wrap key, ascending: exactly the recipients of a
// key generation.
[[nodiscard]] auto readers(const StateView& view, const model::CategoryId& category)
    -> Result<std::vector<model::DeviceId>>;

}  // namespace holdfast::vault
