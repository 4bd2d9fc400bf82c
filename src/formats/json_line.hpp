// One line of metrics, parsed. The only user of simdjson, which stays out of this header.
#pragma once

#include "formats/line_fields.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace mlopsctl {

class JsonLineParser {
 public:
  // Bytes that must be readable (not meaningful) behind a line: simdjson reads whole blocks.
  static constexpr std::size_t padding = 64;

  JsonLineParser();
  ~JsonLineParser();
  JsonLineParser(JsonLineParser&&) noexcept;

  // Fills `fields` from one line without its newline. Returns what is wrong with the line, empty if
  // it is good. `padding` bytes behind the line must be readable.
  std::string parse(std::string_view line, LineFields& fields);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlopsctl
