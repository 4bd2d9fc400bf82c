#include "support/cluster/pod_ports.hpp"

#include "support/port_forward/port_forward.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string_view>

namespace mlopsctl::testing {

namespace {

bool send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto put = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (put <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

}  // namespace

int real_port_of_pod(const std::string& url, const std::string& name_space,
                     const std::string& pod) {
  const int fd = connect_loopback(std::stoi(url.substr(url.rfind(':') + 1)));
  send_all(fd, "GET /apps/" + name_space + "/pods/" + pod + "/port HTTP/1.1\r\nHost: pods\r\n\r\n");
  ::shutdown(fd, SHUT_WR);
  std::string answer;
  std::array<char, 4096> block{};
  for (ssize_t got = 0; (got = ::recv(fd, block.data(), block.size(), 0)) > 0;)
    answer.append(block.data(), static_cast<std::size_t>(got));
  ::close(fd);
  const auto body = answer.find("\r\n\r\n");
  if (body == std::string::npos || answer.find(" 200 ") > answer.find("\r\n"))
    throw std::runtime_error("pod " + pod + " has no server");
  return std::stoi(answer.substr(body + 4));
}

void forward_ports(int connection, const std::string& upgrade, const std::string& read,
                   int real_port) {
  bool accepted = false;
  if (!send_all(connection, port_forward_answer(upgrade, accepted)) || !accepted) return;
  serve_port_forward(::dup(connection), read, [&](int) { return connect_loopback(real_port); });
}

}  // namespace mlopsctl::testing
