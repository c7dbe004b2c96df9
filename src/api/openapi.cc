// The OpenAPI file, written from the table that requests are dispatched on.
#include <map>

#include "api/dispatch.h"

namespace holdfast::api {
namespace {

auto lower_method(Method method) -> std::string {
  std::string name{method_name(method)};
  for (char& c : name) c = static_cast<char>(c - 'A' + 'a');
  return name;
}

void write_shape(JsonWriter& out, Shape shape, bool nullable) {
  const auto type = [&](std::string_view name) {
    out.key("type");
    if (nullable) {
      out.begin_array().text(name).text("null").end_array();
    } else {
      out.text(name);
    }
  };
  const auto list_of = [&](std::string_view item) {
    type("array");
    out.key("items").begin_object().key("type").text(item).end_object();
  };
  out.begin_object();
  switch (shape) {
    case Shape::text:
      type("string");
      break;
    case Shape::number:
      type("integer");
      out.key("minimum").number(0U);
      break;
    case Shape::boolean:
      type("boolean");
      break;
    case Shape::object:
      type("object");
      break;
    case Shape::texts:
      list_of("string");
      break;
    case Shape::objects:
      list_of("object");
      break;
  }
  out.end_object();
}

void write_parameter(JsonWriter& out, std::string_view name, std::string_view in, Shape shape,
                     std::string_view about) {
  out.begin_object();
  out.key("name").text(name).key("in").text(in);
  out.key("required").boolean(in == "path");
  if (!about.empty()) out.key("description").text(about);
  out.key("schema");
  write_shape(out, shape, false);
  out.end_object();
}

void write_parameters(JsonWriter& out, const Route& route) {
  out.key("parameters").begin_array();
  for (std::string_view rest = route.path; rest.contains('{');) {
    rest.remove_prefix(rest.find('{') + 1);
    write_parameter(out, rest.substr(0, rest.find('}')), "path", Shape::text, "");
  }
  for (const Parameter& parameter : route.query) {
    write_parameter(out, parameter.name, "query", parameter.shape, parameter.about);
  }
  const bool changes =
      route.opens_vault && (route.method == Method::put || route.method == Method::patch ||
                            route.method == Method::remove);
  if (changes) {
    write_parameter(out, "If-Match", "header", Shape::text, "ETag of the secret, or *; needed");
  }
  if (route.remembers) {
    write_parameter(out, "Idempotency-Key", "header", Shape::text, "remembered for 24 h");
  }
  if (route.file_key) {
    write_parameter(out, kFilePassphraseHeader, "header", Shape::text,
                    "base64; of an encrypted file such as kdbx");
    write_parameter(out, kFileKeyHeader, "header", Shape::text,
                    "base64; the 32 bytes that the file's key file stands for");
  }
  out.end_array();
}

void write_body(JsonWriter& out, const Route& route) {
  if (route.body == BodyKind::none) return;
  out.key("requestBody").begin_object().key("required").boolean(true);
  out.key("content").begin_object();
  out.key(route.body == BodyKind::json ? "application/json" : "application/octet-stream");
  out.begin_object();
  if (route.body == BodyKind::json) {
    out.key("schema").begin_object().key("type").text("object");
    out.key("additionalProperties").boolean(false);
    out.key("properties").begin_object();
    for (const Member& member : route.members) {
      out.key(member.name);
      write_shape(out, member.shape, member.need == Need::nullable);
    }
    out.end_object().key("required").begin_array();
    for (const Member& member : route.members) {
      if (member.need == Need::required) out.text(member.name);
    }
    out.end_array().end_object();
  }
  out.end_object().end_object().end_object();
}

void write_operation(JsonWriter& out, const Route& route) {
  out.key(lower_method(route.method)).begin_object();
  out.key("summary").text(route.about);
  write_parameters(out, route);
  write_body(out, route);
  out.key("responses").begin_object();
  out.key(std::to_string(route.success)).begin_object();
  out.key("description").text("done").end_object();
  out.key("default").begin_object().key("description").text("an error");
  out.key("content").begin_object().key("application/json").begin_object();
  out.key("schema").begin_object().key("$ref").text("#/components/schemas/Error").end_object();
  out.end_object().end_object().end_object();
  out.end_object().end_object();
}

}  // namespace

auto openapi(base::SecretMemory& memory) -> base::SecretBytes {
  std::map<std::string_view, std::vector<const Route*>> by_path;
  for (const Route& route : routes()) by_path[route.path].push_back(&route);
  JsonWriter out{memory};
  out.begin_object();
  out.key("openapi").text("3.1.0");
  out.key("info").begin_object();
  out.key("title").text("Holdfast").key("version").text(HOLDFAST_VERSION).end_object();
  out.key("paths").begin_object();
  for (const auto& [path, operations] : by_path) {
    out.key(path).begin_object();
    for (const Route* route : operations) write_operation(out, *route);
    out.end_object();
  }
  out.end_object();
  out.key("components").begin_object().key("schemas").begin_object();
  out.key("Error").begin_object().key("type").text("object").key("properties").begin_object();
  out.key("errors");
  write_shape(out, Shape::texts, false);
  out.key("code");
  write_shape(out, Shape::text, false);
  out.key("next_step");
  write_shape(out, Shape::text, true);
  out.end_object().end_object().end_object().end_object();
  out.end_object();
  return out.take();
}

}  // namespace holdfast::api
