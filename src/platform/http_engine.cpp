#include "mlopsctl/platform/http_engine.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/signals.hpp"

#include "platform/http_exchange.hpp"

#include <fmt/format.h>

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mlopsctl {

namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds burst{200};
constexpr Milliseconds longest_wait{100};  // how soon Ctrl-C is noticed at the latest

// One attempt. The request must stay where it is while libcurl works on it.
struct Active {
  HttpJob job;
  HttpRequest request;
  std::unique_ptr<HttpExchange> exchange;
  std::uint64_t paid = 0;  // bytes that the bandwidth limit knows of

  // Bytes moved since the last call.
  std::uint64_t unpaid() {
    const auto* text = std::get_if<std::string>(&request.body);
    const std::uint64_t moved =
        exchange->received() + exchange->sent() + (text != nullptr ? text->size() : 0);
    const std::uint64_t before = std::exchange(paid, std::max(paid, moved));
    return paid - before;
  }
};

}  // namespace

struct HttpEngine::State {
  HttpEngineOptions options;
  const CurlLibrary& curl = need_curl();
  MultiHandle multi;
  int epoll = -1;
  Clock::time_point timer = Clock::time_point::max();  // when libcurl wants to be called
  std::deque<HttpJob> waiting;
  std::multimap<Clock::time_point, HttpJob> delayed;
  std::unordered_map<CURL*, std::unique_ptr<Active>> active;
  std::vector<EasyHandle> idle;
  Clock::time_point paid_until = Clock::now();  // what was moved is paid for with time
  bool progressed = false;

  explicit State(const HttpEngineOptions& o) : options(o), multi(curl.multi_init()) {
    epoll = ::epoll_create1(EPOLL_CLOEXEC);
    if (!multi || epoll < 0) throw Error(ErrorKind::bug, "no handle for network access");
    options.in_flight = std::max<std::size_t>(1, options.in_flight);
    CURLM* const handle = multi.get();
    curl.multi_setopt(handle, CURLMOPT_SOCKETFUNCTION, &State::on_socket);
    curl.multi_setopt(handle, CURLMOPT_SOCKETDATA, this);
    curl.multi_setopt(handle, CURLMOPT_TIMERFUNCTION, &State::on_timer);
    curl.multi_setopt(handle, CURLMOPT_TIMERDATA, this);
    curl.multi_setopt(handle, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    curl.multi_setopt(handle, CURLMOPT_MAXCONNECTS, static_cast<long>(options.in_flight));
  }
  ~State() {
    for (auto& [handle, one] : active) curl.multi_remove_handle(multi.get(), handle);
    active.clear();
    idle.clear();
    multi.reset();
    if (epoll >= 0) ::close(epoll);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known);
  static int on_timer(CURLM*, long milliseconds, void* self);

  void start(HttpJob job);
  void start_what_may();
  void over(Active& one, HttpResponse* response, std::exception_ptr error);
  void collect();
  void wait(Clock::time_point end);
  void pay(std::uint64_t bytes);
};

int HttpEngine::State::on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
  auto& state = *static_cast<State*>(self);
  if (what == CURL_POLL_REMOVE) {
    ::epoll_ctl(state.epoll, EPOLL_CTL_DEL, socket, nullptr);
    return 0;
  }
  epoll_event event{};
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  event.data.fd = socket;
  if (known == nullptr) {
    ::epoll_ctl(state.epoll, EPOLL_CTL_ADD, socket, &event);
    state.curl.multi_assign(state.multi.get(), socket, self);  // any pointer: it is watched
  } else {
    ::epoll_ctl(state.epoll, EPOLL_CTL_MOD, socket, &event);
  }
  return 0;
}

int HttpEngine::State::on_timer(CURLM*, long milliseconds, void* self) {
  auto& state = *static_cast<State*>(self);
  state.timer = milliseconds < 0 ? Clock::time_point::max()
                                 : Clock::now() + std::chrono::milliseconds(milliseconds);
  return 0;
}

void HttpEngine::State::start(HttpJob job) {
  auto one = std::make_unique<Active>();
  one->job = std::move(job);
  try {
    one->request = one->job.prepare();
    EasyHandle handle;
    if (idle.empty()) {
      handle.reset(curl.easy_init());
    } else {
      handle = std::move(idle.back());
      idle.pop_back();
    }
    one->exchange = std::make_unique<HttpExchange>(one->request, std::move(handle));
  } catch (const Error&) {
    over(*one, nullptr, std::current_exception());
    return;
  }
  CURL* const handle = one->exchange->handle();
  if (options.bandwidth > 0) {
    const auto share =
        static_cast<curl_off_t>(std::max<std::uint64_t>(1, options.bandwidth / options.in_flight));
    curl.easy_setopt(handle, CURLOPT_MAX_RECV_SPEED_LARGE, share);
    curl.easy_setopt(handle, CURLOPT_MAX_SEND_SPEED_LARGE, share);
  }
  curl.multi_add_handle(multi.get(), handle);
  active.emplace(handle, std::move(one));
}

void HttpEngine::State::start_what_may() {
  const auto now = Clock::now();
  while (!delayed.empty() && delayed.begin()->first <= now) {
    waiting.push_front(std::move(delayed.begin()->second));
    delayed.erase(delayed.begin());
  }
  while (!waiting.empty() && active.size() < options.in_flight && paid_until <= Clock::now()) {
    HttpJob job = std::move(waiting.front());
    waiting.pop_front();
    start(std::move(job));
  }
}

// Bytes cost time, of which a little may be used in advance; requests start when it is paid.
void HttpEngine::State::pay(std::uint64_t bytes) {
  if (options.bandwidth == 0) return;
  const std::chrono::duration<double> time(static_cast<double>(bytes) /
                                           static_cast<double>(options.bandwidth));
  paid_until = std::max(paid_until, Clock::now() - burst) +
               std::chrono::duration_cast<Clock::duration>(time);
}

void HttpEngine::State::over(Active& one, HttpResponse* response, std::exception_ptr error) {
  if (const auto again = one.job.finished(response, std::move(error))) {
    delayed.emplace(Clock::now() + *again, std::move(one.job));
  } else {
    progressed = true;
  }
}

void HttpEngine::State::collect() {
  int left = 0;
  while (const CURLMsg* message = curl.multi_info_read(multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const handle = message->easy_handle;
    const CURLcode code = message->data.result;
    const auto place = active.find(handle);
    const std::unique_ptr<Active> one = std::move(place->second);
    active.erase(place);
    curl.multi_remove_handle(multi.get(), handle);
    pay(one->unpaid());
    std::optional<HttpResponse> response;
    std::exception_ptr error;
    try {
      response = one->exchange->finish(code);
    } catch (const Error& failure) {
      if (failure.kind() == ErrorKind::interrupted) throw;
      error = std::current_exception();
    }
    idle.push_back(one->exchange->release());
    over(*one, response ? &*response : nullptr, error);
  }
}

// Until something happens on a connection, a timer is due, or the end.
void HttpEngine::State::wait(Clock::time_point end) {
  end = std::min(end, timer);
  if (!delayed.empty()) end = std::min(end, delayed.begin()->first);
  if (!waiting.empty() && paid_until > Clock::now()) end = std::min(end, paid_until);
  const auto left = std::chrono::ceil<Milliseconds>(end - Clock::now());
  std::array<epoll_event, 64> events{};
  const int count =
      ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()),
                   static_cast<int>(std::clamp(left, Milliseconds{0}, longest_wait).count()));
  int running = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    int what = 0;
    if ((event.events & EPOLLIN) != 0) what |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) what |= CURL_CSELECT_ERR;
    curl.multi_socket_action(multi.get(), event.data.fd, what, &running);
  }
  if (timer <= Clock::now()) {
    timer = Clock::time_point::max();
    curl.multi_socket_action(multi.get(), CURL_SOCKET_TIMEOUT, 0, &running);
  }
  if (options.bandwidth == 0) return;
  for (auto& [handle, one] : active) pay(one->unpaid());
}

HttpEngine::HttpEngine(const HttpEngineOptions& options)
    : state_(std::make_unique<State>(options)) {}

HttpEngine::~HttpEngine() = default;

void HttpEngine::submit(HttpJob job) {
  if (job.urgent) {
    state_->waiting.push_front(std::move(job));
  } else {
    state_->waiting.push_back(std::move(job));
  }
}

std::size_t HttpEngine::pending() const {
  return state_->waiting.size() + state_->delayed.size() + state_->active.size();
}

void HttpEngine::turn(Milliseconds most) {
  State& state = *state_;
  const auto end = Clock::now() + most;
  state.progressed = false;
  for (;;) {
    check_interrupt();
    state.start_what_may();
    if (state.progressed || pending() == 0) return;
    state.wait(end);
    state.collect();
    if (state.progressed || Clock::now() >= end) return;
  }
}

}  // namespace mlopsctl
