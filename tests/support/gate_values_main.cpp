// Answers one request of gate_values.hpp a line.
#include "support/gate_values.hpp"

#include <iostream>
#include <string>

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << gate_value(nlohmann::json::parse(line)).dump() << '\n';
  }
  return 0;
}
