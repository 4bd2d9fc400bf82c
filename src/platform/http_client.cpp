// Requests one after the other.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/signals.hpp"

#include "platform/http_exchange.hpp"

#include <fmt/format.h>

namespace mlopsctl {

namespace {

constexpr int poll_milliseconds = 100;  // how soon Ctrl-C is noticed

class CurlClient final : public HttpClient {
 public:
  HttpResponse send(const HttpRequest& request) override {
    const CurlLibrary& curl = need_curl();
    if (!multi_) multi_.reset(curl.multi_init());
    if (!idle_) idle_.reset(curl.easy_init());
    if (!multi_ || !idle_) throw Error(ErrorKind::bug, "libcurl gave no handle");
    HttpExchange exchange(request, std::move(idle_));
    const CURLcode code = perform(curl, exchange.handle());
    HttpResponse response = exchange.finish(code);
    idle_ = exchange.release();
    return response;
  }

 private:
  CURLcode perform(const CurlLibrary& curl, CURL* easy) {
    curl.multi_add_handle(multi_.get(), easy);
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;  // what it is if Ctrl-C ends the loop
    int running = 1;
    while (interrupted_by() == 0) {
      CURLMcode status = curl.multi_perform(multi_.get(), &running);
      if (status == CURLM_OK && running > 0)
        status = curl.multi_poll(multi_.get(), nullptr, 0, poll_milliseconds, nullptr);
      if (status != CURLM_OK) {
        curl.multi_remove_handle(multi_.get(), easy);
        throw Error(ErrorKind::bug, fmt::format("libcurl: {}", curl.multi_strerror(status)));
      }
      if (running > 0) continue;
      int left = 0;
      while (const CURLMsg* message = curl.multi_info_read(multi_.get(), &left))
        if (message->msg == CURLMSG_DONE) code = message->data.result;
      break;
    }
    curl.multi_remove_handle(multi_.get(), easy);
    return code;
  }

  MultiHandle multi_;  // owns the connections that are kept
  EasyHandle idle_;
};

}  // namespace

std::unique_ptr<HttpClient> make_http_client() { return std::make_unique<CurlClient>(); }

HttpResponse http_send(const HttpRequest& request, RetryPolicy policy) {
  return with_retries(make_http_client(), policy)->send(request);
}

}  // namespace mlopsctl
