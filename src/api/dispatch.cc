#include "api/dispatch.h"

#include <algorithm>

#include "api/server.h"
#include "api/text_codec.h"
#include "base/text.h"

namespace holdfast::api {
namespace {

using base::Detailed, base::Error, base::Failure, base::fail;

// The parts of a path between slashes; compared with a pattern, `{…}` captures one.
auto match(std::string_view pattern, std::string_view path, std::vector<std::string_view>& captured)
    -> bool {
  captured.clear();
  for (;;) {
    if (pattern.empty() || path.empty()) return pattern.empty() && path.empty();
    pattern.remove_prefix(1);  // both begin with a slash
    path.remove_prefix(1);
    const std::string_view want = pattern.substr(0, pattern.find('/'));
    const std::string_view have = path.substr(0, path.find('/'));
    if (want.starts_with('{')) {
      if (have.empty()) return false;
      captured.push_back(have);
    } else if (want != have) {
      return false;
    }
    pattern.remove_prefix(want.size());
    path.remove_prefix(have.size());
  }
}

auto path_of(std::string_view target) -> std::string_view {
  return target.substr(0, target.find('?'));
}
auto query_of(std::string_view target) -> std::string_view {
  const std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

auto is_our_host(std::string_view host) -> bool {
  return host == "localhost" || host == "holdfast";
}

auto check_query(const Query& query, std::span<const Parameter> known) -> Detailed<void> {
  for (const std::string_view name : query.names()) {
    const auto parameter = std::ranges::find(known, name, &Parameter::name);
    if (parameter == known.end()) {
      return fail(Error::bad_request, "query: a parameter that is not known here");
    }
    if (parameter->shape != Shape::texts && query.texts(name).size() > 1) {
      return fail(Error::bad_request, "query: a parameter twice");
    }
  }
  return {};
}

}  // namespace

Dispatcher::Dispatcher(Vaults& vaults, const node::Ports& ports, Reload reload)
    : backups_{vaults, ports, tasks_},
      services_{.vaults = vaults,
                .tasks = tasks_,
                .backups = backups_,
                .ports = ports,
                .reload = std::move(reload)},
      memory_{ports.entropy, ports.keys} {}

auto Dispatcher::plan(const Message& header) const -> Detailed<Plan> {
  // A page in a browser cannot reach this socket, but a proxy in front of it might let one through.
  if (header.has_origin) return fail(Error::foreign_origin, "");
  if (header.hosts != 1 || !is_our_host(header.host)) return fail(Error::bad_host, "");
  const Route* chosen = nullptr;
  std::string offered;  // methods of this path
  header.target.expose_text([&](std::string_view target) {
    std::vector<std::string_view> captured;
    if (!target.starts_with('/')) return;
    for (const Route& route : routes()) {
      if (!match(route.path, path_of(target), captured)) continue;
      offered += (offered.empty() ? "" : ", ") + std::string{method_name(route.method)};
      if (route.method == header.method) chosen = &route;
    }
  });
  if (offered.empty()) return fail(Error::unknown_endpoint, "");
  if (chosen == nullptr) return fail(Error::method_not_allowed, offered);
  const std::size_t body_max = chosen->body == BodyKind::raw    ? formats::kImportBytesMax
                               : chosen->body == BodyKind::json ? kBodyBytesMax
                                                                : 0;
  return Plan{.route = chosen, .body_max = body_max};
}

auto Dispatcher::run(const Plan& plan, const Message& request) -> Answer {
  (void)services_.vaults.lock_due();  // a timer that came late must not give a late reader anything
  try {
    auto answer = plan.route->remembers && !request.idempotency_key.empty()
                      ? remembered(*plan.route, request)
                      : handle(*plan.route, request);
    if (answer) return *std::move(answer);
    return refuse(answer.error());
  } catch (const std::bad_alloc&) {
    return refuse(Error::secret_memory_exhausted);
  }
}

auto Dispatcher::remembered(const Route& route, const Message& request) -> Detailed<Answer> {
  TRY(first, memory_.begin(request, services_.ports.clock.monotonic(), services_.ports.plaintext));
  if (first) return *std::move(first);
  try {
    auto answer = handle(route, request);
    memory_.finish(request, answer && answer->status < 300 ? &*answer : nullptr);
    return answer;
  } catch (...) {
    memory_.finish(request, nullptr);
    throw;
  }
}

auto Dispatcher::handle(const Route& route, const Message& request) -> Detailed<Answer> {
  base::SecretMemory& memory = services_.ports.plaintext;
  std::vector<base::SecretBytes> path;
  auto query = request.target.expose_text([&](std::string_view target) -> Detailed<Query> {
    std::vector<std::string_view> captured;
    (void)match(route.path, path_of(target), captured);
    for (const std::string_view part : captured) {
      TRY(decoded, decode_percent(part, memory));
      path.push_back(std::move(decoded));
    }
    return Query::parse(query_of(target), memory);
  });
  if (!query) return std::unexpected{query.error()};
  TRY_DO(check_query(*query, route.query));
  Call call{.services = services_,
            .request = request,
            .memory = memory,
            .query = *std::move(query),
            .path = std::move(path)};

  std::unique_ptr<JsonDocument> document;
  if (route.body == BodyKind::json) {
    TRY(parsed, request.body.expose(
                    [&](base::ByteView text) { return JsonDocument::parse(text, memory); }));
    document = std::move(parsed);
    if (!document->root().is_object()) return fail(Error::bad_request, "the body is an object");
    call.body = &document->root().get_object();
    TRY_DO(check_members(*call.body, route.members));
  }
  if (route.opens_vault && route.path.starts_with("/v1/vaults/{vault}")) {
    TRY(vault, call.path.front().expose_text(
                   [&](std::string_view name) { return services_.vaults.open(name); }));
    call.vault = std::move(vault);
    if (route.uses_vault) services_.vaults.used(call.vault);
  }
  auto answer = route.handler(call);
  if (answer && answer->status == 200) answer->status = route.success;
  return answer;
}

auto Dispatcher::refuse(const Failure& failure) const -> Answer {
  const std::string_view text = error_text(failure.code);
  const std::size_t split = text.find("; ");
  try {
    JsonWriter out{services_.ports.plaintext};
    out.begin_object();
    out.key("errors").begin_array().text(failure.text()).end_array();
    out.key("code").text(error_name(failure.code));
    out.key("next_step");
    if (split == std::string_view::npos) {
      out.null();
    } else {
      out.text(text.substr(split + 2));
    }
    out.end_object();
    Answer answer{out.take(), status_of(failure.code)};
    if (answer.status == 405) answer.extra = "Allow: " + failure.where + "\r\n";
    if (answer.status == 429) answer.extra = "Retry-After: 1\r\n";
    return answer;
  } catch (const std::bad_alloc&) {
    return Answer{base::SecretBytes{services_.ports.plaintext}, status_of(failure.code)};
  }
}

auto status_of(Error error) -> unsigned {
  switch (error) {
    case Error::wrong_passphrase:
      return 401;
    case Error::foreign_origin:
    case Error::bad_host:
    case Error::plaintext_not_confirmed:
    case Error::not_permitted:
      return 403;
    case Error::unknown_endpoint:
    case Error::unknown_vault:
    case Error::no_vault:
    case Error::unknown_secret:
    case Error::unknown_category:
    case Error::no_totp:
    case Error::no_conflict:
    case Error::unknown_version:
    case Error::unknown_attachment:
    case Error::version_without_content:
      return 404;
    case Error::method_not_allowed:
      return 405;
    case Error::request_timeout:
      return 408;
    case Error::ambiguous_item:
    case Error::vault_exists:
    case Error::category_exists:
    case Error::category_not_empty:
    case Error::category_below_itself:
    case Error::root_category_stays:
    case Error::merge_too_large:
    case Error::too_many_duplicates:
    case Error::idempotency_reused:
    case Error::rejected:
    case Error::already_exists:
    case Error::vault_cut_over:
    case Error::migration_running:
    case Error::migration_into_itself:
    case Error::nothing_to_recover:
      return 409;
    case Error::stale_version:
      return 412;
    case Error::body_too_large:
    case Error::file_too_large:
      return 413;
    case Error::version_needed:
      return 428;
    case Error::busy:
      return 429;
    case Error::header_too_large:
      return 431;
    case Error::vault_locked:
    case Error::store_locked:
    case Error::daemon_stopping:
    case Error::secret_memory_exhausted:
      return 503;
    case Error::store_full:
      return 507;
    case Error::too_long:
    case Error::bad_utf8:
    case Error::bad_hex:
    case Error::capacity_exceeded:
    case Error::duplicate_key:
    case Error::too_deep:
    case Error::out_of_range:
    case Error::unsupported_version:
    case Error::kdf_below_floor:
    case Error::kdf_above_ceiling:
    case Error::empty_label:
    case Error::passphrase_empty:
    case Error::bad_vault_name:
    case Error::vault_needed:
    case Error::too_many_vaults:
    case Error::bad_generator_rules:
    case Error::bad_word_list:
    case Error::bad_breach_list:
    case Error::bad_settings:
    case Error::bad_request:
    case Error::bad_request_json:
    case Error::change_not_offered:
    case Error::version_to_restore_needed:
      return 400;
    default:
      break;
  }
  const auto number = std::to_underlying(error);
  return number >= 6000 && number < 7000 ? 400 : 500;  // 60xx: what is wrong with an import file
}

}  // namespace holdfast::api
