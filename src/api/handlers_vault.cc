#include <unistd.h>

#include <array>
#include <utility>

#include "api/handlers.h"
#include "api/kdf_choice.h"
#include "api/secret_json.h"
#include "api/vault_json.h"

namespace holdfast::api {
namespace {

using base::Detailed, base::Error, base::fail;

auto host_name() -> std::string {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "device";
  return name.data();
}

}  // namespace

auto get_vaults(const Call& call) -> Detailed<Answer> {
  TRY(listed, call.services.vaults.list());
  JsonWriter out{call.memory};
  out.begin_object().key("items").begin_array();
  for (const Vaults::Listed& vault : listed) {
    out.begin_object();
    out.key("name").text(vault.name);
    out.key("default").boolean(vault.is_default);
    out.key("open").boolean(vault.open != nullptr);
    out.key("unlocked").boolean(vault.open && vault.open->vault->status().unlocked);
    out.end_object();
  }
  out.end_array().key("next").null().end_object();
  return Answer{out.take()};
}

auto post_vaults(const Call& call) -> Detailed<Answer> {
  const std::string_view name = *text_member(*call.body, "name");
  if (!is_vault_name(name)) return fail(Error::bad_vault_name, "");
  TRY(passphrase,
      base::SecretBytes::copy_of(call.services.ports.keys, *text_member(*call.body, "passphrase")));
  if (passphrase.empty()) return fail(Error::passphrase_empty, "");
  TRY(kdf, kdf_of(call));
  std::string device{text_member(*call.body, "device_name").value_or("")};
  if (device.empty()) device = host_name();
  TRY(vault, call.services.vaults.create(name, {.device_name = std::move(device), .kdf = kdf},
                                         passphrase));
  TRY(answer, vault_answer(call, vault));
  answer.location = "/v1/vaults/" + vault->name;
  return answer;
}

auto get_vault(const Call& call) -> Detailed<Answer> { return vault_answer(call, call.vault); }

auto post_verify(const Call& call) -> Detailed<Answer> {
  TRY(report, call.vault->vault->verify([](std::uint64_t, std::uint64_t) {}));
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("ok").boolean(!report.first_bad.has_value());
  out.key("heights").number(report.heights);
  out.key("transactions").number(report.transactions);
  out.key("versions").number(report.versions);
  out.key("state_records").number(report.state_records);
  out.key("audit_records").number(report.audit_records);
  out.key("checkpoints").number(report.checkpoints);
  out.key("state_root").text(report.state_root.hex());
  out.key("audit_root").text(report.audit_root.hex());
  out.key("first_bad");
  if (report.first_bad) {
    out.text(*report.first_bad);
  } else {
    out.null();
  }
  out.end_object();
  return Answer{out.take()};
}

auto get_categories(const Call& call) -> Detailed<Answer> {
  TRY(categories, call.vault->vault->categories());
  JsonWriter out{call.memory};
  out.begin_object().key("items").begin_array();
  for (const node::Category& category : categories) {
    out.begin_object();
    out.key("id").text(category_name(category.id));
    out.key("name").text(category.name);
    out.key("parent");
    if (category.parent) {
      out.text(category_name(*category.parent));
    } else {
      out.null();
    }
    out.key("secrets").number(category.secrets);
    out.end_object();
  }
  out.end_array().key("next").null().end_object();
  return Answer{out.take()};
}

auto post_categories(const Call& call) -> Detailed<Answer> {
  std::optional<model::CategoryId> parent;
  if (const auto name = text_member(*call.body, "parent")) {
    TRY(found, find_category(call, *name));
    parent = found;
  }
  TRY(id, call.vault->vault->add_category(*text_member(*call.body, "name"), parent));
  JsonWriter out{call.memory};
  out.begin_object().key("id").text(category_name(id)).end_object();
  return Answer{out.take()};
}

}  // namespace holdfast::api
