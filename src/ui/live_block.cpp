#include "mlopsctl/ui/live_block.hpp"

#include "mlopsctl/base/text.hpp"

#include "ui/terminal_legend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace mlopsctl {

namespace {

// One write, so that nothing comes between; a failure is ignored: work goes on without its view.
void write_stderr(const std::string& text) {
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

std::string back_over(std::size_t lines) {
  return lines == 0 ? "" : fmt::format("\033[{}A\r\033[J", lines);
}

}  // namespace

std::string line_text(const StyledLine& line, int width, bool unicode, bool color) {
  std::string shown;
  int left = width;
  for (const StyledText& piece : line) {
    if (left <= 0) break;
    const std::string text = fitted(piece.text, left, unicode);
    left -= display_width(text);
    shown += styled(text, piece.style, color);
  }
  return shown;
}

std::string share_bar(double share, int columns, bool unicode) {
  constexpr std::array<const char*, 8> eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int steps = static_cast<int>(std::clamp(share, 0.0, 1.0) * columns * 8);
  std::string text;
  for (int i = 0; i < steps / 8; ++i) text += unicode ? "█" : "#";
  int used = steps / 8;
  if (unicode && steps % 8 != 0) {
    text += eighths[static_cast<std::size_t>(steps % 8)];
    ++used;
  }
  text.append(static_cast<std::size_t>(columns - used), unicode ? ' ' : '.');
  return unicode ? "▕" + text + "▏" : "[" + text + "]";
}

void LiveBlock::show(const std::vector<StyledLine>& lines) {
  const std::size_t most = static_cast<std::size_t>(std::max(2, terminal_.height - 1));
  std::vector<std::string> next;
  for (const StyledLine& line : lines) {
    if (next.size() == most) break;
    // The last column stays free: writing it makes some terminals wrap.
    next.push_back(line_text(line, terminal_.width - 1, terminal_.unicode, terminal_.color_err));
  }
  if (next == up_) return;
  std::string text = back_over(up_.size());
  for (const std::string& line : next) text += line + '\n';
  write_stderr(text);
  up_ = std::move(next);
}

void LiveBlock::remove() {
  if (up_.empty()) return;
  write_stderr(back_over(up_.size()));
  up_.clear();
}

void LiveBlock::print(const StyledLine& line) {
  std::string text = back_over(up_.size());
  // Not cut: it is to be read later, too.
  for (const StyledText& piece : line) {
    text += styled(printable(piece.text), piece.style, terminal_.color_err);
  }
  text += '\n';
  for (const std::string& shown : up_) text += shown + '\n';
  write_stderr(text);
}

}  // namespace mlopsctl
