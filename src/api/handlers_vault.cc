#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
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
  const auto ordering = node::ordering_of(text_member(*call.body, "ordering").value_or("solo"));
  if (!ordering) return fail(Error::bad_request, "ordering: solo or dag");
  TRY(vault,
      call.services.vaults.create(
          name, {.device_name = std::move(device), .kdf = kdf, .ordering = *ordering}, passphrase));
  TRY(answer, vault_answer(call, vault));
  answer.location = "/v1/vaults/" + vault->name;
  return answer;
}

auto get_vault(const Call& call) -> Detailed<Answer> { return vault_answer(call, call.vault); }

auto post_verify(const Call& call) -> Detailed<Answer> {
  Tasks::Task task{call.services.tasks, call.vault->name, "verify"};
  TRY(report, call.vault->vault->verify(
                  [&](std::uint64_t done, std::uint64_t total) { task.at(done, total); }));
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

namespace {

auto category_answer(const Call& call, const model::CategoryId& id) -> Answer {
  JsonWriter out{call.memory};
  out.begin_object().key("id").text(category_name(id)).end_object();
  return Answer{out.take()};
}

// A name with slashes is a path below `parent`; what is missing on the way is made.
auto make_categories(const Call& call, std::string_view path,
                     std::optional<model::CategoryId> parent) -> Detailed<model::CategoryId> {
  node::DistributedVault& vault = *call.vault->vault;
  TRY(all, vault.categories());
  if (!parent) {
    const auto root = std::ranges::find_if(all, [](const auto& c) { return !c.parent; });
    if (root != all.end()) parent = root->id;
  }
  for (;;) {
    const std::string_view name = path.substr(0, path.find('/'));
    const bool last = name.size() == path.size();
    const auto known = std::ranges::find_if(all, [&](const node::Category& category) {
      return category.parent == parent &&
             category.name.expose_text([&](std::string_view own) { return own == name; });
    });
    if (!last && known != all.end()) {
      parent = known->id;
    } else {
      TRY(made, vault.add_category(name, parent));
      if (last) return made;
      parent = made;
      all.clear();  // nothing can lie below a new one
    }
    path.remove_prefix(name.size() + 1);
  }
}

auto category_of(const Call& call) -> Detailed<model::CategoryId> {
  return call.path.at(1).expose_text(
      [&](std::string_view name) { return find_category(call, name); });
}

}  // namespace

auto post_categories(const Call& call) -> Detailed<Answer> {
  std::optional<model::CategoryId> parent;
  if (const auto name = text_member(*call.body, "parent")) {
    TRY(found, find_category(call, *name));
    parent = found;
  }
  TRY(id, make_categories(call, *text_member(*call.body, "name"), parent));
  return category_answer(call, id);
}

auto patch_category(const Call& call) -> Detailed<Answer> {
  TRY(id, category_of(call));
  const auto name = text_member(*call.body, "name");
  const auto parent = text_member(*call.body, "parent");
  if (name.has_value() == parent.has_value()) {
    return fail(Error::bad_request, "give either a new name or a new parent");
  }
  if (name) {
    TRY_DO(call.vault->vault->rename_category(id, *name));
  } else {
    TRY(to, find_category(call, *parent));
    TRY_DO(call.vault->vault->move_category(id, to));
  }
  return category_answer(call, id);
}

auto delete_category(const Call& call) -> Detailed<Answer> {
  TRY(id, category_of(call));
  TRY_DO(call.vault->vault->delete_category(id));
  return category_answer(call, id);
}

auto get_tags(const Call& call) -> Detailed<Answer> {
  TRY(all, call.vault->vault->list({}));
  std::vector<const base::SecretBytes*> tags;  // of `all`, which keeps them
  for (const node::SummaryRef& summary : all) {
    for (const base::SecretBytes& tag : summary->tags) tags.push_back(&tag);
  }
  const auto before = [](const base::SecretBytes* a, const base::SecretBytes* b) {
    return a->expose_text(
        [&](auto left) { return b->expose_text([&](auto right) { return left < right; }); });
  };
  std::ranges::sort(tags, before);
  JsonWriter out{call.memory};
  out.begin_object().key("items").begin_array();
  for (auto at = tags.begin(); at != tags.end();) {
    const auto end = std::ranges::upper_bound(at, tags.end(), *at, before);
    out.begin_object().key("tag").text(**at);
    out.key("secrets").number(static_cast<std::uint64_t>(end - at)).end_object();
    at = end;
  }
  out.end_array().key("next").null().end_object();
  return Answer{out.take()};
}

}  // namespace holdfast::api
