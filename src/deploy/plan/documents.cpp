// Files of several YAML documents, or of JSON.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "deploy/plan/plan_reader.hpp"

#include <fmt/format.h>

namespace mlopsctl {

namespace {

constexpr std::size_t most_documents = 1000;

struct Piece {
  std::string text;
  std::size_t lines_before = 0;
};

// A marker stands in the first column and is followed by a blank or nothing; inside scalars it
// cannot occur (YAML 1.2.2, 6.8 and 9.1).
bool marks(std::string_view line, std::string_view marker) {
  return line.starts_with(marker) && (line.size() == marker.size() || line[marker.size()] == ' ' ||
                                      line[marker.size()] == '\t' || line[marker.size()] == '\r');
}

bool only_directives(std::string_view text) {
  for (const auto& line : split(text, '\n')) {
    const auto bare = trim(line);
    if (!bare.empty() && bare.front() != '#' && line.front() != '%') return false;
  }
  return true;
}

bool only_comments(std::string_view text) {
  for (const auto& line : split(text, '\n')) {
    const auto bare = trim(line);
    if (!bare.empty() && bare.front() != '#' && !marks(line, "---")) return false;
  }
  return true;
}

std::vector<Piece> pieces_of(std::string_view text) {
  std::vector<Piece> pieces(1);
  std::size_t number = 0;
  for (const auto& line : split(text, '\n')) {
    const bool end = marks(line, "...");
    if (end || (marks(line, "---") && !only_directives(pieces.back().text))) {
      pieces.push_back({{}, number + (end ? 1 : 0)});
    }
    if (!end) pieces.back().text.append(line).push_back('\n');
    ++number;
  }
  return pieces;
}

void move_lines(YamlValue& value, std::size_t lines) {
  if (value.span.line != 0) value.span.line += lines;
  for (YamlValue& item : value.items) move_lines(item, lines);
  for (YamlEntry& entry : value.entries) {
    if (entry.key_span.line != 0) entry.key_span.line += lines;
    move_lines(entry.value, lines);
  }
}

// "line 3: text" of a piece as the line of the file.
[[noreturn]] void refuse(const Error& error, std::size_t lines, const PlanSource& source) {
  constexpr std::string_view prefix = "line ";
  const std::string message = error.what();
  const auto colon = message.find(": ");
  if (message.starts_with(prefix) && colon != message.npos) {
    const auto line = parse_integer(message.substr(prefix.size(), colon - prefix.size()));
    if (line && *line > 0) {
      const YamlSpan span{.begin = 0, .end = 0, .line = static_cast<std::size_t>(*line) + lines};
      source.refuse(span, message.substr(colon + 2), error.hint());
    }
  }
  source.refuse({}, message, error.hint());
}

}  // namespace

std::vector<YamlValue> parse_documents(std::string_view text, const PlanSource& source) {
  const bool json = trim(text).starts_with('{') || trim(text).starts_with('[');
  std::vector<Piece> pieces;
  if (json) {
    pieces.push_back({std::string(text), 0});
  } else {
    pieces = pieces_of(text);
  }
  if (pieces.size() > most_documents) {
    source.refuse({}, fmt::format("more than {} documents", most_documents));
  }
  std::vector<YamlValue> documents;
  for (const Piece& piece : pieces) {
    if (only_comments(piece.text)) continue;
    try {
      documents.push_back(json ? parse_json(piece.text) : parse_yaml(piece.text));
    } catch (const Error& error) {
      refuse(error, piece.lines_before, source);
    }
    move_lines(documents.back(), piece.lines_before);
    if (documents.back().is_null()) documents.pop_back();
  }
  return documents;
}

}  // namespace mlopsctl
