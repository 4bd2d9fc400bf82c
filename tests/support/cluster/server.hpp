// The simulated Kubernetes as an API server on a loopback port, in real time: for the real kubectl.
// It speaks plain HTTP. Who asks is told by impersonation (`as:` of a kubeconfig's user, --as) or
// by a bearer token that is the user's name; nobody is told: admin.
#pragma once

#include "support/cluster/kubernetes.hpp"
#include "support/http_server.hpp"

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace mlopsctl::testing {

struct ClusterServerOptions {
  KubernetesOptions kubernetes;
  double speed = 1;  // seconds of the cluster in one of ours
  int port = 0;      // 0: a free one
};

// What goes wrong with the next requests of a method ("" is any) to a path that contains `path`.
struct RequestFault {
  enum class Kind {
    busy,
    drop,
    drop_done,
    hang
  } kind = Kind::busy;  // drop_done: carried out, but no answer comes
  std::string method, path;
  int times = 1;
  Milliseconds hang{0};  // so late
};

class ClusterServer {
 public:
  explicit ClusterServer(const ClusterServerOptions& options = {});
  ~ClusterServer();
  ClusterServer(const ClusterServer&) = delete;
  ClusterServer& operator=(const ClusterServer&) = delete;

  int port() const { return http_->port(); }
  std::string url() const;
  // For kubectl: context "simulated" and namespace; `user` empty: admin.
  void write_kubeconfig(const std::filesystem::path& file, const std::string& name_space,
                        const std::string& user = {}) const;

  // The world, while nobody else looks at it.
  template <typename Action>
  auto with(const Action& action) {
    const std::scoped_lock lock(mutex_);
    return action(world_);
  }
  void reject_user(const std::string& user);  // 401 from now on
  void add_fault(const RequestFault& fault);
  void outage(Milliseconds time);  // connections are closed without an answer, watches end
  // kubectl port-forward goes to the port that GET {url}/apps/NS/pods/POD/port names (sim_traffic);
  // empty: it is refused.
  void forward_pods_to(const std::string& url);
  // "PATCH /apis/apps/v1/…" of all requests so far, without watches that go on.
  std::vector<std::string> requests();

 private:
  ServedResponse handle(const ServedRequest& request);
  ServedResponse control(const struct ApiRequest& request);
  ServedResponse forward(const struct ApiRequest& request, const Caller& caller);
  bool is_out();
  std::unique_ptr<RequestFault> take_fault(const std::string& method, const std::string& path);
  void run_clock();
  void watch(int connection, const struct ApiRequest& request, const Caller& caller,
             const Place& place);

  std::mutex mutex_;
  std::condition_variable changed_;
  Kubernetes world_;
  double speed_;
  std::set<std::string> rejected_;
  std::vector<RequestFault> faults_;
  std::chrono::steady_clock::time_point outage_end_{};
  std::string pods_url_;
  std::vector<std::string> requests_;
  std::atomic<bool> stopping_ = false;
  std::thread clock_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace mlopsctl::testing
