// call.h: what a handler gets and gives, and the row of the route table it belongs to.
// Invariant: before a handler runs, its query parameters and body members are known, of the right
// shape and complete; a vault in the path is open. Handlers block; they run on the server's
// workers. Limits: those of the table. Time: Services::ports. Threads: one per Call. Errors: any;
// dispatch turns a Failure into an answer. Source: docs/api.md.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/backup_schedule.h"
#include "api/http_wire.h"
#include "api/json.h"
#include "api/tasks.h"
#include "api/vaults.h"
#include "base/result.h"
#include "node/distributed_vault.h"

namespace holdfast::api {

struct Services {
  Vaults& vaults;
  Tasks& tasks;
  const BackupSchedule& backups;
  node::Ports ports;  // references, copied: what they name outlives everything
  std::function<base::Detailed<void>()> reload{};  // reads the settings again; may be empty
};

struct Answer {
  explicit Answer(base::SecretBytes content, unsigned code = 200)
      : status{code}, body{std::move(content)} {}

  unsigned status;
  base::SecretBytes body;
  std::string_view type = "application/json";
  std::string etag{};      // with its quotation marks
  std::string location{};  // of a created resource
  std::string extra{};     // further header lines, each with its CRLF; never plaintext
};

class Query {
 public:
  [[nodiscard]] static auto parse(std::string_view text, base::SecretMemory& memory)
      -> base::Detailed<Query>;
  [[nodiscard]] auto text(std::string_view name) const -> std::optional<std::string_view>;
  [[nodiscard]] auto texts(std::string_view name) const -> std::vector<std::string_view>;
  [[nodiscard]] auto flag(std::string_view name) const -> base::Detailed<bool>;  // absent: false
  [[nodiscard]] auto number(std::string_view name, std::uint64_t otherwise, std::uint64_t max) const
      -> base::Detailed<std::uint64_t>;
  [[nodiscard]] auto names() const -> std::vector<std::string_view>;

 private:
  std::vector<std::pair<std::string, base::SecretBytes>> values_;  // a few; names are no secret
};

struct Call {
  const Services& services;
  const Message& request;
  base::SecretMemory& memory;  // plaintext
  Query query;
  std::vector<base::SecretBytes> path;        // what {…} stood for, in order
  Vaults::Ref vault{};                        // of a route with {vault}
  const boost::json::object* body = nullptr;  // of a route with a JSON body
};

using Handler = auto (*)(const Call&) -> base::Detailed<Answer>;

enum class Shape : std::uint8_t { text, number, boolean, texts, object, objects };
[[nodiscard]] auto shape_name(Shape shape) -> std::string_view;  // "a list of texts"

struct Parameter {
  std::string_view name;
  Shape shape;
  std::string_view about;
};

enum class Need : std::uint8_t { optional, required, nullable };
struct Member {
  std::string_view name;
  Shape shape;
  Need need = Need::optional;
};

enum class BodyKind : std::uint8_t { none, json, raw };
struct Route {
  Method method;
  std::string_view path;  // "/v1/vaults/{vault}/secrets"
  std::string_view about;
  Handler handler;
  unsigned success = 200;
  BodyKind body = BodyKind::none;
  bool slow = false;        // derives keys or touches every record: on few workers
  bool opens_vault = true;  // {vault} is open before the handler runs
  bool uses_vault = true;   // restarts the idle time of {vault}
  bool remembers = false;   // accepts Idempotency-Key
  bool file_key = false;    // accepts what opens an encrypted file, in two headers
  std::span<const Parameter> query{};
  std::span<const Member> members{};
};

[[nodiscard]] auto routes() -> std::span<const Route>;
// bad_request at the member that is unknown, missing or of another shape.
[[nodiscard]] auto check_members(const boost::json::object& object, std::span<const Member> members)
    -> base::Detailed<void>;

// Members of a checked body. Absent and null give nothing.
[[nodiscard]] auto text_member(const boost::json::object& object, std::string_view name)
    -> std::optional<std::string_view>;
[[nodiscard]] auto number_member(const boost::json::object& object, std::string_view name)
    -> std::optional<std::uint64_t>;
[[nodiscard]] auto flag_member(const boost::json::object& object, std::string_view name)
    -> std::optional<bool>;

}  // namespace holdfast::api
