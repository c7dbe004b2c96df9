// dag_text.h: DAGs written as text, for tests and for what a failed test prints.
//
//   Round 4: { A->[-D3], B->[*], C->[C3,A3,B3], A4'->[A3,B3,C3] }
//
// Validators are A, B, C, …; B3 is the block of B in round 3 and B3' its second branch, B0 its
// genesis block. `*` as an ancestor: every first branch of the round before; `-D3`: all of these
// but D3. `*` as an author: everyone. `first Q`, `last f+1` and `next 2` (after A) name so many
// authors or, among the ancestors, so many blocks of the round before (sums of n, f, Q and
// numbers).
// `{ * }` is short for `{ *->[*] }`; `Rounds 4-9: { * }` repeats it. The own block comes first in
// the header wherever it stands in the text.
// Limits: 26 validators. Threads: one. Errors: an exception that quotes the text.
// Source: docs/design/consensus.md §14.
#pragma once

#include <map>
#include <string>

#include "blocks.h"

namespace holdfast::consensus {

class Drawing {
 public:
  explicit Drawing(std::size_t validators) : epoch_{epoch_of(validators)} {}

  // Adds the rounds written here; the new blocks, ancestors first.
  auto draw(std::string_view text) -> std::vector<BlockPtr>;
  [[nodiscard]] auto block(const std::string& name) const -> const BlockPtr&;
  [[nodiscard]] auto ref(const std::string& name) const -> BlockRef;  // genesis blocks too
  [[nodiscard]] auto blocks() const -> const std::vector<BlockPtr>& { return blocks_; }
  [[nodiscard]] auto epoch() const -> const EpochRules& { return epoch_; }

 private:
  void draw_round(Round round, std::string_view body);
  void add(Round round, AuthorIndex author, std::size_t branch, std::string_view ancestors);
  [[nodiscard]] auto number(std::string_view expression) const -> std::size_t;
  [[nodiscard]] auto authors(std::string_view selector) const -> std::vector<AuthorIndex>;
  [[nodiscard]] auto selected(Round round, std::string_view selector) const
      -> std::vector<BlockRef>;
  [[nodiscard]] auto first_branches(Round round) const -> std::vector<BlockRef>;

  EpochRules epoch_;
  std::vector<BlockPtr> blocks_;
  std::map<std::string, BlockPtr> named_;
};

// "D4", "D4'": the first, the second block of its slot.
[[nodiscard]] auto block_name(Round round, AuthorIndex author, std::size_t branch) -> std::string;
// The inverse of draw(), as short as the language allows. Branches count in the order given.
[[nodiscard]] auto to_text(const EpochRules& epoch, const std::vector<BlockPtr>& blocks)
    -> std::string;

}  // namespace holdfast::consensus
