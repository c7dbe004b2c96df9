// handlers_migrate.cc: a vault migrated into this one, and this one backed up.
#include <filesystem>

#include "api/handlers.h"
#include "node/migration.h"

namespace holdfast::api {
namespace {

namespace fs = std::filesystem;
using base::Detailed, base::Error, base::fail;

// The source as long as a migration needs it; locked again if it was locked before.
class Source {
 public:
  [[nodiscard]] static auto open(const Call& call, std::string_view name)
      -> Detailed<std::unique_ptr<Source>> {
    auto source = std::make_unique<Source>();
    Vaults& vaults = call.services.vaults;
    std::string own{name};
    if (name.contains('/')) {
      const fs::path folder{name};
      if (!folder.is_absolute()) {
        return fail(Error::bad_request, "source: a vault's name or an absolute path");
      }
      own = name_among_ours(folder, vaults);
      if (own.empty()) {
        TRY(opened, node::DistributedVault::open(folder, call.services.ports));
        source->own_ = std::move(opened);
        return source;
      }
    }
    if (!is_vault_name(own)) return fail(Error::bad_vault_name, "source");
    TRY(ref, vaults.open(own));
    source->ref_ = std::move(ref);
    source->unlocked_before_ = source->vault().status().unlocked;
    return source;
  }
  Source() = default;
  Source(const Source&) = delete;
  auto operator=(const Source&) -> Source& = delete;
  ~Source() {
    if (ref_ && !unlocked_before_) ref_->vault->lock();
  }
  [[nodiscard]] auto vault() const -> node::DistributedVault& {
    return own_ ? *own_ : *ref_->vault;
  }
  void used(Vaults& vaults) const {
    if (ref_) vaults.used(ref_);
  }

 private:
  // A folder of our own data folder may be open already, and then only under its name.
  static auto name_among_ours(const fs::path& folder, const Vaults& vaults) -> std::string {
    std::error_code error;
    const fs::path path = fs::weakly_canonical(folder / ".", error).parent_path();
    const fs::path ours = fs::weakly_canonical(vaults.options().folder, error);
    return path.parent_path() == ours ? path.filename().string() : std::string{};
  }

  Vaults::Ref ref_;
  std::unique_ptr<node::DistributedVault> own_;
  bool unlocked_before_ = false;
};

void write_texts(JsonWriter& out, std::string_view key, const std::vector<std::string>& texts) {
  out.key(key).begin_array();
  for (const std::string& text : texts) out.text(text);
  out.end_array();
}

void write_report(JsonWriter& out, const node::MigrationReport& report, bool dry_run) {
  out.begin_object();
  out.key("total").number(report.total);
  out.key("imported").number(report.imported);
  out.key("skipped").number(report.skipped);
  out.key("failed").number(report.failed);
  out.key("versions").number(report.versions);
  out.key("categories").number(report.categories);
  out.key("dry_run").boolean(dry_run);
  out.key("stopped").boolean(report.stopped);
  out.key("cut_over").boolean(report.cut_over);
  write_texts(out, "errors", report.errors);
  out.key("verification");
  if (report.verification) {
    const node::MigrationCheck& check = *report.verification;
    out.begin_object();
    out.key("ok").boolean(check.differences.empty());
    out.key("secrets").number(check.secrets);
    out.key("deleted").number(check.deleted);
    out.key("versions").number(check.versions);
    out.key("fields").number(check.fields);
    out.key("attachments").number(check.attachments);
    write_texts(out, "differences", check.differences);
    out.end_object();
  } else {
    out.null();
  }
  out.end_object();
}

}  // namespace

auto post_migrate(const Call& call) -> Detailed<Answer> {
  const auto flag = [&](std::string_view name) {
    return flag_member(*call.body, name).value_or(false);
  };
  if (!call.vault->vault->status().unlocked) return fail(Error::vault_locked, call.vault->name);
  TRY(passphrase,
      base::SecretBytes::copy_of(call.services.ports.keys, *text_member(*call.body, "passphrase")));
  TRY(source, Source::open(call, *text_member(*call.body, "source")));
  if (source->vault().status().vault_id == call.vault->vault->status().vault_id) {
    return fail(Error::migration_into_itself, call.vault->name);
  }
  TRY_DO(source->vault().unlock(passphrase));
  Tasks::Task task{call.services.tasks, call.vault->name, "migrate"};
  node::MigrationConfig config{
      .batch_size = number_member(*call.body, "batch_size").value_or(node::kMigrationBatch),
      .stop_on_error = flag("stop_on_error"),
      .verify = flag("verify"),
      .auto_cutover = flag("auto_cutover"),
      .dry_run = flag("dry_run"),
      .progress = [&](std::uint64_t done, std::uint64_t total) {  // neither locks for want of use
        task.at(done, total);
        call.services.vaults.used(call.vault);
        source->used(call.services.vaults);
      }};
  const bool dry_run = config.dry_run;
  node::Migration migration{source->vault(), *call.vault->vault, std::move(config)};
  TRY(report, migration.run());
  JsonWriter out{call.memory};
  write_report(out, report, dry_run);
  return Answer{out.take()};
}

auto post_backup(const Call& call) -> Detailed<Answer> {
  const fs::path file{*text_member(*call.body, "file")};
  if (!file.is_absolute() || !file.has_filename()) {
    return fail(Error::bad_request, "file: an absolute path");
  }
  const Tasks::Task task{call.services.tasks, call.vault->name, "backup"};
  TRY(manifest, call.vault->vault->backup(file));
  std::error_code error;
  const auto size = fs::file_size(file, error);
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("file").text(file.string());
  out.key("vault_id").text(manifest.vault.hex());
  out.key("device").text(manifest.device.hex());
  out.key("created_at").number(std::to_underlying(manifest.created));
  out.key("height").number(std::to_underlying(manifest.height));
  out.key("state_root").text(manifest.state_root.hex());
  out.key("audit_root").text(manifest.audit_root.hex());
  out.key("bytes").number(error ? std::uint64_t{0} : std::uint64_t{size});
  out.end_object();
  return Answer{out.take()};
}

}  // namespace holdfast::api
