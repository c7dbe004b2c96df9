#include "node/node_signer.h"

#include <utility>

#include "base/check.h"

namespace holdfast::node {

using base::Result;

NodeSigner::NodeSigner(crypto::Signer signer, std::unique_ptr<store::SignerFile> file)
    : public_key_{signer.public_key()},
      signer_{std::move(signer)},
      file_{std::move(file)},
      last_{file_ ? std::optional{file_->state()} : std::nullopt},
      thread_{[this] { work(); }} {}

NodeSigner::~NodeSigner() {
  {
    const std::scoped_lock lock{mutex_};
    ending_ = true;
  }
  changed_.notify_all();
}

void NodeSigner::begin(crypto::Purpose purpose, base::Bytes message, const Randomness& randomness) {
  {
    const std::scoped_lock lock{mutex_};
    CHECK(!request_.has_value());
    CHECK(!signature_.has_value());
    request_ = Request{purpose, std::move(message), randomness};
  }
  changed_.notify_all();
}

auto NodeSigner::finish() -> Result<crypto::Signature> {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return signature_.has_value(); });
  return *std::exchange(signature_, std::nullopt);
}

void NodeSigner::adopt(std::unique_ptr<store::SignerFile> file) {
  const std::scoped_lock lock{mutex_};
  CHECK(file_ == nullptr);  // so the thread has not looked at it
  file_ = std::move(file);
  last_ = file_->state();
}

auto NodeSigner::last() const -> std::optional<store::SignerState> {
  const std::scoped_lock lock{mutex_};
  return last_;
}

void NodeSigner::note(const store::SignerState& state) {
  CHECK(file_ != nullptr);
  {
    const std::scoped_lock lock{mutex_};
    to_note_ = state;
    last_ = state;
  }
  changed_.notify_all();
}

auto NodeSigner::noted() const -> Result<void> {
  const std::scoped_lock lock{mutex_};
  return noted_;
}

auto NodeSigner::settled() const -> Result<void> {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return !to_note_ && !noting_; });
  return noted_;
}

void NodeSigner::work() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [&] { return ending_ || request_ || to_note_; });
    if (request_) {
      const Request request = *std::exchange(request_, std::nullopt);
      lock.unlock();
      auto signature = signer_.sign(request.purpose, request.message, request.randomness);
      lock.lock();
      signature_ = std::move(signature);
    } else if (to_note_) {
      const store::SignerState state = *std::exchange(to_note_, std::nullopt);
      noting_ = true;
      lock.unlock();
      auto written = file_->write(state);
      lock.lock();
      noting_ = false;
      if (!written) noted_ = std::move(written);
    } else {
      return;
    }
    changed_.notify_all();
  }
}

}  // namespace holdfast::node
