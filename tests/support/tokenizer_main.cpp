// Our side of tests/interop/tokenizer_test.sh: a tokenizer folder is the argument, and every line
// of standard input a question, with texts in hexadecimal.
//
//   encode SPECIAL TEXT     the ids; SPECIAL is 0 or 1
//   decode SKIP ID…         the text
//   stream SKIP ID…         the same, what came out after each id and at the end, joined by "|"
//   chat PROMPT [ROLE CONTENT]…   the prompt of a conversation, or "error" and the message
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/sha256.hpp"
#include "mlopsctl/tokenizer/tokenizer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>
#include <sstream>

using namespace mlopsctl;

namespace {

// An empty text is written "-".
std::string text_of(const std::string& hexadecimal) {
  return hexadecimal == "-" ? "" : from_hexadecimal(hexadecimal).value();
}

std::string chat(const Tokenizer& tokenizer, std::istream& words, bool add_generation_prompt) {
  std::vector<ChatMessage> messages;
  for (std::string role, content; words >> role >> content;) {
    messages.push_back({text_of(role), text_of(content)});
  }
  try {
    return to_hexadecimal(tokenizer.chat_prompt(messages, add_generation_prompt));
  } catch (const Error& error) {
    return std::string("error ") + error.what();
  }
}

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
  if (verb == "chat") return chat(tokenizer, words, flag);
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
