#include <unistd.h>

#include <algorithm>

#include "api/dispatch.h"
#include "api/handlers.h"
#include "api/vault_json.h"

namespace holdfast::api {
namespace {

using base::Detailed;

auto milliseconds(std::chrono::milliseconds time) -> std::uint64_t {
  return static_cast<std::uint64_t>(time.count());
}

}  // namespace

auto get_status(const Call& call) -> Detailed<Answer> {
  const Vaults& vaults = call.services.vaults;
  TRY(listed, vaults.list());
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("version").text(HOLDFAST_VERSION);
  out.key("pid").number(static_cast<std::uint64_t>(::getpid()));
  out.key("default_vault");
  const auto found = std::ranges::find(listed, true, &Vaults::Listed::is_default);
  if (found == listed.end()) {
    out.null();
  } else {
    out.text(found->name);
  }
  out.key("idle_ms").number(milliseconds(vaults.options().idle));
  out.key("absolute_ms").number(milliseconds(vaults.options().absolute));
  out.key("vaults").begin_array();
  for (const Vaults::Listed& vault : listed) write_vault(out, vault, call.services);
  out.end_array().end_object();
  return Answer{out.take()};
}

// 473, a vault unlocked without quorum, cannot occur with a committee of one.
auto get_health(const Call& call) -> Detailed<Answer> {
  TRY(listed, call.services.vaults.list());
  const bool unlocked = std::ranges::any_of(listed, [](const Vaults::Listed& vault) {
    return vault.open && vault.open->vault->status().unlocked;
  });
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("initialized").boolean(!listed.empty());
  out.key("sealed").boolean(!unlocked);
  out.key("version").text(HOLDFAST_VERSION);
  out.end_object();
  return Answer{out.take(), listed.empty() ? 501U : unlocked ? 200U : 503U};
}

auto get_openapi(const Call& call) -> Detailed<Answer> { return Answer{openapi(call.memory)}; }

auto post_unlock(const Call& call) -> Detailed<Answer> {
  TRY(passphrase,
      base::SecretBytes::copy_of(call.services.ports.keys, *text_member(*call.body, "passphrase")));
  std::optional<std::chrono::milliseconds> for_time;
  if (const auto given = number_member(*call.body, "for_ms")) {
    const auto most = milliseconds(call.services.vaults.options().absolute);
    for_time = std::chrono::milliseconds{std::min(*given, most)};
  }
  TRY(vault, call.services.vaults.unlock(text_member(*call.body, "vault").value_or(""), passphrase,
                                         for_time));
  if (flag_member(*call.body, "confirm_recovery").value_or(false)) {
    TRY_DO(vault->vault->confirm_recovery());
  }
  return vault_answer(call, vault);
}

auto post_lock(const Call& call) -> Detailed<Answer> {
  Vaults& vaults = call.services.vaults;
  JsonWriter out{call.memory};
  out.begin_object().key("locked").begin_array();
  if (flag_member(*call.body, "all").value_or(false)) {
    TRY(listed, vaults.list());
    vaults.lock_all();
    for (const Vaults::Listed& vault : listed) {
      if (vault.open) out.text(vault.name);
    }
  } else {
    TRY(name, vaults.name_of(text_member(*call.body, "vault").value_or("")));
    TRY_DO(vaults.lock(name));
    out.text(name);
  }
  out.end_array().end_object();
  return Answer{out.take()};
}

auto post_reload(const Call& call) -> Detailed<Answer> {
  if (!call.services.reload) return base::fail(base::Error::bad_request, "nothing to reload");
  TRY_DO(call.services.reload());
  return get_status(call);
}

}  // namespace holdfast::api
