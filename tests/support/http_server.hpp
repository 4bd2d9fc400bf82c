// A server of the test's own on a free loopback port: answers what the handler says, and misbehaves
// on request.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace mlopsctl::testing {

struct ServedRequest {
  std::string method;
  std::string target;                          // "/path?query", as sent
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct ServedResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool drop = false;                          // close without an answer
  std::size_t cut_after = std::string::npos;  // close after so many bytes of the body
  std::chrono::milliseconds delay{0};

  // A body that comes in pieces (HTTP chunks), each after its delay; instead of `body`.
  struct Piece {
    std::string bytes;
    std::chrono::milliseconds delay{0};
  };
  std::vector<Piece> pieces;
  bool break_off = false;  // close behind the pieces, although HTTP says that more comes

  // Takes the connection over instead of an answer: its descriptor, and what came behind the
  // request. Closed by the server when it returns.
  std::function<void(int connection, std::string read)> take_over;
};

class HttpServer {
 public:
  using Handler = std::function<ServedResponse(const ServedRequest&)>;

  // The handler is called by one thread a connection. Port 0: a free one. Requests are kept for
  // requests() unless many are to come.
  explicit HttpServer(Handler handler, int port = 0, bool keep_requests = true);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const { return port_; }
  std::string url(const std::string& path = "/") const;
  std::vector<ServedRequest> requests() const;  // so far
  int connections() const { return connections_; }

 private:
  void accept_all();
  void serve(int connection);
  void join_ended();

  Handler handler_;
  bool keep_requests_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  mutable std::mutex mutex_;
  std::vector<ServedRequest> requests_;
  std::set<int> open_;
  std::map<int, std::thread> threads_;  // of open connections
  std::vector<std::thread> ended_;
  std::thread acceptor_;
};

}  // namespace mlopsctl::testing
