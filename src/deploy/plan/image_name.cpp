#include "deploy/plan/image_name.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool word_char(char c) { return lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_'; }

// The part before the first '/' is a host if it looks like one (docker's rule).
bool is_host(std::string_view first) {
  return first == "localhost" || first.find_first_of(".:") != first.npos;
}

std::string path_problem(std::string_view path) {
  for (const auto& part : split(path, '/')) {
    const bool fine = !part.empty() && lower_or_digit(part.front()) &&
                      lower_or_digit(part.back()) && std::ranges::all_of(part, [](char c) {
                        return lower_or_digit(c) || c == '.' || c == '_' || c == '-';
                      });
    if (!fine) return "names of images are lower-case letters, digits, '.', '_' and '-'";
  }
  return {};
}

std::string tag_problem(std::string_view tag) {
  const bool fine =
      !tag.empty() && tag.size() <= 128 && word_char(tag.front()) &&
      std::ranges::all_of(tag, [](char c) { return word_char(c) || c == '.' || c == '-'; });
  return fine ? "" : "a tag is letters, digits, '_', '.' and '-', at most 128 of them";
}

bool is_digest(std::string_view digest) {
  constexpr std::string_view algorithm = "sha256:";
  constexpr std::size_t digits = 64;
  return digest.starts_with(algorithm) && digest.size() == algorithm.size() + digits &&
         digest.find_first_not_of("0123456789abcdef", algorithm.size()) == digest.npos;
}

std::string host_problem(std::string_view host) {
  const bool fine = !host.empty() && std::ranges::all_of(host, [](char c) {
    return word_char(c) || c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
  });
  return fine ? "" : "its registry is no host name";
}

std::string read(std::string_view text, ImageName& name) {
  if (const auto at = text.find('@'); at != text.npos) {
    name.digest = text.substr(at + 1);
    if (!is_digest(name.digest)) return "a digest is sha256: and 64 hexadecimal digits";
    text = text.substr(0, at);
  }
  const auto slash = text.rfind('/');
  if (const auto colon = text.rfind(':');
      colon != text.npos && (slash == text.npos || colon > slash)) {
    name.tag = text.substr(colon + 1);
    if (auto problem = tag_problem(name.tag); !problem.empty()) return problem;
    text = text.substr(0, colon);
  }
  if (text.empty()) return "it has no name";
  name.written = text;
  const auto first = text.substr(0, text.find('/'));
  if (first.size() < text.size() && is_host(first)) {
    name.registry = first;
    name.repository = text.substr(first.size() + 1);
    if (auto problem = host_problem(name.registry); !problem.empty()) return problem;
  } else {
    name.registry = "docker.io";
    name.repository = text;
  }
  if (name.registry == "index.docker.io") name.registry = "docker.io";
  if (name.registry == "docker.io" && name.repository.find('/') == name.repository.npos) {
    name.repository = "library/" + name.repository;
  }
  return path_problem(name.repository);
}

}  // namespace

std::string image_problem(std::string_view text) {
  ImageName name;
  if (auto problem = read(text, name); !problem.empty()) return "is no image: " + problem;
  return {};
}

ImageName parse_image(std::string_view text) {
  ImageName name;
  if (const auto problem = read(text, name); !problem.empty()) {
    throw Error(ErrorKind::usage, fmt::format("{} is no image: {}", quote(text), problem));
  }
  return name;
}

}  // namespace mlopsctl
