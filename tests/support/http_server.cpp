#include "support/http_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace mlopsctl::testing {

namespace {

// One connection with what was read beyond the request before.
class Stream {
 public:
  explicit Stream(int fd) : fd_(fd) {}

  std::optional<std::string> line() {
    for (;;) {
      if (const auto end = buffer_.find("\r\n"); end != std::string::npos) {
        std::string text = buffer_.substr(0, end);
        buffer_.erase(0, end + 2);
        return text;
      }
      if (!more()) return std::nullopt;
    }
  }
  std::optional<std::string> bytes(std::size_t size) {
    while (buffer_.size() < size)
      if (!more()) return std::nullopt;
    std::string text = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return text;
  }
  std::string rest() { return std::move(buffer_); }
  bool send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t put = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }

 private:
  bool more() {
    std::array<char, 65536> block{};
    const ssize_t got = ::recv(fd_, block.data(), block.size(), 0);
    if (got <= 0) return false;
    buffer_.append(block.data(), static_cast<std::size_t>(got));
    return true;
  }
  int fd_;
  std::string buffer_;
};

// False if the connection is to be closed.
bool send_pieces(const Stream& stream, const ServedResponse& response) {
  for (const auto& piece : response.pieces) {
    std::this_thread::sleep_for(piece.delay);
    std::array<char, 32> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", piece.bytes.size());
    if (!stream.send(size.data() + piece.bytes + "\r\n")) return false;
  }
  return !response.break_off && stream.send("0\r\n\r\n");
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::optional<ServedRequest> read_request(Stream& stream) {
  const auto first = stream.line();
  if (!first) return std::nullopt;
  ServedRequest request;
  const auto space = first->find(' ');
  request.method = first->substr(0, space);
  request.target = first->substr(space + 1, first->rfind(' ') - space - 1);
  for (;;) {
    const auto line = stream.line();
    if (!line) return std::nullopt;
    if (line->empty()) break;
    const auto colon = line->find(':');
    const auto value = line->find_first_not_of(' ', colon + 1);
    request.headers[lower(line->substr(0, colon))] =
        value == std::string::npos ? "" : line->substr(value);
  }
  if (const auto length = request.headers.find("content-length"); length != request.headers.end()) {
    auto body = stream.bytes(std::stoull(length->second));
    if (!body) return std::nullopt;
    request.body = std::move(*body);
  }
  return request;
}

}  // namespace

HttpServer::HttpServer(Handler handler, int port, bool keep_requests)
    : handler_(std::move(handler)), keep_requests_(keep_requests) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 512) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no loopback port for the test's server");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpServer::~HttpServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::scoped_lock lock(mutex_);
    for (const int connection : open_) ::shutdown(connection, SHUT_RDWR);
  }
  for (auto& [connection, thread] : threads_) thread.join();
  join_ended();
  ::close(listener_);
}

std::string HttpServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::vector<ServedRequest> HttpServer::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

void HttpServer::accept_all() {
  while (!stopping_) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    const int on = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++connections_;
    join_ended();
    const std::scoped_lock lock(mutex_);
    open_.insert(connection);
    threads_.emplace(connection, [this, connection] { serve(connection); });
  }
}

void HttpServer::join_ended() {
  std::vector<std::thread> ended;
  {
    const std::scoped_lock lock(mutex_);
    ended.swap(ended_);
  }
  for (auto& thread : ended) thread.join();
}

void HttpServer::serve(int connection) {
  Stream stream(connection);
  while (auto request = read_request(stream)) {
    if (keep_requests_) {
      const std::scoped_lock lock(mutex_);
      requests_.push_back(*request);
    }
    const ServedResponse response = handler_(*request);
    std::this_thread::sleep_for(response.delay);
    if (response.drop) break;
    if (response.take_over) {
      response.take_over(connection, stream.rest());
      break;
    }
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " Status\r\n";
    bool has_length = false;
    for (const auto& [name, value] : response.headers) {
      head += name + ": " + value + "\r\n";
      has_length = has_length || lower(name) == "content-length";
    }
    const bool in_pieces = !response.pieces.empty() || response.break_off;
    if (in_pieces) {
      if (!stream.send(head + "Transfer-Encoding: chunked\r\n\r\n")) break;
      if (!send_pieces(stream, response)) break;
      continue;
    }
    if (!has_length && response.status != 204)
      head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    const std::string_view body = request->method == "HEAD" ? "" : std::string_view(response.body);
    if (!stream.send(head + "\r\n") || !stream.send(body.substr(0, response.cut_after))) break;
    if (response.cut_after < body.size()) break;
  }
  const std::scoped_lock lock(mutex_);
  open_.erase(connection);
  if (const auto own = threads_.find(connection); own != threads_.end() && !stopping_) {
    ended_.push_back(std::move(own->second));
    threads_.erase(own);
  }
  ::close(connection);
}

}  // namespace mlopsctl::testing
