#include "support/radosgw.hpp"

#include "mlopsctl/platform/http.hpp"
#include "mlopsctl/platform/process.hpp"

#include "data/remote/sigv4.hpp"
#include "support/locations.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace mlopsctl::testing {

namespace {

constexpr int ports_needed = 91;  // start-rgw.sh uses PORT to PORT+90

bool is_free(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool free = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return free;
}

int free_ports(int attempt) {
  for (int port = 20'000 + (::getpid() * 7 + attempt * 13) % 110 * 100; port < 32'000;
       port += 100) {
    bool all = true;
    for (int i = 0; i < ports_needed && all; ++i) all = is_free(port + i);
    if (all) return port;
  }
  throw std::runtime_error("no free ports for radosgw");
}

}  // namespace

const Radosgw& Radosgw::running() {
  static const Radosgw server;
  return server;
}

Radosgw::Radosgw() {
  for (const char* program : {"ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool"}) {
    if (find_program(program)) continue;
    std::printf("skipped: %s is not installed (tests/interop/packages.txt)\n", program);
    std::exit(77);
  }
  if (::geteuid() != 0) {
    std::printf("skipped: Ceph's servers are started as root\n");
    std::exit(77);
  }
  std::string pattern = (std::filesystem::temp_directory_path() / "rgw-XXXXXX").string();
  folder_ = ::mkdtemp(pattern.data());
  for (int attempt = 0; attempt < 3; ++attempt) {
    port_ = free_ports(attempt);
    const auto result =
        run_process({.argv = {testing::source_folder() + "/tests/support/start-rgw.sh", folder_,
                              std::to_string(port_)},
                     .timeout = Milliseconds{120'000}});
    if (result.ok()) return;
    std::printf("radosgw did not start: %s\n", result.err.c_str());
    run_process({.argv = {"sh", "-c", "kill -9 $(cat " + folder_ + "/run/*.pid)"}});
  }
  throw std::runtime_error("radosgw did not start");
}

Radosgw::~Radosgw() {
  run_process({.argv = {"sh", "-c", "kill -9 $(cat " + folder_ + "/run/*.pid)"}});
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Radosgw::endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

data::RemoteOptions Radosgw::options() const {
  return {{"endpointurl", endpoint()},
          {"access_key_id", access_key()},
          {"secret_access_key", secret_key()},
          {"region", "us-east-1"}};
}

std::string Radosgw::new_bucket() const {
  static std::atomic<int> next{0};
  const std::string name = "bucket-" + std::to_string(++next);
  std::vector<HttpHeader> headers{
      {"Host", "127.0.0.1:" + std::to_string(port_)},
      {"x-amz-content-sha256", std::string(data::empty_payload_sha256)}};
  data::sign("PUT", "/" + name, "", headers, data::empty_payload_sha256,
             {access_key(), secret_key(), ""}, {.region = "us-east-1"}, now());
  require_ok(http_send({.method = "PUT", .url = endpoint() + "/" + name, .headers = headers}),
             "radosgw");
  return name;
}

}  // namespace mlopsctl::testing
