#include "formats/json_error.hpp"

namespace mlopsctl {

std::string_view json_error_text(simdjson::error_code code) {
  switch (code) {
    case simdjson::UTF8_ERROR:
      return "it is not valid UTF-8";
    case simdjson::UNCLOSED_STRING:
      return "a string is not closed";
    case simdjson::UNESCAPED_CHARS:
      return "a control character in a string is not escaped";
    case simdjson::STRING_ERROR:
      return "a string has a wrong escape";
    case simdjson::NUMBER_ERROR:
      return "expected a number that a double can hold";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
      return "expected true, false or null";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "the line does not end with '}'";
    case simdjson::INCORRECT_TYPE:
      return "expected a value";
    case simdjson::MEMALLOC:
    case simdjson::CAPACITY:
      return "the line is too long";
    default:
      return "not JSON: check commas, colons, brackets and quotes";
  }
}

}  // namespace mlopsctl
