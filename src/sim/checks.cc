#include "sim/checks.h"

#include <array>

namespace holdfast::sim {
namespace {

auto named(NodeIndex node) -> std::string { return "node " + std::to_string(node); }
auto number(model::Height height) -> std::string {
  return std::to_string(std::to_underlying(height));
}

}  // namespace

void Checks::fail(std::string sentence) {
  if (!violation_) violation_ = std::move(sentence);
}

void Checks::delivered(NodeIndex node, const consensus::CommittedSubDag& commit) {
  if (!is_honest(node)) return;
  const model::Height height = commit.commit.height;
  if (height != next(heights_[node]))
    fail("gap: " + named(node) + " delivered height " + number(height) + " after " +
         number(heights_[node]));
  heights_[node] = height;
  const auto [known, first] = commits_.emplace(height, commit.digest);
  if (!first && known->second != commit.digest)
    fail("diverged: " + named(node) + " committed something else at height " + number(height));
  highest_ = std::max(highest_, height);
  ++commits_checked_;
}

auto Checks::delivered_height(NodeIndex node) const -> model::Height {
  const auto known = heights_.find(node);
  return known == heights_.end() ? model::Height{} : known->second;
}

void Checks::sent(NodeIndex node, const model::Block& block) {
  if (!is_honest(node)) return;
  const auto slot = std::pair{node, std::pair{block.fields.epoch, block.fields.round}};
  const auto [known, first] = headers_.emplace(slot, block.header);
  if (!first && known->second != block.header)
    fail("equivocated: " + named(node) + " signed two headers for round " +
         std::to_string(std::to_underlying(block.fields.round)));
}

void Checks::restarted(NodeIndex node, model::Height height, bool lost_its_disk) {
  if (!is_honest(node)) return;
  if (lost_its_disk) {
    heights_[node] = height;
    return;
  }
  if (height < heights_[node])
    fail("lost: " + named(node) + " had delivered height " + number(heights_[node]) +
         " and knows only " + number(height) + " after a restart");
  heights_[node] =
      height;  // what was durable and not delivered yet is delivered again by the vault
}

void Checks::applied(NodeIndex node, model::Height height, const model::Digest& root) {
  if (!is_honest(node)) return;
  const auto [known, first] = roots_.emplace(height, root);
  if (!first && known->second != root)
    fail("state differs: " + named(node) + " at height " + number(height));
}

void Checks::halted(NodeIndex node, consensus::HaltReason reason) {
  static constexpr std::array<const char*, 4> kReasons{
      "two leader blocks are certified", "its own slot was signed elsewhere",
      "its checkpoint differs", "its store failed"};
  if (!is_honest(node) || reason == consensus::HaltReason::store_failed) return;
  fail("halted: " + named(node) + ": " + kReasons.at(std::to_underlying(reason)));
}

void Checks::bounded(NodeIndex node, const char* what, std::size_t value, std::size_t limit) {
  if (value <= limit || !is_honest(node)) return;
  fail("out of bounds: " + named(node) + ": " + what + " is " + std::to_string(value));
}

}  // namespace holdfast::sim
