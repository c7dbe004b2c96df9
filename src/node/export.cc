#include "node/export.h"

#include <algorithm>
#include <map>
#include <set>

namespace holdfast::node {
namespace {

using base::Error;
using base::fail;
using formats::StateNode;
using model::BodyState;
using model::VersionKind;

// The folder of each category: its names from below the root down.
class Folders {
 public:
  explicit Folders(const std::vector<Category>& categories) {
    for (const Category& category : categories) by_id_.emplace(category.id, &category);
  }
  [[nodiscard]] auto path(const CategoryId& id) const -> formats::FolderPath {
    formats::FolderPath path;
    auto place = by_id_.find(id);
    while (place != by_id_.end() && place->second->parent &&
           path.size() < formats::kFolderDepthMax) {
      path.insert(path.begin(), place->second->name.clone());
      place = by_id_.find(*place->second->parent);
    }
    return path;
  }

 private:
  std::map<CategoryId, const Category*> by_id_;
};

auto is_content(const VersionInfo& info) -> bool {
  return info.kind == VersionKind::content && info.body == BodyState::present;
}

// What is left of a history, in committed order, and how it hangs together.
struct Kept {
  std::vector<VersionId> contents;
  std::vector<StateNode> shape;
};
auto kept_of(const std::vector<VersionInfo>& infos) -> Kept {
  Kept kept;
  std::map<VersionId, std::set<std::uint32_t>> stands_for;  // the nodes that a version became
  for (const VersionInfo& info : infos) {
    std::set<std::uint32_t> parents;
    for (const VersionId& parent : info.parents) {
      const auto found = stands_for.find(parent);
      if (found != stands_for.end()) parents.insert(found->second.begin(), found->second.end());
    }
    const bool deletes = info.kind == VersionKind::tombstone && !kept.shape.empty();
    if (!deletes && !is_content(info)) {
      stands_for[info.id] = std::move(parents);
      continue;
    }
    if (parents.empty() && !kept.shape.empty()) parents.insert(0);  // its own were pruned
    while (parents.size() > model::kParentsMax) parents.erase(parents.begin());
    stands_for[info.id] = {static_cast<std::uint32_t>(kept.shape.size())};
    kept.shape.push_back({.parents = {parents.begin(), parents.end()}, .deletes = deletes});
    if (!deletes) kept.contents.push_back(info.id);
  }
  return kept;
}

class Collector {
 public:
  Collector(const DistributedVault& vault, const ExportOptions& options)
      : vault_{vault}, options_{options} {}

  auto run() -> Detailed<ExportSet> {
    TRY(categories, vault_.categories());
    const Folders folders{categories};
    for (const Category& category : categories) {
      if (category.parent && chosen(category.id)) set_.folders.push_back(folders.path(category.id));
    }
    TRY(summaries, vault_.list({}));
    if (options_.deleted) {
      TRY(gone, vault_.list({.deleted = true}));
      summaries.insert(summaries.end(), gone.begin(), gone.end());
    }
    std::erase_if(summaries, [&](const SummaryRef& one) { return !chosen(one->category); });
    std::uint64_t done = 0;
    for (const SummaryRef& summary : summaries) {
      auto added = add(*summary, folders);
      const bool gone = !added && (added.error().code == Error::unknown_secret ||
                                   added.error().code == Error::version_without_content);
      if (!added && !gone) return std::unexpected{added.error()};  // else: purged meanwhile
      if (options_.progress) options_.progress(++done, summaries.size());
    }
    return std::move(set_);
  }

 private:
  [[nodiscard]] auto chosen(const CategoryId& id) const -> bool {
    return options_.categories.empty() || std::ranges::contains(options_.categories, id);
  }

  auto add(const Summary& summary, const Folders& folders) -> Detailed<void> {
    formats::ExportEntry row;
    row.folder = folders.path(summary.category);
    row.id = summary.id.hex();
    row.deleted = summary.deleted;
    if (options_.history) {
      TRY_DO(add_history(summary, row));
    } else if (summary.deleted) {
      TRY(last, vault_.get_version(summary.id, summary.version));
      row.secret = &set_.contents.emplace_back(std::move(last.secret));
    } else {
      TRY(shown, vault_.get(summary.id));
      row.secret = &set_.contents.emplace_back(std::move(shown.secret));
    }
    set_.entries.push_back(std::move(row));
    return {};
  }

  auto add_history(const Summary& summary, formats::ExportEntry& row) -> Detailed<void> {
    TRY(infos, vault_.versions(summary.id));
    Kept kept = kept_of(infos);
    if (kept.contents.empty()) return fail(Error::version_without_content);
    if (options_.shape) {
      row.shape = std::move(kept.shape);
    } else if (const auto shown = std::ranges::find(kept.contents, summary.version);
               shown != kept.contents.end()) {
      std::rotate(shown, shown + 1, kept.contents.end());
    }
    std::vector<const model::Secret*> states;
    for (const VersionId& id : kept.contents) {
      TRY(version, vault_.get_version(summary.id, id));
      states.push_back(&set_.contents.emplace_back(std::move(version.secret)));
    }
    row.secret = states.back();
    states.pop_back();
    row.history = std::move(states);
    return {};
  }

  const DistributedVault& vault_;
  const ExportOptions& options_;
  ExportSet set_;
};

}  // namespace

auto collect_export(const DistributedVault& vault, const ExportOptions& options)
    -> Detailed<ExportSet> {
  return Collector{vault, options}.run();
}

}  // namespace holdfast::node
