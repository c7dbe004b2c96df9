#include "node/vault_impl.h"

#include <algorithm>

#include "node/node_key_file.h"
#include "vault/sealing.h"
#include "vault/version_dag.h"

namespace holdfast::node {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::fail;
using base::Result;
using model::StateType;
using model::VersionNode;
using ports::Column;

namespace {

inline constexpr std::string_view kRootCategoryName = "main";

auto type_range(StateType type) -> std::pair<Bytes, Bytes> {
  const auto first = static_cast<std::uint8_t>(type);
  return {Bytes{first}, Bytes{static_cast<std::uint8_t>(first + 1)}};
}

}  // namespace

auto worker_aead() -> crypto::Aead& {
  thread_local crypto::Aead aead;
  return aead;
}

DistributedVault::Impl::Impl(store::Path folder, const Ports& ports, HeaderFile header,
                             std::unique_ptr<History> history)
    : folder_{std::move(folder)},
      ports_{ports},
      header_{std::move(header)},
      history_{std::move(history)} {}

auto DistributedVault::Impl::open(const store::Path& folder, const Ports& ports)
    -> Detailed<std::unique_ptr<Impl>> {
  TRY(header, read_header_file(folder / "header"));
  TRY(node_seed, read_node_key(folder / "node.key", ports.keys));
  TRY(history, History::open(folder, node_seed, ports));
  if (history->vault_id() != header.vault) return fail(Error::foreign_vault, folder.string());
  if (model::device_id(history->node_key()) != header.device) {
    return fail(Error::node_key_corrupt, (folder / "node.key").string());
  }
  auto impl = std::make_unique<Impl>(folder, ports, std::move(header), std::move(history));
  TRY_DO(impl->load_cut_over());
  return impl;
}

auto DistributedVault::Impl::unlock(const base::SecretBytes& passphrase) -> Detailed<void> {
  TRY(keys, open_user_keys(header(), passphrase, ports_));
  return unlock_with(keys);
}

auto DistributedVault::Impl::unlock_with(const UserKeys& keys) -> Detailed<void> {
  Turn turn = both_stages();
  TRY(sealed, SealedIndex::create(keys, header_.vault, header_.device, ports_));
  std::unique_ptr<Unlocked> unlocked{
      new Unlocked{.keys = nullptr,
                   .sealed = std::move(sealed),
                   .index = Index{ports_.plaintext, ports_.caches.queries_max},
                   .root = std::nullopt,
                   .settings = std::make_shared<const model::ConflictSettings>(ports_.plaintext),
                   .nodes = LruCache<CachedVersion>{ports_.caches.nodes_max},
                   .views = LruCache<CachedView>{ports_.caches.views_max}}};
  TRY(keyring, Keyring::create(keys, ports_));
  unlocked->keys = std::move(keyring);
  const StoredState state{history_->store()};
  TRY(own, vault::member(state, header_.device));
  if (!own || own->record.author_key != unlocked->keys->signer().public_key()) {
    return fail(Error::foreign_vault, (folder_ / "header").string());
  }
  TRY_DO(unlocked->keys->load(history_->store(), header_.device));
  TRY_DO(load_categories(*unlocked));
  TRY(settings, load_settings(*unlocked));
  unlocked->settings = std::move(settings);
  TRY_DO(load_index(*unlocked));
  if (unlocked->sealed.is_behind(unlocked->index)) save_index(*unlocked, true);
  std::vector<SecretId> unmerged;  // cut short before their merge was written
  for (const SummaryRef& summary : unlocked->index.in_order()) {
    if (summary->conflict) unmerged.push_back(summary->id);
  }
  const bool needs_root = !unlocked->root.has_value();
  {
    const std::unique_lock lock{mutex_};
    unlocked_ = std::move(unlocked);
  }
  if (!needs_root) {
    record_merges(unmerged, turn);
    return {};
  }
  // A new vault, or one whose making was cut short before its first transaction.
  WriteOperation root{.kind = WriteOperation::Kind::add_category,
                      .secret_id = {},
                      .category = {},
                      .secret = {},
                      .category_name = std::string{kRootCategoryName},
                      .category_id = ports_.random<CategoryId>()};
  WriteOperation* const operations[] = {&root};
  commit_operations(operations, turn);
  if (!*root.result) return std::unexpected{root.result->error()};
  return {};
}

void DistributedVault::Impl::lock() {
  const Turn writing = both_stages();  // a commit under way ends first
  if (unlocked_ == nullptr) return;
  save_index(*unlocked_, false);
  std::unique_ptr<Unlocked> gone;
  const std::unique_lock lock{mutex_};
  gone = std::move(unlocked_);
}

auto DistributedVault::Impl::load_categories(Unlocked& unlocked) const -> Result<void> {
  const StoredState state{history_->store()};
  TRY(chain, vault::chain(state));
  unlocked.root = chain.root_category;
  if (!unlocked.root) return {};
  TRY(root, vault::category(state, *unlocked.root));
  if (!root) return fail(Error::store_corrupt);
  const vault::CategoryKey* root_key =
      unlocked.keys->category_key(*unlocked.root, model::Generation{1});
  if (root_key == nullptr) return fail(Error::store_corrupt);
  Result<void> opened;
  crypto::Aead aead;
  const auto [from, to] = type_range(StateType::category);
  TRY_DO(history_->store().scan(Column::state, from, to, [&](ByteView, ByteView value) {
    opened =
        model::decode_category_state(value).and_then([&](const model::CategoryState& category) {
          return vault::open_name(aead, header_.vault, category.record.id.view(),
                                  category.record.sealed_name, *root_key, ports_.plaintext)
              .transform([&](base::SecretBytes name) {
                unlocked.index.put_category({category.record.id, category.record.parent,
                                             std::move(name), category.deleted});
              });
        });
    return opened.has_value();
  }));
  return opened;
}

auto DistributedVault::Impl::summarise(const SecretId& id, const CategoryId& category,
                                       const VersionId& shown, const model::Secret& secret,
                                       const CommitPlace& added) const -> Summary {
  const auto clone_all = [](const std::vector<base::SecretBytes>& texts) {
    std::vector<base::SecretBytes> copies;
    copies.reserve(texts.size());
    for (const base::SecretBytes& text : texts) copies.push_back(text.clone());
    return copies;
  };
  return {.id = id,
          .category = category,
          .version = shown,
          .kind = secret.kind,
          .label = secret.label.clone(),
          .username = secret.username.clone(),
          .urls = clone_all(secret.urls),
          .tags = clone_all(secret.tags),
          .created = secret.created,
          .modified = secret.modified,
          .added = added.first,
          .added_index = added.second,
          .has_totp = !secret.totp.secret.empty(),
          .several_heads = false,
          .conflict = false,
          .duplicate_label = false,
          .deleted = false};
}

auto DistributedVault::Impl::open_version(const Unlocked& unlocked,
                                          const model::Version& version) const
    -> Result<model::Secret> {
  const vault::CategoryKey* key = unlocked.keys->category_key(version.category, version.generation);
  if (key == nullptr) return fail(Error::not_permitted);
  return vault::open_version(worker_aead(), header_.vault, version, *key, ports_.plaintext);
}

auto DistributedVault::Impl::load_version(const Unlocked& unlocked, const SecretId& id) const
    -> Result<CachedVersionRef> {
  if (CachedVersionRef cached = unlocked.nodes.get(id)) return cached;
  const std::uint64_t epoch = unlocked.nodes.epoch();
  const StoredState state{history_->store()};
  TRY(secret, vault::secret(state, id));
  if (!secret) return fail(Error::unknown_secret);
  const auto heads = vault::heads(*secret);
  if (heads.size() != 1 || heads.front()->kind != model::VersionKind::content) return nullptr;
  const VersionNode* shown = heads.front();
  TRY(body, history_->store().get(Column::versions, shown->id.view()));
  if (!body) return fail(Error::store_corrupt);
  TRY(version, model::decode_version(*body));
  if (version.id != shown->id) return fail(Error::store_corrupt);
  TRY(transaction, vault::sequence(state, version.fields.author, version.fields.author_seq));
  if (!transaction) return fail(Error::store_corrupt);
  const vault::CategoryKey* category_key =
      unlocked.keys->category_key(version.fields.category, version.fields.generation);
  if (category_key == nullptr) return fail(Error::not_permitted);
  TRY(key, vault::open_version_key(worker_aead(), header_.vault, version.fields, *category_key,
                                   ports_.keys));
  auto made =
      std::make_shared<const CachedVersion>(CachedVersion{.version = std::move(version.fields),
                                                          .key = std::move(key),
                                                          .id = shown->id,
                                                          .category = secret->category,
                                                          .transaction = *transaction,
                                                          .height = shown->height});
  unlocked.nodes.put(id, made, epoch);
  return made;
}

auto DistributedVault::Impl::for_each(const Filter& filter,
                                      const std::function<bool(const Entry&)>& visit) const
    -> Detailed<void> {
  TRY(items, reading([&](const Unlocked& unlocked) -> Detailed<std::vector<SummaryRef>> {
        return unlocked.index.list(filter);
      }));
  for (const SummaryRef& item : items) {
    auto entry = get(item->id);
    if (!entry && entry.error().code == Error::unknown_secret) continue;  // removed meanwhile
    if (!entry) return std::unexpected{entry.error()};
    if (!visit(*entry)) break;
  }
  return {};
}

auto DistributedVault::Impl::status() const -> Status {
  const Tip tip = history_->tip();
  Status status{.vault = folder_.filename().string(),
                .vault_id = header_.vault,
                .device = header_.device,
                .unlocked = false,
                .height = tip.chain.height,
                .state_root = tip.state_root,
                .audit_root = tip.audit_root,
                .ordering = history_->ordering(),
                .store_bytes = history_->store().statistics().bytes_on_disk,
                .last_commit = tip.chain.timestamp,
                .kdf = header().kdf,
                .unlocked_memory_bytes = ports_.keys.unlocked_bytes(),
                .read_only = history_->read_only()};
  const std::shared_lock lock{mutex_};
  status.migrated_to = migrated_to_;
  if (unlocked_ != nullptr) {
    status.unlocked = true;
    status.secrets = unlocked_->index.live();
    status.conflicts = unlocked_->index.conflicts();
    status.opened_for_index = unlocked_->opened_for_index;
    status.caches = {.nodes = unlocked_->nodes.counters(),
                     .views = unlocked_->views.counters(),
                     .queries = unlocked_->index.query_counters()};
  }
  return status;
}

}  // namespace holdfast::node
