// Hundreds of HTTP requests at once on one thread, over connections that are kept open.
#pragma once

#include "mlopsctl/platform/http.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <optional>

namespace mlopsctl {

// One request with its repetitions, as its owner decides them.
struct HttpJob {
  // Called before every attempt, so that a signature is fresh. May throw: then `finished` gets it.
  std::function<HttpRequest()> prepare;
  // Called after every attempt with the answer or what HttpClient::send would have thrown.
  // A time: try again after it. Nothing: the job is over.
  std::function<std::optional<Milliseconds>(HttpResponse* response, std::exception_ptr error)>
      finished;
  bool urgent = false;  // before those that wait
};

struct HttpEngineOptions {
  std::size_t in_flight = 64;
  std::uint64_t bandwidth = 0;  // bytes per second, both directions together; 0: no limit
};

// Belongs to one thread. Callbacks run inside turn(), sinks too, and may submit more jobs.
class HttpEngine {
 public:
  explicit HttpEngine(const HttpEngineOptions& options);
  ~HttpEngine();  // breaks off what is under way, without calling anybody
  HttpEngine(const HttpEngine&) = delete;
  HttpEngine& operator=(const HttpEngine&) = delete;

  void submit(HttpJob job);
  std::size_t pending() const;
  // Works until at least one job was over or `most` has passed. Throws Error{interrupted}, and what
  // callbacks throw.
  void turn(Milliseconds most);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl
