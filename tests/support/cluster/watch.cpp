// Watches: changes as a stream of lines, until the client goes or its time is up.
#include "support/cluster/http_api.hpp"
#include "support/cluster/server.hpp"

#include <fmt/format.h>

#include <sys/socket.h>

#include <chrono>

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

bool send_chunk(int fd, const std::string& text) {
  return send_all(fd, fmt::format("{:x}\r\n{}\r\n", text.size(), text));
}

bool has_gone(int fd) {
  char byte = 0;
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

class Watch {
 public:
  Watch(const ApiRequest& request, const Place& place, std::string version)
      : place_(place),
        version_(std::move(version)),
        labels_(LabelSelector::parse(request.parameter("labelSelector"))),
        fields_(FieldSelector::parse(request.parameter("fieldSelector"), place.type->kind)) {
    const auto since = request.parameter("resourceVersion");
    if (!since.empty() && since != "0") since_ = std::stoull(since);
  }

  // Lines of what is new.
  std::string news(const Store& store) {
    std::string lines;
    if (!since_) {
      for (const auto& object : store.list(*place_.type, place_.name_space))
        if (takes(*object)) lines += line("ADDED", *object);
      since_ = store.version();
      return lines;
    }
    const auto changes = store.changes_since(*since_);
    if (!changes) {
      over_ = true;
      return Json{{"type", "ERROR"},
                  {"object", ApiError(410, "Expired", "too old resource version").status()}}
                 .dump() +
             "\n";
    }
    for (const auto& change : *changes) {
      since_ = change.version;
      if (change.type != place_.type) continue;
      const auto& any = change.after ? change.after : change.before;
      if (!place_.name_space.empty() && namespace_of(*any) != place_.name_space) continue;
      const bool before = change.before && takes(*change.before),
                 after = change.after && takes(*change.after);
      if (after)
        lines += line(before ? "MODIFIED" : "ADDED", *change.after);
      else if (before)
        lines += gone(change);
    }
    return lines;
  }
  bool is_over() const { return over_; }

 private:
  bool takes(const Json& object) const {
    return labels_.takes(at(object, {"metadata", "labels"})) && fields_.takes(object);
  }
  std::string line(const char* type, const Json& object) const {
    return Json{{"type", type}, {"object", in_version(object, version_)}}.dump() + "\n";
  }
  std::string gone(const Change& change) const {
    Json last = *change.before;
    last["metadata"]["resourceVersion"] = std::to_string(change.version);
    return line("DELETED", last);
  }

  Place place_;
  std::string version_;
  LabelSelector labels_;
  FieldSelector fields_;
  std::optional<std::uint64_t> since_;
  bool over_ = false;
};

}  // namespace

void ClusterServer::watch(int connection, const ApiRequest& request, const Caller& caller,
                          const Place& place) {
  (void)caller;
  Watch watch(request, place, place.type->api_version());
  const auto limit = request.parameter("timeoutSeconds");
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::seconds(limit.empty() ? 3600 : std::stoi(limit));
  if (!send_all(connection,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: "
                "chunked\r\n\r\n"))
    return;
  while (!stopping_ && !watch.is_over() && !has_gone(connection) &&
         std::chrono::steady_clock::now() < end) {
    std::string lines;
    {
      std::unique_lock lock(mutex_);
      if (std::chrono::steady_clock::now() < outage_end_) return;
      lines = watch.news(world_.store());
      if (lines.empty()) changed_.wait_for(lock, std::chrono::milliseconds(200));
    }
    if (!lines.empty() && !send_chunk(connection, lines)) return;
  }
  send_all(connection, "0\r\n\r\n");
}

}  // namespace mlopsctl::testing
