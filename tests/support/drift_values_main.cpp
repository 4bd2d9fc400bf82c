// Answers one request of drift_values.hpp a line.
#include "support/drift_values.hpp"

#include <iostream>
#include <string>

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << drift_value(nlohmann::json::parse(line)).dump() << '\n';
  }
  return 0;
}
