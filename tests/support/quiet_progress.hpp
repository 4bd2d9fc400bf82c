// Progress that nobody watches.
#pragma once

#include "mlopsctl/base/progress.hpp"

namespace mlopsctl::testing {

class QuietProgress final : public Progress {
 public:
  void start(std::string_view, std::uint64_t, std::string_view) override {}
  void advance(std::uint64_t) override {}
  void finish() override {}
  void warning(std::string_view) override {}
  void note(std::string_view) override {}
  void detail(std::string_view) override {}
};

}  // namespace mlopsctl::testing
