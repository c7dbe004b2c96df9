// Three honest cores and a fourth validator that signs whatever it likes: under any order of
// messages, timers, links, submissions and one loss of everything, nobody signs a slot twice, equal
// heights hold equal commits, nothing of an own block leaves before it is stored, nobody halts, and
// what is kept stays bounded.
#include <cstdint>
#include <cstdlib>

#include "exploration/lab.h"
#include "sim/signatures.h"

using namespace holdfast;
using namespace holdfast::consensus;

namespace {

constexpr std::size_t kValidators = 4;
constexpr NodeIndex kByzantine = 3;
constexpr std::size_t kActionsMax = 300;

class Bytes {
 public:
  explicit Bytes(base::ByteView bytes) : bytes_{bytes} {}
  [[nodiscard]] auto is_empty() const -> bool { return at_ >= bytes_.size(); }
  auto take() -> std::size_t { return is_empty() ? 0 : bytes_[at_++]; }
  auto below(std::size_t bound) -> std::size_t { return take() % bound; }

 private:
  base::ByteView bytes_;
  std::size_t at_ = 0;
};

class Run {
 public:
  explicit Run(base::ByteView input) : bytes_{input} {
    lab_.start();
    for (std::size_t i = 0; i < kActionsMax && !bytes_.is_empty(); ++i) {
      act();
      check();
    }
    lab_.settle(2000);
    check();
  }

 private:
  void act() {
    const NodeIndex node = bytes_.below(kByzantine);
    switch (bytes_.below(8)) {
      case 0:
        return lab_.submit(node, static_cast<std::uint8_t>(bytes_.take()));
      case 1:
        return forge(node);
      case 2:
        return lab_.hand(node, answer(node));
      case 3:
        return lab_.hand(node, TimerFired{static_cast<TimerKind>(bytes_.below(2))});
      case 4:
        return lab_.hand(node, FetchFailed{FetchId{bytes_.take()}});
      case 5: {
        const PeerId peer{(node + 1 + bytes_.below(3)) % kValidators};
        lab_.hand(node, PeerDown{peer});
        return lab_.hand(node, PeerUp{peer, Round{bytes_.below(8)}});
      }
      case 6:
        if (bytes_.below(8) == 0 && !std::exchange(forgotten_, true)) return lab_.forget(node);
        [[fallthrough]];
      default:
        for (std::size_t i = bytes_.below(8); i-- > 0 && lab_.waiting() > 0;)
          lab_.carry_out(bytes_.below(std::min(lab_.waiting(), 16UZ)));
    }
  }
  // A valid block of the Byzantine validator on parents that exist, or do not.
  void forge(NodeIndex to) {
    const Round round{1 + bytes_.below(12)};
    std::vector<BlockRef> ancestors;
    for (std::size_t i = 0; i < kValidators; ++i) {
      const AuthorIndex author{(kByzantine + i) % kValidators};
      BlockRef ref = epoch_.genesis[std::to_underlying(author)];
      const std::size_t choice = bytes_.below(8);
      if (i > 0 && choice == 0) continue;
      if (round > Round{1}) ref = ancestor(author, earlier(round, choice == 1 ? 2 : 1), choice, to);
      ancestors.push_back(ref);
    }
    model::Header header = header_of(epoch_, round, AuthorIndex{kByzantine}, ancestors);
    header.timestamp = model::TimeMs{bytes_.take()};
    header.ready = bytes_.below(4) == 0;
    if (bytes_.below(4) == 0)
      header.commit_votes.push_back({model::Height{1 + bytes_.below(250)}, {}});
    if (!check_header(header, epoch_)) return;
    const BlockPtr block = seal(epoch_, header, {base::Bytes(1 + bytes_.below(3), 1)});
    forged_[header.round].push_back(block);
    const auto arrival = bytes_.below(2) == 0 ? Arrival::pushed : Arrival::requested;
    for (NodeIndex node = 0; node < kByzantine; ++node)
      if (node == to || bytes_.below(2) == 0)
        lab_.hand(node, BlocksVerified{PeerId{kByzantine}, {block}, arrival});
  }
  auto ancestor(AuthorIndex author, Round round, std::size_t choice, NodeIndex to) -> BlockRef {
    if (round == Round{0}) return epoch_.genesis[std::to_underlying(author)];
    BlockRef ref{round, author, {}};
    ref.digest.bytes.fill(static_cast<std::uint8_t>(choice));  // nobody has it
    if (author == AuthorIndex{kByzantine} && !forged_[round].empty())
      return (*forged_[round][choice % forged_[round].size()])->ref();
    for (const auto& block : lab_.core(to).dag().at({round, author}))
      if (choice != 2) ref = block->ref;
    return ref;
  }
  auto answer(NodeIndex asker) -> Input {
    model::LatestAnswer said{.vault = epoch_.vault,
                             .epoch = {},
                             .nonce = {},
                             .author = AuthorIndex{kByzantine},
                             .latest = epoch_.genesis[kByzantine],
                             .yours = {}};
    said.nonce.bytes.fill(1);  // of the first loss
    const Round round{bytes_.below(12)};
    if (round > Round{0}) said.latest = ancestor(AuthorIndex{kByzantine}, round, 0, asker);
    return LatestAnswered{crypto::SimulatedSignatures::trust(std::move(said))};
  }
  void check() {
    if (lab_.violation()) {
      std::fprintf(stderr, "%s\n", lab_.violation()->c_str());
      std::abort();
    }
    for (NodeIndex node = 0; node < kByzantine; ++node) {
      const Core& core = lab_.core(node);
      if (core.blocks().suspended_count() > kActionsMax) std::abort();
      if (core.blocks().missing_count() > kActionsMax * kValidators) std::abort();
      if (core.dag().gc_round() > core.dag().highest_round()) std::abort();
      if (core.pool().size() > 256) std::abort();
    }
  }

  Bytes bytes_;
  EpochRules epoch_ = epoch_of(kValidators);
  Lab lab_{{.validators = kValidators, .silent = {kByzantine}}};
  std::map<Round, std::vector<BlockPtr>> forged_;
  bool forgotten_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Run run{{data, size}};
  return 0;
}
