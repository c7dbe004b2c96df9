// The order of the DAG-BFT core, with a committee of one and no peers: what the core asks for is
// done at once, on the caller's thread.
#include <deque>

#include "consensus/block_rules.h"
#include "crypto/xof.h"
#include "node/ordering.h"
#include "node/participant.h"

namespace holdfast::node {
namespace {

using base::Error;
using base::fail;
using base::Result;
using consensus::BlockPtr;

// The signer file as one that has it to itself would see it: what is written is on disk.
class SettledSigner final : public ports::SignerRecord {
 public:
  explicit SettledSigner(NodeSigner& signer)
      : signer_{signer}, state_{signer.last().value_or(ports::SignerState{})} {}
  auto state() const -> const ports::SignerState& override { return state_; }
  auto write(const ports::SignerState& state) -> Result<void> override {
    signer_.note(state);
    TRY_DO(signer_.settled());
    state_ = state;
    return {};
  }

 private:
  NodeSigner& signer_;
  ports::SignerState state_;
};

class DagOrdering final : public Ordering, private Surroundings {
 public:
  explicit DagOrdering(OrderingParts parts)
      : parts_{std::move(parts)}, epoch_{parts_.ledger.vault_id(), parts_.committee} {}

  auto submit(model::SignedTransaction transaction) -> Result<Committed> override;
  auto last_signed() const -> ports::SignerState override;
  auto start() -> Result<void> override;

 private:
  auto settings() -> ParticipantSettings;
  auto verified(model::Block block) -> BlockPtr;
  [[nodiscard]] auto now() const -> consensus::Moment {
    return {parts_.ports.clock.monotonic(), parts_.ports.now()};
  }
  [[nodiscard]] auto admit(const model::SignedTransaction& transaction) const -> Result<void>;
  auto carry_on() -> Result<void>;
  auto sign_one() -> Result<void>;
  auto sign_block(consensus::SignBlock request) -> Result<void>;
  auto sign_checkpoint(consensus::SignCheckpoint request) -> Result<void>;
  auto signature_of(crypto::Purpose purpose, base::Bytes message) -> Result<crypto::Signature>;

  void sign(consensus::SignBlock request) override { to_sign_.emplace_back(std::move(request)); }
  void sign(consensus::SignCheckpoint request) override {
    to_sign_.emplace_back(std::move(request));
  }
  void sync() override { sync_is_due_ = true; }
  void set_timer(const consensus::SetTimer& timer) override {
    timers_.at(std::to_underlying(timer.kind)) = timer.at;
  }
  void send(const consensus::Send& /*what*/) override {}  // to nobody
  void fetch(const consensus::FetchRequest& /*request*/) override {}
  void fetch(const consensus::FetchCommits& /*request*/) override {}
  void delivered(const consensus::CommittedSubDag& /*commit*/) override {}
  void applied(const Tip& tip, std::span<const model::Digest> items,
               std::span<const vault::Outcome> outcomes) override;
  void refused(const model::Digest& item, Error reason) override;
  void certified(const consensus::CheckpointCertificate& /*certificate*/) override {}
  void misconduct(const consensus::EquivocationProof& /*proof*/) override {}
  void epoch_ended(model::Height /*height*/) override {}
  void halted(consensus::HaltReason reason) override;

  OrderingParts parts_;
  const consensus::EpochRules epoch_;
  VerifyTransaction verify_ = transaction_verifier();
  crypto::VerifierCache verifiers_{2};
  std::optional<SettledSigner> signer_;
  std::unique_ptr<Participant> participant_;  // null: without a signer file there is none

  using ToSign = std::variant<consensus::SignBlock, consensus::SignCheckpoint>;
  std::deque<ToSign> to_sign_;
  bool sync_is_due_ = false;
  std::array<std::optional<consensus::Instant>, 2> timers_;
  std::optional<model::Digest> awaited_;
  std::optional<Result<Committed>> settled_;
};

auto DagOrdering::settings() -> ParticipantSettings {
  consensus::Parameters parameters;
  parameters.pace = {};  // nobody else's blocks are waited for
  return {.epoch = epoch_,
          .self = model::AuthorIndex{0},
          .beacon = {},
          .parameters = parameters,
          .primitives = {crypto::log_root_of, crypto::shake256, item_id},
          .verify_block = [this](model::Block block) { return verified(std::move(block)); },
          .verify_transaction = verify_};
}

auto DagOrdering::verified(model::Block block) -> BlockPtr {
  if (!consensus::check_header(block.fields, epoch_)) return nullptr;
  const auto& key = epoch_.committee.members[std::to_underlying(block.fields.author)].node_key;
  const base::Bytes message = model::header_message(epoch_.vault, block.header);
  const crypto::Signature signature = block.signature;
  if (!consensus::check_payload(block, crypto::log_root_of)) return nullptr;
  auto good =
      crypto::verify(verifiers_, key, crypto::Purpose::block, message, signature, std::move(block));
  if (!good) return nullptr;
  return std::make_shared<const model::VerifiedBlock>(*std::move(good));
}

auto DagOrdering::start() -> Result<void> {
  signer_.emplace(parts_.signer);
  Surroundings& around = *this;
  participant_ =
      std::make_unique<Participant>(settings(), parts_.store, parts_.ledger, *signer_, around);
  TRY_DO(participant_->start({}, now()));
  return carry_on();
}

auto DagOrdering::submit(model::SignedTransaction transaction) -> Result<Committed> {
  CHECK(participant_ != nullptr);  // else nothing may be written
  TRY_DO(admit(transaction));
  awaited_ = *model::Digest::from(transaction.id.view());
  settled_.reset();
  participant_->submit(transaction, now());
  if (auto carried = carry_on(); !carried) {
    parts_.gate.stop(Error::store_failed);
    return fail(carried.error());
  }
  if (!settled_) return fail(Error::store_failed);  // the core has halted
  return *std::exchange(settled_, std::nullopt);
}

// What does not verify would be ordered and change nothing.
auto DagOrdering::admit(const model::SignedTransaction& transaction) const -> Result<void> {
  TRY(author, vault::member(StoredState{parts_.store}, transaction.fields.author));
  if (!author || !author->record.author_key) return fail(Error::unknown_author);
  TRY_DO(verify_(transaction, *author->record.author_key));
  return {};
}

// Until nothing is left to do: then everything submitted is ordered and applied.
auto DagOrdering::carry_on() -> Result<void> {
  for (;;) {
    if (!to_sign_.empty()) {
      TRY_DO(sign_one());
    } else if (std::exchange(sync_is_due_, false)) {
      participant_->sync(now());
    } else if (participant_->core().is_busy() && !participant_->core().is_halted()) {
      // Alone it never waits for others, so what is due is due now.
      participant_->step(consensus::TimerFired{consensus::TimerKind::propose}, now());
      if (to_sign_.empty() && !sync_is_due_) return fail(Error::store_failed);
    } else {
      return {};
    }
  }
}

auto DagOrdering::sign_one() -> Result<void> {
  ToSign request = std::move(to_sign_.front());
  to_sign_.pop_front();
  if (auto* block = std::get_if<consensus::SignBlock>(&request))
    return sign_block(std::move(*block));
  return sign_checkpoint(std::move(std::get<consensus::SignCheckpoint>(request)));
}

auto DagOrdering::signature_of(crypto::Purpose purpose, base::Bytes message)
    -> Result<crypto::Signature> {
  parts_.signer.begin(purpose, std::move(message), signature_randomness(parts_.ports.entropy));
  return parts_.signer.finish();
}

auto DagOrdering::sign_block(consensus::SignBlock request) -> Result<void> {
  TRY(signature,
      signature_of(crypto::Purpose::block, model::header_message(epoch_.vault, request.header)));
  model::Block block;
  TRY(fields, model::decode_header(request.header));
  block.fields = std::move(fields);
  block.signature = signature;
  block.digest = model::block_digest(request.header, signature);
  block.header = std::move(request.header);
  block.payload = std::move(request.payload);
  BlockPtr good = verified(std::move(block));
  if (!good) return fail(Error::bad_signature);
  participant_->step(consensus::BlockSigned{request.id, std::move(good)}, now());
  return {};
}

auto DagOrdering::sign_checkpoint(consensus::SignCheckpoint request) -> Result<void> {
  const base::Bytes message = model::checkpoint_message(epoch_.vault, request.checkpoint);
  TRY(signature, signature_of(crypto::Purpose::checkpoint, message));
  const auto& self = epoch_.committee.members.front();
  model::CheckpointVote vote{std::move(request.checkpoint), self.device, signature};
  TRY(verified, crypto::verify(verifiers_, self.node_key, crypto::Purpose::checkpoint, message,
                               signature, std::move(vote)));
  participant_->step(consensus::CheckpointSigned{request.id, std::move(verified)}, now());
  return {};
}

void DagOrdering::applied(const Tip& tip, std::span<const model::Digest> items,
                          std::span<const vault::Outcome> outcomes) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (awaited_ != items[i]) continue;
    awaited_.reset();
    if (outcomes[i].kind == model::OutcomeKind::malformed) {
      settled_ = fail(outcomes[i].reason);
    } else {
      settled_ = Committed{tip.chain.height, outcomes[i]};
    }
  }
}

void DagOrdering::refused(const model::Digest& item, Error reason) {
  if (awaited_ == item) settled_ = fail(reason);
}

void DagOrdering::halted(consensus::HaltReason reason) {
  parts_.gate.stop(reason == consensus::HaltReason::two_leader_blocks_certified
                       ? Error::two_leader_blocks_certified
                       : Error::store_failed);
}

// The store's word: the mark of the epoch is not read before the participant is there.
auto DagOrdering::last_signed() const -> ports::SignerState {
  const consensus::ChainEnd end = parts_.ledger.tip().chain;
  const auto stored = read_dag_mark(parts_.store, end.epoch);
  if (!stored || !*stored || !(*stored)->own) return {};
  const model::BlockRef own = *(*stored)->own;
  return {.epoch = std::to_underlying(end.epoch),
          .round = std::to_underlying(own.round),
          .digest = own.digest.bytes,
          .synced = parts_.store.last_synced()};
}

}  // namespace

auto dag_ordering(OrderingParts parts) -> std::unique_ptr<Ordering> {
  return std::make_unique<DagOrdering>(std::move(parts));
}

}  // namespace holdfast::node
