#include "node/migration.h"

#include <algorithm>

#include "node/migration_parts.h"

namespace holdfast::node {

using base::Error;
using base::fail;
using Kind = WriteOperation::Kind;

namespace {

// What is wrong with one secret alone; anything else ends the migration.
auto concerns_secret(Error code) -> bool {
  return code == Error::too_long || code == Error::bad_utf8 || code == Error::empty_label ||
         code == Error::rejected || code == Error::unknown_secret ||
         code == Error::unknown_category || code == Error::secret_in_conflict ||
         code == Error::changed_in_both || code == Error::capacity_exceeded;
}

void remember(model::Secret& secret, std::string_view source, std::string_view id,
              base::SecretMemory& memory) {
  std::erase_if(secret.sources, [&](const model::Source& old) {
    return old.source.expose_text([&](std::string_view name) { return name == source; });
  });
  model::Source added{base::SecretBytes{memory}, base::SecretBytes{memory}};
  added.source.buffer().assign(source.begin(), source.end());
  added.source_id.buffer().assign(id.begin(), id.end());
  secret.sources.push_back(std::move(added));
}

auto text_of(const base::SecretBytes& name) -> std::string {
  return name.expose_text([](std::string_view text) { return std::string{text}; });
}

}  // namespace

auto source_id_of(const model::Secret& secret, std::string_view source) -> std::string {
  for (const model::Source& known : secret.sources) {
    if (known.source.expose_text([&](std::string_view name) { return name == source; })) {
      return text_of(known.source_id);
    }
  }
  return {};
}

// Phase 1: the source takes no writes for as long as this lives.
class Migration::Guard {
 public:
  Guard(DistributedVault& source, bool holds) : source_{holds ? &source : nullptr} {
    if (source_ != nullptr) source_->set_read_only(Error::migration_running);
  }
  Guard(const Guard&) = delete;
  auto operator=(const Guard&) -> Guard& = delete;
  ~Guard() {
    if (source_ != nullptr) source_->set_read_only(std::nullopt);
  }

 private:
  DistributedVault* source_;
};

Migration::Migration(DistributedVault& source, DistributedVault& target, MigrationConfig config)
    : source_{source},
      target_{target},
      config_{std::move(config)},
      secret_source_{std::string{kMigratedSecret} + source.status().vault_id.hex()},
      version_source_{std::string{kMigratedVersion} + source.status().vault_id.hex()} {}
Migration::~Migration() = default;

auto Migration::run() -> Detailed<MigrationReport> {
  if (config_.batch_size == 0 || config_.batch_size > kMigrationBatchMax) {
    return fail(Error::out_of_range, "batch_size");
  }
  if (source_.status().vault_id == target_.status().vault_id) {
    return fail(Error::migration_into_itself, source_.status().vault);
  }
  for (const DistributedVault* vault : {&source_, &target_}) {
    const Status status = vault->status();
    if (!status.unlocked) return fail(Error::vault_locked, status.vault);
  }
  if (const auto reason = target_.status().read_only) return fail(*reason, target_.status().vault);
  const Guard guard{source_, !config_.dry_run};
  TRY_DO(list_source());
  TRY_DO(list_target());
  TRY_DO(copy_categories());
  TRY_DO(copy_secrets());
  report_.failed = failed_.size();
  if (config_.dry_run) return std::move(report_);
  bool whole = failed_.empty();
  if (config_.verify && !report_.stopped) {
    TRY(checked, check());
    whole = whole && checked.differences.empty();
    report_.verification = std::move(checked);
  }
  if (config_.auto_cutover && whole) {
    TRY_DO(source_.cut_over(target_.status().vault_id));
  }
  report_.cut_over = source_.status().read_only == Error::vault_cut_over;
  return std::move(report_);
}

auto Migration::list_source() -> Detailed<void> {
  return source_.impl_->reading([&](const Unlocked& unlocked) -> Detailed<void> {
    for (const SummaryRef& summary : unlocked.index.in_order()) {
      if (summary == nullptr) continue;  // purged
      items_.push_back({.id = summary->id,
                        .category = summary->category,
                        .shown = summary->version,
                        .deleted = summary->deleted,
                        .conflict = summary->conflict});
    }
    report_.total = items_.size();
    return {};
  });
}

// Which secrets of the target came from this source before.
auto Migration::list_target() -> Detailed<void> {
  TRY_DO(target_.for_each({}, [&](const Entry& entry) {
    if (auto id = source_id_of(entry.secret, secret_source_); !id.empty()) known_[id] = entry.id;
    return true;
  }));
  TRY(gone, target_.list({.deleted = true}));
  for (const SummaryRef& summary : gone) {
    TRY(last, target_.get_version(summary->id, summary->version));
    if (auto id = source_id_of(last.secret, secret_source_); !id.empty()) {
      known_.try_emplace(id, summary->id);
    }
  }
  return {};
}

auto Migration::copy_categories() -> Detailed<void> {
  TRY(theirs, source_.categories());
  TRY(ours, target_.categories());
  std::map<std::pair<CategoryId, std::string>, CategoryId> children;
  for (const Category& category : ours) {
    if (category.parent) children[{*category.parent, text_of(category.name)}] = category.id;
  }
  // The root is the root, whatever it is called; the others follow their parents.
  for (const Category& category : theirs) {
    const auto root = std::ranges::find_if(ours, [](const Category& c) { return !c.parent; });
    if (!category.parent && root != ours.end()) categories_[category.id] = root->id;
  }
  for (bool more = true; more;) {
    more = false;
    for (const Category& category : theirs) {
      if (categories_.contains(category.id) || !category.parent) continue;
      const auto parent = categories_.find(*category.parent);
      if (parent == categories_.end()) continue;  // its turn comes
      const std::pair place{parent->second, text_of(category.name)};
      auto known = children.find(place);
      if (known == children.end()) {
        ++report_.categories;
        CategoryId made = target_.impl_->ports().random<CategoryId>();
        if (!config_.dry_run) {
          TRY(added, target_.add_category(place.second, place.first));
          made = added;
        }
        known = children.emplace(place, made).first;
      }
      categories_[category.id] = known->second;
      more = true;
    }
  }
  return {};
}

// The versions that have content, oldest first; what is shown comes last.
auto Migration::originals(const Item& item) const -> Detailed<std::vector<Original>> {
  TRY(infos, source_.versions(item.id));
  std::vector<Original> found;
  for (const VersionInfo& info : infos) {
    if (info.kind == model::VersionKind::content && info.body == model::BodyState::present) {
      found.push_back({info.id});
    }
  }
  const auto shown = std::ranges::find(found, item.shown, &Original::id);
  if (shown != found.end()) std::rotate(shown, shown + 1, found.end());
  return found;
}

auto Migration::copied(const SecretId& target) const -> Detailed<Copied> {
  TRY(infos, target_.versions(target));
  Copied result;
  bool live_head = false;
  for (const VersionInfo& info : infos) {
    const bool content = info.kind == model::VersionKind::content;
    live_head = live_head || (info.head && content);
    if (!content || info.body != model::BodyState::present) continue;
    TRY(entry, target_.get_version(target, info.id));
    std::string original = source_id_of(entry.secret, version_source_);
    const bool repeats = original.empty() || std::ranges::contains(result.versions, original,
                                                                   &Copied::Version::original);
    result.edited = repeats;  // an edit keeps what the version before it remembers
    if (!repeats) result.versions.push_back({.original = std::move(original), .id = info.id});
  }
  result.deleted = !live_head;
  return result;
}

auto Migration::content(const Item& item, const Original& original) const
    -> Detailed<model::Secret> {
  TRY(entry, source_.get_version(item.id, original.id));
  base::SecretMemory& memory = target_.impl_->ports().plaintext;
  remember(entry.secret, secret_source_, item.id.hex(), memory);
  remember(entry.secret, version_source_, original.id.hex(), memory);
  return std::move(entry.secret);
}

// Phase 2.
auto Migration::copy_secrets() -> Detailed<void> {
  for (std::size_t number = 0; number < items_.size(); ++number) {
    auto planned = plan(number);
    if (!planned && !concerns_secret(planned.error().code)) return planned;
    if (!planned) fail_secret(number, planned.error().code);
    if (batch_.size() >= config_.batch_size) TRY_DO(flush(number + 1));
    if (config_.stop_on_error && !failed_.empty()) break;
  }
  TRY_DO(flush(items_.size()));
  report_.stopped = config_.stop_on_error && !failed_.empty();
  for (const std::size_t number : touched_) report_.imported += failed_.contains(number) ? 0 : 1;
  return {};
}

auto Migration::plan(std::size_t number) -> Detailed<void> {
  const Item& item = items_[number];
  if (item.conflict) return fail(Error::secret_in_conflict);
  TRY(theirs, originals(item));
  if (theirs.empty()) {  // its content was pruned
    ++report_.skipped;
    return {};
  }
  const auto known = known_.find(item.id.hex());
  const bool is_known = known != known_.end();
  Copied ours;
  std::size_t next = 0;  // the first version that is missing
  if (is_known) {
    TRY(found, copied(known->second));
    ours = std::move(found);
    const std::string last = ours.versions.empty() ? std::string{} : ours.versions.back().original;
    const auto place = std::ranges::find_if(
        theirs, [&](const Original& original) { return original.id.hex() == last; });
    if (place == theirs.end()) return fail(Error::changed_in_both);
    next = static_cast<std::size_t>(place - theirs.begin()) + 1;
  }
  const bool more = next < theirs.size();
  const bool deletes = item.deleted && (more || !ours.deleted);
  if (!more && !deletes) {
    ++report_.skipped;  // all of it is there; what the target did with it since is its own
    return {};
  }
  if (is_known && ours.edited) return fail(Error::changed_in_both);

  const SecretId id = is_known ? known->second : target_.impl_->ports().random<SecretId>();
  const auto category = categories_.find(item.category);
  std::optional<CategoryId> into;
  if (category != categories_.end()) into = category->second;
  bool first = true;
  for (; next < theirs.size(); ++next) {
    const Kind kind = first && !is_known                  ? Kind::add
                      : first && is_known && ours.deleted ? Kind::restore
                                                          : Kind::update;
    first = false;
    TRY(secret, content(item, theirs[next]));
    TRY_DO(append(number,
                  {.kind = kind, .secret_id = id, .category = into, .secret = std::move(secret)}));
  }
  if (deletes) {
    TRY_DO(append(number, {.kind = Kind::remove, .secret_id = id, .category = {}, .secret = {}}));
  }
  known_[item.id.hex()] = id;
  touched_.insert(number);
  return {};
}

// A long history does not wait in memory for its end; what is cut short here is gone on with.
auto Migration::append(std::size_t number, WriteOperation operation) -> Detailed<void> {
  if (config_.dry_run) {
    report_.versions += operation.secret ? 1 : 0;
    return {};
  }
  batch_.push_back(std::move(operation));
  owners_.push_back(number);
  if (batch_.size() >= config_.batch_size) return flush(number);
  return {};
}

auto Migration::flush(std::uint64_t done) -> Detailed<void> {
  std::vector<WriteOperation*> pointers;
  for (WriteOperation& operation : batch_) pointers.push_back(&operation);
  target_.impl_->submit_all(pointers);
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    const auto& result = *batch_[i].result;
    if (result) {
      report_.versions += batch_[i].secret ? 1 : 0;
    } else if (concerns_secret(result.error().code)) {
      fail_secret(owners_[i], result.error().code);
    } else {
      return std::unexpected{result.error()};
    }
  }
  batch_.clear();
  owners_.clear();
  if (config_.progress) config_.progress(done, items_.size());
  return {};
}

void Migration::fail_secret(std::size_t number, Error code) {
  if (!failed_.insert(number).second || report_.errors.size() >= kMigrationReasonsMax) return;
  report_.errors.push_back(items_[number].name() + ": " + std::string{base::error_text(code)});
}

}  // namespace holdfast::node
