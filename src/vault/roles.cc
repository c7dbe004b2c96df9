#include "vault/roles.h"

namespace holdfast::vault {

auto role_permits(model::RoleId role, Permission permission) -> bool {
  switch (permission) {
    case Permission::read:
      return role >= kReader && role <= kOwner;
    case Permission::write:
      return role >= kWriter && role <= kOwner;
    case Permission::manage_categories:
    case Permission::manage_vault:
      return role >= kAdmin && role <= kOwner;
    case Permission::own:
      return role == kOwner;
  }
  return false;
}

auto readers(const StateView& view, const model::CategoryId&)
    -> Result<std::vector<model::DeviceId>> {
  std::vector<model::DeviceId> ids;
  TRY(all, roster(view));
  for (const model::DeviceId& id : all.members) {
    TRY(found, member(view, id));
    if (!found) return fail(Error::store_corrupt);
    if (found->record.wrap_key && role_permits(found->record.role, Permission::read)) {
      ids.push_back(id);
    }
  }
  return ids;
}

}  // namespace holdfast::vault
