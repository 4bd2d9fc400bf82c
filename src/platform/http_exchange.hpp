// One attempt at one request on a libcurl handle: sets the handle up, collects the answer, says
// what went wrong. Used by the client for one request and by the engine for many.
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/http.hpp"

#include "platform/http_library.hpp"

#include <array>
#include <exception>

namespace mlopsctl {

class HttpExchange {
 public:
  // The request must outlive the exchange. Throws Error{usage} if the URL is none.
  HttpExchange(const HttpRequest& request, EasyHandle handle);
  ~HttpExchange();
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  CURL* handle() const { return handle_.get(); }
  // After libcurl is done with it: the answer, or throws as HttpClient says.
  HttpResponse finish(CURLcode code);
  // Takes the handle back, for the next request on it.
  EasyHandle release();

  bool sink_was_given_bytes() const { return sunk_ > 0; }
  std::uint64_t received() const { return received_; }
  std::uint64_t sent() const { return sent_; }

 private:
  void set_up();
  void set_headers();
  void set_body();
  void set_tls();
  void open_file(const FileRange& range);
  [[noreturn]] void fail(CURLcode code);

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_read(char* to, std::size_t size, std::size_t count, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  std::size_t take(std::string_view bytes);
  std::size_t give(char* to, std::size_t most);
  bool rewind();

  const HttpRequest& request_;
  EasyHandle handle_;
  HeaderList headers_;
  std::array<char, CURL_ERROR_SIZE> message_{};
  HttpResponse response_;
  std::exception_ptr thrown_;  // by a callback of the caller
  bool too_large_ = false;
  std::uint64_t sunk_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;  // of the body, by this attempt
  int file_ = -1;
};

}  // namespace mlopsctl
