#include "mlopsctl/platform/redis.hpp"

#include "support/expect_error.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace mlopsctl;

TEST_CASE("addresses of Redis") {
  ::unsetenv("REDISCLI_AUTH");
  const RedisAddress plain = parse_redis_url("redis://cache.local");
  CHECK(plain.shown() == "redis://cache.local:6379/0");
  CHECK(plain.password.empty());
  const RedisAddress full = parse_redis_url("REDIS://me:s%2Fx@[::1]:7000/12");
  CHECK(full.user == "me");
  CHECK(full.password == "s/x");
  CHECK(full.host == "::1");
  CHECK(full.port == 7000);
  CHECK(full.database == 12);
  CHECK(full.shown().find("s/x") == std::string::npos);
  CHECK(is_redis_url("redis://h"));
  CHECK_FALSE(is_redis_url("answers.db"));
  CHECK_ERROR(parse_redis_url("rediss://h"), ErrorKind::usage, "TLS");
  for (const char* wrong : {"http://h", "redis://", "redis://:1", "redis://h:0", "redis://h:70000",
                            "redis://h/x", "redis://h/-1", "redis://secret@h"})
    CHECK_ERROR(parse_redis_url(wrong), ErrorKind::usage, "redis://HOST:PORT/DATABASE");
}

TEST_CASE("nobody there is Error{unavailable}") {
  CHECK_ERROR(RedisClient(parse_redis_url("redis://127.0.0.1:1")), ErrorKind::unavailable,
              "redis://127.0.0.1:1/0");
}
