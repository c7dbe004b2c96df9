// tasks.h: the long requests under way and how far each is, for whoever shows it.
// Invariant: a task is told of from its beginning to its end; of several of one vault, the one
// begun last. Limits: the server's slow workers. Time: none. Threads: any; a Task belongs to one.
// Errors: none. Source: docs/design/interfaces.md §2, Output.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::api {

class Tasks {
  struct Entry {
    const std::string vault, name;
    std::atomic<std::uint64_t> done = 0, total = 0;
  };

 public:
  struct State {
    std::string name;                   // "import"
    std::uint64_t done = 0, total = 0;  // 0 of 0: not known yet
  };

  class Task {
   public:
    Task(Tasks& tasks, std::string_view vault, std::string_view name);
    ~Task();
    Task(const Task&) = delete;
    auto operator=(const Task&) -> Task& = delete;
    void at(std::uint64_t done, std::uint64_t total);

   private:
    Tasks& tasks_;
    std::list<Entry>::iterator place_;
  };

  [[nodiscard]] auto of(std::string_view vault) const -> std::optional<State>;

 private:
  mutable std::mutex mutex_;
  std::list<Entry> running_;
};

}  // namespace holdfast::api
