// secret_json.h: secrets as the API shows and takes them.
// Invariant: a protected value (password, TOTP secret, protected field, attachment content) is
// written only if asked for. Limits: model/secret.h, checked when the vault encodes. Time: none.
// Threads: any. Errors: bad_request, bad_otp, bad_base64, empty_label. Source: docs/api.md.
#pragma once

#include <array>
#include <bitset>
#include <optional>
#include <span>
#include <string_view>

#include "api/call.h"
#include "api/json.h"
#include "model/secret.h"
#include "node/distributed_vault.h"

namespace holdfast::api {

[[nodiscard]] auto secret_name(const model::SecretId& id) -> std::string;      // "sec_…"
[[nodiscard]] auto category_name(const model::CategoryId& id) -> std::string;  // "cat_…"
[[nodiscard]] auto version_name(const model::VersionId& id) -> std::string;    // "ver_…"
[[nodiscard]] auto tx_name(const model::TxId& id) -> std::string;              // "tx_…"
[[nodiscard]] auto secret_id(std::string_view name) -> base::Detailed<model::SecretId>;
[[nodiscard]] auto version_id(std::string_view name) -> base::Detailed<model::VersionId>;
// By name or id; unknown_category. The vault must be unlocked.
[[nodiscard]] auto find_category(const Call& call, std::string_view name)
    -> base::Detailed<model::CategoryId>;
[[nodiscard]] auto etag_of(const node::Entry& entry) -> std::string;

struct Shown {
  bool reveal = false;
  bool attachments = false;      // their content
  bool duplicate_label = false;  // becomes a warning
};
void write_secret(JsonWriter& out, const node::Entry& entry, const Shown& shown);
// The members of a Summary, in their order; a listing may ask for some of them.
inline constexpr auto kSummaryMembers = std::to_array<std::string_view>(
    {"id", "label", "kind", "category", "username", "urls", "tags", "created_at", "modified_at",
     "version", "has_totp", "conflict", "duplicate_label", "deleted"});
using SummaryMembers = std::bitset<kSummaryMembers.size()>;
void write_summary(JsonWriter& out, const node::Summary& summary,
                   SummaryMembers members = SummaryMembers{}.set());
void write_receipt(JsonWriter& out, const node::Receipt& receipt);

// The members of a body for POST and PUT, and for PATCH.
[[nodiscard]] auto new_secret_members() -> std::span<const Member>;
[[nodiscard]] auto replacement_members() -> std::span<const Member>;
[[nodiscard]] auto patch_members() -> std::span<const Member>;

// Puts what the body says into `secret`: what it does not name stays, null clears.
[[nodiscard]] auto apply_members(const boost::json::object& body, model::Secret& secret,
                                 base::SecretMemory& memory) -> base::Detailed<void>;

}  // namespace holdfast::api
