#include "api/call.h"

#include <algorithm>
#include <charconv>

#include "api/text_codec.h"
#include "base/text.h"

namespace holdfast::api {
namespace {

namespace json = boost::json;
using base::Detailed, base::Error, base::fail;

auto is_uint(const json::value& value) -> bool {
  return value.is_uint64() || (value.is_int64() && value.get_int64() >= 0);
}

auto has_shape(const json::value& value, Shape shape) -> bool {
  const auto all = [&](auto&& test) {
    return value.is_array() && std::ranges::all_of(value.get_array(), test);
  };
  switch (shape) {
    case Shape::text:
      return value.is_string();
    case Shape::number:
      return is_uint(value);
    case Shape::boolean:
      return value.is_bool();
    case Shape::object:
      return value.is_object();
    case Shape::texts:
      return all([](const json::value& item) { return item.is_string(); });
    case Shape::objects:
      return all([](const json::value& item) { return item.is_object(); });
  }
  return false;
}

}  // namespace

auto shape_name(Shape shape) -> std::string_view {
  switch (shape) {
    case Shape::text:
      return "a text";
    case Shape::number:
      return "a whole number from 0";
    case Shape::boolean:
      return "true or false";
    case Shape::texts:
      return "a list of texts";
    case Shape::object:
      return "an object";
    case Shape::objects:
      return "a list of objects";
  }
  return "";
}

auto Query::parse(std::string_view text, base::SecretMemory& memory) -> Detailed<Query> {
  Query query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    std::string name{pair.substr(0, equals)};
    const std::string_view raw =
        equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    TRY(value, decode_percent(raw, memory));
    if (!value.expose([](base::ByteView bytes) { return base::is_utf8(bytes); })) {
      return fail(Error::bad_utf8, "query");
    }
    query.values_.emplace_back(std::move(name), std::move(value));
  }
  return query;
}

auto Query::text(std::string_view name) const -> std::optional<std::string_view> {
  const auto found = std::ranges::find(values_, name, [](const auto& v) { return v.first; });
  if (found == values_.end()) return std::nullopt;
  std::string_view view;  // of our own bytes, which live as long as we do
  found->second.expose([&](base::ByteView bytes) { view = base::text_of(bytes); });
  return view;
}

auto Query::texts(std::string_view name) const -> std::vector<std::string_view> {
  std::vector<std::string_view> views;
  for (const auto& [own, value] : values_) {
    if (own == name) {
      value.expose([&](base::ByteView bytes) { views.push_back(base::text_of(bytes)); });
    }
  }
  return views;
}

auto Query::flag(std::string_view name) const -> Detailed<bool> {
  const auto value = text(name);
  if (!value || *value == "false") return false;
  if (*value == "true") return true;
  return fail(Error::bad_request, std::string{name} + " is true or false");
}

auto Query::number(std::string_view name, std::uint64_t otherwise, std::uint64_t max) const
    -> Detailed<std::uint64_t> {
  const auto value = text(name);
  if (!value) return otherwise;
  std::uint64_t number = 0;
  const auto end = std::from_chars(value->data(), value->data() + value->size(), number);
  if (end.ec != std::errc{} || end.ptr != value->data() + value->size()) {
    return fail(Error::bad_request, std::string{name} + " is a whole number");
  }
  if (number > max) return fail(Error::out_of_range, std::string{name});
  return number;
}

auto Query::names() const -> std::vector<std::string_view> {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : values_) names.emplace_back(name);
  return names;
}

auto check_members(const json::object& object, std::span<const Member> members) -> Detailed<void> {
  for (const auto& entry : object) {
    const std::string_view key{entry.key().data(), entry.key().size()};
    const auto member = std::ranges::find(members, key, &Member::name);
    if (member == members.end()) {  // a key may be anything, so it is not repeated
      return fail(Error::bad_request, "a member that is not known here");
    }
    if (entry.value().is_null() && member->need == Need::nullable) continue;
    if (!has_shape(entry.value(), member->shape)) {
      return fail(Error::bad_request,
                  std::string{member->name} + " is " + std::string{shape_name(member->shape)});
    }
  }
  for (const Member& member : members) {
    if (member.need == Need::required && !object.contains(member.name)) {
      return fail(Error::bad_request, std::string{member.name} + " is missing");
    }
  }
  return {};
}

auto text_member(const json::object& object, std::string_view name)
    -> std::optional<std::string_view> {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view{value->get_string().data(), value->get_string().size()};
}

auto number_member(const json::object& object, std::string_view name)
    -> std::optional<std::uint64_t> {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !is_uint(*value)) return std::nullopt;
  return value->is_uint64() ? value->get_uint64() : static_cast<std::uint64_t>(value->get_int64());
}

auto flag_member(const json::object& object, std::string_view name) -> std::optional<bool> {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_bool()) return std::nullopt;
  return value->get_bool();
}

}  // namespace holdfast::api
