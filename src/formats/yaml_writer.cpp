#include "formats/yaml_writer.hpp"

#include <fmt/format.h>

namespace mlopsctl {

namespace {

constexpr std::size_t best_width = 80;

}  // namespace

void YamlWriter::raw(std::string_view ascii) {
  out_ += ascii;
  column_ += ascii.size();
}

void YamlWriter::new_line(std::size_t indent) {
  out_ += '\n';
  out_.append(indent, ' ');
  column_ = indent;
}

void YamlWriter::put(char32_t c) {
  append_utf8(out_, c);
  ++column_;
}

void YamlWriter::put(std::u32string_view text) {
  for (const char32_t c : text) put(c);
}

void YamlWriter::scalar(std::u32string_view text, ScalarStyle style, std::size_t indent,
                        bool split) {
  switch (style) {
    case ScalarStyle::plain:
      return plain(text, indent, split);
    case ScalarStyle::single_quoted:
      return single_quoted(text, indent, split);
    case ScalarStyle::double_quoted:
      return double_quoted(text, indent, split);
  }
}

// A run of single blanks is where a line may end; a word longer than a line gets one of its own.
void YamlWriter::plain(std::u32string_view text, std::size_t indent, bool split) {
  std::size_t blanks_before = 1;
  for (std::size_t start = 0; start < text.size();) {
    std::size_t end = start;
    const bool blanks = text[start] == ' ';
    while (end < text.size() && (text[end] == ' ') == blanks) ++end;
    const std::u32string_view part = text.substr(start, end - start);
    if (blanks) {
      if (part.size() == 1 && column_ > best_width && split) {
        new_line(indent);
      } else {
        put(part);
      }
      blanks_before = part.size();
    } else {
      // ruamel.yaml does so in keys and behind several blanks, too, and writes what no reader takes
      // or takes for less blanks.
      const bool kept = split && blanks_before == 1;
      if (kept && part.size() > best_width && column_ > indent) new_line(indent);
      put(part);
    }
    start = end;
  }
}

void YamlWriter::breaks(std::u32string_view run, std::size_t indent) {
  if (run[0] == '\n') out_ += '\n';
  for (const char32_t c : run) append_utf8(out_, c);
  out_.append(indent, ' ');
  column_ = indent;
}

void YamlWriter::single_quoted(std::u32string_view text, std::size_t indent, bool split) {
  raw("'");
  for (std::size_t start = 0; start < text.size();) {
    std::size_t end = start;
    if (text[start] == ' ') {
      while (end < text.size() && text[end] == ' ') ++end;
      const bool inside = start != 0 && end != text.size();
      if (end == start + 1 && column_ > best_width && split && inside) {
        new_line(indent);
      } else {
        put(text.substr(start, end - start));
      }
    } else if (yaml_break(text[start])) {
      while (end < text.size() && yaml_break(text[end])) ++end;
      breaks(text.substr(start, end - start), indent);
    } else if (text[start] == '\'') {
      raw("''");
      ++end;
    } else {
      while (end < text.size() && text[end] != ' ' && text[end] != '\'' && !yaml_break(text[end])) {
        ++end;
      }
      put(text.substr(start, end - start));
    }
    start = end;
  }
  raw("'");
}

void YamlWriter::escape(char32_t c) {
  constexpr std::string_view from("\0\a\b\t\n\v\f\r\x1b\"\\", 11);
  constexpr std::string_view to = "0abtnvfre\"\\";
  if (c < 0x80) {
    const auto known = from.find(static_cast<char>(c));
    if (known != std::string_view::npos) {
      raw("\\");
      raw(to.substr(known, 1));
      return;
    }
  }
  if (c == 0x85) return raw("\\N");
  if (c == 0x2028) return raw("\\L");
  if (c == 0x2029) return raw("\\P");
  const auto code = static_cast<std::uint32_t>(c);
  raw(c <= 0xFF     ? fmt::format("\\x{:02X}", code)
      : c <= 0xFFFF ? fmt::format("\\u{:04X}", code)
                    : fmt::format("\\U{:08X}", code));
}

// Written in pieces: text waits in [start, end) until something has to be escaped or the line is
// full. A line ends in a backslash where the reader would otherwise lose or add a blank.
void YamlWriter::double_quoted(std::u32string_view text, std::size_t indent, bool split) {
  raw("\"");
  std::size_t start = 0;
  for (std::size_t end = 0; end <= text.size(); ++end) {
    const bool last = end == text.size();
    const char32_t c = last ? 0 : text[end];
    if (last || c == '"' || c == '\\' || !yaml_printable(c)) {
      if (start < end) put(text.substr(start, end - start));
      if (start < end) start = end;
      if (!last) {
        escape(c);
        start = end + 1;
      }
    }
    const bool inside = end > 0 && end + 1 < text.size();
    if (!inside || !split || (c != ' ' && start < end)) continue;
    // One escape has been written beyond `end` when start is end + 1.
    const std::size_t waiting = start < end ? end - start : 0;
    const std::size_t beyond = start > end ? start - end : 0;
    if (column_ + waiting <= best_width + beyond) continue;
    bool backslash = true;
    const std::size_t space = text.find(U' ', end);
    if (space != std::u32string_view::npos && space + 1 < text.size()) {
      const std::u32string_view word = text.substr(end, space - end);
      backslash = word.find(U'"') != std::u32string_view::npos ||
                  word.find(U'\'') != std::u32string_view::npos || text[space + 1] == ' ' ||
                  text.substr(end - 1, 2) == U"  ";
    }
    if (start < end) {
      put(text.substr(start, end - start));
      start = end;
    }
    if (backslash) raw("\\");
    new_line(indent);
    if (text[start] == ' ') {
      if (backslash) {
        raw("\\");
      } else {
        ++start;  // the line break is read as this blank
      }
    }
  }
  raw("\"");
}

}  // namespace mlopsctl
