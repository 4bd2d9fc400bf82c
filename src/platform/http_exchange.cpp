#include "platform/http_exchange.hpp"

#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/signals.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace mlopsctl {

namespace {

constexpr std::size_t error_body_limit = std::size_t{64} << 10U;
constexpr long buffer_size = 128L << 10;

template <class... Ts>
struct Cases : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Cases(Ts...) -> Cases<Ts...>;

long milliseconds(Milliseconds time) { return static_cast<long>(time.count()); }

std::string ca_bundle(const HttpTls& tls) {
  if (!tls.ca_bundle.empty()) return tls.ca_bundle.string();
  for (const char* name : {"CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

bool has_header(const HttpRequest& request, std::string_view name) {
  for (const auto& header : request.headers)
    if (to_lower(header.name) == name) return true;
  return false;
}

// What to do about it, for the failures that people meet.
std::string advice(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "check the host name and the network";
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "check http_proxy, https_proxy and all_proxy";
    case CURLE_COULDNT_CONNECT:
      return "is the server running, and are host and port right?";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return "if the server has a certificate of your own authority, name its bundle in "
             "CURL_CA_BUNDLE";
    case CURLE_SSL_CONNECT_ERROR:
      return "does the server speak TLS on this port?";
    default:
      return {};
  }
}

// Failures that are the same the next time.
bool is_lasting(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_LOGIN_DENIED:
    case CURLE_OUT_OF_MEMORY:
      return true;
    default:
      return false;
  }
}

}  // namespace

HttpExchange::HttpExchange(const HttpRequest& request, EasyHandle handle)
    : request_(request), handle_(std::move(handle)) {
  const std::string url = to_lower(std::string_view(request.url).substr(0, 8));
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    throw Error(ErrorKind::usage,
                fmt::format("{} is not a URL of http or https", quote(mask_secrets(request.url))));
  }
  set_up();
}

HttpExchange::~HttpExchange() {
  if (file_ >= 0) ::close(file_);
}

EasyHandle HttpExchange::release() {
  if (handle_) curl_library().easy_reset(handle_.get());
  return std::move(handle_);
}

void HttpExchange::set_up() {
  const CurlLibrary& curl = curl_library();
  CURL* const easy = handle_.get();
  curl.easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl.easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, message_.data());
  curl.easy_setopt(easy, CURLOPT_BUFFERSIZE, buffer_size);
  curl.easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, buffer_size);
  curl.easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl.easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request_.connect_timeout));
  curl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(request_.total_timeout));
  if (request_.stall_timeout.count() > 0) {
    curl.easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl.easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                     std::max(1L, milliseconds(request_.stall_timeout) / 1000));
  }
  curl.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, request_.redirects > 0 ? 1L : 0L);
  curl.easy_setopt(easy, CURLOPT_MAXREDIRS, static_cast<long>(request_.redirects));
  if (request_.proxy == "none") {
    curl.easy_setopt(easy, CURLOPT_PROXY, "");
  } else if (!request_.proxy.empty()) {
    curl.easy_setopt(easy, CURLOPT_PROXY, request_.proxy.c_str());
  }
  curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, &HttpExchange::on_header);
  curl.easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, &HttpExchange::on_body);
  curl.easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl.easy_setopt(easy, CURLOPT_PRIVATE, this);
  set_body();
  set_headers();
  set_tls();
}

void HttpExchange::set_headers() {
  const CurlLibrary& curl = curl_library();
  curl_slist* list = nullptr;
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl.slist_append(list, line.c_str());
    if (longer == nullptr) throw Error(ErrorKind::bug, "out of memory for a header");
    list = longer;
  };
  for (const auto& header : request_.headers) {
    if (header.name.find_first_of("\r\n:") != std::string::npos ||
        header.value.find_first_of("\r\n") != std::string::npos) {
      headers_.reset(list);
      throw Error(ErrorKind::usage,
                  fmt::format("the header {} has a line break or a colon", quote(header.name)));
    }
    add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  // libcurl would wait for "100 Continue" before larger bodies, and guess a content type.
  if (!has_header(request_, "expect")) add("Expect:");
  if (!has_header(request_, "content-type")) add("Content-Type:");
  headers_.reset(list);
  curl.easy_setopt(handle_.get(), CURLOPT_HTTPHEADER, headers_.get());
  if (!has_header(request_, "user-agent")) {
    curl.easy_setopt(handle_.get(), CURLOPT_USERAGENT, "mlopsctl/" MLOPSCTL_VERSION);
  }
}

void HttpExchange::open_file(const FileRange& range) {
  file_ = ::open(range.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) {
    const int error = errno;
    throw Error(error == ENOENT ? ErrorKind::not_found : ErrorKind::io,
                fmt::format("cannot read {}: {}", quoted_path(range.path), std::strerror(error)));
  }
}

void HttpExchange::set_body() {
  const CurlLibrary& curl = curl_library();
  CURL* const easy = handle_.get();
  const auto stream = [&](std::uint64_t size) {
    curl.easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl.easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
    curl.easy_setopt(easy, CURLOPT_READFUNCTION, &HttpExchange::on_read);
    curl.easy_setopt(easy, CURLOPT_READDATA, this);
    curl.easy_setopt(easy, CURLOPT_SEEKFUNCTION, &HttpExchange::on_seek);
    curl.easy_setopt(easy, CURLOPT_SEEKDATA, this);
  };
  std::visit(Cases{[&](std::monostate) {
                     if (request_.method == "HEAD") {
                       curl.easy_setopt(easy, CURLOPT_NOBODY, 1L);
                     } else if (request_.method == "POST" || request_.method == "PUT") {
                       // an explicit Content-Length: 0, which some servers insist on
                       curl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{0});
                       curl.easy_setopt(easy, CURLOPT_POSTFIELDS, "");
                     }
                   },
                   [&](const std::string& bytes) {
                     curl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                      static_cast<curl_off_t>(bytes.size()));
                     curl.easy_setopt(easy, CURLOPT_POSTFIELDS, bytes.data());
                   },
                   [&](const FileRange& range) {
                     open_file(range);
                     stream(range.size);
                   },
                   [&](const BodySource& source) {
                     if (source.rewind) source.rewind();
                     stream(source.size);
                   }},
             request_.body);
  if (request_.method != "HEAD")
    curl.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void HttpExchange::set_tls() {
  const CurlLibrary& curl = curl_library();
  CURL* const easy = handle_.get();
  if (!request_.tls.verify) {
    curl.easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl.easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    return;
  }
  const std::string bundle = ca_bundle(request_.tls);
  if (bundle.empty()) return;
  std::error_code ignored;
  curl.easy_setopt(easy, fs::is_directory(bundle, ignored) ? CURLOPT_CAPATH : CURLOPT_CAINFO,
                   bundle.c_str());
}

std::size_t HttpExchange::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<HttpExchange*>(self);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) {  // a new answer: after 100 Continue or a redirect
    exchange.response_.headers.clear();
    exchange.response_.body.clear();
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    exchange.response_.headers.push_back(
        {std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1)))});
  }
  return line.size();
}

std::size_t HttpExchange::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<HttpExchange*>(self);
  try {
    return exchange.take({data, size * count});
  } catch (...) {
    exchange.thrown_ = std::current_exception();
    return 0;
  }
}

std::size_t HttpExchange::take(std::string_view bytes) {
  long status = 0;
  curl_library().easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  received_ += bytes.size();
  if (status < 200 || status >= 300) {
    const std::size_t room = error_body_limit - std::min(error_body_limit, response_.body.size());
    response_.body.append(bytes.substr(0, room));
    return bytes.size();
  }
  if (request_.sink) {
    sunk_ += bytes.size();
    request_.sink(bytes);
    return bytes.size();
  }
  if (response_.body.size() + bytes.size() > request_.max_body) {
    too_large_ = true;
    return 0;
  }
  response_.body.append(bytes);
  return bytes.size();
}

std::size_t HttpExchange::on_read(char* to, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<HttpExchange*>(self);
  try {
    return exchange.give(to, size * count);
  } catch (...) {
    exchange.thrown_ = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

std::size_t HttpExchange::give(char* to, std::size_t most) {
  std::size_t got = 0;
  if (const auto* source = std::get_if<BodySource>(&request_.body)) {
    got = source->read(to, most);
  } else if (const auto* range = std::get_if<FileRange>(&request_.body)) {
    const std::size_t left = static_cast<std::size_t>(range->size - sent_);
    const ssize_t read =
        ::pread(file_, to, std::min(most, left), static_cast<off_t>(range->offset + sent_));
    if (read < 0 || (read == 0 && left > 0)) {
      throw Error(ErrorKind::io,
                  fmt::format("cannot read {}: {}", quoted_path(range->path),
                              read < 0 ? std::strerror(errno) : "it became shorter meanwhile"));
    }
    got = static_cast<std::size_t>(read);
  }
  sent_ += got;
  return got;
}

int HttpExchange::on_seek(void* self, curl_off_t offset, int origin) {
  auto& exchange = *static_cast<HttpExchange*>(self);
  if (origin != SEEK_SET || offset != 0) return CURL_SEEKFUNC_CANTSEEK;
  return exchange.rewind() ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

bool HttpExchange::rewind() {
  sent_ = 0;
  const auto* source = std::get_if<BodySource>(&request_.body);
  if (source == nullptr) return true;
  if (!source->rewind) return false;
  source->rewind();
  return true;
}

void HttpExchange::fail(CURLcode code) {
  if (thrown_) std::rethrow_exception(thrown_);
  check_interrupt();
  const std::string url = mask_secrets(request_.url);
  if (too_large_) {
    throw Error(ErrorKind::io, fmt::format("the answer of {} is larger than {}", url,
                                           human_bytes(request_.max_body)));
  }
  const char* text = message_[0] != '\0' ? message_.data() : curl_library().easy_strerror(code);
  const ErrorKind kind = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL
                             ? ErrorKind::usage
                         : is_lasting(code) ? ErrorKind::io
                                            : ErrorKind::unavailable;
  throw Error(kind, fmt::format("{} {}: {}", request_.method, url, mask_secrets(text)),
              advice(code));
}

HttpResponse HttpExchange::finish(CURLcode code) {
  if (code != CURLE_OK) fail(code);
  long status = 0;
  char* url = nullptr;
  curl_library().easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_library().easy_getinfo(handle_.get(), CURLINFO_EFFECTIVE_URL, &url);
  response_.status = static_cast<int>(status);
  if (url != nullptr) response_.url = url;
  return std::move(response_);
}

}  // namespace mlopsctl
