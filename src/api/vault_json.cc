#include "api/vault_json.h"

#include <algorithm>
#include <utility>

namespace holdfast::api {

namespace {

void write_caches(JsonWriter& out, const node::Status& status) {
  if (!status.unlocked) return;
  out.key("opened_for_index").number(status.opened_for_index);
  out.key("caches").begin_object();
  const auto write = [&](std::string_view name, const node::CacheCounters& counters) {
    out.key(name).begin_object();
    out.key("hits").number(counters.hits);
    out.key("misses").number(counters.misses);
    out.key("held").number(counters.held).end_object();
  };
  write("nodes", status.caches.nodes);
  write("views", status.caches.views);
  write("queries", status.caches.queries);
  out.end_object();
}

}  // namespace

void write_vault(JsonWriter& out, const Vaults::Listed& vault, const Services& services) {
  out.begin_object();
  out.key("name").text(vault.name);
  out.key("default").boolean(vault.is_default);
  out.key("open").boolean(vault.open != nullptr);
  if (vault.open == nullptr) {
    out.key("unlocked").boolean(false).end_object();
    return;
  }
  const node::Status status = vault.open->vault->status();
  out.key("unlocked").boolean(status.unlocked);
  out.key("vault_id").text(status.vault_id.hex());
  out.key("device").text(status.device.hex());
  out.key("height").number(std::to_underlying(status.height));
  out.key("state_root").text(status.state_root.hex());
  out.key("audit_root").text(status.audit_root.hex());
  out.key("pending").number(status.pending);
  out.key("secrets").number(status.secrets);
  out.key("conflicts").number(status.conflicts);
  out.key("ordering").text(node::ordering_name(status.ordering));
  out.key("validators").number(status.validators);
  out.key("tolerated_faults").number(status.tolerated_faults);
  out.key("quorum").boolean(status.validators <= 1);  // a committee of one always has it
  out.key("store_bytes").number(status.store_bytes);
  out.key("last_commit_at").number(std::to_underlying(status.last_commit));
  out.key("kdf").begin_object();
  out.key("memory_kib").number(status.kdf.memory_kib);
  out.key("passes").number(status.kdf.passes);
  out.key("lanes").number(status.kdf.lanes).end_object();
  out.key("unlocked_memory_bytes").number(status.unlocked_memory_bytes);
  out.key("read_only").boolean(status.read_only.has_value());
  out.key("read_only_reason");
  if (status.read_only) {
    out.text(error_name(*status.read_only));
  } else {
    out.null();
  }
  write_caches(out, status);
  if (const auto failed = services.backups.failure(vault.name)) {
    out.key("backup_failed").begin_object();
    out.key("at").number(failed->at_ms);
    out.key("code").text(error_name(failed->reason.code));
    out.key("reason").text(failed->reason.text()).end_object();
  }
  if (const auto task = services.tasks.of(vault.name)) {
    out.key("task").begin_object();
    out.key("name").text(task->name);
    out.key("done").number(task->done);
    out.key("total").number(task->total).end_object();
  }
  if (status.migrated_to) out.key("migrated_to").text(status.migrated_to->hex());
  const auto locks_at = services.vaults.locks_at(vault.name);
  if (status.unlocked && locks_at) {
    const auto left =
        std::max(*locks_at - services.ports.clock.monotonic(), std::chrono::nanoseconds{0});
    out.key("locks_in_ms").number(static_cast<std::uint64_t>(left.count() / 1'000'000));
  }
  out.end_object();
}

auto vault_answer(const Call& call, const Vaults::Ref& vault) -> base::Detailed<Answer> {
  const auto chosen = call.services.vaults.name_of("");
  const bool is_default = chosen && *chosen == vault->name;
  JsonWriter out{call.memory};
  write_vault(out, {.name = vault->name, .is_default = is_default, .open = vault}, call.services);
  return Answer{out.take()};
}

}  // namespace holdfast::api
