// Requests that change a vault as a whole: its passphrase, its name, its end.
#include "api/handlers.h"
#include "api/kdf_choice.h"
#include "api/vault_json.h"

namespace holdfast::api {

using base::Detailed, base::Error, base::fail;

auto post_passphrase(const Call& call) -> Detailed<Answer> {
  base::SecretMemory& keys = call.services.ports.keys;
  TRY(from, base::SecretBytes::copy_of(keys, *text_member(*call.body, "old")));
  TRY(to, base::SecretBytes::copy_of(keys, *text_member(*call.body, "new")));
  if (to.empty()) return fail(Error::passphrase_empty, "");
  std::optional<crypto::Argon2Params> kdf;
  if (call.body->contains("kdf_target_ms") || call.body->contains("kdf_memory_min")) {
    TRY(chosen, kdf_of(call));
    kdf = chosen;
  }
  TRY_DO(call.vault->vault->change_passphrase(from, to, kdf));
  return vault_answer(call, call.vault);
}

auto patch_vault(const Call& call) -> Detailed<Answer> {
  const std::string to{*text_member(*call.body, "name")};
  TRY_DO(call.path.front().expose_text(
      [&](std::string_view name) { return call.services.vaults.rename(name, to); }));
  JsonWriter out{call.memory};
  out.begin_object().key("name").text(to).end_object();
  return Answer{out.take()};
}

auto delete_vault(const Call& call) -> Detailed<Answer> {
  const std::string name =
      call.path.front().expose_text([](std::string_view text) { return std::string{text}; });
  if (call.query.text("confirm") != name) {
    return fail(Error::bad_request, "confirm is the name of the vault to remove");
  }
  TRY_DO(call.services.vaults.remove(name));
  JsonWriter out{call.memory};
  out.begin_object().key("removed").text(name).end_object();
  return Answer{out.take()};
}

}  // namespace holdfast::api
