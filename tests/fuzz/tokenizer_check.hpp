// Any bytes are a tokenizer.json or an error of the right kind; any bytes are a text, whose tokens
// can be decoded, at once and one by one.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

// The part before the first NUL is the tokenizer.json, what follows it the text.
void check_tokenizer(std::string_view input);

}  // namespace mlopsctl::fuzz
