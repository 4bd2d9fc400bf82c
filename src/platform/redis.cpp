#include "mlopsctl/platform/redis.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/http.hpp"
#include "mlopsctl/platform/signals.hpp"

#include <fmt/format.h>

#include <hiredis/hiredis.h>

#include <cerrno>
#include <cstdlib>

namespace mlopsctl {

namespace {

struct FreeContext {
  void operator()(redisContext* context) const { ::redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { ::freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;
using Command = std::vector<std::string>;

timeval to_timeval(Milliseconds time) {
  return {.tv_sec = time.count() / 1000, .tv_usec = time.count() % 1000 * 1000};
}

std::string text_of(const redisReply& reply) { return {reply.str, reply.len}; }

}  // namespace

std::string RedisAddress::shown() const {
  return fmt::format("redis://{}:{}/{}", host, port, database);
}

bool is_redis_url(std::string_view text) {
  const std::string begin = to_lower(text.substr(0, 9));
  return begin.starts_with("redis://") || begin.starts_with("rediss://");
}

RedisAddress parse_redis_url(std::string_view url) {
  const auto refuse = [](const char* why) {  // the URL may have a password: it is not shown
    throw Error(ErrorKind::usage, fmt::format("the address of Redis {}", why),
                "write redis://HOST:PORT/DATABASE; a password in $REDISCLI_AUTH stays out of the "
                "list of processes");
  };
  const std::string begin = to_lower(url.substr(0, 9));
  if (begin.starts_with("rediss://")) refuse("asks for TLS, which this program does not speak");
  if (!begin.starts_with("redis://")) refuse("is no redis:// URL");
  url.remove_prefix(8);
  RedisAddress address;
  if (const auto slash = url.find('/'); slash != std::string_view::npos) {
    const std::string_view path = url.substr(slash + 1);
    const auto number = path.empty() ? std::optional<std::int64_t>(0) : parse_integer(path);
    if (!number || *number < 0 || *number > 1'000'000) refuse("has no number as its database");
    address.database = static_cast<int>(*number);
    url = url.substr(0, slash);
  }
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    const std::string_view who = url.substr(0, at);
    const auto colon = who.find(':');
    if (colon == std::string_view::npos) refuse("has a user without a password");
    address.user = percent_decode(who.substr(0, colon));
    address.password = percent_decode(who.substr(colon + 1));
    url.remove_prefix(at + 1);
  } else if (const char* password = std::getenv("REDISCLI_AUTH")) {
    address.password = password;
  }
  const auto colon = url.ends_with(']') ? std::string_view::npos : url.rfind(':');
  if (colon != std::string_view::npos) {
    const auto port = parse_integer(url.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) refuse("has no port from 1 to 65535");
    address.port = static_cast<int>(*port);
    url = url.substr(0, colon);
  }
  if (url.starts_with('[') && url.ends_with(']')) url = url.substr(1, url.size() - 2);
  if (url.empty()) refuse("names no host");
  address.host = url;
  return address;
}

struct RedisClient::State {
  std::string shown;
  std::unique_ptr<redisContext, FreeContext> context;

  [[noreturn]] void fail(const std::string& why) {
    context.reset();
    throw Error(ErrorKind::unavailable, fmt::format("Redis at {}: {}", shown, why),
                "is it running there? 'redis-cli -u URL ping' tells");
  }
  void send(const Command& command) {
    std::vector<const char*> words;
    std::vector<std::size_t> sizes;
    for (const std::string& word : command) {
      words.push_back(word.data());
      sizes.push_back(word.size());
    }
    if (!context || ::redisAppendCommandArgv(context.get(), static_cast<int>(words.size()),
                                             words.data(), sizes.data()) != REDIS_OK)
      fail("the connection is gone");
  }
  Reply receive() {
    void* raw = nullptr;
    if (::redisGetReply(context.get(), &raw) != REDIS_OK || raw == nullptr) {
      const bool slow = context->err == REDIS_ERR_IO && errno == EAGAIN;
      fail(slow ? "no answer in time" : context->errstr);
    }
    Reply reply(static_cast<redisReply*>(raw));
    if (reply->type == REDIS_REPLY_ERROR) fail(shortened(printable(text_of(*reply)), 200));
    return reply;
  }
  Reply ask(const Command& command) {
    send(command);
    return receive();
  }
  // Calls `take` with the keys that begin so, some at a time.
  template <class Take>
  void scan(const std::string& prefix, Take take) {
    std::string cursor = "0";
    do {
      const Reply reply = ask({"SCAN", cursor, "MATCH", prefix + "*", "COUNT", "1000"});
      if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
          reply->element[0]->type != REDIS_REPLY_STRING)
        fail("an answer to SCAN that is none");
      cursor = text_of(*reply->element[0]);
      Command keys;
      for (std::size_t i = 0; i < reply->element[1]->elements; ++i)
        keys.push_back(text_of(*reply->element[1]->element[i]));
      if (!keys.empty()) take(keys);
    } while (cursor != "0");
  }
};

RedisClient::RedisClient(const RedisAddress& address, Milliseconds timeout)
    : state_(std::make_unique<State>()) {
  ignore_broken_pipes();  // hiredis writes as to a file
  State& state = *state_;
  state.shown = address.shown();
  const timeval time = to_timeval(timeout);
  state.context.reset(::redisConnectWithTimeout(address.host.c_str(), address.port, time));
  if (!state.context) state.fail("out of memory");
  if (state.context->err != 0) state.fail(state.context->errstr);
  ::redisSetTimeout(state.context.get(), time);
  if (!address.password.empty()) {
    Command login{"AUTH"};
    if (!address.user.empty()) login.push_back(address.user);
    login.push_back(address.password);
    state.ask(login);
  }
  if (address.database != 0) state.ask({"SELECT", std::to_string(address.database)});
}

RedisClient::RedisClient(RedisClient&&) noexcept = default;
RedisClient::~RedisClient() = default;

std::vector<std::optional<std::string>> RedisClient::get(std::span<const std::string> keys) {
  std::vector<std::optional<std::string>> values(keys.size());
  if (keys.empty()) return values;
  Command command{"MGET"};
  command.insert(command.end(), keys.begin(), keys.end());
  const Reply reply = state_->ask(command);
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != keys.size())
    state_->fail("an answer to MGET that is none");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const redisReply& one = *reply->element[i];
    if (one.type == REDIS_REPLY_STRING) values[i] = text_of(one);
  }
  return values;
}

void RedisClient::set(std::span<const Entry> entries) {
  for (const Entry& entry : entries) state_->send({"SET", entry.key, entry.value});
  for (std::size_t i = 0; i < entries.size(); ++i) state_->receive();
}

std::uint64_t RedisClient::count(const std::string& prefix) {
  std::uint64_t found = 0;
  state_->scan(prefix, [&](const Command& keys) { found += keys.size(); });
  return found;
}

std::uint64_t RedisClient::remove(const std::string& prefix) {
  std::uint64_t removed = 0;
  state_->scan(prefix, [&](const Command& keys) {
    Command command{"UNLINK"};
    command.insert(command.end(), keys.begin(), keys.end());
    const Reply reply = state_->ask(command);
    if (reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
      removed += static_cast<std::uint64_t>(reply->integer);
  });
  return removed;
}

}  // namespace mlopsctl
