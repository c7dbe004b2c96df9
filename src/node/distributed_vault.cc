#include "node/distributed_vault.h"

#include <algorithm>

#include "model/genesis.h"
#include "model/signing.h"
#include "node/node_key_file.h"
#include "node/vault_impl.h"
#include "vault/roles.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using base::Error;
using base::fail;
using base::Result;
using store::Path;

// Everything of a new vault that is drawn at random.
struct Founding {
  crypto::SigningSeed node_key;
  UserKeys user;
  Bytes genesis;
  model::DeviceId device;
};

auto sign_member(model::MemberRecord& owner, crypto::Signer& node, crypto::Signer& author,
                 const Ports& ports) -> Result<void> {
  const auto random = [&] { return ports.random<base::FixedBytes<struct SeedTag, 32>>(); };
  const Bytes wrap =
      model::signed_message({}, {}, model::wrap_key_body(owner.device, *owner.wrap_key));
  TRY(wrap_signature, author.sign(crypto::Purpose::wrap_key, wrap, random().view()));
  owner.wrap_key->signature = wrap_signature;
  const Bytes body = model::signed_message({}, {}, model::member_body(owner));
  TRY(by_node, node.sign(crypto::Purpose::member, body, random().view()));
  TRY(by_author, author.sign(crypto::Purpose::member, body, random().view()));
  owner.proofs = {by_node, by_author};
  return {};
}

auto found_vault(const Ports& ports) -> Result<Founding> {
  TRY(node_seed, ports.random_key<crypto::SigningSeed>());
  TRY(author_seed, ports.random_key<crypto::SigningSeed>());
  TRY(wrap_seed, ports.random_key<crypto::KemSeed>());
  TRY(node, crypto::Signer::create(node_seed));
  TRY(author, crypto::Signer::create(author_seed));
  TRY(wrap_key, crypto::kem_public_key(wrap_seed));
  model::MemberRecord owner{
      .device = model::device_id(node.public_key()),
      .person = ports.random<model::PersonId>(),
      .role = vault::kOwner,
      .node_key = node.public_key(),
      .author_key = author.public_key(),
      .wrap_key =
          model::WrapKeyRecord{.number = model::WrapKeyNumber{1}, .key = wrap_key, .signature = {}},
      .sealed_name = {},
      .proofs = {}};
  TRY_DO(sign_member(owner, node, author, ports));
  const model::DeviceId device = owner.device;
  const model::Genesis genesis{.created = ports.now(),
                               .nonce = ports.random<decltype(model::Genesis::nonce)>(),
                               .owner = std::move(owner),
                               .recovery_key = {},
                               .retention = {}};
  return Founding{std::move(node_seed), UserKeys{std::move(author_seed), std::move(wrap_seed)},
                  model::encode(genesis), device};
}

auto write_folder(const Path& folder, const Founding& founding, const HeaderFile& header,
                  OrderingKind ordering, const Ports& ports) -> Detailed<void> {
  TRY_DO(store::make_private_folder(folder));
  TRY_DO(write_node_key(folder / "node.key", founding.node_key, ports.keys));
  TRY_DO(store::write_file_atomic(folder / "header", encode(header)));
  return History::create(folder, founding.genesis, ordering);
}

}  // namespace

DistributedVault::DistributedVault(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
DistributedVault::~DistributedVault() { impl_->lock(); }

auto DistributedVault::create(const Path& folder, const NewVault& options,
                              const base::SecretBytes& passphrase, const Ports& ports)
    -> Detailed<std::unique_ptr<DistributedVault>> {
  if (passphrase.empty()) return fail(Error::passphrase_empty);
  std::error_code ignored;
  if (std::filesystem::exists(folder, ignored) && !std::filesystem::is_empty(folder, ignored)) {
    return fail(Error::vault_exists, folder.string());
  }
  TRY(founding, found_vault(ports));
  HeaderFile header{.vault = model::vault_id(founding.genesis),
                    .device = founding.device,
                    .kdf = options.kdf,
                    .salt = {},
                    .nonce = {},
                    .commitment = {},
                    .sealed = {}};
  TRY(sealed, seal_user_keys(std::move(header), passphrase, founding.user, ports));

  // Made under another name and renamed at the end: a vault is there as a whole or not at all.
  const auto token = ports.random<base::FixedBytes<struct TokenTag, 4>>();
  const Path making =
      folder.parent_path() / ("." + folder.filename().string() + ".new-" + token.hex());
  auto written = write_folder(making, founding, sealed, options.ordering, ports);
  std::error_code moved;
  if (written) {
    std::filesystem::rename(making, folder, moved);
    if (!moved) written = store::sync_folder(folder.parent_path());
  }
  if (!written || moved) {
    std::filesystem::remove_all(making, ignored);
    if (moved) return fail(store::error_of_errno(moved.value()), folder.string());
    return std::unexpected{written.error()};
  }
  TRY(impl, Impl::open(folder, ports));
  TRY_DO(impl->unlock_with(founding.user));
  return std::unique_ptr<DistributedVault>{new DistributedVault{std::move(impl)}};
}

auto DistributedVault::open(const Path& folder, const Ports& ports)
    -> Detailed<std::unique_ptr<DistributedVault>> {
  TRY(impl, Impl::open(folder, ports));
  return std::unique_ptr<DistributedVault>{new DistributedVault{std::move(impl)}};
}

auto DistributedVault::unlock(const base::SecretBytes& passphrase) -> Detailed<void> {
  return impl_->unlock(passphrase);
}
void DistributedVault::lock() { impl_->lock(); }
auto DistributedVault::change_passphrase(const base::SecretBytes& from, const base::SecretBytes& to,
                                         std::optional<crypto::Argon2Params> kdf)
    -> Detailed<void> {
  return impl_->change_passphrase(from, to, kdf);
}
auto DistributedVault::status() const -> Status { return impl_->status(); }

auto DistributedVault::find(std::string_view item) const -> Detailed<Found> {
  return impl_->reading(
      [&](const Unlocked& open) -> Detailed<Found> { return open.index.find(item); });
}
auto DistributedVault::get(const SecretId& id) const -> Detailed<Entry> { return impl_->get(id); }

auto DistributedVault::list(const Filter& filter) const -> Detailed<std::vector<SummaryRef>> {
  return impl_->reading([&](const Unlocked& open) -> Detailed<std::vector<SummaryRef>> {
    if (filter.pending) return std::vector<SummaryRef>{};  // a committee of one orders at once
    return open.index.list(filter);
  });
}

auto DistributedVault::search(std::string_view text, const SearchIn& in) const
    -> Detailed<std::vector<SummaryRef>> {
  auto found = impl_->reading([&](const Unlocked& open) -> Detailed<std::vector<SummaryRef>> {
    return open.index.search(text, in);
  });
  if (!found || (!in.notes && !in.fields)) return found;
  std::map<SecretId, bool> seen;
  for (const SummaryRef& summary : *found) seen[summary->id] = true;
  const auto contains = [&](const base::SecretBytes& secret) {
    return secret.expose_text([&](std::string_view own) { return contains_folded(own, text); });
  };
  std::vector<SecretId> more;
  TRY_DO(impl_->for_each({}, [&](const Entry& entry) {
    const bool hit =
        (in.notes && contains(entry.secret.notes)) ||
        (in.fields && std::ranges::any_of(entry.secret.fields, [&](const model::Field& field) {
           return contains(field.name) || (!field.is_protected && contains(field.value));
         }));
    if (hit && !seen.contains(entry.id)) more.push_back(entry.id);
    return true;
  }));
  TRY_DO(impl_->reading([&](const Unlocked& open) -> Detailed<void> {
    for (const SecretId& id : more) {
      if (auto summary = open.index.get(id)) found->push_back(std::move(summary));
    }
    return {};
  }));
  return found;
}

auto DistributedVault::categories() const -> Detailed<std::vector<Category>> {
  return impl_->reading([](const Unlocked& open) -> Detailed<std::vector<Category>> {
    std::map<CategoryId, std::uint64_t> counts;
    for (const SummaryRef& summary : open.index.in_order()) {
      if (summary != nullptr && !summary->deleted) ++counts[summary->category];
    }
    std::vector<Category> all;
    for (const auto& [id, category] : open.index.categories()) {
      if (category.deleted && counts[id] == 0) continue;
      all.push_back({.id = id,
                     .parent = category.parent,
                     .name = category.name.clone(),
                     .secrets = counts[id]});
    }
    return all;
  });
}

auto DistributedVault::find_category(std::string_view name_or_id) const
    -> Detailed<std::optional<CategoryId>> {
  return impl_->reading([&](const Unlocked& open) -> Detailed<std::optional<CategoryId>> {
    return open.index.category_named(name_or_id);
  });
}

auto DistributedVault::for_each(const Filter& filter,
                                const std::function<bool(const Entry&)>& visit) const
    -> Detailed<void> {
  return impl_->for_each(filter, visit);
}

auto DistributedVault::versions(const SecretId& id) const -> Detailed<std::vector<VersionInfo>> {
  return impl_->versions(id);
}
auto DistributedVault::get_version(const SecretId& id, const VersionId& version) const
    -> Detailed<Entry> {
  return impl_->get_version(id, version);
}
auto DistributedVault::conflicts() const -> Detailed<std::vector<ConflictInfo>> {
  return impl_->conflicts();
}
auto DistributedVault::conflict(const SecretId& id) const -> Detailed<Resolution> {
  return impl_->conflict(id);
}
auto DistributedVault::conflict_settings() const
    -> Detailed<std::shared_ptr<const model::ConflictSettings>> {
  return impl_->settings();
}

auto DistributedVault::add(model::Secret secret, std::optional<CategoryId> category)
    -> Detailed<Receipt> {
  if (secret.label.empty()) return fail(Error::empty_label);
  return impl_->submit({.kind = WriteOperation::Kind::add,
                        .secret_id = impl_->ports().random<SecretId>(),
                        .category = category,
                        .secret = std::move(secret)});
}

auto DistributedVault::update(const SecretId& id, model::Secret secret, const Basis& basis)
    -> Detailed<Receipt> {
  if (secret.label.empty()) return fail(Error::empty_label);
  return impl_->submit({.kind = WriteOperation::Kind::update,
                        .secret_id = id,
                        .category = basis.category,
                        .secret = std::move(secret),
                        .if_heads = basis.heads,
                        .made_from = basis.made_from});
}

auto DistributedVault::remove(const SecretId& id, bool purge, const Basis& basis)
    -> Detailed<Receipt> {
  return impl_->submit({.kind = purge ? WriteOperation::Kind::purge : WriteOperation::Kind::remove,
                        .secret_id = id,
                        .category = {},
                        .secret = {},
                        .if_heads = basis.heads});
}

auto DistributedVault::restore(const SecretId& id, const std::optional<VersionId>& version,
                               const Basis& basis) -> Detailed<Receipt> {
  return impl_->restore(id, version, basis.heads);
}
auto DistributedVault::resolve_conflict(const SecretId& id, const ConflictChoice& choice)
    -> Detailed<Receipt> {
  return impl_->resolve(id, choice);
}
auto DistributedVault::set_conflict_settings(const model::ConflictSettings& settings)
    -> Detailed<void> {
  return impl_->set_settings(settings);
}
auto DistributedVault::set_retention(const model::Retention& retention) -> Detailed<void> {
  TRY_DO(impl_->submit({.kind = WriteOperation::Kind::set_retention,
                        .secret_id = {},
                        .category = {},
                        .secret = {},
                        .retention = retention}));
  return {};
}
auto DistributedVault::retention() const -> Detailed<model::Retention> {
  return impl_->retention();
}

auto DistributedVault::add_category(std::string_view name, std::optional<CategoryId> parent)
    -> Detailed<CategoryId> {
  const auto id = impl_->ports().random<CategoryId>();
  TRY_DO(impl_->submit({.kind = WriteOperation::Kind::add_category,
                        .secret_id = {},
                        .category = parent,
                        .secret = {},
                        .category_name = std::string{name},
                        .category_id = id}));
  return id;
}
auto DistributedVault::rename_category(const CategoryId& id, std::string_view name)
    -> Detailed<void> {
  TRY_DO(impl_->submit({.kind = WriteOperation::Kind::rename_category,
                        .secret_id = {},
                        .category = {},
                        .secret = {},
                        .category_name = std::string{name},
                        .category_id = id}));
  return {};
}
auto DistributedVault::move_category(const CategoryId& id, const CategoryId& parent)
    -> Detailed<void> {
  TRY_DO(impl_->submit({.kind = WriteOperation::Kind::move_category,
                        .secret_id = {},
                        .category = parent,
                        .secret = {},
                        .category_id = id}));
  return {};
}
auto DistributedVault::delete_category(const CategoryId& id) -> Detailed<void> {
  TRY_DO(impl_->submit({.kind = WriteOperation::Kind::delete_category,
                        .secret_id = {},
                        .category = {},
                        .secret = {},
                        .category_id = id}));
  return {};
}

auto DistributedVault::import(formats::Imported file, const ImportOptions& options)
    -> Detailed<ImportReport> {
  return impl_->import(std::move(file), options);
}

auto DistributedVault::verify(
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) const
    -> Detailed<VerifyReport> {
  return impl_->verify(progress);
}

}  // namespace holdfast::node
