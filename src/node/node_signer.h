// node_signer.h: the node key at work on a thread of its own. It signs a block while the writer
// applies the same block, and notes in the signer file what became durable.
// Invariant: one signature at a time; of what is noted the newest is written, and all of it before
// the destructor returns. A note is not waited for: a store whose newest log is lost within the
// moment between acknowledging a commit and noting it opens as if that commit had never been
// (docs/adr/0010-the-signer-file-follows.md). Whoever sends what was signed waits with settled().
// Limits: none. Time: none. Threads: one caller; settled() any. Errors: those of crypto and of
// SignerFile. Source: docs/design/consensus.md §9.
#pragma once

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "crypto/sign.h"
#include "store/signer_file.h"

namespace holdfast::node {

class NodeSigner {
 public:
  // Without a file (it is lost or damaged) nothing may be noted.
  NodeSigner(crypto::Signer signer, std::unique_ptr<store::SignerFile> file);
  ~NodeSigner();
  NodeSigner(const NodeSigner&) = delete;
  auto operator=(const NodeSigner&) -> NodeSigner& = delete;

  using Randomness = std::array<std::uint8_t, 32>;
  void begin(crypto::Purpose purpose, base::Bytes message, const Randomness& randomness);
  [[nodiscard]] auto finish() -> base::Result<crypto::Signature>;  // of what was begun

  // The file, or a new one in place of one that is lost: the owner has confirmed a recovery.
  void adopt(std::unique_ptr<store::SignerFile> file);
  // What the file says of it; nothing: there is no file.
  [[nodiscard]] auto last() const -> std::optional<store::SignerState>;
  void note(const store::SignerState& state);
  // What earlier notes met, without waiting.
  [[nodiscard]] auto noted() const -> base::Result<void>;
  // Waits until everything noted so far is on disk.
  [[nodiscard]] auto settled() const -> base::Result<void>;

  [[nodiscard]] auto public_key() const -> const crypto::PublicKey& { return public_key_; }

 private:
  struct Request {
    crypto::Purpose purpose{};
    base::Bytes message;
    Randomness randomness{};
  };
  void work();

  const crypto::PublicKey public_key_;
  crypto::Signer signer_;                    // the thread's
  std::unique_ptr<store::SignerFile> file_;  // the thread's, once there is one

  mutable std::mutex mutex_;  // of all below
  mutable std::condition_variable changed_;
  std::optional<Request> request_;
  std::optional<base::Result<crypto::Signature>> signature_;
  std::optional<store::SignerState> last_;
  std::optional<store::SignerState> to_note_;
  bool noting_ = false;
  base::Result<void> noted_;
  bool ending_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace holdfast::node
