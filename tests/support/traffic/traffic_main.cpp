// sim_traffic [SEED]: prints its loopback port and serves until its standard input ends.
// tests/support/traffic/README.md tells what it answers.
#include "support/traffic/simulator.hpp"

#include <charconv>
#include <cstdio>
#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
  std::uint64_t seed = 1;
  if (argc > 1) {
    const std::string_view text = argv[1];
    const auto read = std::from_chars(text.data(), text.data() + text.size(), seed);
    if (argc > 2 || read.ec != std::errc{} || read.ptr != text.data() + text.size()) {
      std::cerr << "usage: sim_traffic [SEED]\n";
      return 2;
    }
  }
  const mlopsctl::testing::TrafficServer server(seed);
  std::cout << server.port() << std::endl;
  while (std::cin.get() != std::istream::traits_type::eof()) {
  }
}
