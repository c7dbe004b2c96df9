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

[[nodiscard]] auto get_secrets(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto post_secrets(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_secret(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto put_secret(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto patch_secret(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto delete_secret(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_totp(const Call& call) -> base::Detailed<Answer>;

[[nodiscard]] auto post_import(const Call& call) -> base::Detailed<Answer>;
[[nodiscard]] auto get_export(const Call& call) -> base::Detailed<Answer>;

}  // namespace holdfast::api
