#include "consensus/dag.h"

#include <algorithm>

namespace holdfast::consensus {

auto Dag::round_at(Round round) const -> const RoundBlocks* {
  if (round <= gc_round_) return nullptr;
  const auto index = std::to_underlying(round) - std::to_underlying(gc_round_) - 1;
  return index < rounds_.size() ? &rounds_[index] : nullptr;
}

auto Dag::at(Slot slot) const -> SlotView {
  const RoundBlocks* blocks = round_at(slot.round);
  if (blocks == nullptr) return {};
  return blocks->slots[std::to_underlying(slot.author)];
}

auto Dag::find(const BlockRef& ref) const -> const DagBlock* {
  if (!validators_.contains(ref.author)) return nullptr;
  for (const auto& block : at({ref.round, ref.author}))
    if (block->ref.digest == ref.digest) return block.get();
  return nullptr;
}
auto Dag::find(const BlockRef& ref) -> DagBlock* {
  return const_cast<DagBlock*>(std::as_const(*this).find(ref));  // NOLINT: ours, not const
}

auto Dag::accept(BlockPtr block) -> DagBlock& {
  const model::Header& header = (**block).fields;
  const BlockRef ref = (*block)->ref();
  CHECK(ref.round > gc_round_);
  CHECK(!contains(ref));
  const auto index = std::to_underlying(ref.round) - std::to_underlying(gc_round_) - 1;
  while (rounds_.size() <= index) rounds_.emplace_back().slots.resize(validators_.count());

  auto entry = std::make_unique<DagBlock>();
  entry->ref = ref;
  entry->strong.resize(validators_.count());
  for (const BlockRef& ancestor : header.ancestors) {
    const DagBlock* parent = find(ancestor);
    CHECK(parent != nullptr || ancestor.round <= gc_round_);
    if (next(ancestor.round) == ref.round)
      entry->strong[std::to_underlying(ancestor.author)] = parent;
  }
  entry->block = std::move(block);
  highest_ = std::max(highest_, ref.round);
  ++size_;
  ++accepted_;
  if (entry->is_work()) ++work_;
  auto& slot = rounds_[index].slots[std::to_underlying(ref.author)];
  if (slot.empty()) ++rounds_[index].authors;
  return *slot.emplace_back(std::move(entry));
}

auto Dag::authors_of(Round round) const -> std::size_t {
  const RoundBlocks* blocks = round_at(round);
  if (blocks == nullptr) return round == Round{0} ? validators_.count() : 0;
  return blocks->authors;
}

auto Dag::latest_of(AuthorIndex author, Round below) const -> const DagBlock* {
  for (Round round = std::min(highest_, earlier(below, 1)); round > gc_round_;
       round = earlier(round, 1)) {
    if (const SlotView slot = at({round, author}); !slot.empty()) return slot.front().get();
  }
  return nullptr;
}

void Dag::mark_committed(DagBlock& block) {
  CHECK(!block.committed);
  block.committed = true;
  if (block.is_work()) --work_;
}

void Dag::collect(Round gc_round) {
  if (gc_round <= gc_round_) return;
  while (gc_round_ < gc_round) {
    if (!rounds_.empty()) {
      for (const auto& slot : rounds_.front().slots) {
        size_ -= slot.size();
        for (const auto& block : slot)
          if (block->is_work() && !block->committed) --work_;
      }
      rounds_.pop_front();
    }
    gc_round_ = next(gc_round_);
  }
  if (rounds_.empty()) return;
  for (const auto& slot : rounds_.front().slots)
    for (const auto& block : slot) std::ranges::fill(block->strong, nullptr);
}

}  // namespace holdfast::consensus
