#include <array>

#include "api/handlers.h"
#include "api/secret_json.h"

namespace holdfast::api {
namespace {

constexpr std::array kReadQuery = std::to_array<Parameter>({
    {"reveal", Shape::boolean, "show protected values"},
    {"attachments", Shape::boolean, "with reveal: show the content of attachments"},
});
constexpr std::array kListQuery = std::to_array<Parameter>({
    {"item", Shape::text,
     "ITEM: label, category/label, id or unique prefix of an id; gives the secret"},
    {"reveal", Shape::boolean, "with item: show protected values"},
    {"attachments", Shape::boolean, "with item and reveal: show the content of attachments"},
    {"q", Shape::text, "search for this text"},
    {"in", Shape::text,
     "with q: label, username, url, tags, category, notes, fields; comma between"},
    {"category", Shape::text, "name or id"},
    {"text", Shape::text, "in label, username or url"},
    {"tags", Shape::text, "all of these; comma between"},
    {"sort", Shape::text, "label, username, category, created or modified"},
    {"reverse", Shape::boolean, "last first"},
    {"deleted", Shape::boolean, "deleted secrets instead of live ones"},
    {"conflicts", Shape::boolean, "only secrets in conflict"},
    {"fields", Shape::text, "only these members of each item, such as label,username,urls"},
    {"limit", Shape::number, "items of one page, at most 1000"},
    {"cursor", Shape::text, "`next` of the page before"},
});
constexpr std::array kDeleteQuery = std::to_array<Parameter>({
    {"purge", Shape::boolean, "remove every version instead of marking the secret deleted"},
});
constexpr std::array kImportQuery = std::to_array<Parameter>({
    {"format", Shape::text, "of the file; without it: guessed"},
    {"on_conflict", Shape::text, "skip, replace, merge or duplicate"},
    {"dry_run", Shape::boolean, "report only"},
    {"category", Shape::text, "name or id, instead of the file's folders"},
});
constexpr std::array kExportQuery = std::to_array<Parameter>({
    {"format", Shape::text, "of the file"},
    {"plaintext", Shape::boolean, "must be true for a format that is not encrypted"},
    {"category", Shape::text, "name or id: only its secrets"},
    {"losses", Shape::boolean, "say what the format cannot hold, instead of the file"},
});
constexpr std::array kUnlockBody = std::to_array<Member>({
    {"vault", Shape::text},
    {"passphrase", Shape::text, Need::required},
    {"for_ms", Shape::number},
});
constexpr std::array kLockBody = std::to_array<Member>({
    {"vault", Shape::text},
    {"all", Shape::boolean},
});
constexpr std::array kGenerateBody = std::to_array<Member>({
    {"length", Shape::number},
    {"classes", Shape::texts},
    {"no_ambiguous", Shape::boolean},
    {"exclude", Shape::text},
    {"count", Shape::number},
    {"pin", Shape::number},
});
constexpr std::array kVaultBody = std::to_array<Member>({
    {"name", Shape::text, Need::required},
    {"passphrase", Shape::text, Need::required},
    {"device_name", Shape::text},
    {"kdf_target_ms", Shape::number},
});
constexpr std::array kCategoryBody = std::to_array<Member>({
    {"name", Shape::text, Need::required},
    {"parent", Shape::text},
});

#define VAULT "/v1/vaults/{vault}"

auto make_routes() {
  using enum Method;
  return std::to_array<Route>({
      {.method = get,
       .path = "/v1/status",
       .about = "the daemon and its vaults",
       .handler = get_status},
      {.method = get,
       .path = "/v1/sys/health",
       .about = "one status code for load balancers",
       .handler = get_health},
      {.method = get,
       .path = "/v1/openapi.json",
       .about = "this description",
       .handler = get_openapi},
      {.method = post,
       .path = "/v1/generate",
       .about = "random passwords and PINs",
       .handler = post_generate,
       .body = BodyKind::json,
       .members = kGenerateBody},
      {.method = post,
       .path = "/v1/unlock",
       .about = "unlock a vault",
       .handler = post_unlock,
       .body = BodyKind::json,
       .slow = true,
       .members = kUnlockBody},
      {.method = post,
       .path = "/v1/lock",
       .about = "lock a vault or all",
       .handler = post_lock,
       .body = BodyKind::json,
       .members = kLockBody},
      {.method = get,
       .path = "/v1/vaults",
       .about = "the vaults of this machine",
       .handler = get_vaults},
      {.method = post,
       .path = "/v1/vaults",
       .about = "make a vault",
       .handler = post_vaults,
       .success = 201,
       .body = BodyKind::json,
       .slow = true,
       .members = kVaultBody},
      {.method = get,
       .path = VAULT,
       .about = "the state of a vault",
       .handler = get_vault,
       .uses_vault = false},
      {.method = post,
       .path = VAULT "/verify",
       .about = "rebuild and compare the roots",
       .handler = post_verify,
       .slow = true,
       .uses_vault = false},
      {.method = get,
       .path = VAULT "/categories",
       .about = "categories",
       .handler = get_categories},
      {.method = post,
       .path = VAULT "/categories",
       .about = "make a category",
       .handler = post_categories,
       .success = 201,
       .body = BodyKind::json,
       .remembers = true,
       .members = kCategoryBody},
      {.method = get,
       .path = VAULT "/secrets",
       .about = "list, search, or resolve one ITEM",
       .handler = get_secrets,
       .query = kListQuery},
      {.method = post,
       .path = VAULT "/secrets",
       .about = "add a secret",
       .handler = post_secrets,
       .success = 201,
       .body = BodyKind::json,
       .remembers = true,
       .members = new_secret_members()},
      {.method = get,
       .path = VAULT "/secrets/{id}",
       .about = "a secret",
       .handler = get_secret,
       .query = kReadQuery},
      {.method = put,
       .path = VAULT "/secrets/{id}",
       .about = "replace a secret",
       .handler = put_secret,
       .body = BodyKind::json,
       .remembers = true,
       .members = replacement_members()},
      {.method = patch,
       .path = VAULT "/secrets/{id}",
       .about = "change a secret",
       .handler = patch_secret,
       .body = BodyKind::json,
       .remembers = true,
       .members = patch_members()},
      {.method = remove,
       .path = VAULT "/secrets/{id}",
       .about = "delete a secret",
       .handler = delete_secret,
       .remembers = true,
       .query = kDeleteQuery},
      {.method = get,
       .path = VAULT "/secrets/{id}/totp",
       .about = "the one-time code of now",
       .handler = get_totp},
      {.method = post,
       .path = VAULT "/import",
       .about = "import a file",
       .handler = post_import,
       .body = BodyKind::raw,
       .slow = true,
       .remembers = true,
       .file_key = true,
       .query = kImportQuery},
      {.method = get,
       .path = VAULT "/export",
       .about = "export to a file",
       .handler = get_export,
       .slow = true,
       .file_key = true,
       .query = kExportQuery},
  });
}
#undef VAULT

}  // namespace

auto routes() -> std::span<const Route> {
  static const auto table = make_routes();
  return table;
}

}  // namespace holdfast::api
