#include "cli/session.h"

#include <algorithm>

#include "cli/daemon.h"
#include "cli/text.h"

namespace holdfast::cli {

auto text_at(const JsonValue& object, std::string_view key) -> std::string_view {
  const JsonValue* value = object.find(key);
  return value != nullptr && value->is(JsonType::string) ? value->text() : std::string_view{};
}

auto number_at(const JsonValue& object, std::string_view key) -> std::uint64_t {
  const JsonValue* value = object.find(key);
  return value == nullptr ? 0 : value->unsigned_number().value_or(0);
}

auto true_at(const JsonValue& object, std::string_view key) -> bool {
  const JsonValue* value = object.find(key);
  return value != nullptr && value->is_true();
}

auto items_at(const JsonValue& object, std::string_view key) -> std::span<const JsonValue> {
  const JsonValue* value = object.find(key);
  return value == nullptr ? std::span<const JsonValue>{} : value->items();
}

auto Target::segment(std::string_view text) -> Target& {
  append("/");
  api::encode_query(text, memory_).expose_text([&](std::string_view encoded) { append(encoded); });
  return *this;
}

auto Target::path(std::string_view text) -> Target& {
  append(text);
  return *this;
}

auto Target::query(std::string_view key, std::string_view value) -> Target& {
  append(has_query_ ? "&" : "?");
  has_query_ = true;
  append(key);
  append("=");
  api::encode_query(value, memory_).expose_text([&](std::string_view text) { append(text); });
  return *this;
}

auto Session::configure(const Flags& flags, Settings settings) -> Outcome<void> {
  const api::Environment environment = api::process_environment();
  flags_ = flags;
  settings_ = std::move(settings);
  if (flags_.vault.empty()) flags_.vault = environment("HOLDFAST_VAULT").value_or("");
  if (flags_.vault.empty()) flags_.vault = settings_.text("default_vault");
  if (flags_.profile.empty()) flags_.profile = environment("HOLDFAST_PROFILE").value_or("");
  if (!flags.timeout.empty()) {
    const auto timeout = parse_duration(flags.timeout);
    if (!timeout) {
      return usage("--timeout is not a duration: " + flags.timeout,
                   "write it like 500ms, 90s or 15m");
    }
    client_options_.timeout = *timeout;
  }
  TRY(paths, locally(api::paths_of(flags_.profile, environment)));
  paths_ = paths;
  paths_.socket = std::filesystem::absolute(paths_.socket);  // the daemon works elsewhere
  paths_.config_file = std::filesystem::absolute(paths_.config_file);
  return {};
}

auto Session::vault() const -> Target {
  Target target{memory(), "/v1/vaults"};
  target.segment(flags_.vault.empty() ? std::string_view{"-"} : std::string_view{flags_.vault});
  return target;
}

auto Session::connect(Start start) -> Outcome<void> {
  if (client_) return {};
  auto client = api::Client::connect(paths_.socket, memory(), client_options_);
  const bool may_start = start == Start::always ||
                         (start == Start::if_allowed && settings_.boolean("daemon.autostart"));
  if (!client && client.error().code == base::Error::daemon_unreachable && may_start) {
    TRY_DO(start_daemon(paths_, flags_.profile));
    client = api::Client::connect(paths_.socket, memory(), client_options_);
  }
  if (!client) return std::unexpected{problem_of(client.error())};
  client_ = std::move(*client);
  return {};
}

auto Session::start_and_connect() -> Outcome<void> { return connect(Start::always); }

auto Session::connect_if_running() -> Outcome<bool> {
  if (auto connected = connect(Start::never); !connected) {
    if (connected.error().code == base::error_name(base::Error::daemon_unreachable)) return false;
    return std::unexpected{connected.error()};
  }
  return true;
}

auto Session::problem_from(const api::Response& response) const -> Problem {
  auto document = response.body.expose(
      [&](base::ByteView bytes) { return formats::JsonDocument::parse(bytes, memory()); });
  const std::string status = std::to_string(response.status);
  if (!document)
    return Problem{Exit::remote, "the daemon answered " + status + " without a reason"};
  const JsonValue& root = document->root();
  const auto errors = items_at(root, "errors");
  Problem problem;
  problem.text = errors.empty() ? "the daemon answered " + status : std::string{errors[0].text()};
  problem.code = text_at(root, "code");
  problem.exit = exit_of(problem.code);
  problem.next_step = text_at(root, "next_step");
  if (problem.next_step.empty() &&
      problem.code == base::error_name(base::Error::unknown_category)) {
    problem.next_step = "list them with: holdfast category list";
  }
  const auto candidates = items_at(root, "candidates");
  for (const JsonValue& one : candidates) {
    problem.text += "\n  ";
    problem.text += text_at(one, "id");
    problem.text += "  ";
    problem.text += text_at(one, "label");
    if (const auto username = text_at(one, "username"); !username.empty()) {
      problem.text += "  (" + std::string{username} + ")";
    }
  }
  return problem;
}

auto Session::request(std::string_view method, const Target& target, base::ByteView body,
                      const Headers& headers) -> Outcome<api::Response> {
  TRY_DO(connect(Start::if_allowed));
  auto response = client_->request(method, target.view(), body, headers);
  if (!response) {
    client_.reset();
    if (response.error().code == base::Error::request_timeout) {
      return problem(Exit::remote, "the daemon did not answer in time",
                     "repeat with a longer --timeout, or look at " + log_file(paths_).string());
    }
    return std::unexpected{problem_of(response.error())};
  }
  if (!response->ok()) return std::unexpected{problem_from(*response)};
  return std::move(*response);
}

auto Session::call(std::string_view method, const Target& target, base::ByteView body,
                   const Headers& headers) -> Outcome<Answer> {
  TRY(response, request(method, target, body, headers));
  auto document = response.body.expose(
      [&](base::ByteView bytes) { return formats::JsonDocument::parse(bytes, memory()); });
  if (!document) return std::unexpected{problem_of(base::Error::bad_answer)};
  return Answer{std::move(response.body), std::move(*document), std::move(response.etag)};
}

auto Session::fetch(const Target& target, const Headers& headers) -> Outcome<base::SecretBytes> {
  TRY(response, request("GET", target, {}, headers));
  return std::move(response.body);
}

// Labels, user names or addresses that contain it in any case; empty: none, or too many.
auto Session::similar_to(std::string_view item) -> std::string {
  constexpr std::size_t kSimilarMax = 5;
  Target target = vault();
  target.path("/secrets").query("text", item).query("fields", "label").query("limit", "6");
  const auto found = get(target);
  std::string labels;
  if (!found) return labels;
  const auto items = items_at(found->root(), "items");
  if (items.size() > kSimilarMax) return labels;
  for (const JsonValue& one : items) {
    labels += (labels.empty() ? "'" : ", '") + std::string{text_at(one, "label")} + "'";
  }
  return labels;
}

auto Session::item(std::string_view item, bool reveal) -> Outcome<Answer> {
  Target target = vault();
  target.path("/secrets").query("item", item);
  if (reveal) target.query("reveal", "true");
  auto answer = get(target);
  if (!answer) {
    if (answer.error().code == base::error_name(base::Error::unknown_secret)) {
      answer.error().text = "no secret is named '" + std::string{item} + "'";
      answer.error().next_step = "look for it with: holdfast search TEXT";
      if (const std::string near = similar_to(item); !near.empty()) {
        answer.error().next_step = "did you mean " + near + "?";
      }
    }
    return answer;
  }
  for (const JsonValue& warning : items_at(answer->root(), "warnings")) {
    if (warning.text() == "duplicate_label") {
      screen_.warn("several secrets of this category have this label; the first one is used");
    }
  }
  return answer;
}

}  // namespace holdfast::cli
