#include "api/http_wire.h"

#include <gtest/gtest.h>

#include "api/client.h"
#include "api/memory.h"

namespace holdfast::api {
namespace {

using base::Error;
using test::memory, test::text;
using Of = MessageReader::Of;

// Feeds the text in pieces of `step` bytes, as a socket would, until the message is complete.
auto feed(MessageReader& reader, std::string_view all, std::size_t step, std::size_t body_max)
    -> base::Result<std::size_t> {
  std::string held;
  bool limited = false;
  for (std::size_t at = 0; at < all.size() && !reader.done(); at += step) {
    held += all.substr(at, step);
    for (;;) {
      TRY(used, reader.put(base::view_of(held)));
      held.erase(0, used);
      if (reader.header_done() && !limited) {
        limited = true;
        TRY_DO(reader.limit_body(body_max));
        continue;
      }
      if (used == 0 || reader.done()) break;
    }
  }
  return held.size();
}

constexpr std::string_view kPost =
    "POST /v1/x?a=b HTTP/1.1\r\nHost: localhost\r\nIf-Match: \"ver_1\"\r\n"
    "Idempotency-Key: k1\r\nContent-Length: 5\r\n\r\nhello";

TEST(MessageReader, ReadsARequestHoweverItIsCut) {
  for (std::size_t step = 1; step <= kPost.size(); ++step) {
    MessageReader reader{Of::requests, memory()};
    ASSERT_TRUE(feed(reader, kPost, step, 100).has_value()) << step;
    ASSERT_TRUE(reader.done()) << step;
    const Message& message = reader.message();
    EXPECT_EQ(message.method, Method::post);
    EXPECT_EQ(text(message.target), "/v1/x?a=b");
    EXPECT_EQ(message.host, "localhost");
    EXPECT_EQ(message.hosts, 1U);
    EXPECT_EQ(message.if_match, "\"ver_1\"");
    EXPECT_EQ(message.idempotency_key, "k1");
    EXPECT_EQ(text(message.body), "hello");
    EXPECT_TRUE(message.keep_alive);
  }
}

TEST(MessageReader, LeavesTheNextRequestAlone) {
  MessageReader reader{Of::requests, memory()};
  const std::string two = std::string{kPost} + "GET / HTTP/1.1\r\n\r\n";
  const auto left = feed(reader, two, two.size(), 100);
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(*left, two.size() - kPost.size());
}

TEST(MessageReader, ReadsChunksAndLimitsTheirSum) {
  const std::string_view chunks =
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";
  for (std::size_t step = 1; step <= chunks.size(); ++step) {
    MessageReader fits{Of::requests, memory()};
    ASSERT_TRUE(feed(fits, chunks, step, 7).has_value());
    ASSERT_TRUE(fits.done());
    EXPECT_EQ(text(fits.message().body), "abcdefg");
    MessageReader large{Of::requests, memory()};
    const auto read = feed(large, chunks, step, 6);
    ASSERT_FALSE(read.has_value()) << step;
    EXPECT_EQ(read.error(), Error::body_too_large);
  }
}

TEST(MessageReader, RefusesAnAnnouncedBodyBeforeItArrives) {
  MessageReader reader{Of::requests, memory()};
  const auto read = feed(reader, "POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", 1000, 100);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error(), Error::body_too_large);
}

TEST(MessageReader, RefusesAHeaderBeyondItsLimit) {
  MessageReader reader{Of::requests, memory()};
  const std::string request =
      "GET / HTTP/1.1\r\nX: " + std::string(kHeaderBytesMax, 'x') + "\r\n\r\n";
  const auto read = feed(reader, request, 4096, 100);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error(), Error::header_too_large);
}

TEST(MessageReader, RefusesWhatIsNoRequest) {
  for (const std::string_view bad :
       {"hello\r\n\r\n", "GET / HTTP/3.0\r\n\r\n", "GET /\x01 HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    MessageReader reader{Of::requests, memory()};
    const auto read = feed(reader, bad, 1000, 100);
    ASSERT_FALSE(read.has_value()) << bad;
    EXPECT_EQ(read.error(), Error::bad_request) << bad;
  }
}

TEST(MessageReader, ReadsAnAnswer) {
  MessageReader reader{Of::answers, memory()};
  ASSERT_TRUE(feed(reader,
                   "HTTP/1.1 473 X\r\nETag: \"ver_2\"\r\nContent-Length: 2\r\n"
                   "Connection: close\r\n\r\n{}",
                   3, 100)
                  .has_value());
  ASSERT_TRUE(reader.done());
  EXPECT_EQ(reader.message().status, 473U);
  EXPECT_EQ(reader.message().etag, "\"ver_2\"");
  EXPECT_FALSE(reader.message().keep_alive);
}

}  // namespace
}  // namespace holdfast::api
