// The result of smoke checks for others: JUnit, Markdown, messages. Pure.
#pragma once

#include "mlopsctl/deploy/smoke.hpp"

#include "commands/check_outputs.hpp"

#include <string>
#include <vector>

namespace mlopsctl::commands {

struct SmokeRun {
  std::string target;
  Timestamp at{};
  std::vector<SmokeResult> results;
};

// "3 checks of https://…" or "1 of 3 checks failed: …"
std::string smoke_headline(const SmokeRun& run);

JUnitCase smoke_case(const SmokeResult& result);
// `run` must outlive them.
CheckDocuments smoke_documents(const SmokeRun& run);

}  // namespace mlopsctl::commands
