// session.h: what every command gets: the flags given before it, the daemon, the screen, prompts.
// The connection is made with the first request; if nobody listens, the daemon is started.
// Limits: those of api/client.h. Time: Flags::timeout for one answer. Threads: one.
// Errors: Problem. Source: docs/design/interfaces.md §§1, 2; docs/api.md.
#pragma once

#include <chrono>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/client.h"
#include "api/paths.h"
#include "cli/problem.h"
#include "cli/screen.h"
#include "cli/secret_input.h"
#include "cli/settings.h"
#include "formats/json_reader.h"
#include "node/distributed_vault.h"

namespace holdfast::cli {

using formats::JsonType, formats::JsonValue;

struct Flags {
  std::string vault, profile;
  std::string format, colour, timeout;  // empty: the settings say
  bool json = false, yes = false, no_input = false, quiet = false;
};

// The strings of `json` are views of `body`, whose bytes stay where they are when it moves.
struct Answer {
  base::SecretBytes body;
  formats::JsonDocument json;
  std::string etag;
  [[nodiscard]] auto root() const -> const JsonValue& { return json.root(); }
};

// A member's text, number or truth; empty, 0 or false if it is missing or of another type.
[[nodiscard]] auto text_at(const JsonValue& object, std::string_view key) -> std::string_view;
[[nodiscard]] auto number_at(const JsonValue& object, std::string_view key) -> std::uint64_t;
[[nodiscard]] auto true_at(const JsonValue& object, std::string_view key) -> bool;
[[nodiscard]] auto items_at(const JsonValue& object, std::string_view key)
    -> std::span<const JsonValue>;

// A path with its query, in secret memory: labels and search texts are plaintext.
class Target {
 public:
  Target(base::SecretMemory& memory, std::string_view path) : memory_{memory}, text_{&memory} {
    append(path);
  }
  Target(Target&&) = default;                      // a copy would leave the secret memory
  auto segment(std::string_view text) -> Target&;  // "/" and the text, encoded
  auto path(std::string_view text) -> Target&;     // as it is
  auto query(std::string_view key, std::string_view value) -> Target&;
  [[nodiscard]] auto view() const -> std::string_view { return base::text_of(text_); }

 private:
  void append(std::string_view text) { text_.insert(text_.end(), text.begin(), text.end()); }
  base::SecretMemory& memory_;
  base::SecretBytes::Buffer text_;
  bool has_query_ = false;
};

class Session {
 public:
  Session(const node::Ports& ports, Screen& screen) : ports_{ports}, screen_{screen} {}
  [[nodiscard]] auto configure(const Flags& flags, Settings settings = {}) -> Outcome<void>;

  [[nodiscard]] auto flags() const -> const Flags& { return flags_; }
  [[nodiscard]] auto ports() const -> const node::Ports& { return ports_; }
  [[nodiscard]] auto memory() const -> base::SecretMemory& { return ports_.plaintext; }
  [[nodiscard]] auto paths() const -> const api::Paths& { return paths_; }
  [[nodiscard]] auto settings() const -> const Settings& { return settings_; }
  [[nodiscard]] auto screen() const -> Screen& { return screen_; }
  [[nodiscard]] auto prompter() const -> Prompter {
    return Prompter{ports_.plaintext, flags_.no_input};
  }
  // "/v1/vaults/NAME" of the vault the user means.
  [[nodiscard]] auto vault() const -> Target;

  using Headers = std::vector<api::Header>;
  // The answer to a request that succeeded; anything else is a Problem.
  [[nodiscard]] auto call(std::string_view method, const Target& target, base::ByteView body = {},
                          const Headers& headers = {}) -> Outcome<Answer>;
  // The same for an answer that is not JSON, such as an export.
  [[nodiscard]] auto fetch(const Target& target, const Headers& headers = {})
      -> Outcome<base::SecretBytes>;
  [[nodiscard]] auto get(const Target& target) -> Outcome<Answer> { return call("GET", target); }
  // The secret that ITEM names, with its protected values if `reveal`.
  [[nodiscard]] auto item(std::string_view item, bool reveal) -> Outcome<Answer>;
  [[nodiscard]] auto connect_if_running() -> Outcome<bool>;
  [[nodiscard]] auto start_and_connect() -> Outcome<void>;
  void disconnect() { client_.reset(); }

 private:
  enum class Start : std::uint8_t { never, if_allowed, always };
  [[nodiscard]] auto connect(Start start) -> Outcome<void>;
  [[nodiscard]] auto request(std::string_view method, const Target& target, base::ByteView body,
                             const Headers& headers) -> Outcome<api::Response>;
  [[nodiscard]] auto similar_to(std::string_view item) -> std::string;
  [[nodiscard]] auto problem_from(const api::Response& response) const -> Problem;

  const node::Ports ports_;
  Screen& screen_;
  Flags flags_;
  Settings settings_;
  api::Paths paths_;
  api::ClientOptions client_options_;
  std::unique_ptr<api::Client> client_;
};

}  // namespace holdfast::cli
