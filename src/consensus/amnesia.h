// amnesia.h: what a validator may sign after it lost its signer file or its store: nothing at or
// below a round that it may have signed before. It asks the others for their newest blocks and for
// the newest of its own that they hold.
// Invariant: with answers of min(Q, n-1) others, at most f of them faulty, the floor is at least as
// high as any round signed before: signing at P needed blocks of a quorum at P-1, the answers meet
// these authors in an honest one, and what it names is at P-1 or above.
// An answer counts once the block that it names is accepted, so that nobody can invent a round.
// Limits: n answers. Time: none. Threads: one. Errors: none. Source: docs/design/consensus.md §9
// (the rule and its proof are our own; checked by enumeration in the tests).
#pragma once

#include <map>
#include <optional>

#include "consensus/dag.h"

namespace holdfast::consensus {

class Amnesia {
 public:
  Amnesia(Validators validators, AuthorIndex self, const model::AmnesiaNonce& nonce)
      : validators_{validators}, self_{self}, nonce_{nonce} {}

  // The answer of another validator to this nonce; a newer one of the same author counts instead
  // of the one given back.
  auto add(const model::LatestAnswer& answer) -> std::optional<model::LatestAnswer>;
  // The highest round that may have been signed; nothing until enough answers count. A committee
  // of one waits for its owner's word instead.
  [[nodiscard]] auto floor(const Dag& dag) const -> std::optional<Round>;
  // Blocks that answers name and the DAG lacks: to be fetched.
  [[nodiscard]] auto missing(const Dag& dag) const -> std::vector<BlockRef>;
  [[nodiscard]] auto answers_needed() const -> std::size_t;
  [[nodiscard]] auto answers() const -> const std::map<AuthorIndex, model::LatestAnswer>& {
    return answers_;
  }
  [[nodiscard]] auto nonce() const -> const model::AmnesiaNonce& { return nonce_; }

 private:
  Validators validators_;
  AuthorIndex self_;
  model::AmnesiaNonce nonce_;
  std::map<AuthorIndex, model::LatestAnswer> answers_;
};

}  // namespace holdfast::consensus
