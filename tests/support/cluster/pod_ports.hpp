// Where the server of a pod really is, for kubectl port-forward.
#pragma once

#include <string>

namespace mlopsctl::testing {

// The loopback port that GET {url}/apps/NAMESPACE/pods/POD/port of sim_traffic names; throws
// std::runtime_error.
int real_port_of_pod(const std::string& url, const std::string& name_space, const std::string& pod);

// Answers the upgrade of a port-forward and serves it until the client goes. `read`: what came
// behind the request. The connection stays open.
void forward_ports(int connection, const std::string& upgrade, const std::string& read,
                   int real_port);

}  // namespace mlopsctl::testing
