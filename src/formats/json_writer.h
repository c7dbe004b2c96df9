// json_writer.h: compact JSON into a buffer in wiped memory, in the order of the calls.
// Commas are the writer's business; a misplaced key is a bug of the caller. Texts must be UTF-8: if
// one is not, ok() turns false and the output is worthless. Limits: none. Time: none. Threads: one.
// Errors: throws std::bad_alloc. Source: RFC 8259.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/secret.h"
#include "formats/json_reader.h"

namespace holdfast::formats {

class JsonWriter {
 public:
  explicit JsonWriter(base::SecretBytes::Buffer& out) : out_{out} {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  void key(std::string_view name);
  void string(std::string_view text);
  void string(const base::SecretBytes& text);
  void number(std::uint64_t value);
  void boolean(bool value) { raw(value ? "true" : "false"); }
  void null() { raw("null"); }
  void value(const JsonValue& value);
  void base64(base::ByteView bytes);  // as a string
  void newline();                     // between values, for readers of the file

  void member(std::string_view name, std::string_view text) { key(name), string(text); }
  void member(std::string_view name, const base::SecretBytes& text) { key(name), string(text); }
  void raw(std::string_view text);  // already JSON

  [[nodiscard]] auto ok() const -> bool { return ok_; }

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();
  void quoted(std::string_view text);

  base::SecretBytes::Buffer& out_;
  bool comma_ = false;  // a value stands before in the same container
  bool ok_ = true;
};

}  // namespace holdfast::formats
