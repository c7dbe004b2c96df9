// The server without a vault: the socket, the limits, the checks that come before any handler.
#include "api/server.h"

#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "api/server_fixture.h"

namespace holdfast::api {
namespace {

using base::Error;
using std::chrono::milliseconds;
using testing::HasSubstr, testing::StartsWith;

TEST_F(ServerTest, ServesOnASocketThatOnlyItsOwnerMayOpen) {
  start();
  struct stat info{};
  ASSERT_EQ(::stat(socket().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(socket().parent_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  const Reply status = ask("GET", "/v1/status");
  EXPECT_EQ(status.status, 200U);
  EXPECT_THAT(status.body, HasSubstr("\"vaults\":[]"));
  EXPECT_EQ(ask("GET", "/v1/sys/health").status, 501U);
}

TEST_F(ServerTest, RefusesASecondServerOnItsSocket) {
  start();
  const auto second = Server::listen(options_, *vaults_, ports());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Error::daemon_running);
  EXPECT_EQ(ask("GET", "/v1/status").status, 200U);  // the first is not disturbed
}

TEST_F(ServerTest, ReplacesASocketThatNobodyServes) {
  std::filesystem::create_directory(socket().parent_path());
  std::filesystem::permissions(socket().parent_path(), std::filesystem::perms::owner_all);
  {
    const Handle left{::socket(AF_UNIX, SOCK_STREAM, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket().c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(left.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(socket()));
  start();
  EXPECT_EQ(ask("GET", "/v1/status").status, 200U);
}

TEST_F(ServerTest, RefusesAFolderThatOthersMayEnter) {
  std::filesystem::create_directory(socket().parent_path());
  ::chmod(socket().parent_path().c_str(), 0755);
  options_.socket = socket();
  Vaults vaults{{.folder = temp_.path() / "data"}, ports()};
  const auto listening = Server::listen(options_, vaults, ports());
  ASSERT_FALSE(listening.has_value());
  EXPECT_EQ(listening.error().code, Error::socket_folder_unsafe);
}

TEST_F(ServerTest, RefusesAPathTheSystemCannotHold) {
  options_.socket = temp_.path() / std::string(120, 'x');
  Vaults vaults{{.folder = temp_.path() / "data"}, ports()};
  const auto listening = Server::listen(options_, vaults, ports());
  ASSERT_FALSE(listening.has_value());
  EXPECT_EQ(listening.error().code, Error::socket_path_too_long);
}

TEST_F(ServerTest, LeavesNoSocketBehindAndTheClientSaysThatNobodyAnswers) {
  start();
  stop();
  EXPECT_FALSE(std::filesystem::exists(socket()));
  const auto connected = Client::connect(socket(), test::memory());
  ASSERT_FALSE(connected.has_value());
  EXPECT_EQ(connected.error().code, Error::daemon_unreachable);
}

TEST_F(ServerTest, StopsOnASignal) {
  // In a process of its own: the signals must be blocked before any other thread exists.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        options_.stop_on_signals = true;
        start();
        const bool served = ask("GET", "/v1/status").status == 200;
        ::kill(::getpid(), SIGTERM);
        thread_.join();
        const bool gone = !std::filesystem::exists(socket());
        std::filesystem::remove_all(temp_.path());  // exit() runs no destructor of the fixture
        std::_Exit(served && gone ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ServerTest, AnswersManyRequestsOfOneConnectionAndOfSeveral) {
  start();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ask("GET", "/v1/status").status, 200U);
  const std::string two =
      raw("GET /v1/vaults HTTP/1.1\r\nHost: localhost\r\n\r\n"
          "GET /v1/vaults HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::size_t second = two.find("HTTP/1.1 200", 1);
  EXPECT_THAT(two, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(second, std::string::npos);
}

TEST_F(ServerTest, RefusesForeignOriginsAndHosts) {
  start();
  const auto with = [&](std::string_view headers) {
    return raw("GET /v1/status HTTP/1.1\r\nConnection: close\r\n" + std::string{headers} + "\r\n");
  };
  EXPECT_THAT(with("Host: localhost\r\nOrigin: http://evil.example\r\n"),
              HasSubstr("foreign_origin"));
  EXPECT_THAT(with("Host: localhost\r\nOrigin: null\r\n"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(with("Host: evil.example\r\n"), HasSubstr("bad_host"));
  EXPECT_THAT(with(""), HasSubstr("bad_host"));
  EXPECT_THAT(with("Host: localhost\r\nHost: localhost\r\n"), HasSubstr("bad_host"));
}

TEST_F(ServerTest, SaysWhatIsNotThere) {
  start();
  EXPECT_EQ(ask("GET", "/v1/nothing").code(), "unknown_endpoint");
  EXPECT_EQ(ask("GET", "/v1/status/").status, 404U);
  EXPECT_EQ(ask("GET", "/v1/status?x=1").code(), "bad_request");
  const std::string wrong =
      raw("DELETE /v1/vaults HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(wrong, StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(wrong, HasSubstr("Allow: GET, POST\r\n"));
  EXPECT_EQ(ask("GET", "/v1/vaults/none").code(), "unknown_vault");
  EXPECT_EQ(ask("GET", "/v1/vaults/..").code(), "bad_vault_name");
  EXPECT_EQ(ask("GET", "/v1/vaults/%2e%2e%2fetc").code(), "bad_vault_name");
  EXPECT_EQ(ask("GET", "/v1/vaults/-").code(), "no_vault");
}

TEST_F(ServerTest, RefusesBodiesThatAreNotWhatTheRouteTakes) {
  start();
  EXPECT_EQ(ask("POST", "/v1/generate", "{").code(), "bad_request_json");
  EXPECT_EQ(ask("POST", "/v1/generate", "[]").code(), "bad_request");
  EXPECT_EQ(ask("POST", "/v1/generate", "").code(), "bad_request_json");
  EXPECT_EQ(ask("POST", "/v1/generate", R"({"length":8,"length":9})").code(), "duplicate_key");
  EXPECT_EQ(ask("POST", "/v1/generate", R"({"length":1e999})").code(), "out_of_range");
  EXPECT_EQ(ask("POST", "/v1/generate", R"({"length":-1})").code(), "bad_request");
  EXPECT_EQ(ask("POST", "/v1/generate", R"({"verses":6})").status, 400U);
  EXPECT_THAT(raw("\x16\x03\x01 no http\r\n\r\n"), HasSubstr("bad_request"));
}

TEST_F(ServerTest, AnswersABodyBeyondItsLimitBeforeReadingIt) {
  start();
  // The client goes on sending; it still gets the answer.
  const Reply large = ask("POST", "/v1/generate", std::string(kBodyBytesMax + 1, ' '));
  EXPECT_EQ(large.status, 413U);
  EXPECT_EQ(large.code(), "body_too_large");
  EXPECT_THAT(raw("POST /v1/generate HTTP/1.1\r\nHost: localhost\r\n"
                  "Content-Length: 99999999999\r\n\r\n"),
              HasSubstr("body_too_large"));
  EXPECT_EQ(ask("GET", "/v1/status", "x").status, 413U);  // a body where none belongs
  EXPECT_EQ(ask("GET", "/v1/status").status, 200U);
}

TEST_F(ServerTest, AnswersAHeaderBeyondItsLimit) {
  start();
  EXPECT_THAT(raw("GET /v1/status HTTP/1.1\r\nX: " + std::string(kHeaderBytesMax, 'x')),
              HasSubstr("header_too_large"));
}

TEST_F(ServerTest, SaysContinueWhenTheClientWaitsForIt) {
  start();
  RawSocket connection{socket()};
  ASSERT_TRUE(
      connection.send("POST /v1/generate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                      "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n"));
  ASSERT_TRUE(connection.send(R"({"pin":4})"));
  EXPECT_THAT(connection.read_all(), HasSubstr("\"values\""));
}

TEST_F(ServerTest, GivesEachStageOfARequestItsTime) {
  options_.header_timeout = milliseconds{50};
  options_.body_timeout = milliseconds{50};
  options_.idle_timeout = milliseconds{50};
  start();
  EXPECT_THAT(raw("GET /v1/sta"), HasSubstr("request_timeout"));
  EXPECT_THAT(raw("POST /v1/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"),
              HasSubstr("request_timeout"));
  EXPECT_EQ(raw(""), "");  // an idle connection just closes
}

TEST_F(ServerTest, DoesNotLetADripOfBytesExtendTheTimeOfAHeader) {
  options_.header_timeout = milliseconds{300};
  start();
  RawSocket connection{socket()};
  const auto began = std::chrono::steady_clock::now();
  std::string request = "GET /v1/status HTTP/1.1\r\nX: ";
  ASSERT_TRUE(connection.send(request));
  // A byte whenever 20 ms bring nothing, until the server has had enough.
  bool alive = true;
  while (alive && std::chrono::steady_clock::now() - began < std::chrono::seconds{15}) {
    alive = !connection.readable_within(milliseconds{20}) && connection.send("x");
  }
  EXPECT_THAT(connection.read_all(), HasSubstr("request_timeout"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{10});
}

TEST_F(ServerTest, ClosesTheLongestIdleConnectionToServeANewOne) {
  options_.connections_max = 3;
  start();
  RawSocket first{socket()};
  ASSERT_EQ(ask("GET", "/v1/status").status, 200U);  // first is accepted before this answer
  RawSocket third{socket()};
  RawSocket fourth{socket()};
  EXPECT_EQ(first.read_all(), "");
  ASSERT_TRUE(
      fourth.send("GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  EXPECT_THAT(fourth.read_all(), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, DoesNotLetRequestsInProgressBeEvicted) {
  options_.connections_max = 1;
  start();
  RawSocket busy{socket()};
  ASSERT_TRUE(busy.send("GET /v1/status HTTP/1.1\r\n"));
  RawSocket next{socket()};
  ASSERT_TRUE(next.send("GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  ASSERT_TRUE(busy.send("Host: localhost\r\nConnection: close\r\n\r\n"));
  EXPECT_THAT(busy.read_all(), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(next.read_all(), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, GeneratesPasswordsAndPins) {
  start();
  const Reply made =
      ask("POST", "/v1/generate", R"({"length":12,"classes":["lower","digit"],"count":3})");
  EXPECT_EQ(made.status, 200U) << made.body;
  EXPECT_THAT(made.body,
              testing::ContainsRegex("^.\"values\":.\"[a-z0-9]*\",\"[a-z0-9]*\",\"[a-z0-9]*\".,"));
  EXPECT_THAT(ask("POST", "/v1/generate", R"({"pin":6})").body,
              testing::ContainsRegex("\"[0-9][0-9][0-9][0-9][0-9][0-9]\""));
  EXPECT_EQ(ask("POST", "/v1/generate", R"({"pin":6,"length":8})").code(), "bad_request");
  EXPECT_EQ(ask("POST", "/v1/generate", R"({"length":2})").code(), "bad_generator_rules");
  EXPECT_EQ(ask("POST", "/v1/generate", R"({"count":1001})").code(), "out_of_range");
}

TEST_F(ServerTest, DescribesItself) {
  start();
  const Reply file = ask("GET", "/v1/openapi.json");
  EXPECT_EQ(file.status, 200U);
  EXPECT_THAT(file.body, HasSubstr("\"/v1/vaults/{vault}/secrets/{id}\""));
}

TEST_F(ServerTest, RefusesToSendWhatWouldForgeAHeader) {
  start();
  auto client = *Client::connect(socket(), test::memory());
  const Header forged[] = {{"If-Match", "x\r\nOrigin: y"}};
  EXPECT_EQ(client->request("GET", "/v1/status", {}, forged).error().code, Error::bad_header);
  EXPECT_EQ(client->request("GET", "/v1/sta tus").error().code, Error::bad_header);
  EXPECT_EQ(client->request("GET", "v1").error().code, Error::bad_header);
  EXPECT_EQ(client->request("GET\r\n", "/v1/status").error().code, Error::bad_header);
  EXPECT_EQ(client->request("GET", "/v1/status")->status, 200U);
}

}  // namespace
}  // namespace holdfast::api
