// JUnit XML as GitLab, Jenkins and the GitHub actions that show test results read it.
#pragma once

#include "mlopsctl/base/time.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl {

enum class JUnitOutcome { passed, failed, error, skipped };

struct JUnitCase {
  std::string class_name;  // dotted, groups cases in the viewers
  std::string name;
  JUnitOutcome outcome = JUnitOutcome::passed;
  std::string message;  // one line, of what did not pass
  std::string details;  // any text: of what did not pass beside the message, else as its output
};

struct JUnitSuite {
  std::string name;
  Timestamp started{};
  double seconds = 0;
  std::vector<std::pair<std::string, std::string>> properties;
  std::vector<JUnitCase> cases;
};

// Text may be any bytes: what XML 1.0 cannot hold becomes U+FFFD.
std::string junit_xml(std::span<const JUnitSuite> suites);

}  // namespace mlopsctl
