// What is known of the standard streams. The only file that decides about colour.
#pragma once

#include <string>
#include <string_view>

namespace mlopsctl {

enum class Style { plain, bold, dim, red, green, yellow, blue, magenta, cyan };

class Terminal {
 public:
  // Looks at isatty, TERM, NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, COLUMNS and LINES.
  static Terminal detect(bool no_color);

  bool out_is_tty = false;
  bool err_is_tty = false;
  bool in_is_tty = false;
  bool color_out = false;
  bool color_err = false;
  bool unicode = true;  // false where the locale is plainly not UTF-8
  int width = 80;       // columns of the terminal, 80 where there is none
  int height = 24;
};

// Text between the escape sequences of a style, or unchanged if `color` is false.
std::string styled(std::string_view text, Style style, bool color);

// Columns that UTF-8 text occupies (wide East Asian and zero-width characters counted as such).
int display_width(std::string_view utf8);

// Writes all bytes to a descriptor. A pipe whose reader has gone ends the program quietly, as
// SIGPIPE would, or throws Error{io} like every other failure: results that did not arrive are a
// failure.
enum class BrokenPipe { ends_program, is_an_error };
void write_fully(int fd, std::string_view bytes, BrokenPipe broken = BrokenPipe::ends_program);

// Asks "question [y/N] " on the terminal. False where nobody can answer.
bool confirm(const Terminal& terminal, std::string_view question);

}  // namespace mlopsctl
