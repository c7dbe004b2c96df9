// Blocks that reach one validator only: how long it takes until all honest ones hold them. Nothing
// is pushed but own blocks (ADR 20), so what is withheld travels by name and by fetching.
#include <gmock/gmock.h>

#include <iostream>
#include <map>

#include "blocks.h"
#include "consensus/core.h"
#include "crypto/xof.h"
#include "sim/agenda.h"
#include "sim/signatures.h"

namespace holdfast::consensus {
namespace {

constexpr milliseconds kDelay{50};
constexpr int kLinks = 4;  // of one author's blocks, each known to one validator, in a row

// The last f cores give each own block to one other core only, in turn, and answer no fetch.
class Withheld {
 public:
  explicit Withheld(std::size_t validators)
      : epoch_{epoch_of(validators)}, honest_{epoch_.validators().quorum()} {
    Primitives real = primitives();
    real.xof = crypto::shake256;
    for (std::size_t i = 0; i < validators; ++i)
      cores_.push_back(std::make_unique<Core>(CoreSettings{.epoch = epoch_,
                                                           .self = AuthorIndex{i},
                                                           .beacon = {},
                                                           .parameters = {},
                                                           .primitives = real},
                                              Recovered{}, moment()));
    timers_.resize(validators);
    for (std::size_t a = 0; a < validators; ++a) {
      step(a, Started{});
      for (std::size_t b = 0; b < validators; ++b)
        if (a != b) step(a, PeerUp{PeerId{b}, {}});
    }
  }

  void run(Instant until) {
    for (Instant at{}; at < until; at += milliseconds{10}) {
      agenda_.at(at, [this] {
        base::Bytes bytes(40, static_cast<std::uint8_t>(++made_));
        bytes[0] = static_cast<std::uint8_t>(made_ >> 8);
        const auto id = primitives().item_id(bytes);
        step(made_ % honest_, Submit{id, std::move(bytes)});
      });
    }
    agenda_.run(until, [] { return false; });
  }

  // From the first honest holder to the last, of blocks that all hold.
  [[nodiscard]] auto spreads(bool withheld) const -> std::vector<Instant> {
    std::vector<Instant> spreads;
    for (const auto& [ref, seen] : seen_)
      if (seen.holders == honest_ && (std::to_underlying(ref.author) >= honest_) == withheld)
        spreads.push_back(seen.last - seen.first);
    std::ranges::sort(spreads);
    return spreads;
  }
  [[nodiscard]] auto honest() const -> std::size_t { return honest_; }
  [[nodiscard]] auto core(std::size_t index) const -> const Core& { return *cores_[index]; }

 private:
  struct Seen {
    std::size_t holders = 0;
    Instant first{}, last{};
  };

  [[nodiscard]] auto moment() const -> Moment { return {agenda_.now(), model::TimeMs{1}}; }
  void later(Instant delay, std::size_t core, Input input) {
    agenda_.after(delay, [this, core, input = std::move(input)] { step(core, input); });
  }
  void step(std::size_t core, const Input& input) {
    for (Effect& effect : cores_[core]->step(input, moment())) carry_out(core, effect);
  }
  void send(std::size_t from, const BlockPtr& block) {
    const std::size_t turn = std::to_underlying((**block).fields.round) % honest_;
    for (std::size_t to = 0; to < cores_.size(); ++to)
      if (to != from && (from < honest_ || to == turn))
        later(kDelay, to, BlocksVerified{PeerId{from}, {block}, Arrival::pushed});
  }
  void answer(std::size_t asker, const FetchRequest& request) {
    const std::size_t asked = std::to_underlying(request.from);
    if (asked >= honest_) return;
    agenda_.after(kDelay, [this, asker, asked, refs = request.refs] {
      BlocksVerified found{PeerId{asked}, {}, Arrival::requested};
      for (const BlockRef& ref : refs)
        if (const DagBlock* block = std::as_const(*cores_[asked]).dag().find(ref))
          found.blocks.push_back(block->block);
      later(kDelay, asker, std::move(found));
    });
  }
  void note(std::size_t core, const std::vector<BlockPtr>& accepted) {
    if (core >= honest_) return;
    for (const BlockPtr& block : accepted) {
      Seen& seen = seen_[(*block)->ref()];
      if (seen.holders++ == 0) seen.first = agenda_.now();
      seen.last = agenda_.now();
    }
  }
  void carry_out(std::size_t core, Effect& effect) {
    if (auto* sign = std::get_if<SignBlock>(&effect)) {
      later({}, core,
            BlockSigned{sign->id, seal(epoch_, *model::decode_header(sign->header),
                                       std::move(sign->payload))});
    } else if (const auto* persist = std::get_if<Persist>(&effect)) {
      note(core, persist->batch.blocks);
      later({}, core, Persisted{persist->id});
    } else if (const auto* message = std::get_if<Send>(&effect)) {
      if (const auto* block = std::get_if<BlockMessage>(&message->message))
        if (!message->to) send(core, block->block);
    } else if (const auto* fetch = std::get_if<Fetch>(&effect)) {
      answer(core, fetch->request);
    } else if (const auto* deliver = std::get_if<Deliver>(&effect)) {
      later({}, core, Applied{deliver->commit.commit.height, {}, {}, false, {}});
    } else if (const auto* timer = std::get_if<SetTimer>(&effect)) {
      const std::uint64_t set = ++timers_[core][std::to_underlying(timer->kind)];
      agenda_.at(timer->at, [this, core, set, kind = timer->kind] {
        if (timers_[core][std::to_underlying(kind)] == set) step(core, TimerFired{kind});
      });
    }
  }

  EpochRules epoch_;
  std::size_t honest_;
  std::vector<std::unique_ptr<Core>> cores_;
  std::vector<std::array<std::uint64_t, kTimerKinds>> timers_;
  sim::Agenda agenda_;
  std::map<BlockRef, Seen> seen_;
  std::uint64_t made_ = 0;
};

class Withholding : public testing::TestWithParam<std::size_t> {};

// Whoever got the block names it in its next own one, or, where that fills a round that it leads
// (ADR 19), in the one after that; it comes after the pace, and at most the leader timeout, later;
// one delay brings that to the others. They may be waiting for the author that stays silent, for
// the patience; then they fetch it and what it names, link by link.
TEST_P(Withholding, WhatOneValidatorGotAllHonestOnesHoldSoon) {
  Withheld cores{GetParam()};
  cores.run(std::chrono::seconds{20});
  const auto withheld = cores.spreads(true), sent = cores.spreads(false);
  ASSERT_GT(withheld.size(), 50U);
  const auto ms = [](Instant time) {
    return std::chrono::duration_cast<milliseconds>(time).count();
  };
  std::cout << GetParam() << " validators: withheld blocks, median "
            << ms(withheld[withheld.size() / 2]) << " ms, at most " << ms(withheld.back())
            << " ms; others at most " << ms(sent.back()) << " ms; "
            << std::to_underlying(cores.core(0).committed().height) << " commits\n";
  const Parameters parameters;
  const Instant named = 2 * parameters.pace + parameters.timeout_start + kDelay;
  const Instant fetched = parameters.fetch_patience + kLinks * 2 * kDelay;
  EXPECT_LE(withheld.back(), named + fetched);
  EXPECT_LE(sent.back(), named + fetched);
  EXPECT_EQ(cores.core(0).leader_timeout(), parameters.timeout_start) << "no stall";
}

INSTANTIATE_TEST_SUITE_P(Sizes, Withholding, testing::Values(4, 7, 10));

}  // namespace
}  // namespace holdfast::consensus
