// write_gate.h: whether a vault on this device may be written, and why not.
// Invariant: the first reason to stop stays for as long as the vault is open. Limits: kReserveBytes
// stay free on the disk, so that the store never meets a full one itself. Time: none. Threads: any.
// Errors: the reason itself; store_full. Source: docs/design/reliability.md.
#pragma once

#include <mutex>
#include <optional>

#include "store/file_io.h"

namespace holdfast::node {

class WriteGate {
 public:
  explicit WriteGate(store::Path folder) : folder_{std::move(folder)} {}

  [[nodiscard]] auto read_only() const -> std::optional<base::Error>;
  [[nodiscard]] auto stopped() const -> std::optional<base::Error>;
  // With room for so many bytes.
  [[nodiscard]] auto may_write(std::size_t bytes = 0) const -> base::Detailed<void>;
  void hold(std::optional<base::Error> reason);  // until it is called with nothing
  void stop(base::Error reason);
  void go_on();  // the reason is gone: a recovery was confirmed

 private:
  const store::Path folder_;
  mutable std::mutex mutex_;
  std::optional<base::Error> stopped_;
  std::optional<base::Error> held_;
};

}  // namespace holdfast::node
