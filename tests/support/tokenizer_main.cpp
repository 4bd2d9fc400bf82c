// Our side of tests/interop/tokenizer_test.sh: a tokenizer folder is the argument, and every line
// of standard input a question, with texts in hexadecimal.
//
//   encode SPECIAL TEXT     the ids; SPECIAL is 0 or 1
//   decode SKIP ID…         the text
//   stream SKIP ID…         the same, what came out after each id and at the end, joined by "|"
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/sha256.hpp"
#include "mlopsctl/tokenizer/tokenizer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>
#include <sstream>

using namespace mlopsctl;

namespace {

std::string answer(const Tokenizer& tokenizer, const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  bool flag = false;
  words >> verb >> flag;
  if (verb == "encode") {
    std::string text;
    words >> text;
    const auto ids = tokenizer.encode(from_hexadecimal(text).value(), flag);
    return fmt::format("{}", fmt::join(ids, " "));
  }
  std::vector<TokenId> ids;
  for (TokenId id = 0; words >> id;) ids.push_back(id);
  if (verb == "decode") return to_hexadecimal(tokenizer.decode(ids, flag));
  TokenStream stream(tokenizer, flag);
  std::string result;
  for (const TokenId id : ids) result += to_hexadecimal(stream.add(id)) + "|";
  return result + to_hexadecimal(stream.finish());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    const Tokenizer tokenizer = Tokenizer::load(argv[1]);
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << answer(tokenizer, line) << '\n';
    }
  } catch (const Error& error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
