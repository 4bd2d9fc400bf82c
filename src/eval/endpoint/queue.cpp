#include "eval/endpoint/queue.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"

#include "eval/endpoint/answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlopsctl {

namespace {

constexpr Milliseconds longest_turn{100};
constexpr Milliseconds longest_retry_after{600'000};
// What a server may not know, and what is done then.
constexpr std::array optional_fields{"max_completion_tokens", "stream_options", "ignore_eos",
                                     "seed"};

bool names(std::string_view message, std::string_view field) {
  const auto is_part = [&](std::size_t at) {
    return at < message.size() &&
           (message[at] == '_' || (message[at] >= 'a' && message[at] <= 'z'));
  };
  for (auto at = message.find(field); at != std::string_view::npos;
       at = message.find(field, at + 1)) {
    if ((at == 0 || !is_part(at - 1)) && !is_part(at + field.size())) return true;
  }
  return false;
}

}  // namespace

EndpointQueue::EndpointQueue(const EndpointOptions& options, Progress& progress)
    : options_(options),
      progress_(progress),
      limit_(options.requests_per_second, options.tokens_per_minute),
      engine_({.in_flight = std::max<std::size_t>(1, options.concurrency)}) {}

double EndpointQueue::now() const {
  return std::chrono::duration<double>(Clock::now() - began_).count();
}

void EndpointQueue::submit(EndpointCall call) {
  auto one = std::make_shared<Waiting>();
  one->call = std::move(call);
  one->answers_before = answers_;
  ready_.push_back(std::move(one));
}

HttpRequest EndpointQueue::request_of(Waiting& one) {
  one.refused = refused_;
  HttpRequest request{.method = one.call.method,
                      .url = one.call.url,
                      .headers = {{"Accept", "application/json, text/event-stream"}},
                      .connect_timeout = std::min(Milliseconds{30'000}, options_.timeout),
                      .stall_timeout = options_.timeout};
  if (!options_.api_key.empty())
    request.headers.push_back({"Authorization", "Bearer " + options_.api_key});
  if (one.call.body) {
    request.headers.push_back({"Content-Type", "application/json"});
    request.body = one.call.body(one.refused);
  }
  request.sink = one.call.sink;
  if (one.call.sent) one.call.sent();
  return request;
}

void EndpointQueue::start(const Handle& one) {
  ++active_;
  limit_.start(one->call.tokens, Clock::now());
  engine_.submit({.prepare = [this, one] { return request_of(*one); },
                  .finished =
                      [this, one](HttpResponse* response, const std::exception_ptr& error) {
                        --active_;
                        over(one, response, error);
                        return std::optional<Milliseconds>();
                      }});
}

void EndpointQueue::start_what_may() {
  const auto time = Clock::now();
  while (!delayed_.empty() && delayed_.begin()->first <= time) {
    ready_.push_front(std::move(delayed_.begin()->second));
    delayed_.erase(delayed_.begin());
  }
  while (!ready_.empty() && active_ < std::max<std::size_t>(1, options_.concurrency) &&
         limit_.free_at() <= Clock::now()) {
    const Handle one = std::move(ready_.front());
    ready_.pop_front();
    start(one);
  }
}

void EndpointQueue::turn(Milliseconds most) {
  if (fatal_) std::rethrow_exception(fatal_);  // whoever waits for the others may be gone
  start_what_may();
  auto end = Clock::now() + std::min(most, longest_turn);
  if (!delayed_.empty()) end = std::min(end, delayed_.begin()->first);
  if (!ready_.empty() && limit_.free_at() > Clock::now()) end = std::min(end, limit_.free_at());
  const auto left = std::max(Milliseconds{0}, std::chrono::ceil<Milliseconds>(end - Clock::now()));
  try {
    if (active_ > 0) {
      engine_.turn(left);
    } else {
      interruptible_wait(left);  // for a limit, or to try again
    }
  } catch (...) {
    if (!fatal_) fatal_ = std::current_exception();
  }
  if (fatal_) std::rethrow_exception(fatal_);
}

void EndpointQueue::finish() {
  while (pending() > 0) turn(longest_turn);
}

// Error texts of servers and of libcurl quote what they were sent.
std::string EndpointQueue::scrubbed(std::string text) const {
  if (!options_.api_key.empty()) {
    for (std::size_t at = text.find(options_.api_key); at != std::string::npos;
         at = text.find(options_.api_key, at))
      text.replace(at, options_.api_key.size(), masked);
  }
  return mask_secrets(text);
}

bool EndpointQueue::again(const Handle& one, std::optional<Milliseconds> least) {
  ++one->failures;
  if (one->failures > options_.retries) return false;
  const RetryPolicy policy{.first_delay = options_.first_retry,
                           .longest_delay = options_.longest_retry};
  Milliseconds delay = retry_delay(policy, one->failures);
  const auto time = Clock::now();
  if (least) {  // the server is busy with everybody; the random part keeps the others apart
    delay += std::min(*least, longest_retry_after);
    limit_.hold_until(time + std::min(*least, longest_retry_after));
  }
  delayed_.emplace(time + delay, one);
  return true;
}

// A 400 that names a field which a request can do without: again without it.
bool EndpointQueue::leave_out(Waiting& one, const std::string& message) {
  for (const char* field : optional_fields) {
    if (!names(message, field) || one.refused.contains(field)) continue;
    // max_completion_tokens is what a server wants instead of max_tokens: nothing is left out
    if (refused_.insert(field).second && std::string_view(field) != "max_completion_tokens")
      progress_.note(fmt::format("the server does not know {}: left out", quote(field)));
    return true;
  }
  return false;
}

void EndpointQueue::fail_for_all(const HttpResponse& response, const std::string& message,
                                 const Waiting& one) {
  const std::string said = message.empty() ? "" : ": " + message;
  const std::string url = mask_secrets(one.call.url);
  if (response.status == 401 || response.status == 403) {
    const char* hint =
        options_.api_key.empty()
            ? "export OPENAI_API_KEY, or name another variable with --api-key-env"
            : "is the key in OPENAI_API_KEY (or --api-key-env) meant for this server?";
    throw Error(ErrorKind::config,
                fmt::format("{} refuses the API key ({}){}", url, response.status, said), hint);
  }
  if (response.status == 404 || response.status == 405) {
    throw Error(
        ErrorKind::not_found, fmt::format("{} is not there ({}){}", url, response.status, said),
        "is the URL right, mostly http://HOST:PORT/v1, and the name of the model (--model)?");
  }
  if (response.status >= 300 && response.status < 400) {
    throw Error(ErrorKind::usage,
                fmt::format("{} redirects to {}", url,
                            quote(mask_secrets(response.header("location").value_or("nowhere")))),
                "name that URL: keys are not sent on to other places");
  }
}

void EndpointQueue::transport_failure(const Handle& one, const Error& error) {
  if (error.kind() == ErrorKind::unavailable && again(one, std::nullopt)) return;
  const std::string why = scrubbed(error.what());
  // Nothing came from the server since this was first sent: it is gone for the others as well.
  if (answers_ == one->answers_before && !tolerant_) throw Error(error.kind(), why, error.hint());
  one->call.done(nullptr, why);
}

void EndpointQueue::over(const Handle& one, HttpResponse* response,
                         const std::exception_ptr& error) {
  if (fatal_) return;
  try {
    if (error) {
      try {
        std::rethrow_exception(error);
      } catch (const Error& failure) {
        transport_failure(one, failure);
      }
      return;
    }
    ++answers_;
    const int status = response->status;
    if (one->call.accepted.contains(status)) return one->call.done(response, "");
    if (response->ok()) {
      const auto fault = one->call.check ? one->call.check(*response) : std::nullopt;
      if (fault && fault->transient && again(one, std::nullopt)) return;
      return one->call.done(response, fault ? scrubbed(fault->message) : "");
    }
    const std::string message = scrubbed(error_message(response->body));
    if ((status == 400 || status == 422) && leave_out(*one, message)) {
      ready_.push_front(one);
      return;
    }
    if (is_transient(status) && again(one, retry_after(*response, mlopsctl::now()))) return;
    if (!tolerant_) fail_for_all(*response, message, *one);
    one->call.done(response, fmt::format("the server answered {}{}{}", status,
                                         message.empty() ? "" : ": ", message));
  } catch (...) {
    fatal_ = std::current_exception();
  }
}

}  // namespace mlopsctl
