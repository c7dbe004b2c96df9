// signer_file.h: the last round this node signed, kept apart from the store, so that a lost or old
// store is noticed before anything is signed twice.
// Invariant: (epoch, round) never decreases, and one round never gets a second digest. Two slots in
// sectors of their own are overwritten in turn: a torn write leaves the state before it.
// Limits: kSignerFileBytes exactly. Time: none. Threads: one. Opened once, under the store's lock.
// Errors: signer_missing, signer_corrupt (both mean amnesia), signer_regression (nothing written),
// store_full, store_io, store_read_only; after a failed write only store_failed.
// Cost: one fdatasync. Source: docs/design/consensus.md, Durability, amnesia, equivocation.
#pragma once

#include <array>
#include <memory>

#include "ports/signer_record.h"
#include "store/file_io.h"

namespace holdfast::store {

using ports::SignerState;

// On disk, integers big endian: magic 8, version 4, generation 8, epoch 8, round 8, digest 32,
// synced 8, CRC-32C of all before 4. Slot = generation mod 2. Do not change; raise the version.
inline constexpr std::size_t kSignerSlotBytes = 4096;  // one sector, also of the larger kind
inline constexpr std::size_t kSignerFileBytes = 2 * kSignerSlotBytes;

class SignerFile final : public ports::SignerRecord {
 public:
  // Refuses with already_exists: to forget a signed round is to sign it twice.
  static auto create(const Path& path, const SignerState& state)
      -> Detailed<std::unique_ptr<SignerFile>>;
  static auto open(const Path& path) -> Detailed<std::unique_ptr<SignerFile>>;

  [[nodiscard]] auto state() const -> const SignerState& override { return state_; }
  // True if opening found one slot unreadable. A write cut short explains it, and then nothing was
  // sent; so does damage at rest, and then state() is one write old: go by the higher round of
  // state() and store, and treat a store without its own newest block as amnesia.
  [[nodiscard]] auto one_slot_was_damaged() const -> bool { return one_slot_was_damaged_; }
  // Durable once it returns.
  [[nodiscard]] auto write(const SignerState& state) -> Result<void> override;

 private:
  struct Slot {
    std::uint64_t generation;
    SignerState state;
  };
  SignerFile(FileDescriptor file, const Slot& newest, bool damaged);
  static auto encode(const Slot& slot) -> Bytes;
  static auto decode(ByteView sector) -> Result<Slot>;
  static auto newest_of(ByteView file) -> Result<std::pair<Slot, bool>>;

  FileDescriptor file_;
  SignerState state_;
  std::uint64_t generation_;
  bool one_slot_was_damaged_;
  bool failed_ = false;  // an fsync failed; repeating it would lie
};

// store_log_lost if the store opened below what was synced when the signer was last written.
[[nodiscard]] auto check_log_complete(const ports::KeyValueStore& store, const SignerState& state)
    -> Result<void>;

}  // namespace holdfast::store
