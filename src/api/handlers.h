// handlers.h: one function for each row of the route table.
// They block, and run on any worker; the Call is theirs alone. Errors: those docs/api.md names.
#pragma once

#include "api/call.h"

namespace holdfast::api {

[[nodiscard]] auto get_status(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_health(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_openapi(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto post_generate(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto post_unlock(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto post_lock(const Call& call) -> base::Detailed<Answer>;

[[nodiscard]] auto post_reload(const Call& call) -> base::Detailed<Answer>;

[[nodiscard]] auto post_passphrase(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto patch_vault(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto delete_vault(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_stats(const Call& call) -> base::Detailed<Answer>;

[[nodiscard]] auto get_vaults(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto post_vaults(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_vault(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto post_verify(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_categories(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto post_categories(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto patch_category(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto delete_category(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_tags(const Call& call) -> base::Detailed<Answer>;

[[nodiscard]] auto get_secrets(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto post_secrets(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_secret(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto put_secret(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto patch_secret(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto delete_secret(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_totp(const Call& call) -> base::Detailed<Answer>;

[[nodiscard]] auto get_versions(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_version(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto post_restore(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_attachment(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto put_attachment(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto delete_attachment(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_conflicts(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_conflict(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto post_resolve(const Call& call) -> base::Detailed<Answer>;

[[nodiscard]] auto get_conflict_settings(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto put_conflict_settings(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_retention(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto put_retention(const Call& call) -> base::Detailed<Answer>;

[[nodiscard]] auto post_import(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_export(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto post_migrate(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto post_backup(const Call& call) -> base::Detailed<Answer>;

}  // namespace holdfast::api
