// Any dvc.yaml, dvc.lock or file of parameters is read or refused with its line.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_pipeline(std::string_view text);

}  // namespace mlopsctl::fuzz
