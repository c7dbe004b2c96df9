// server_fixture.h: a server with real vaults on a real socket in a temporary folder, and a clock
// that tests move where they need to.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>

#include "api/client.h"
#include "api/json.h"
#include "api/listener.h"
#include "api/memory.h"
#include "api/server.h"
#include "store/system.h"
#include "support/temp_folder.h"

namespace holdfast::api {

// The system's clock, moved forward by what a test adds.
class MovableClock final : public ports::Clock {
 public:
  [[nodiscard]] auto now_ms() const -> std::int64_t override { return system_.now_ms() + added_; }
  [[nodiscard]] auto monotonic() const -> std::chrono::nanoseconds override {
    return system_.monotonic() + std::chrono::milliseconds{added_};
  }
  void advance(std::chrono::milliseconds time) { added_ += time.count(); }

 private:
  store::SystemClock system_;
  std::atomic<std::int64_t> added_ = 0;
};

struct Reply {
  unsigned status = 0;
  std::string body{}, etag{}, location{};
  [[nodiscard]] auto code() const -> std::string { return member("code"); }
  // The first text member of this name; enough for the shapes used here.
  [[nodiscard]] auto member(std::string_view name) const -> std::string {
    const std::string key = "\"" + std::string{name} + "\":\"";
    const std::size_t start = body.find(key);
    if (start == std::string::npos) return "";
    const std::size_t from = start + key.size();
    return body.substr(from, body.find('"', from) - from);
  }
};

// A socket for requests that the client would not send.
class RawSocket {
 public:
  explicit RawSocket(const std::filesystem::path& path)
      : socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    connected_ =
        ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  [[nodiscard]] auto connected() const -> bool { return connected_; }
  auto send(std::string_view text) -> bool {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  auto readable_within(std::chrono::milliseconds time) -> bool {
    pollfd entry{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, static_cast<int>(time.count())) > 0;
  }
  // Everything until the server closes.
  auto read_all() -> std::string {
    std::string all;
    for (;;) {
      pollfd entry{.fd = socket_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&entry, 1, 20'000) <= 0) return all + "<nothing for 20 s>";
      char buffer[4096];
      const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
      if (got <= 0) return all;
      all.append(buffer, static_cast<std::size_t>(got));
    }
  }

 private:
  Handle socket_;
  bool connected_ = false;
};

class ServerTest : public testing::Test {
 protected:
  void TearDown() override { stop(); }

  void start() {
    options_.socket = socket();
    vaults_options_.folder = temp_.path() / "data";
    vaults_ = std::make_unique<Vaults>(vaults_options_, ports());
    auto listening = Server::listen(options_, *vaults_, ports());
    ASSERT_TRUE(listening.has_value()) << listening.error().text();
    server_ = *std::move(listening);
    thread_ = std::thread{[this] { server_->run(); }};
  }
  void stop() {
    if (!thread_.joinable()) return;
    client_.reset();
    server_->stop();
    thread_.join();
    server_.reset();
    vaults_.reset();
  }
  // A server with one unlocked vault, "main".
  void start_unlocked() {
    start();
    const Reply made = ask("POST", "/v1/vaults",
                           R"({"name":"main","passphrase":"correct horse","kdf_target_ms":0})");
    ASSERT_EQ(made.status, 201U) << made.body;
  }
  auto ask(std::string_view method, std::string_view target, std::string_view body = {},
           std::vector<Header> headers = {}) -> Reply {
    if (!client_) {
      auto connected = Client::connect(socket(), test::memory());
      if (!connected) return {.status = 0, .body = connected.error().text()};
      client_ = *std::move(connected);
    }
    auto answer = client_->request(method, target, base::view_of(body), headers);
    if (!answer) {
      client_.reset();
      return {.status = 0, .body = answer.error().text()};
    }
    return {.status = answer->status,
            .body = test::text(answer->body),
            .etag = answer->etag,
            .location = answer->location};
  }
  auto add(std::string_view body) -> Reply { return ask("POST", "/v1/vaults/-/secrets", body); }
  auto raw(std::string_view request) -> std::string {
    RawSocket connection{socket()};
    EXPECT_TRUE(connection.send(request));
    return connection.read_all();
  }
  [[nodiscard]] auto socket() const -> std::filesystem::path {
    return temp_.path() / "run" / "api.sock";
  }
  auto ports() -> node::Ports {
    return {.clock = clock_, .entropy = entropy_, .keys = *keys_, .plaintext = test::memory()};
  }

  holdfast::test::TempFolder temp_;
  MovableClock clock_;
  store::SystemEntropy entropy_;
  std::unique_ptr<base::SecretMemory> keys_ =
      *base::SecretMemory::create({.bytes_max = 4 << 20, .lock = base::Lock::attempted});
  ServerOptions options_{.socket = {}, .idle_timeout = std::chrono::hours{1000}};
  VaultsOptions vaults_options_{.folder = {}};
  std::unique_ptr<Vaults> vaults_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
  std::unique_ptr<Client> client_;
};

}  // namespace holdfast::api
