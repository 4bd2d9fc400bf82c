// Debian's redis-server on a free loopback port, for one test.
#pragma once

#include "mlopsctl/platform/process.hpp"

#include "support/temporary_folder.hpp"

#include <optional>
#include <string>

namespace mlopsctl::testing {

class RedisServer {
 public:
  static bool is_there();  // whether the program is installed

  // Throws std::runtime_error if it does not start.
  explicit RedisServer(const std::string& password = {});
  ~RedisServer() { stop(); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  void stop();
  int port() const { return port_; }
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_) + "/3"; }

 private:
  TemporaryFolder folder_;
  int port_ = 0;
  std::optional<ChildProcess> process_;
};

}  // namespace mlopsctl::testing
