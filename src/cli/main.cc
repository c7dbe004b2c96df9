// main.cc: hardens the process, makes the objects everything else is handed, runs one command.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <utility>

#include "cli/command.h"
#include "store/system.h"

namespace {

using namespace holdfast;

constexpr std::size_t kPlaintextBytesMax = std::size_t{1} << 30;

// No core dump, no tracing by others, files private, a closed pipe is an error and no signal.
void harden() {
#if !defined(__SANITIZE_ADDRESS__)  // whose leak check traces its own process
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
  constexpr rlimit kNone{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &kNone);
  ::umask(077);
  std::signal(SIGPIPE, SIG_IGN);
}

struct Tools {  // what needs no settings
  const ports::Clock& clock;
  ports::Entropy& entropy;
  base::SecretMemory& plaintext;
};

auto run_parsed(const cli::Parsed& parsed, const Tools& tools, cli::Screen& screen)
    -> cli::Outcome<cli::Exit> {
  if (!parsed.run) {
    screen.put(parsed.help);
    return cli::Exit::done;
  }
  TRY(settings, cli::settings_for(parsed));
  TRY(options, cli::screen_options(parsed.flags, settings));
  screen.configure(options);
  const bool locked = settings.boolean("memory.require_lock");
  TRY(keys, cli::locally(base::SecretMemory::create(
                {static_cast<std::size_t>(settings.bytes("memory.locked_max")),
                 locked ? base::Lock::required : base::Lock::attempted})));
  const auto at_most = [&](const char* name, std::size_t max) {
    return static_cast<std::size_t>(std::min<std::uint64_t>(settings.number(name), max));
  };
  const node::CacheLimits caches{
      .nodes_max = at_most("cache.nodes_max", node::kCachedNodesMax),
      .queries_max = at_most("cache.queries_max", node::kCachedQueriesMax)};
  const node::Ports ports{tools.clock, tools.entropy, *keys, tools.plaintext, caches};
  cli::Session session{ports, screen};
  TRY_DO(session.configure(parsed.flags, std::move(settings)));
  return parsed.run(session);
}

auto run(int count, const char* const* arguments) -> cli::Exit {
  auto plaintext = base::SecretMemory::create({kPlaintextBytesMax, base::Lock::none});
  if (!plaintext) {
    std::fputs("holdfast: no protected memory can be had\n", stderr);
    return cli::Exit::local;
  }
  const store::SystemClock clock;
  store::SystemEntropy entropy;
  cli::Screen screen{**plaintext};
  auto parsed = cli::parse(count, arguments);
  auto done = parsed ? run_parsed(*parsed, {clock, entropy, **plaintext}, screen)
                     : cli::Outcome<cli::Exit>{std::unexpected{parsed.error()}};
  if (auto flushed = screen.flush(); !flushed && done) done = std::unexpected{flushed.error()};
  if (done) return *done;
  screen.report(done.error());
  return done.error().exit;
}

// Half of what was begun is no state to go on from; what was acknowledged is durable.
[[noreturn]] void end_without_memory() {
  std::fputs("holdfast: the machine has no memory left; free some and try again\n", stderr);
  ::_exit(std::to_underlying(cli::Exit::local));
}

}  // namespace

auto main(int count, char** arguments) -> int {
  harden();
  std::set_new_handler(end_without_memory);
  try {
    const int code = std::to_underlying(run(count, arguments));
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    ::_exit(code);  // everything of ours is closed; taking down RocksDB's tables costs 0.5 ms
#else
    return code;
#endif
  } catch (const std::exception& exception) {  // protected memory ran out: no text of ours in it
    std::fprintf(stderr, "holdfast: %s\n", exception.what());
    return 1;
  }
}
