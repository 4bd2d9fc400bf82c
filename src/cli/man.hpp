// Manual pages from the same specs as --help.
#pragma once

#include "mlopsctl/cli/command.hpp"

#include <string>
#include <vector>

namespace mlopsctl {

struct ManPage {
  std::string file;  // "mlopsctl-run-list.1"
  std::string text;  // man(7) source; no date, so that it only changes when the commands do
};

std::vector<ManPage> man_pages(const Registry& registry, const std::string& version);

}  // namespace mlopsctl
