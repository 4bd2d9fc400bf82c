#include "mlopsctl/alerting/alert.hpp"
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace mlopsctl {

namespace {

bool is_url(std::string_view text) {
  const auto scheme = text.find("://");
  const bool known = text.starts_with("http://") || text.starts_with("https://");
  return known && text.size() > scheme + 3 && text.find_first_of(" \t\r\n\"") == text.npos;
}

std::string without_slash(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

}  // namespace

Endpoint Endpoint::from_text(std::string_view text) {
  if (!is_url(text)) {
    throw Error(ErrorKind::usage, fmt::format("{} is no URL", quote(mask_secrets(text))),
                "it begins with http:// or https://");
  }
  return {without_slash(text), false};
}

Endpoint Endpoint::from_environment(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());  // NOLINT(concurrency-mt-unsafe)
  const std::string_view text = value == nullptr ? std::string_view() : trim(value);
  if (text.empty()) {
    throw Error(ErrorKind::config,
                fmt::format("the environment variable {} is not set", quote(variable)),
                "it holds the URL that the receiver gave you");
  }
  if (!is_url(text)) {
    throw Error(ErrorKind::config,
                fmt::format("the environment variable {} holds no URL", quote(variable)),
                "it begins with http:// or https://");
  }
  return {without_slash(text), true};
}

Endpoint Endpoint::from_file(const std::string& file) {
  const std::string bytes = read_file(file);
  std::error_code failed;
  const auto permissions = fs::status(file, failed).permissions();
  const auto others = fs::perms::group_all | fs::perms::others_all;
  if (!failed && (permissions & others) != fs::perms::none) {
    throw Error(ErrorKind::config, fmt::format("others can read {}", quoted_path(file)),
                fmt::format("it holds a secret URL: chmod 600 {}", quoted_path(file)));
  }
  const std::string_view line = trim(std::string_view(bytes).substr(0, bytes.find('\n')));
  if (!is_url(line)) {
    throw Error(ErrorKind::config, fmt::format("the first line of {} is no URL", quoted_path(file)),
                "it begins with http:// or https://");
  }
  return {without_slash(line), true};
}

std::string Endpoint::shown() const {
  if (!secret_) return mask_secrets(url_);
  const auto host = url_.find("://") + 3;
  const auto at = url_.substr(0, url_.find('/', host)).rfind('@');
  const auto begin = at == std::string::npos ? host : at + 1;
  return fmt::format("{}{}/{}", url_.substr(0, host),
                     url_.substr(begin, url_.find_first_of("/?#", begin) - begin), masked);
}

}  // namespace mlopsctl
