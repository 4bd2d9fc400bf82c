#include "mlopsctl/drift/describe_text.hpp"

#include "mlopsctl/formats/unicode.hpp"

#include <cstddef>
#include <limits>

namespace mlopsctl::drift {

namespace {

bool ends_sentence(std::uint32_t c) {
  return c == '.' || c == '!' || c == '?' || c == 0x2026 || c == 0x3002 || c == 0xFF01 ||
         c == 0xFF1F;
}
// These end one whatever follows: Chinese and Japanese put no space between sentences.
bool ends_sentence_alone(std::uint32_t c) { return c == 0x3002 || c == 0xFF01 || c == 0xFF1F; }

bool begins_link(std::string_view rest) {
  return rest.starts_with("http://") || rest.starts_with("https://") || rest.starts_with("www.");
}

}  // namespace

TextDescription describe(std::string_view text) {
  TextDescription result;
  std::int64_t others = 0;
  bool in_word = false;      // the run has a letter or a digit
  bool run = false;          // not white space
  bool open = false;         // words since the last sentence end
  bool end_pending = false;  // the run so far ends with a sentence end
  for (std::size_t at = 0; at < text.size();) {
    if (!run && begins_link(text.substr(at))) result.has_link = true;
    const std::uint32_t c = next_code_point(text, at);
    ++result.length;
    const CharacterClass kind = class_of(c);
    if (kind == CharacterClass::space) {
      if (end_pending && open) {
        ++result.sentences;
        open = false;
      }
      run = in_word = end_pending = false;
      continue;
    }
    run = true;
    if (kind != CharacterClass::letter) ++others;
    if (kind != CharacterClass::other) {
      if (!in_word) ++result.words;
      in_word = open = true;
      end_pending = false;
    } else if (ends_sentence(c)) {
      end_pending = true;
      if (ends_sentence_alone(c) && open) {
        ++result.sentences;
        open = false;
      }
    }
  }
  if (open) ++result.sentences;
  if (result.length > 0) {
    result.non_letters = 100.0 * static_cast<double>(others) / static_cast<double>(result.length);
  }
  return result;
}

std::vector<Column> describe_text(const std::string& name, const Categories& texts) {
  std::vector<TextDescription> descriptions;
  descriptions.reserve(texts.labels.size());
  for (const std::string& label : texts.labels) descriptions.push_back(describe(label));

  const auto integers = [&](const char* suffix, ColumnKind kind, auto value) {
    Integers column;
    column.values.reserve(texts.codes.size());
    for (std::size_t row = 0; row < texts.codes.size(); ++row) {
      const std::int32_t code = texts.codes[row];
      if (code < 0) {
        if (column.missing.empty()) column.missing.resize(texts.codes.size());
        column.missing[row] = true;
      }
      column.values.push_back(code < 0 ? 0 : value(descriptions[static_cast<std::size_t>(code)]));
    }
    return Column{name + suffix, kind, std::move(column)};
  };
  std::vector<double> shares;
  shares.reserve(texts.codes.size());
  for (const std::int32_t code : texts.codes) {
    shares.push_back(code < 0 ? std::numeric_limits<double>::quiet_NaN()
                              : descriptions[static_cast<std::size_t>(code)].non_letters);
  }
  std::vector<Column> columns;
  columns.push_back(
      integers(".length", ColumnKind::integer, [](const TextDescription& d) { return d.length; }));
  columns.push_back(
      integers(".words", ColumnKind::integer, [](const TextDescription& d) { return d.words; }));
  columns.push_back(integers(".sentences", ColumnKind::integer,
                             [](const TextDescription& d) { return d.sentences; }));
  columns.push_back({name + ".non_letters", ColumnKind::real, std::move(shares)});
  columns.push_back(integers(".has_link", ColumnKind::boolean, [](const TextDescription& d) {
    return static_cast<std::int64_t>(d.has_link ? 1 : 0);
  }));
  return columns;
}

}  // namespace mlopsctl::drift
