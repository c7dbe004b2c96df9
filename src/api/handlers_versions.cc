// handlers_versions.cc: histories, restoring, attachments and conflicts of secrets.
#include <algorithm>
#include <array>
#include <utility>

#include "api/handlers.h"
#include "api/secret_json.h"
#include "crypto/equal.h"

namespace holdfast::api {
namespace {

namespace json = boost::json;
using base::Detailed, base::Error, base::fail;

constexpr std::string_view kKinds[] = {"content", "tombstone"};
constexpr std::string_view kBodies[] = {"present", "pruned", "purged", "denied"};

auto secret_of(const Call& call) -> Detailed<model::SecretId> {
  return call.path.at(1).expose_text([](std::string_view name) { return secret_id(name); });
}

void write_versions(JsonWriter& out, const std::vector<model::VersionId>& ids) {
  out.begin_array();
  for (const model::VersionId& id : ids) out.text(version_name(id));
  out.end_array();
}
void write_or_null(JsonWriter& out, const std::optional<model::VersionId>& id) {
  id ? out.text(version_name(*id)) : out.null();
}

void write_version(JsonWriter& out, const node::VersionInfo& info) {
  out.begin_object();
  out.key("version").text(version_name(info.id));
  write_versions(out.key("parents"), info.parents);
  out.key("kind").text(kKinds[std::to_underlying(info.kind)]);
  out.key("body").text(kBodies[std::to_underlying(info.body)]);
  out.key("author").text(info.author.hex());
  out.key("height").number(std::to_underlying(info.height));
  out.key("committed_at").number(std::to_underlying(info.committed));
  out.key("modified_at");
  info.modified ? out.number(std::to_underlying(*info.modified)) : out.null();
  out.key("head").boolean(info.head);
  out.end_object();
}

auto receipt_answer(const Call& call, const node::Receipt& receipt) -> Answer {
  JsonWriter out{call.memory};
  write_receipt(out, receipt);
  Answer answer{out.take()};
  answer.etag = "\"" + version_name(receipt.version) + "\"";
  return answer;
}

// The secret as it is, if If-Match does not say otherwise.
auto expected(const Call& call, const model::SecretId& id) -> Detailed<node::Entry> {
  TRY(entry, call.vault->vault->get(id));
  const std::string& wanted = call.request.if_match;
  if (wanted.empty()) return fail(Error::version_needed, "");
  if (wanted != "*" && wanted != etag_of(entry)) return fail(Error::stale_version, "");
  return entry;
}

// What If-Match names, of a secret that may be deleted: then its deletion. Nothing: no If-Match.
auto heads_expected(const Call& call, const model::SecretId& id)
    -> Detailed<std::optional<std::vector<model::VersionId>>> {
  const std::string& wanted = call.request.if_match;
  if (wanted.empty() || wanted == "*") return std::nullopt;
  TRY(versions, call.vault->vault->versions(id));
  std::vector<model::VersionId> heads;
  for (const node::VersionInfo& version : versions) {
    if (version.head) heads.push_back(version.id);
  }
  if (heads.size() == 1 && wanted == '"' + version_name(heads.front()) + '"') return heads;
  TRY(entry, expected(call, id));
  return std::optional{std::move(entry.heads)};
}

auto find_attachment(const Call& call, model::Secret& secret)
    -> std::vector<model::Attachment>::iterator {
  return std::ranges::find_if(secret.attachments, [&](const model::Attachment& attachment) {
    return crypto::equal(attachment.name, call.path.at(2));
  });
}

auto save(const Call& call, node::Entry entry) -> Detailed<Answer> {
  entry.secret.modified = {};
  TRY(receipt, call.vault->vault->update(entry.id, std::move(entry.secret),
                                         {.heads = std::move(entry.heads)}));
  return receipt_answer(call, receipt);
}

void write_field_outcome(JsonWriter& out, const node::FieldOutcome& outcome) {
  out.begin_object();
  out.key("field").text(outcome.field);
  out.key("rule").text(model::name_of(outcome.rule));
  write_or_null(out.key("taken"), outcome.taken);
  out.key("groups").begin_array();
  for (const auto& group : outcome.groups) write_versions(out, group);
  out.end_array();
  out.end_object();
}

auto choice_of(const json::object& body) -> Detailed<node::ConflictChoice> {
  node::ConflictChoice choice;
  if (const auto head = text_member(body, "head")) {
    TRY(id, version_id(*head));
    choice.head = id;
  }
  const json::value* fields = body.if_contains("fields");
  if (fields == nullptr) return choice;
  if (choice.head) return fail(Error::bad_request, "head and fields exclude each other");
  constexpr std::array kMembers = std::to_array<Member>(
      {{"field", Shape::text, Need::required}, {"rule", Shape::text, Need::required}});
  for (const json::value& item : fields->get_array()) {
    TRY_DO(check_members(item.get_object(), kMembers));
    const auto rule = model::field_rule_named(*text_member(item.get_object(), "rule"));
    if (!rule) {
      return fail(Error::bad_request,
                  "rule: latest, take_local, take_remote, concatenate, union, intersection");
    }
    choice.fields.emplace_back(*text_member(item.get_object(), "field"), *rule);
  }
  return choice;
}

}  // namespace

auto get_versions(const Call& call) -> Detailed<Answer> {
  TRY(id, secret_of(call));
  TRY(versions, call.vault->vault->versions(id));
  JsonWriter out{call.memory};
  out.begin_object().key("items").begin_array();
  for (const node::VersionInfo& info : versions) write_version(out, info);
  out.end_array().key("next").null().end_object();
  return Answer{out.take()};
}

auto get_version(const Call& call) -> Detailed<Answer> {
  TRY(id, secret_of(call));
  TRY(version, call.path.at(2).expose_text([](auto name) { return version_id(name); }));
  TRY(reveal, call.query.flag("reveal"));
  TRY(attachments, call.query.flag("attachments"));
  TRY(entry, call.vault->vault->get_version(id, version));
  JsonWriter out{call.memory};
  write_secret(out, entry, {.reveal = reveal, .attachments = attachments});
  return Answer{out.take()};
}

auto post_restore(const Call& call) -> Detailed<Answer> {
  TRY(id, secret_of(call));
  std::optional<model::VersionId> version;
  if (const auto name = text_member(*call.body, "version")) {
    TRY(named, version_id(*name));
    version = named;
  }
  node::Basis basis;
  TRY(heads, heads_expected(call, id));
  basis.heads = std::move(heads);
  TRY(receipt, call.vault->vault->restore(id, version, basis));
  return receipt_answer(call, receipt);
}

auto get_attachment(const Call& call) -> Detailed<Answer> {
  TRY(id, secret_of(call));
  TRY(entry, call.vault->vault->get(id));
  const auto found = find_attachment(call, entry.secret);
  if (found == entry.secret.attachments.end()) return fail(Error::unknown_attachment, "");
  Answer answer{std::move(found->content)};
  answer.type = "application/octet-stream";
  return answer;
}

auto put_attachment(const Call& call) -> Detailed<Answer> {
  TRY(id, secret_of(call));
  TRY(entry, expected(call, id));
  const auto found = find_attachment(call, entry.secret);
  if (found != entry.secret.attachments.end()) {
    found->content = call.request.body.clone();
  } else {
    entry.secret.attachments.push_back(
        {call.path.at(2).clone(), base::SecretBytes{call.memory}, call.request.body.clone()});
  }
  return save(call, std::move(entry));
}

auto delete_attachment(const Call& call) -> Detailed<Answer> {
  TRY(id, secret_of(call));
  TRY(entry, expected(call, id));
  const auto found = find_attachment(call, entry.secret);
  if (found == entry.secret.attachments.end()) return fail(Error::unknown_attachment, "");
  entry.secret.attachments.erase(found);
  return save(call, std::move(entry));
}

// Why what a program should have settled still waits for the user; empty: nothing does.
auto alert_of(const Call& call, const std::vector<node::ConflictInfo>& conflicts)
    -> Detailed<std::string> {
  const bool waits = std::ranges::any_of(conflicts, [](const node::ConflictInfo& conflict) {
    return conflict.open && conflict.strategy == model::Strategy::custom;
  });
  if (!waits) return std::string{};
  TRY(settings, call.vault->vault->conflict_settings());
  const FindResolver find = call.services.vaults.options().find_resolver;
  return settings->resolver.expose_text([&](std::string_view name) {
    const auto resolver = find ? find(name) : nullptr;
    if (resolver) return resolver->problem();
    return "this device has no resolver '" + std::string{name} + "'; name its command in " +
           "conflicts.resolvers";
  });
}

auto get_conflicts(const Call& call) -> Detailed<Answer> {
  TRY(conflicts, call.vault->vault->conflicts());
  TRY(alert, alert_of(call, conflicts));
  JsonWriter out{call.memory};
  out.begin_object().key("items").begin_array();
  for (const node::ConflictInfo& conflict : conflicts) {
    out.begin_object();
    out.key("id").text(secret_name(conflict.summary->id));
    out.key("label").text(conflict.summary->label);
    out.key("category").text(category_name(conflict.summary->category));
    out.key("type").text(model::name_of(conflict.type));
    out.key("strategy").text(model::name_of(conflict.strategy));
    out.key("open").boolean(conflict.open);
    write_versions(out.key("heads"), conflict.heads);
    out.key("same_label").begin_array();
    for (const model::SecretId& id : conflict.same_label) out.text(secret_name(id));
    out.end_array();
    out.end_object();
  }
  out.end_array().key("next").null();
  out.key("alerts").begin_array();
  if (!alert.empty()) out.text(alert);
  out.end_array().end_object();
  return Answer{out.take()};
}

auto get_conflict(const Call& call) -> Detailed<Answer> {
  TRY(id, secret_of(call));
  TRY(settled, call.vault->vault->conflict(id));
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("id").text(secret_name(id));
  out.key("type").text(model::name_of(settled.type));
  out.key("strategy").text(model::name_of(settled.strategy));
  out.key("rule");
  settled.rule ? out.text(settled.rule->hex()) : out.null();
  write_versions(out.key("heads"), settled.heads);
  write_or_null(out.key("ancestor"), settled.ancestor);
  write_or_null(out.key("shown"), settled.shown);
  out.key("differs").boolean(settled.differs);
  out.key("open").boolean(settled.open);
  out.key("fields").begin_array();
  for (const node::FieldOutcome& outcome : settled.fields) write_field_outcome(out, outcome);
  out.end_array();
  out.end_object();
  return Answer{out.take()};
}

auto post_resolve(const Call& call) -> Detailed<Answer> {
  TRY(id, secret_of(call));
  TRY(choice, choice_of(*call.body));
  TRY(heads, heads_expected(call, id));
  choice.if_heads = std::move(heads);
  TRY(receipt, call.vault->vault->resolve_conflict(id, choice));
  return receipt_answer(call, receipt);
}

}  // namespace holdfast::api
