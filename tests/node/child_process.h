// child_process.h: a child that runs one disabled test of this program and is killed. A forked copy
// would lack the threads that RocksDB believes in, so the program is started anew.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"

namespace holdfast::node {

class Child {
 public:
  static constexpr int kReports = 100;  // descriptor on which the child reports
  using Report = std::array<std::uint8_t, 16>;

  Child(const std::string& role, const std::map<std::string, std::string>& environment) {
    int ends[2];
    CHECK(::pipe2(ends, O_CLOEXEC) == 0);
    std::vector<std::string> words{"/proc/self/exe", "--gtest_also_run_disabled_tests",
                                   "--gtest_filter=" + role};
    std::vector<std::string> settings;
    for (char** entry = environ; *entry != nullptr; ++entry) settings.emplace_back(*entry);
    for (const auto& [name, value] : environment) settings.push_back(name + "=" + value);
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> all;
      for (std::string& text : texts) all.push_back(text.data());
      all.push_back(nullptr);
      return all;
    };
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], kReports);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    CHECK(::posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, pointers(words).data(),
                        pointers(settings).data()) == 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  Child(const Child&) = delete;
  auto operator=(const Child&) -> Child& = delete;
  ~Child() {
    kill();
    ::close(pipe_);
  }

  // The next report, or nothing after the child's end.
  auto next() -> std::optional<Report> {
    Report report{};
    if (::read(pipe_, report.data(), report.size()) != ssize_t{report.size()}) return std::nullopt;
    return report;
  }
  void kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    CHECK(::waitpid(pid_, &status, 0) == pid_);
    pid_ = -1;
  }
  static void report(const Report& what) {  // in the child
    CHECK(::write(kReports, what.data(), what.size()) == ssize_t{what.size()});
  }

 private:
  int pid_ = -1;
  int pipe_ = -1;
};

}  // namespace holdfast::node
