#include "mlopsctl/platform/terminal.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <array>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace mlopsctl {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool set_and_true(const char* name) {
  const std::string value = environment(name);
  return !value.empty() && value != "0";
}

int positive(const char* name, int fallback) {
  const auto value = parse_integer(environment(name));
  return value && *value > 0 && *value < 10'000 ? static_cast<int>(*value) : fallback;
}

// The locale variables in the order the C library looks at them.
bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = to_lower(environment(name));
    if (value.empty()) continue;
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos ||
           value == "c" || value == "posix";
  }
  return true;
}

}  // namespace

Terminal Terminal::detect(bool no_color) {
  Terminal terminal;
  terminal.out_is_tty = isatty(STDOUT_FILENO) == 1;
  terminal.err_is_tty = isatty(STDERR_FILENO) == 1;
  terminal.in_is_tty = isatty(STDIN_FILENO) == 1;
  const bool forced = set_and_true("FORCE_COLOR") || set_and_true("CLICOLOR_FORCE");
  const bool refused =
      no_color || !environment("NO_COLOR").empty() || environment("TERM") == "dumb";
  terminal.color_out = !refused && (terminal.out_is_tty || forced);
  terminal.color_err = !refused && (terminal.err_is_tty || forced);
  terminal.unicode = locale_is_utf8() && environment("TERM") != "dumb";
  winsize size{};
  const int fd = terminal.out_is_tty ? STDOUT_FILENO : STDERR_FILENO;
  const bool known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  terminal.width = positive("COLUMNS", known ? size.ws_col : 80);
  terminal.height = positive("LINES", known && size.ws_row > 0 ? size.ws_row : 24);
  return terminal;
}

std::string styled(std::string_view text, Style style, bool color) {
  if (!color || style == Style::plain) return std::string(text);
  constexpr std::array<int, 9> codes{0, 1, 2, 31, 32, 33, 34, 35, 36};
  return fmt::format("\033[{}m{}\033[0m", codes[static_cast<std::size_t>(style)], text);
}

int display_width(std::string_view utf8) {
  // wcwidth needs a UTF-8 character type; C.UTF-8 is built into the C library.
  static const bool ready = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;
  int width = 0;
  std::mbstate_t state{};
  while (!utf8.empty()) {
    wchar_t c = 0;
    const std::size_t used = ready ? std::mbrtowc(&c, utf8.data(), utf8.size(), &state) : 1;
    if (used == 0 || used > utf8.size()) {  // NUL or malformed: one column for one byte
      state = {};
      ++width;
      utf8.remove_prefix(1);
      continue;
    }
    const int columns = ready ? wcwidth(c) : 1;
    width += columns > 0 ? columns : 0;
    utf8.remove_prefix(used);
  }
  return width;
}

void write_fully(int fd, std::string_view bytes, BrokenPipe broken) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EPIPE && broken == BrokenPipe::ends_program) {  // `mlopsctl run list | head`:
                                                                   // the reader has what it wanted
        std::signal(SIGPIPE, SIG_DFL);
        std::raise(SIGPIPE);
      }
      throw Error(ErrorKind::io, fmt::format("cannot write the output: {}", std::strerror(errno)),
                  "is the disk full, or the file read-only?");
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool confirm(const Terminal& terminal, std::string_view question) {
  if (!terminal.in_is_tty || !terminal.err_is_tty) return false;
  write_fully(STDERR_FILENO, fmt::format("{} [y/N] ", question));
  std::string answer;
  char c = 0;
  while (::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') answer += c;
  answer = to_lower(trim(answer));
  return answer == "y" || answer == "yes";
}

}  // namespace mlopsctl
