// The core alone: n cores in one thread hand each other their blocks; signatures and disks cost
// nothing, hashes do. One iteration is one round of all of them.
#include <benchmark/benchmark.h>

#include <deque>

#include "consensus/core.h"
#include "crypto/log_tree.h"
#include "crypto/xof.h"
#include "sim/signatures.h"

namespace {

using namespace holdfast;
using namespace holdfast::consensus;

auto item_id(base::ByteView item) -> model::Digest { return crypto::sha256(item); }

class Cores {
 public:
  explicit Cores(std::size_t count) {
    model::VaultId vault;
    model::Committee committee;
    for (std::size_t i = 0; i < count; ++i) {
      model::CommitteeMember member;
      member.device.bytes.fill(static_cast<std::uint8_t>(i + 1));
      member.node_key.bytes.fill(static_cast<std::uint8_t>(i + 1));
      committee.members.push_back(member);
    }
    const EpochRules epoch{vault, committee};
    for (std::size_t i = 0; i < count; ++i) {
      cores_.push_back(std::make_unique<Core>(
          CoreSettings{
              epoch, AuthorIndex{i}, {}, {}, {crypto::log_root_of, crypto::shake256, item_id}},
          Recovered{}, moment()));
      inputs_.emplace_back(i, Started{});
    }
    settle();
  }

  // Gives each core so many transactions and lets one round happen.
  void round(std::size_t transactions) {
    now_ += std::chrono::milliseconds{4};
    for (std::size_t core = 0; core < cores_.size(); ++core) {
      for (std::size_t i = 0; i < transactions; ++i) {
        base::Bytes bytes(512);
        ++made_;
        for (std::size_t at = 0; at < 8; ++at)
          bytes[at] = static_cast<std::uint8_t>(made_ >> (8 * at));
        const auto id = item_id(bytes);
        inputs_.emplace_back(core, Submit{id, std::move(bytes)});
      }
      inputs_.emplace_back(core, TimerFired{TimerKind::propose});
    }
    settle();
  }

  [[nodiscard]] auto sequenced() const -> std::uint64_t { return sequenced_; }
  [[nodiscard]] auto blocks_held() const -> std::size_t { return cores_.front()->dag().size(); }

 private:
  [[nodiscard]] auto moment() const -> Moment { return {now_, model::TimeMs{1}}; }

  void settle() {
    while (!inputs_.empty()) {
      auto [core, input] = std::move(inputs_.front());
      inputs_.pop_front();
      for (Effect& effect : cores_[core]->step(input, moment())) carry_out(core, effect);
    }
  }
  void carry_out(std::size_t core, const Effect& effect) {
    if (const auto* sign = std::get_if<SignBlock>(&effect)) {
      model::Block block;
      block.fields = *model::decode_header(sign->header);
      block.header = sign->header;
      block.payload = sign->payload;
      block.digest = model::block_digest(block.header, block.signature);
      inputs_.emplace_back(
          core, BlockSigned{sign->id, std::make_shared<const model::VerifiedBlock>(
                                          crypto::SimulatedSignatures::trust(std::move(block)))});
    } else if (const auto* persist = std::get_if<Persist>(&effect)) {
      inputs_.emplace_back(core, Persisted{persist->id});
    } else if (const auto* send = std::get_if<Send>(&effect)) {
      const auto* message = std::get_if<BlockMessage>(&send->message);
      if (message == nullptr) return;
      for (std::size_t other = 0; other < cores_.size(); ++other)
        if (other != core)
          inputs_.emplace_back(other, BlocksVerified{PeerId{core}, {message->block}, {}});
    } else if (const auto* status = std::get_if<TxStatus>(&effect)) {
      if (status->fate == TxFate::sequenced) ++sequenced_;
    }
  }

  std::vector<std::unique_ptr<Core>> cores_;
  std::deque<std::pair<std::size_t, Input>> inputs_;
  Instant now_{};
  std::uint64_t made_ = 0, sequenced_ = 0;
};

// Transactions a second through all cores together: range(0) cores, range(1) transactions a core
// and round.
void core_order(benchmark::State& state) {
  Cores cores{static_cast<std::size_t>(state.range(0))};
  const auto each = static_cast<std::size_t>(state.range(1));
  for (int i = 0; i < 10; ++i) cores.round(each);
  const std::uint64_t before = cores.sequenced();
  for (auto _ : state) cores.round(each);
  state.SetItemsProcessed(static_cast<std::int64_t>(cores.sequenced() - before));
  state.counters["blocks_held"] = static_cast<double>(cores.blocks_held());
}
BENCHMARK(core_order)
    ->Args({4, 500})
    ->Args({10, 200})
    ->Args({31, 64})
    ->Args({100, 20})
    ->Args({4, 1})
    ->Unit(benchmark::kMillisecond);

}  // namespace
BENCHMARK_MAIN();
