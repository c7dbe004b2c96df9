#include <algorithm>
#include <charconv>
#include <utility>

#include "api/handlers.h"
#include "api/secret_json.h"
#include "crypto/otp.h"

namespace holdfast::api {
namespace {

using base::Detailed, base::Error, base::fail;
using Summaries = std::vector<node::SummaryRef>;

constexpr std::uint64_t kPage = 100;
constexpr std::uint64_t kPageMax = 1000;

auto split(std::string_view text) -> std::vector<std::string_view> {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

auto id_of(const Call& call) -> Detailed<model::SecretId> {
  return call.path.at(1).expose_text([](std::string_view name) { return secret_id(name); });
}

auto sort_of(std::string_view name) -> Detailed<node::SortBy> {
  using enum node::SortBy;
  if (name == "label") return label;
  if (name == "username") return username;
  if (name == "category") return category;
  if (name == "created") return created;
  if (name == "modified") return modified;
  return fail(Error::bad_request, "sort: label, username, category, created, modified");
}

auto filter_of(const Call& call) -> Detailed<node::Filter> {
  node::Filter filter;
  if (const auto name = call.query.text("category")) {
    TRY(category, find_category(call, *name));
    filter.category = category;
  }
  filter.text = call.query.text("text").value_or("");
  filter.tags = split(call.query.text("tags").value_or(""));
  TRY(sort, sort_of(call.query.text("sort").value_or("label")));
  filter.sort = sort;
  TRY(reverse, call.query.flag("reverse"));
  filter.reverse = reverse;
  TRY(deleted, call.query.flag("deleted"));
  filter.deleted = deleted;
  TRY(conflicts, call.query.flag("conflicts"));
  filter.conflicts = conflicts;
  TRY(pending, call.query.flag("pending"));
  filter.pending = pending;
  return filter;
}

auto search_in(const Call& call) -> Detailed<node::SearchIn> {
  node::SearchIn in;
  const auto names = call.query.text("in");
  if (!names) return in;
  in = {.label = false, .username = false, .urls = false, .tags = false, .category = false};
  for (const std::string_view name : split(*names)) {
    bool* place = name == "label"      ? &in.label
                  : name == "username" ? &in.username
                  : name == "url"      ? &in.urls
                  : name == "tags"     ? &in.tags
                  : name == "category" ? &in.category
                  : name == "notes"    ? &in.notes
                  : name == "fields"   ? &in.fields
                                       : nullptr;
    if (place == nullptr) return fail(Error::bad_request, "in: not a part of a secret");
    *place = true;
  }
  return in;
}

// A cursor is the number of items before it and the last of them, so that a page still begins where
// the last one ended when something was added or removed in between.
auto start_of(const Summaries& all, std::string_view cursor) -> Detailed<std::size_t> {
  if (cursor.empty()) return std::size_t{0};
  std::size_t offset = 0;
  const char* end = cursor.data() + cursor.size();
  const auto number = std::from_chars(cursor.data(), end, offset);
  if (number.ec != std::errc{} || number.ptr == end || *number.ptr != '.') {
    return fail(Error::bad_request, "cursor");
  }
  const auto id = model::SecretId::from_hex({number.ptr + 1, end});
  if (!id) return fail(Error::bad_request, "cursor");
  if (offset >= 1 && offset <= all.size() && all[offset - 1]->id == *id) return offset;
  const auto last = std::ranges::find(all, *id, [](const auto& summary) { return summary->id; });
  if (last == all.end()) return std::min(offset, all.size());
  return static_cast<std::size_t>(last - all.begin()) + 1;
}

auto summary_members(const Call& call) -> Detailed<SummaryMembers> {
  SummaryMembers members;
  const auto names = call.query.text("fields");
  if (!names) return members.set();
  for (const std::string_view name : split(*names)) {
    const auto* found = std::ranges::find(kSummaryMembers, name);
    if (found == kSummaryMembers.end()) return fail(Error::bad_request, "fields: no such member");
    members.set(static_cast<std::size_t>(found - kSummaryMembers.begin()));
  }
  return members;
}

auto page(const Call& call, const Summaries& all) -> Detailed<Answer> {
  TRY(members, summary_members(call));
  TRY(limit, call.query.number("limit", kPage, kPageMax));
  if (limit == 0) return fail(Error::out_of_range, "limit");
  TRY(start, start_of(all, call.query.text("cursor").value_or("")));
  const std::size_t end = std::min(all.size(), start + static_cast<std::size_t>(limit));
  JsonWriter out{call.memory};
  out.begin_object().key("items").begin_array();
  for (std::size_t i = start; i < end; ++i) write_summary(out, *all[i], members);
  out.end_array().key("next");
  if (end < all.size()) {
    out.text(std::to_string(end) + "." + all[end - 1]->id.hex());
  } else {
    out.null();
  }
  out.key("total").number(all.size()).end_object();
  return Answer{out.take()};
}

auto show(const Call& call, const model::SecretId& id, bool duplicate_label) -> Detailed<Answer> {
  TRY(reveal, call.query.flag("reveal"));
  TRY(attachments, call.query.flag("attachments"));
  TRY(entry, call.vault->vault->get(id));
  JsonWriter out{call.memory};
  write_secret(out, entry,
               {.reveal = reveal, .attachments = attachments, .duplicate_label = duplicate_label});
  Answer answer{out.take()};
  answer.etag = etag_of(entry);
  return answer;
}

auto resolve(const Call& call, std::string_view item) -> Detailed<Answer> {
  TRY(found, call.vault->vault->find(item));
  if (found.one) return show(call, found.one->id, found.duplicate_label);
  if (found.candidates.empty()) return fail(Error::unknown_secret, "");
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("errors").begin_array().text(error_text(Error::ambiguous_item)).end_array();
  out.key("code").text(error_name(Error::ambiguous_item));
  out.key("next_step").text("name one by category/label or id");
  out.key("candidates").begin_array();
  for (const node::SummaryRef& candidate : found.candidates) write_summary(out, *candidate);
  out.end_array().end_object();
  return Answer{out.take(), 409};
}

// If-Match against the present state. The vault compares again when it writes, so a change in
// between is not lost.
auto basis_of(const Call& call, const node::Entry& entry) -> Detailed<node::Basis> {
  const std::string& wanted = call.request.if_match;
  if (wanted.empty()) return fail(Error::version_needed, "");
  if (wanted == "*") return node::Basis{};
  if (wanted != etag_of(entry)) return fail(Error::stale_version, "");
  return node::Basis{.heads = entry.heads};
}

auto receipt_answer(const Call& call, const node::Receipt& receipt) -> Answer {
  JsonWriter out{call.memory};
  write_receipt(out, receipt);
  Answer answer{out.take()};
  answer.etag = "\"" + version_name(receipt.version) + "\"";
  return answer;
}

}  // namespace

auto find_category(const Call& call, std::string_view name) -> Detailed<model::CategoryId> {
  if (name.starts_with("cat_")) {
    if (const auto id = model::CategoryId::from_hex(name.substr(4))) return *id;
  }
  TRY(found, call.vault->vault->find_category(name));
  if (!found) return fail(Error::unknown_category, "");
  return *found;
}

auto get_secrets(const Call& call) -> Detailed<Answer> {
  if (const auto item = call.query.text("item")) return resolve(call, *item);
  if (const auto text = call.query.text("q")) {
    TRY(in, search_in(call));
    TRY(found, call.vault->vault->search(*text, in));
    return page(call, found);
  }
  TRY(filter, filter_of(call));
  TRY(all, call.vault->vault->list(filter));
  return page(call, all);
}

auto post_secrets(const Call& call) -> Detailed<Answer> {
  model::Secret secret{call.memory};
  TRY_DO(apply_members(*call.body, secret, call.memory));
  std::optional<model::CategoryId> category;
  if (const auto name = text_member(*call.body, "category")) {
    TRY(found, find_category(call, *name));
    category = found;
  }
  TRY(receipt, call.vault->vault->add(std::move(secret), category));
  Answer answer = receipt_answer(call, receipt);
  answer.location = "/v1/vaults/" + call.vault->name + "/secrets/" + secret_name(receipt.secret);
  return answer;
}

auto get_secret(const Call& call) -> Detailed<Answer> {
  TRY(id, id_of(call));
  return show(call, id, false);
}

auto put_secret(const Call& call) -> Detailed<Answer> {
  TRY(id, id_of(call));
  TRY(entry, call.vault->vault->get(id));
  TRY(basis, basis_of(call, entry));
  model::Secret secret{call.memory};
  secret.created = entry.secret.created;
  secret.sources = std::move(entry.secret.sources);
  secret.unknown = std::move(entry.secret.unknown);  // of a newer program: not ours to drop
  // Attachments named without content keep what they had; those not named leave.
  const bool keeps_some = call.body->contains("attachments");
  if (keeps_some) secret.attachments = std::move(entry.secret.attachments);
  TRY_DO(apply_members(*call.body, secret, call.memory));
  TRY(receipt, call.vault->vault->update(id, std::move(secret), basis));
  return receipt_answer(call, receipt);
}

// Made from the current state, or from an older version that the caller names.
auto edited(const Call& call, const model::SecretId& id)
    -> Detailed<std::pair<node::Entry, node::Basis>> {
  if (const auto name = call.query.text("base")) {
    TRY(version, version_id(*name));
    TRY(entry, call.vault->vault->get_version(id, version));
    return std::pair{std::move(entry), node::Basis{.made_from = version}};
  }
  TRY(entry, call.vault->vault->get(id));
  TRY(basis, basis_of(call, entry));
  return std::pair{std::move(entry), std::move(basis)};
}

auto patch_secret(const Call& call) -> Detailed<Answer> {
  TRY(id, id_of(call));
  TRY(from, edited(call, id));
  auto& [entry, basis] = from;
  TRY_DO(apply_members(*call.body, entry.secret, call.memory));
  if (const auto name = text_member(*call.body, "category")) {
    TRY(category, find_category(call, *name));
    basis.category = category;
  }
  entry.secret.modified = {};
  TRY(receipt, call.vault->vault->update(id, std::move(entry.secret), basis));
  return receipt_answer(call, receipt);
}

auto delete_secret(const Call& call) -> Detailed<Answer> {
  TRY(id, id_of(call));
  TRY(purge, call.query.flag("purge"));
  TRY(entry, call.vault->vault->get(id));
  TRY(basis, basis_of(call, entry));
  TRY(receipt, call.vault->vault->remove(id, purge, basis));
  return receipt_answer(call, receipt);
}

auto get_totp(const Call& call) -> Detailed<Answer> {
  TRY(id, id_of(call));
  TRY(entry, call.vault->vault->get(id));
  const model::Totp& totp = entry.secret.totp;
  if (totp.secret.empty()) return fail(Error::no_totp, "");
  const crypto::OtpParams params{.hash = static_cast<crypto::OtpHash>(totp.algorithm),
                                 .digits = totp.digits,
                                 .period_s = totp.period};
  const auto now = static_cast<std::uint64_t>(call.services.ports.clock.now_ms() / 1000);
  const auto code_at = [&](std::uint64_t time) {
    return totp.secret.expose(
        [&](base::ByteView key) { return crypto::totp(key, time, params, call.memory); });
  };
  TRY(code, code_at(now));
  TRY(next, code_at(now + totp.period));
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("code").text(code).key("next_code").text(next);
  out.key("seconds_left").number(crypto::totp_seconds_left(now, totp.period));
  out.key("digits").number(totp.digits);
  out.key("period").number(totp.period).end_object();
  return Answer{out.take()};
}

}  // namespace holdfast::api
