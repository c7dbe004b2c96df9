#include "api/program_resolver.h"

#include <algorithm>

#include "api/secret_json.h"

namespace holdfast::api {
namespace {

void write_content(JsonWriter& out, const node::Conflict& conflict, const model::VersionId& version,
                   const model::Secret* content) {
  if (content == nullptr) {
    out.null();
    return;
  }
  const node::Entry entry{.id = conflict.secret,
                          .category = conflict.category,
                          .version = version,
                          .heads = {version},
                          .transaction = {},
                          .height = {},
                          .secret = content->clone()};
  write_secret(out, entry, {.reveal = true});
}

auto question(const node::Conflict& conflict, base::SecretMemory& memory) -> base::SecretBytes {
  std::vector<node::Head> heads = conflict.heads;  // the order must not depend on who asks
  std::ranges::sort(heads, node::comes_first);
  JsonWriter out{memory};
  out.begin_object();
  out.key("type").text(model::name_of(conflict.type));
  out.key("heads").begin_array();
  for (const node::Head& head : heads) {
    out.begin_object();
    out.key("version").text(version_name(head.id));
    out.key("author").text(head.author.hex());
    out.key("own").boolean(conflict.writer == head.author);
    out.key("committed_at").number(std::to_underlying(head.committed));
    write_content(out.key("secret"), conflict, head.id, head.content);
    out.end_object();
  }
  out.end_array().key("ancestor");
  write_content(out, conflict, conflict.ancestor_id.value_or(model::VersionId{}),
                conflict.ancestor);
  out.end_object();
  return out.take();
}

auto failure(std::string text) -> std::unexpected<ResolverFailure> {
  return std::unexpected{ResolverFailure{std::move(text)}};
}

}  // namespace

auto ProgramResolver::ask(const node::Conflict& conflict, base::SecretMemory& memory) const
    -> std::expected<model::Secret, ResolverFailure> {
  auto merged = node::usual_merge(conflict, memory);
  if (!merged) return failure("the usual merge, which it would change, is not possible");
  const base::SecretBytes input = question(conflict, memory);
  auto output = input.expose([&](base::ByteView bytes) { return run_(bytes, memory); });
  if (!output) return std::unexpected{output.error()};
  const auto document =
      output->expose([&](base::ByteView bytes) { return JsonDocument::parse(bytes, memory); });
  if (!document || !(*document)->root().is_object()) {
    return failure("its answer is not a JSON object");
  }
  const auto& body = (*document)->root().get_object();
  auto checked = check_members(body, patch_members());
  if (checked && body.contains("category")) {
    return failure("its answer moves the secret, which a merge cannot do");
  }
  if (checked) checked = apply_members(body, *merged, memory);
  if (!checked) {
    return failure("its answer is no change of a secret: " + checked.error().where);
  }
  return *std::move(merged);
}

auto ProgramResolver::resolve(const node::Conflict& conflict, base::SecretMemory& memory) const
    -> base::Result<model::Secret> {
  {
    const std::scoped_lock guard{mutex_};
    if (clock_.monotonic() < not_before_) return base::fail(base::Error::bad_answer);
  }
  auto answer = ask(conflict, memory);
  const std::scoped_lock guard{mutex_};
  problem_.clear();
  if (answer) return *std::move(answer);
  problem_ = "the resolver '" + name_ + "' failed: " + answer.error().text;
  if (answer.error().late) not_before_ = clock_.monotonic() + kResolverPause;
  return base::fail(base::Error::bad_answer);
}

auto ProgramResolver::problem() const -> std::string {
  const std::scoped_lock guard{mutex_};
  return problem_;
}

}  // namespace holdfast::api
