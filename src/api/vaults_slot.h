// vaults_slot.h: the inside of Vaults, shared by its .cc files.
#pragma once

#include <algorithm>
#include <condition_variable>

#include "api/vaults.h"

namespace holdfast::api {

inline constexpr auto kNever = std::chrono::nanoseconds::max();

// Told by the deleter of an opened vault: its last user has let it go, and its store is closed.
class Closing {
 public:
  void done() {
    const std::scoped_lock guard{mutex_};
    done_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] auto wait(std::chrono::milliseconds longest) -> bool {
    std::unique_lock guard{mutex_};
    return changed_.wait_for(guard, longest, [&] { return done_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

struct Vaults::Slot {
  std::mutex opening;  // held while the vault is made, opened or closed; taken before mutex_
  Ref open;            // below: guarded by mutex_
  std::shared_ptr<Closing> closing;  // of `open`
  std::chrono::nanoseconds last_use{0};
  std::chrono::nanoseconds idle{0};            // 0: no idle lock
  std::chrono::nanoseconds deadline = kNever;  // the absolute one

  [[nodiscard]] auto due() const -> std::chrono::nanoseconds {
    if (!open || deadline == kNever) return kNever;
    return idle.count() == 0 ? deadline : std::min(deadline, last_use + idle);
  }
  auto hold(std::string name, std::unique_ptr<node::DistributedVault> vault) -> Ref {
    auto told = std::make_shared<Closing>();
    open = Ref{new Open{std::move(name), std::move(vault)}, [told](const Open* last) {
                 delete last;
                 told->done();
               }};
    closing = std::move(told);
    return open;
  }
};

// A folder is a vault's if its header is there.
[[nodiscard]] auto holds_vault(const std::filesystem::path& folder) -> bool;

}  // namespace holdfast::api
