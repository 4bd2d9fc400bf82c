// Calls to one endpoint, many at once, as fast as its limits allow, repeated where that may help.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/eval/endpoint.hpp"
#include "mlopsctl/platform/http_engine.hpp"

#include "eval/endpoint/rate_limit.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace mlopsctl {

// Optional fields of a request that the server does not know: they are left out from then on.
using RefusedFields = std::set<std::string, std::less<>>;

struct CallFault {
  std::string message;
  bool transient = false;  // worth another attempt
};

struct EndpointCall {
  std::string method = "POST";
  std::string url;
  std::function<std::string(const RefusedFields&)> body;  // made for each attempt; unset: none
  std::uint64_t tokens = 0;                               // what a limit of tokens counts
  std::set<int> accepted;                      // statuses beside 2xx that are answers, not failures
  std::function<void()> sent;                  // an attempt begins: forget the one before
  std::function<void(std::string_view)> sink;  // the body of a 2xx; unset: the response has it
  // What is wrong with an answer of status 2xx.
  std::function<std::optional<CallFault>(const HttpResponse&)> check;
  // Once, at the end: an answer and no error, or an error and perhaps the answer that says so.
  std::function<void(const HttpResponse* response, const std::string& error)> done;
};

class EndpointQueue {
 public:
  EndpointQueue(const EndpointOptions& options, Progress& progress);

  void submit(EndpointCall call);
  std::size_t pending() const { return ready_.size() + delayed_.size() + active_; }
  // Works until a call is over or `most` has passed. Throws what makes every call fail: the key is
  // refused, the address is wrong, the server is gone.
  void turn(Milliseconds most);
  void finish();  // until nothing is pending

  // From now on every failure is that of its call, and turn() throws for nothing but Ctrl-C: a
  // server that is gone is something to measure.
  void tolerate_failures() { tolerant_ = true; }

  double now() const;  // seconds since this was made
  RateLimit& limit() { return limit_; }
  const RefusedFields& refused() const { return refused_; }

 private:
  using Clock = RateLimit::Clock;
  struct Waiting {
    EndpointCall call;
    int failures = 0;
    std::uint64_t answers_before = 0;  // of the server, when this was first sent
    RefusedFields refused;             // left out of the attempt that is under way
  };
  using Handle = std::shared_ptr<Waiting>;

  void start_what_may();
  void start(const Handle& one);
  HttpRequest request_of(Waiting& one);
  void over(const Handle& one, HttpResponse* response, const std::exception_ptr& error);
  void transport_failure(const Handle& one, const Error& error);
  bool again(const Handle& one, std::optional<Milliseconds> least);
  bool leave_out(Waiting& one, const std::string& message);
  void fail_for_all(const HttpResponse& response, const std::string& message, const Waiting& one);
  std::string scrubbed(std::string text) const;

  EndpointOptions options_;
  Progress& progress_;
  RateLimit limit_;
  RefusedFields refused_;
  std::uint64_t answers_ = 0;
  std::deque<Handle> ready_;
  std::multimap<Clock::time_point, Handle> delayed_;
  std::size_t active_ = 0;
  bool tolerant_ = false;
  std::exception_ptr fatal_;
  Clock::time_point began_ = Clock::now();
  HttpEngine engine_;
};

}  // namespace mlopsctl
