// The server's side of `kubectl port-forward`: a connection upgraded to SPDY/3.1, in which each
// connection of the user is a pair of streams, one for errors and one for bytes.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace mlopsctl::testing {

// The head of the answer to the upgrade. kubectl asks for a WebSocket first, and for SPDY when that
// is refused, as servers before Kubernetes 1.30 do; `accepted` tells which it was. `upgrade` is the
// request's header of that name.
std::string port_forward_answer(std::string_view upgrade, bool& accepted);

// A connected socket of the pod's server at that port; throws std::runtime_error with the reason
// that kubectl shall print.
using ConnectPod = std::function<int(int port)>;

// Serves until the client goes, then closes `connection`. `read` is what came behind the upgrade
// already.
void serve_port_forward(int connection, std::string read, const ConnectPod& connect);

// A socket to 127.0.0.1:port; throws std::runtime_error.
int connect_loopback(int port);

}  // namespace mlopsctl::testing
