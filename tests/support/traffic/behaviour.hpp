// How the model servers of the tests answer: told by markers in the image's name or tag.
// tests/support/traffic/README.md has the list.
#pragma once

#include <chrono>
#include <string_view>

namespace mlopsctl::testing {

struct ServerBehaviour {
  double failing = 0;                     // share of requests answered with 500
  std::chrono::milliseconds latency{20};  // median
};

// "…-errors40…" fails 40 % of the requests, "…-errors…" 30 %; "…-laggy700…" takes 700 ms,
// "…-laggy…" 900 ms.
ServerBehaviour server_behaviour(std::string_view image);

}  // namespace mlopsctl::testing
