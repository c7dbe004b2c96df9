// json.h: JSON in and out of wiped memory.
// Invariant: every byte of a document lies in the SecretMemory given (one exception: a string with
// escapes passes through Boost.JSON's buffer on the stack; workers wipe theirs). A document is
// stricter than RFC 8259: no key twice in one object, no number beyond a double, at most
// kJsonDepthMax levels. Limits: the caller bounds the text. Time: none. Threads: one. Errors:
// bad_request_json, duplicate_key, out_of_range, secret_memory_exhausted; JsonWriter throws
// std::bad_alloc. Source: RFC 8259, RFC 8785 (numbers are not used beyond integers).
#pragma once

#include <boost/json/value.hpp>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace holdfast::api {

inline constexpr std::size_t kJsonDepthMax = 16;

// SecretMemory as Boost.JSON wants it.
class JsonMemory final : public boost::json::memory_resource {
 public:
  explicit JsonMemory(base::SecretMemory& memory) : memory_{memory} {}

 private:
  auto do_allocate(std::size_t bytes, std::size_t alignment) -> void* override {
    return memory_.allocate(bytes, alignment);
  }
  void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override {
    memory_.deallocate(block, bytes, alignment);
  }
  auto do_is_equal(const boost::json::memory_resource& other) const noexcept -> bool override {
    return this == &other;
  }
  base::SecretMemory& memory_;
};

class JsonDocument {
 public:
  [[nodiscard]] static auto parse(base::ByteView text, base::SecretMemory& memory)
      -> base::Result<std::unique_ptr<JsonDocument>>;
  [[nodiscard]] auto root() const -> const boost::json::value& { return root_; }

 private:
  explicit JsonDocument(base::SecretMemory& memory)
      : memory_{memory}, root_(boost::json::storage_ptr{&memory_}) {}
  JsonMemory memory_;  // outlives root_
  boost::json::value root_;
};

class JsonWriter {
 public:
  explicit JsonWriter(base::SecretMemory& memory) : memory_{memory}, out_{memory} {}

  auto begin_object() -> JsonWriter& { return open('{'); }
  auto end_object() -> JsonWriter& { return close('}'); }
  auto begin_array() -> JsonWriter& { return open('['); }
  auto end_array() -> JsonWriter& { return close(']'); }
  auto key(std::string_view name) -> JsonWriter&;
  auto text(std::string_view value) -> JsonWriter&;  // must be UTF-8
  auto text(const base::SecretBytes& value) -> JsonWriter&;
  auto base64(base::ByteView value) -> JsonWriter&;
  auto boolean(bool value) -> JsonWriter&;
  auto null() -> JsonWriter&;
  auto real(double value) -> JsonWriter&;  // two decimals
  template <std::unsigned_integral Number>
  auto number(Number value) -> JsonWriter& {
    return unsigned_number(value);
  }
  auto raw(std::string_view json) -> JsonWriter&;  // a value that is JSON already

  [[nodiscard]] auto take() -> base::SecretBytes { return std::move(out_); }
  [[nodiscard]] auto memory() const -> base::SecretMemory& { return memory_; }

 private:
  auto open(char bracket) -> JsonWriter&;
  auto close(char bracket) -> JsonWriter&;
  auto unsigned_number(std::uint64_t value) -> JsonWriter&;
  void comma();
  void put(std::string_view bytes);
  void quoted(std::string_view value);

  base::SecretMemory& memory_;
  base::SecretBytes out_;
  bool comma_needed_ = false;
};

}  // namespace holdfast::api
