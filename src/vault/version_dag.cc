#include "vault/version_dag.h"

#include <algorithm>
#include <map>
#include <set>

namespace holdfast::vault {
namespace {

using model::BodyState;
using model::SecretState;
using model::VersionId;
using model::VersionNode;

auto is_stub(const VersionNode& node) -> bool { return node.body != BodyState::present; }

// A re-sealed copy and the version it replaces are one place in the DAG: the oldest name of it.
class Places {
 public:
  explicit Places(const SecretState& secret) {
    for (const VersionNode& node : secret.versions) {
      if (node.replaces) replaces_.emplace(node.id, *node.replaces);
    }
    for (const VersionNode& node : secret.versions) {
      if (is_stub(node)) {
        stubs_[of(node.id)].push_back(&node);
      } else {
        note_replaced(node.id);
      }
    }
  }
  [[nodiscard]] auto of(VersionId id) const -> VersionId {
    std::vector<VersionId> chain;  // kept short for the next one who asks
    for (auto it = replaces_.find(id); it != replaces_.end(); it = replaces_.find(id)) {
      if (const auto known = oldest_.find(id); known != oldest_.end()) {
        id = known->second;
        break;
      }
      if (chain.size() > replaces_.size()) break;  // ids are digests: no circle; but end anyway
      chain.push_back(id);
      id = it->second;
    }
    for (const VersionId& link : chain) oldest_.insert_or_assign(link, id);
    return id;
  }
  // A living copy stands for it, directly or through other copies.
  [[nodiscard]] auto is_replaced(const VersionId& id) const -> bool {
    return replaced_.contains(id);
  }
  [[nodiscard]] auto stubs_at(const VersionId& place) const -> std::vector<const VersionNode*> {
    const auto it = stubs_.find(place);
    return it == stubs_.end() ? std::vector<const VersionNode*>{} : it->second;
  }

 private:
  void note_replaced(const VersionId& by) {
    for (auto it = replaces_.find(by); it != replaces_.end(); it = replaces_.find(it->second)) {
      if (!replaced_.insert(it->second).second) break;  // and so is what follows
    }
  }

  std::map<VersionId, VersionId> replaces_;
  mutable std::map<VersionId, VersionId> oldest_;
  std::set<VersionId> replaced_;
  std::map<VersionId, std::vector<const VersionNode*>> stubs_;
};

// Every place above a head, with the nodes that lie there.
class Ancestry {
 public:
  explicit Ancestry(const SecretState& secret) : places_{secret} {
    for (const VersionNode& node : secret.versions) nodes_[places_.of(node.id)].push_back(&node);
  }
  // The places above this one, without itself.
  [[nodiscard]] auto above(const VersionId& id) const -> std::set<VersionId> {
    std::set<VersionId> found;
    std::vector<VersionId> open{places_.of(id)};
    while (!open.empty()) {
      const auto nodes = nodes_.find(open.back());
      open.pop_back();
      if (nodes == nodes_.end()) continue;  // named as a parent, never seen
      for (const VersionNode* node : nodes->second) {
        for (const VersionId& parent : node->parents) {
          const VersionId place = places_.of(parent);
          if (found.insert(place).second) open.push_back(place);
        }
      }
    }
    return found;
  }
  // What lies there with content; null: nothing.
  [[nodiscard]] auto content_at(const VersionId& place) const -> const VersionNode* {
    const auto nodes = nodes_.find(place);
    if (nodes == nodes_.end()) return nullptr;
    const VersionNode* found = nullptr;
    for (const VersionNode* node : nodes->second) {
      if (is_stub(*node) || node->kind != model::VersionKind::content) continue;
      if (found == nullptr ||
          std::pair{node->height, node->id} < std::pair{found->height, found->id}) {
        found = node;
      }
    }
    return found;
  }

 private:
  Places places_;
  std::map<VersionId, std::vector<const VersionNode*>> nodes_;
};

}  // namespace

auto find_version(const SecretState& secret, const VersionId& id) -> const VersionNode* {
  const auto it = std::ranges::find(secret.versions, id, &VersionNode::id);
  return it == secret.versions.end() ? nullptr : &*it;
}

auto heads(const SecretState& secret) -> std::vector<const VersionNode*> {
  const Places places{secret};
  std::set<VersionId> covered;  // places that a living version descends from, through stubs
  std::vector<VersionId> open;
  for (const VersionNode& node : secret.versions) {
    if (!is_stub(node)) open.insert(open.end(), node.parents.begin(), node.parents.end());
  }
  while (!open.empty()) {
    const VersionId place = places.of(open.back());
    open.pop_back();
    if (!covered.insert(place).second) continue;
    for (const VersionNode* stub : places.stubs_at(place)) {
      open.insert(open.end(), stub->parents.begin(), stub->parents.end());
    }
  }
  std::vector<const VersionNode*> result;
  for (const VersionNode& node : secret.versions) {
    if (is_stub(node) || places.is_replaced(node.id)) continue;
    if (!covered.contains(places.of(node.id))) result.push_back(&node);
  }
  return result;
}

auto shown_head(const SecretState& secret) -> const VersionNode* {
  const VersionNode* shown = nullptr;
  for (const VersionNode* head : heads(secret)) {
    if (head->kind == model::VersionKind::content) shown = head;
  }
  return shown;
}

auto common_ancestor(const SecretState& secret, const std::vector<const VersionNode*>& of)
    -> const VersionNode* {
  if (of.size() < 2) return nullptr;
  const Ancestry ancestry{secret};
  std::set<VersionId> common = ancestry.above(of.front()->id);
  for (const VersionNode* head : of) {
    const std::set<VersionId> above = ancestry.above(head->id);
    std::erase_if(common, [&](const VersionId& place) { return !above.contains(place); });
  }
  std::erase_if(common, [&](const VersionId& p) { return ancestry.content_at(p) == nullptr; });
  std::set<VersionId> covered;  // above another common ancestor
  for (const VersionId& place : common) covered.merge(ancestry.above(place));
  const VersionNode* lowest = nullptr;
  for (const VersionId& place : common) {
    if (covered.contains(place)) continue;
    const VersionNode* node = ancestry.content_at(place);
    if (lowest == nullptr ||
        std::pair{node->height, node->id} < std::pair{lowest->height, lowest->id}) {
      lowest = node;
    }
  }
  return lowest;
}

auto conflict_type(const std::vector<const VersionNode*>& heads)
    -> std::optional<model::ConflictType> {
  if (heads.size() < 2) return std::nullopt;
  const auto deletes = [](const VersionNode* head) {
    return head->kind == model::VersionKind::tombstone;
  };
  if (std::ranges::any_of(heads, deletes)) return model::ConflictType::delete_update;
  const bool same_base = std::ranges::all_of(
      heads, [&](const VersionNode* head) { return head->parents == heads.front()->parents; });
  return same_base ? model::ConflictType::concurrent_update : model::ConflictType::version;
}

}  // namespace holdfast::vault
