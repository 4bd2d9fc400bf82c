// A few lines on standard error that are redrawn in place while something long goes on.
#pragma once

#include "mlopsctl/platform/terminal.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

struct StyledText {
  std::string text;  // shown printable
  Style style = Style::plain;
};
using StyledLine = std::vector<StyledText>;

// Cut to `width` columns, with escape sequences if `color`.
std::string line_text(const StyledLine& line, int width, bool unicode, bool color);

// A bar of so many columns, filled by a share from 0 to 1.
std::string share_bar(double share, int columns, bool unicode);

// Needs a terminal that knows the escape sequences of a VT100 (not TERM=dumb); knows the size that
// it had in the beginning. An unwritable standard error is ignored. One thread at a time.
class LiveBlock {
 public:
  explicit LiveBlock(const Terminal& terminal) : terminal_(terminal) {}
  ~LiveBlock() { remove(); }
  LiveBlock(const LiveBlock&) = delete;
  LiveBlock& operator=(const LiveBlock&) = delete;

  // Replaces what is up; nothing is written if it is the same. At most terminal.height - 1 lines.
  void show(const std::vector<StyledLine>& lines);
  void remove();
  // A line above the block that stays.
  void print(const StyledLine& line);

 private:
  Terminal terminal_;
  std::vector<std::string> up_;
};

}  // namespace mlopsctl
