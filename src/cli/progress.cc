#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace holdfast::cli {
namespace {

constexpr std::uint64_t kBarColumns = 24;
constexpr std::size_t kLineColumnsMax = 79;

auto is_wanted(const Session& session) -> bool {
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view{terminal} == "dumb";
  return ::isatty(STDERR_FILENO) == 1 && !dumb && !session.flags().quiet &&
         !session.screen().json() && session.settings().text("output.progress") != "never";
}

void show(std::string_view line) {
  const std::string text = "\r" + std::string{line};
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

// What the daemon says of the vault's task; the same connection each time.
class Asked {
 public:
  explicit Asked(const Session& session)
      : target_{session.vault()}, socket_{session.paths().socket}, memory_{session.memory()} {}

  void ask(ProgressBar& bar) {
    if (client_ == nullptr) {
      auto client = api::Client::connect(socket_, memory_);
      if (!client) return;
      client_ = *std::move(client);
    }
    const auto response = client_->request("GET", target_.view());
    if (!response || !response->ok()) return;
    const auto document = response->body.expose(
        [&](base::ByteView bytes) { return formats::JsonDocument::parse(bytes, memory_); });
    if (!document) return;
    const JsonValue* task = document->root().find("task");
    if (task != nullptr) bar.at(number_at(*task, "done"), number_at(*task, "total"));
  }

 private:
  Target target_;
  std::filesystem::path socket_;
  base::SecretMemory& memory_;
  std::unique_ptr<api::Client> client_;
};

}  // namespace

auto progress_line(std::string_view what, std::uint64_t done, std::uint64_t total) -> std::string {
  std::string line{what};
  line.resize(std::max<std::size_t>(line.size() + 2, 12), ' ');
  if (total == 0) return line + "...";
  done = std::min(done, total);
  const double part = static_cast<double>(done) / static_cast<double>(total);
  const auto filled = static_cast<std::uint64_t>(part * kBarColumns);
  const auto percent = std::to_string(static_cast<std::uint64_t>(part * 100));
  line += "[" + std::string(filled, '#') + std::string(kBarColumns - filled, '.') + "]";
  line += std::string(4 - percent.size(), ' ') + percent + " %  " + std::to_string(done) + " of " +
          std::to_string(total);
  line.resize(std::min(line.size(), kLineColumnsMax));
  return line;
}

ProgressBar::ProgressBar(const Session& session, std::string_view what, Of of) : what_{what} {
  if (is_wanted(session)) thread_ = std::jthread{[this, &session, of] { work(session, of); }};
}

ProgressBar::~ProgressBar() {
  {
    const std::scoped_lock lock{mutex_};
    ending_ = true;
  }
  ended_.notify_all();
}

void ProgressBar::at(std::uint64_t done, std::uint64_t total) {
  const std::scoped_lock lock{mutex_};
  done_ = done;
  total_ = total;
}

void ProgressBar::work(const Session& session, Of of) {
  Asked asked{session};
  std::size_t columns = 0;
  std::unique_lock lock{mutex_};
  auto wait = kProgressDelay;
  while (!ended_.wait_for(lock, wait, [&] { return ending_; })) {
    wait = kProgressInterval;
    if (of == Of::daemon) {
      lock.unlock();
      asked.ask(*this);
      lock.lock();
      if (ending_) break;
    }
    std::string line = progress_line(what_, done_, total_);
    const std::size_t shown = line.size();
    line.resize(std::max(line.size(), columns), ' ');
    columns = shown;
    show(line);
  }
  if (columns != 0) show(std::string(kLineColumnsMax, ' ') + "\r");
}

}  // namespace holdfast::cli
