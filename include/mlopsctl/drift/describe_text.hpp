// Numbers that describe texts, so that the tests of numbers can watch them.
#pragma once

#include "mlopsctl/drift/dataset.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::drift {

struct TextDescription {
  std::int64_t length = 0;  // code points
  std::int64_t words = 0;   // runs without white space that have a letter or a digit
  std::int64_t sentences = 0;  // ended by . ! ? … or 。！？ before white space or the end; at least
                               // 1 if there is a word
  double non_letters = 0;  // per cent of code points that are neither letter nor white space
  bool has_link = false;   // http://, https:// or www. at the beginning of a word
};
TextDescription describe(std::string_view text);

// Five columns, missing where the text is missing: NAME.length, NAME.words, NAME.sentences,
// NAME.non_letters, NAME.has_link.
std::vector<Column> describe_text(const std::string& name, const Categories& texts);

}  // namespace mlopsctl::drift
