// References to images: [HOST[:PORT]/]PATH[:TAG][@DIGEST], as docker reads them.
#pragma once

#include <string>
#include <string_view>

namespace mlopsctl {

struct ImageName {
  std::string registry;    // "docker.io" where the text has none
  std::string repository;  // "library/nginx" of "nginx"
  std::string tag;         // empty: none was given
  std::string digest;      // "sha256:…", empty: none was given
  std::string written;     // the text without tag and digest
};

// Why a text is no reference, or empty.
std::string image_problem(std::string_view text);
// Throws Error{usage}.
ImageName parse_image(std::string_view text);

}  // namespace mlopsctl
