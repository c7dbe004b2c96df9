// startup.cc: what must happen before the constructors of static objects run.
// Botan locks a pool of 128 pages in such a constructor: 4 ms, more than a whole `holdfast get`.
// Only the daemon, which holds keys, keeps that pool; a command's own secrets lie in SecretMemory.
#include <cstdlib>
#include <string_view>

namespace {

[[gnu::constructor(101)]] void skip_the_locked_pool_in_commands(int count, char** arguments) {
  for (int i = 1; i < count; ++i) {
    if (std::string_view{arguments[i]} == "daemon") return;
  }
  ::setenv("BOTAN_MLOCK_POOL_SIZE", "0", 0);
}

}  // namespace
