// vault_states.cc: a vault held back, replaced by another, recovered from a backup, backed up.
#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"
#include "node/vault_impl.h"

namespace holdfast::node {

using base::Bytes;
using base::Error;
using base::fail;

namespace {

constexpr std::string_view kCutOverFile = "cut-over";
constexpr std::size_t kCutOverBytesMax = 256;

// The member of the state that is this device has the public half of the wrap key.
auto wrap_key_of(const ports::Reader& store, const model::DeviceId& device)
    -> base::Result<crypto::KemPublicKey> {
  const StoredState state{store};
  TRY(own, vault::member(state, device));
  if (!own || !own->record.wrap_key) return fail(Error::store_corrupt);
  return own->record.wrap_key->key;
}

}  // namespace

void DistributedVault::Impl::set_read_only(std::optional<Error> reason) {
  const Turn writing = both_stages();  // a commit under way ends first
  history_->hold(reason);
}

auto DistributedVault::Impl::cut_over(const model::VaultId& to) -> Detailed<void> {
  const Turn writing = both_stages();
  Bytes file;
  codec::Writer out{file};
  out.array(3);
  out.uint(model::kFormatVersion);
  out.bytes(to.view());
  out.uint(std::to_underlying(ports_.now()));
  TRY_DO(store::write_file_atomic(folder_ / kCutOverFile, file));
  history_->stop_writing(Error::vault_cut_over);
  const std::unique_lock lock{mutex_};
  migrated_to_ = to;
  return {};
}

auto DistributedVault::Impl::load_cut_over() -> Detailed<void> {
  const store::Path path = folder_ / kCutOverFile;
  auto file = store::read_file(path, kCutOverBytesMax);
  if (!file && file.error().code == Error::not_found) return {};
  // Whatever the file says, it is there: nothing is written any more.
  history_->stop_writing(Error::vault_cut_over);
  if (!file) return {};
  codec::Reader in{*file};
  if (!in.array_of(3) || in.uint(model::kFormatVersion) != model::kFormatVersion) return {};
  if (const auto to = in.fixed_bytes<model::VaultId>()) migrated_to_ = *to;
  return {};
}

auto DistributedVault::Impl::confirm_recovery() -> Detailed<void> {
  const Turn writing = both_stages();
  return history_->confirm_recovery();
}

auto DistributedVault::Impl::backup(const std::filesystem::path& file) -> Detailed<BackupManifest> {
  const auto snapshot = history_->store().snapshot();
  TRY(wrap_key, wrap_key_of(*snapshot, header_.device));
  return create_backup(file, {.folder = folder_, .wrap_key = wrap_key}, *snapshot, ports_);
}

void DistributedVault::set_resolvers(FindResolver find) { impl_->set_resolvers(std::move(find)); }
void DistributedVault::set_read_only(std::optional<Error> reason) { impl_->set_read_only(reason); }
auto DistributedVault::cut_over(const model::VaultId& to) -> Detailed<void> {
  return impl_->cut_over(to);
}
auto DistributedVault::confirm_recovery() -> Detailed<void> { return impl_->confirm_recovery(); }
auto DistributedVault::backup(const std::filesystem::path& file) -> Detailed<BackupManifest> {
  return impl_->backup(file);
}

}  // namespace holdfast::node
