// cores.h: n cores in one thread that hand each other their blocks and checkpoint votes; signatures
// and disks cost nothing, hashes do. What the cores order is applied at once. Threads: one.
#pragma once

#include <deque>

#include "blocks.h"
#include "consensus/core.h"
#include "crypto/xof.h"
#include "sim/signatures.h"

namespace holdfast::consensus {

class Cores {
 public:
  // Followers come after the validators.
  explicit Cores(std::size_t validators, std::size_t followers = 0) : epoch_{epoch_of(validators)} {
    const std::size_t count = validators + followers;
    Primitives real = primitives();
    real.xof = crypto::shake256;
    for (std::size_t i = 0; i < count; ++i) {
      cores_.push_back(std::make_unique<Core>(
          CoreSettings{
              .epoch = epoch_, .self = self(i), .beacon = {}, .parameters = {}, .primitives = real},
          Recovered{}, moment()));
      inputs_.emplace_back(i, Started{});
    }
    for (std::size_t a = 0; a < count; ++a)
      for (std::size_t b = 0; b < count; ++b)
        if (a != b) inputs_.emplace_back(a, PeerUp{PeerId{b}, {}});
    settle();
  }

  // Gives each core so many transactions and lets one round happen.
  void round(std::size_t transactions) {
    now_ += Parameters{}.pace + milliseconds{1};
    for (std::size_t core = 0; core < validators(); ++core) {
      for (std::size_t i = 0; i < transactions; ++i) {
        base::Bytes bytes(512);
        ++made_;
        for (std::size_t at = 0; at < 8; ++at)
          bytes[at] = static_cast<std::uint8_t>(made_ >> (8 * at));
        const auto id = primitives().item_id(bytes);
        inputs_.emplace_back(core, Submit{id, std::move(bytes)});
      }
      inputs_.emplace_back(core, TimerFired{TimerKind::propose});
    }
    settle();
  }

  [[nodiscard]] auto sequenced() const -> std::uint64_t { return sequenced_; }
  [[nodiscard]] auto core(std::size_t index) const -> const Core& { return *cores_.at(index); }
  [[nodiscard]] auto validators() const -> std::size_t { return epoch_.committee.members.size(); }
  [[nodiscard]] auto count() const -> std::size_t { return cores_.size(); }

 private:
  [[nodiscard]] auto self(std::size_t index) const -> std::optional<AuthorIndex> {
    if (index < validators()) return AuthorIndex{index};
    return std::nullopt;
  }
  [[nodiscard]] auto moment() const -> Moment {
    const auto elapsed = std::chrono::duration_cast<milliseconds>(now_).count();
    return {now_, model::TimeMs{1 + static_cast<std::uint64_t>(elapsed)}};
  }
  void settle() {
    while (!inputs_.empty()) {
      auto [core, input] = std::move(inputs_.front());
      inputs_.pop_front();
      for (Effect& effect : cores_[core]->step(input, moment())) carry_out(core, effect);
    }
  }
  void to_others(std::size_t from, const Input& input) {
    for (std::size_t other = 0; other < cores_.size(); ++other)
      if (other != from) inputs_.emplace_back(other, input);
  }
  void carry_out(std::size_t core, Effect& effect) {
    if (auto* sign = std::get_if<SignBlock>(&effect)) {
      model::Block block;
      block.fields = *model::decode_header(sign->header);
      block.header = std::move(sign->header);
      block.payload = std::move(sign->payload);
      block.digest = model::block_digest(block.header, block.signature);
      inputs_.emplace_back(
          core, BlockSigned{sign->id, std::make_shared<const model::VerifiedBlock>(
                                          crypto::SimulatedSignatures::trust(std::move(block)))});
    } else if (const auto* checkpoint = std::get_if<SignCheckpoint>(&effect)) {
      const auto vote = crypto::SimulatedSignatures::trust(
          model::CheckpointVote{checkpoint->checkpoint, epoch_.committee.members[core].device, {}});
      inputs_.emplace_back(core, CheckpointSigned{checkpoint->id, vote});
      to_others(core, CheckpointVoted{vote});
    } else if (const auto* persist = std::get_if<Persist>(&effect)) {
      inputs_.emplace_back(core, Persisted{persist->id});
    } else if (const auto* send = std::get_if<Send>(&effect)) {
      if (const auto* message = std::get_if<BlockMessage>(&send->message))
        to_others(core, BlocksVerified{PeerId{core}, {message->block}, {}});
    } else if (const auto* deliver = std::get_if<Deliver>(&effect)) {
      inputs_.emplace_back(core, Applied{.height = deliver->commit.commit.height,
                                         .state_root = {},
                                         .audit_root = {},
                                         .close_epoch = false,
                                         .next = {}});
    } else if (const auto* status = std::get_if<TxStatus>(&effect)) {
      if (status->fate == TxFate::sequenced) ++sequenced_;
    }
  }

  EpochRules epoch_;
  std::vector<std::unique_ptr<Core>> cores_;
  std::deque<std::pair<std::size_t, Input>> inputs_;
  Instant now_{};
  std::uint64_t made_ = 0, sequenced_ = 0;
};

}  // namespace holdfast::consensus
