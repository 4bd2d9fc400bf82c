// A Redis server: texts by key. The only door to hiredis.
#pragma once

#include "mlopsctl/base/time.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

struct RedisAddress {
  std::string host;
  int port = 6379;
  int database = 0;
  std::string user, password;  // the password is in $REDISCLI_AUTH if the URL has none

  std::string shown() const;  // "redis://host:6379/0", without credentials
};

bool is_redis_url(std::string_view text);
// redis://[[user]:password@]host[:port][/db]. Throws Error{usage}; rediss:// (TLS) is refused.
RedisAddress parse_redis_url(std::string_view url);

// Connected when made. Every failure is Error{unavailable}; then the object is of no more use.
// Belongs to one thread.
class RedisClient {
 public:
  explicit RedisClient(const RedisAddress& address, Milliseconds timeout = Milliseconds{2000});
  RedisClient(RedisClient&&) noexcept;
  ~RedisClient();

  std::vector<std::optional<std::string>> get(std::span<const std::string> keys);
  struct Entry {
    std::string key, value;
  };
  void set(std::span<const Entry> entries);  // together, in one exchange
  // Number of keys that begin so, and their removal. Walks through the database in small steps, so
  // that others are not held up.
  std::uint64_t count(const std::string& prefix);
  std::uint64_t remove(const std::string& prefix);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl
