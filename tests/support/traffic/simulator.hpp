// Users of the apps of a test: they send requests at a steady rate along what the API server says,
// and go on along what they knew last while it does not answer, as a real data plane does.
#pragma once

#include "support/http_server.hpp"
#include "support/traffic/counts.hpp"

#include <nlohmann/json_fwd.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace mlopsctl::testing {

struct AppTraffic {
  std::string server;  // "http://127.0.0.1:6443"
  std::string name_space;
  Entry entry;
  int rate = 200;                      // requests a second
  std::chrono::milliseconds poll{50};  // how often the API server is asked
  std::chrono::milliseconds lag{100};  // new endpoints and weights are known so much later
};

// The traffic of one app.
class AppSimulator {
 public:
  AppSimulator(AppTraffic traffic, std::uint64_t seed);
  ~AppSimulator();
  AppSimulator(const AppSimulator&) = delete;
  AppSimulator& operator=(const AppSimulator&) = delete;

  nlohmann::json report() const;
  void reset();  // counts for report(); not what Prometheus sees
  void add_metrics(std::vector<Exposed>& to) const;  // valid under `lock`
  std::unique_lock<std::mutex> lock() const { return std::unique_lock(mutex_); }
  // A request of somebody outside: by way of the entry, or to one pod.
  Answer ask();
  Answer ask_pod(const std::string& pod);

 private:
  struct Known {
    std::int64_t at_ms;
    Routes routes;
  };
  void watch();
  void generate();
  void tell_deletion(SimPod& pod) const;
  void send_due(std::int64_t now_ms);
  Routes current(std::int64_t now_ms);

  AppTraffic traffic_;
  mutable std::mutex mutex_;
  std::deque<Known> known_;
  std::map<std::string, SimPod> pods_;
  Counts counts_, since_reset_;
  Randomness random_;
  std::int64_t started_ms_ = 0, read_ms_ = 0;
  std::uint64_t sent_ = 0, reads_ = 0, missed_reads_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread watcher_, generator_;
};

// Webhook receiver with gates, after Flagger's load tester: /gate/approve, /gate/halt,
// /gate/{check,open,close}, /rollback/{check,open,close}; and /hooks/NAME, which answers with what
// PUT /answer/NAME?status=N said.
class Hooks {
 public:
  ServedResponse answer(const ServedRequest& request);

 private:
  std::mutex mutex_;
  std::set<std::string> open_;         // "gate chat.ns"
  std::map<std::string, int> status_;  // of /hooks/NAME
  std::vector<std::string> received_;  // lines of JSON
};

class TrafficServer {
 public:
  explicit TrafficServer(std::uint64_t seed);
  int port() const { return server_.port(); }

 private:
  ServedResponse answer(const ServedRequest& request);
  ServedResponse add_app(const std::string& body);
  ServedResponse of_app(const std::string& method, const std::string& path);
  std::string metrics();
  int pod_port(const std::string& name_space, const std::string& pod);
  std::shared_ptr<AppSimulator> app(const std::string& name_space);

  std::uint64_t seed_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<AppSimulator>> apps_;
  std::map<std::string, std::unique_ptr<HttpServer>> pods_;  // "NS/POD"
  Hooks hooks_;
  HttpServer server_;  // last: its threads end first
};

}  // namespace mlopsctl::testing
