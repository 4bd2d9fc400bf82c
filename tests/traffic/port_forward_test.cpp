// The real kubectl forwards a port through our side of the protocol.
#include "support/port_forward/port_forward.hpp"

#include "mlopsctl/platform/http.hpp"
#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/platform/temporary_folder.hpp"

#include "support/http_server.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

using namespace mlopsctl;
using namespace mlopsctl::testing;

namespace {

std::string header(const std::string& head, const std::string& name) {
  const auto at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const auto begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

// As much of an API server as `kubectl port-forward pod/one` asks for.
class OnePod {
 public:
  explicit OnePod(int pod_port) : pod_port_(pod_port) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(listener_, 64);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] {
      for (;;) {
        const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0 || stopping_) return;
        served_.emplace_back([this, connection] { serve(connection); });
      }
    });
  }
  ~OnePod() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (auto& one : served_) one.join();
    ::close(listener_);
  }
  OnePod(const OnePod&) = delete;
  OnePod& operator=(const OnePod&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void serve(int connection) const {
    std::string head;
    std::array<char, 4096> block{};
    while (head.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = ::recv(connection, block.data(), block.size(), 0);
      if (got <= 0) break;
      head.append(block.data(), static_cast<std::size_t>(got));
    }
    const auto begin = head.find(' ') + 1;
    const std::string path = head.substr(begin, head.find_first_of(" ?", begin) - begin);
    if (path.find("/portforward") != std::string::npos) {
      bool accepted = false;
      send(connection, port_forward_answer(header(head, "Upgrade"), accepted));
      const std::string rest = head.substr(head.find("\r\n\r\n") + 4);
      if (!accepted) {
        ::close(connection);
        return;
      }
      serve_port_forward(connection, rest, [this](int port) {
        if (port != 8000) throw std::runtime_error("nothing listens on port of pod one");
        return connect_loopback(pod_port_);
      });
      return;
    }
    std::string body = R"({"kind": "APIGroupList", "groups": []})";
    if (path == "/api") body = R"({"kind": "APIVersions", "versions": ["v1"]})";
    if (path == "/api/v1")
      body = R"({"kind": "APIResourceList", "groupVersion": "v1", "resources": [{"name": "pods",
                 "singularName": "pod", "namespaced": true, "kind": "Pod", "verbs": ["get"]}]})";
    if (path == "/api/v1/namespaces/ns/pods/one")
      body = R"({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "one", "namespace": "ns"},
                 "spec": {"containers": [{"name": "server", "ports": [{"containerPort": 8000}]}]},
                 "status": {"phase": "Running"}})";
    if (path == "/version") body = R"({"major": "1", "minor": "32", "gitVersion": "v1.32.0"})";
    send(connection,
         "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
         "Content-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body);
    ::close(connection);
  }
  static void send(int connection, const std::string& text) {
    ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
  }

  int pod_port_, listener_ = -1, port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread acceptor_;
  std::vector<std::thread> served_;
};

class Forwarding {
 public:
  Forwarding(const std::string& server, int port)
      : output_(folder_.path() / "out"),
        file_(::open(output_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)),
        kubectl_(ChildProcess::hold(
            {.argv = {"kubectl", "--server", server, "-n", "ns", "port-forward", "pod/one",
                      ":" + std::to_string(port)},
             .extra_environment = {{"HOME", folder_.path().string()}, {"KUBECONFIG", "/dev/null"}},
             .out = file_,
             .err = file_})) {
    kubectl_.release();
    for (int i = 0; i < 200 && said().find(" -> ") == std::string::npos; ++i) ::usleep(50'000);
  }
  ~Forwarding() {
    kubectl_.signal(15);
    kubectl_.wait();
    ::close(file_);
  }
  Forwarding(const Forwarding&) = delete;
  Forwarding& operator=(const Forwarding&) = delete;

  std::string said() const {
    std::ifstream file(output_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string url() const {
    const std::string text = said();
    const auto at = text.find("127.0.0.1:");
    return "http://" + text.substr(at, text.find(' ', at) - at);
  }

 private:
  TemporaryFolder folder_;
  std::string output_;
  int file_;
  ChildProcess kubectl_;
};

}  // namespace

TEST_CASE("kubectl port-forward carries requests and large answers to the pod and back") {
  if (!find_program("kubectl")) {
    MESSAGE("skipped: no kubectl");
    return;
  }
  const HttpServer server([](const ServedRequest& request) {
    return ServedResponse{.body = request.target + std::string(300'000, 'x') + request.body};
  });
  const OnePod api(server.port());
  const Forwarding forwarding(api.url(), 8000);
  INFO(forwarding.said());
  const auto client = make_http_client();
  for (int i = 0; i < 3; ++i) {
    HttpRequest request{.method = "POST", .url = forwarding.url() + "/health"};
    request.body = std::string(100'000, 'y');
    request.proxy = "none";
    const HttpResponse response = client->send(request);
    CHECK(response.body == "/health" + std::string(300'000, 'x') + std::string(100'000, 'y'));
  }
}

TEST_CASE("kubectl port-forward tells why a port of the pod cannot be reached") {
  if (!find_program("kubectl")) return;
  const OnePod api(1);
  const Forwarding forwarding(api.url(), 9000);
  HttpRequest request{.url = forwarding.url() + "/health"};
  request.proxy = "none";
  CHECK_THROWS(make_http_client()->send(request));
  for (int i = 0; i < 100 && forwarding.said().find("nothing listens") == std::string::npos; ++i)
    ::usleep(50'000);
  CHECK(forwarding.said().find("nothing listens on port of pod one") != std::string::npos);
}
