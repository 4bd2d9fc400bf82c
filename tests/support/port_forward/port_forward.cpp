#include "support/port_forward/port_forward.hpp"

#include "support/port_forward/spdy_headers.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace mlopsctl::testing {

namespace {

constexpr std::uint32_t control = 0x80030000U;
constexpr std::uint32_t syn_stream = 1, syn_reply = 2, rst_stream = 3, ping = 6, go_away = 7;
constexpr std::uint32_t fin = 1;

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

// Empty at the end of the stream.
std::string receive(int fd) {
  std::array<char, 16384> block{};
  const ssize_t got = ::recv(fd, block.data(), block.size(), 0);
  return got <= 0 ? "" : std::string(block.data(), static_cast<std::size_t>(got));
}

class PortForward {
 public:
  PortForward(int connection, std::string read, const ConnectPod& connect)
      : connection_(connection), buffer_(std::move(read)), connect_(connect) {}
  ~PortForward() {
    for (const auto& [id, fd] : pods_) ::close(fd);
    ::close(connection_);
  }
  PortForward(const PortForward&) = delete;
  PortForward& operator=(const PortForward&) = delete;

  void serve() {
    while (read_frames()) {
      std::vector<pollfd> wait{{connection_, POLLIN, 0}};
      std::vector<std::uint32_t> ids{0};
      for (const auto& [id, fd] : pods_) {
        wait.push_back({fd, POLLIN, 0});
        ids.push_back(id);
      }
      if (::poll(wait.data(), wait.size(), -1) < 0) return;
      for (std::size_t i = 1; i < wait.size(); ++i)
        if (wait[i].revents != 0) from_pod(ids[i]);
      if (wait[0].revents == 0) continue;
      const std::string more = receive(connection_);
      if (more.empty()) return;
      buffer_ += more;
    }
  }

 private:
  // False when the client said that it goes.
  bool read_frames() {
    while (buffer_.size() >= 8) {
      const std::uint32_t first = big_endian(std::string_view(buffer_).substr(0, 4));
      const std::uint32_t second = big_endian(std::string_view(buffer_).substr(4, 4));
      const std::size_t size = second & 0xffffffU;
      if (buffer_.size() < 8 + size) return true;
      const std::string body = buffer_.substr(8, size);
      buffer_.erase(0, 8 + size);
      const bool last = ((second >> 24U) & fin) != 0;
      if ((first & 0x80000000U) == 0) {
        to_pod(first, body, last);
      } else if (!control_frame(first & 0xffffU, body)) {
        return false;
      }
    }
    return true;
  }

  bool control_frame(std::uint32_t type, const std::string& body) {
    if (type == go_away) return false;
    if (type == ping) send_control(ping, body);
    if (type == rst_stream) forget(big_endian(body.substr(0, 4)));
    if (type == syn_stream) {
      const std::uint32_t id = big_endian(body.substr(0, 4)) & 0x7fffffffU;
      send_control(syn_reply, big_endian(id) + headers_.write({}));
      opened(id, headers_.read(std::string_view(body).substr(10)));
    }
    return true;
  }

  void opened(std::uint32_t id, std::map<std::string, std::string> headers) {
    const std::string request = headers["requestid"];
    if (headers["streamtype"] == "error") {
      errors_[request] = id;
      return;
    }
    const std::uint32_t error = errors_[request];
    try {
      pods_[id] = connect_(std::stoi(headers["port"]));
      error_of_[id] = error;
    } catch (const std::runtime_error& problem) {
      send_data(error, problem.what(), true);
      send_data(id, "", true);
    }
  }

  void to_pod(std::uint32_t id, const std::string& bytes, bool last) {
    const auto found = pods_.find(id);
    if (found == pods_.end()) return;
    send_all(found->second, bytes);
    if (last) ::shutdown(found->second, SHUT_WR);
  }

  void from_pod(std::uint32_t id) {
    const std::string bytes = receive(pods_[id]);
    send_data(id, bytes, bytes.empty());
    if (!bytes.empty()) return;
    send_data(error_of_[id], "", true);
    forget(id);
  }

  void forget(std::uint32_t id) {
    const auto found = pods_.find(id);
    if (found == pods_.end()) return;
    ::close(found->second);
    pods_.erase(found);
  }

  void send_control(std::uint32_t type, const std::string& body) {
    send_all(connection_, big_endian(control | type) +
                              big_endian(static_cast<std::uint32_t>(body.size())) + body);
  }
  void send_data(std::uint32_t id, const std::string& bytes, bool last) {
    send_all(connection_,
             big_endian(id) +
                 big_endian((last ? fin << 24U : 0) | static_cast<std::uint32_t>(bytes.size())) +
                 bytes);
  }

  int connection_;
  std::string buffer_;
  const ConnectPod& connect_;
  SpdyHeaders headers_;
  std::map<std::string, std::uint32_t> errors_;      // request → stream of its errors
  std::map<std::uint32_t, int> pods_;                // stream → socket
  std::map<std::uint32_t, std::uint32_t> error_of_;  // stream → stream of its errors
};

}  // namespace

std::string port_forward_answer(std::string_view upgrade, bool& accepted) {
  std::string lower(upgrade);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  accepted = lower == "spdy/3.1";
  if (!accepted)
    return "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 28\r\n\r\n"
           "unable to upgrade: only SPDY";
  return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
         "X-Stream-Protocol-Version: portforward.k8s.io\r\n\r\n";
}

void serve_port_forward(int connection, std::string read, const ConnectPod& connect) {
  PortForward forward(connection, std::move(read), connect);
  try {
    forward.serve();
  } catch (const std::exception&) {  // what the client sent is no SPDY: the connection ends
  }
}

int connect_loopback(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  throw std::runtime_error("connection refused: 127.0.0.1:" + std::to_string(port));
}

}  // namespace mlopsctl::testing
