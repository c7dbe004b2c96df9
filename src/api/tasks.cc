#include "api/tasks.h"

namespace holdfast::api {

Tasks::Task::Task(Tasks& tasks, std::string_view vault, std::string_view name) : tasks_{tasks} {
  const std::scoped_lock guard{tasks.mutex_};
  tasks.running_.emplace_front(std::string{vault}, std::string{name});
  place_ = tasks.running_.begin();
}

Tasks::Task::~Task() {
  const std::scoped_lock guard{tasks_.mutex_};
  tasks_.running_.erase(place_);
}

void Tasks::Task::at(std::uint64_t done, std::uint64_t total) {
  place_->total = total;
  place_->done = done;
}

auto Tasks::of(std::string_view vault) const -> std::optional<State> {
  const std::scoped_lock guard{mutex_};
  for (const Entry& entry : running_) {
    if (entry.vault == vault) return State{entry.name, entry.done, entry.total};
  }
  return std::nullopt;
}

}  // namespace holdfast::api
