// cbor_writer.h: writer of deterministic CBOR, appending to a buffer that it does not own.
// Heads are always the shortest. The caller gives map keys in ascending order, as many items as it
// announced, and text that is UTF-8 (CHECK); what it writes, cbor_reader.h reads.
// SecretWriter appends to wiped memory: growth there wipes the old block. Limits: the caller's.
// Time: linear. Threads: one. Errors: none; a full SecretMemory throws std::bad_alloc, which the
// module that owns the memory turns into secret_memory_exhausted. Source: RFC 8949 §3, §4.2.1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/secret.h"
#include "base/text.h"

namespace holdfast::codec {

template <class Buffer>
class BasicWriter {
 public:
  explicit BasicWriter(Buffer& out) : out_{out} {}

  void array(std::size_t size) { head(kArray, size); }
  void map(std::size_t pairs) { head(kMap, pairs); }
  void uint(std::uint64_t value) { head(kUint, value); }
  void bytes(base::ByteView view) { string(kBytes, view); }
  void text(std::string_view view) {
    CHECK(base::is_utf8(base::view_of(view)));
    string(kText, base::view_of(view));
  }
  void boolean(bool value) { out_.push_back(value ? 0xf5 : 0xf4); }
  void null() { out_.push_back(0xf6); }
  void raw(base::ByteView encoded) { append(encoded); }  // items that are already encoded
  // The head of a byte string whose bytes follow by raw(): a body is then copied once.
  void bytes_head(std::size_t size) { head(kBytes, size); }

 private:
  static constexpr std::uint8_t kUint = 0x00, kBytes = 0x40, kText = 0x60, kArray = 0x80,
                                kMap = 0xa0;

  void head(std::uint8_t major, std::uint64_t value) {
    if (value < 24) {
      out_.push_back(static_cast<std::uint8_t>(major | value));
      return;
    }
    const unsigned width = value <= 0xff          ? 0U
                           : value <= 0xffff      ? 1U
                           : value <= 0xffff'ffff ? 2U
                                                  : 3U;
    const std::size_t follow = std::size_t{1} << width;
    std::array<std::uint8_t, 9> encoded{};
    encoded[0] = static_cast<std::uint8_t>(major | (24U + width));
    for (std::size_t i = follow; i > 0; --i, value >>= 8U)
      encoded[i] = static_cast<std::uint8_t>(value);
    append(base::ByteView{encoded.data(), follow + 1});
  }
  void string(std::uint8_t major, base::ByteView view) {
    head(major, view.size());
    append(view);
  }
  void append(base::ByteView view) { out_.insert(out_.end(), view.begin(), view.end()); }

  Buffer& out_;
};

using Writer = BasicWriter<base::Bytes>;
using SecretWriter = BasicWriter<base::SecretBytes::Buffer>;

}  // namespace holdfast::codec
