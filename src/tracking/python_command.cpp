#include "tracking/python_command.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace mlopsctl {

namespace {

// Before Python 3.8 there is no importlib.metadata; setuptools comes with pkg_resources there.
constexpr const char* list_packages = R"(
import sys
print('.'.join(map(str, sys.version_info[:3])))
try:
    from importlib.metadata import distributions
    found = [(d.metadata['Name'], d.version) for d in distributions()]
except ImportError:
    import pkg_resources
    found = [(d.project_name, d.version) for d in pkg_resources.working_set]
for name, version in sorted(set(p for p in found if p[0]), key=lambda p: (p[0].lower(), str(p[1]))):
    print('%s==%s' % (name, version))
)";

std::string base_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string{slash == std::string_view::npos ? path : path.substr(slash + 1)};
}

std::string first_line(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::array<char, 512> buffer;
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  if (got <= 0) return {};
  const std::string_view text{buffer.data(), static_cast<std::size_t>(got)};
  return std::string{text.substr(0, text.find('\n'))};
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> result = split(text, ' ');
  std::erase_if(result, [](const std::string& word) { return trim(word).empty(); });
  return result;
}

}  // namespace

bool is_python_name(std::string_view program) {
  const std::string name = base_name(program);
  for (const std::string_view stem : {"python", "pypy"})
    if (name.starts_with(stem) &&
        name.find_first_not_of("0123456789.", stem.size()) == std::string::npos)
      return true;
  return false;
}

std::optional<std::string> python_of(const std::vector<std::string>& argv) {
  if (argv.empty()) return std::nullopt;
  const auto program = find_program(argv.front());
  if (!program) return std::nullopt;
  if (is_python_name(*program)) return std::filesystem::absolute(*program).string();
  std::string line = first_line(*program);
  if (!line.starts_with("#!")) return std::nullopt;
  auto parts = words(std::string_view{line}.substr(2));
  if (!parts.empty() && base_name(parts.front()) == "env") parts.erase(parts.begin());
  std::erase_if(parts, [](const std::string& part) { return part.starts_with('-'); });
  if (parts.empty() || !is_python_name(trim(parts.front()))) return std::nullopt;
  return find_program(std::string{trim(parts.front())});
}

std::string source_name(const std::vector<std::string>& argv) {
  if (argv.empty()) return {};
  if (!is_python_name(argv.front())) return argv.front();
  for (std::size_t i = 1; i < argv.size(); ++i) {
    if (argv[i] == "-m" && i + 1 < argv.size()) return argv[i + 1];
    if (argv[i] == "-c") return argv.front();
    if (argv[i] == "-W" || argv[i] == "-X")
      ++i;
    else if (!argv[i].starts_with('-'))
      return argv[i];
  }
  return argv.front();
}

PythonPackages python_packages(const std::string& python) {
  // Not in the working folder, whose files could shadow modules. The command's own PYTHONPATH
  // counts.
  const auto result = run_process({.argv = {python, "-c", list_packages},
                                   .extra_environment = {{"PYTHONIOENCODING", "utf-8"}},
                                   .directory = "/",
                                   .timeout = Milliseconds{60'000}});
  if (!result.ok())
    throw Error{ErrorKind::unavailable,
                fmt::format("{} does not list its packages: {}", quote(python),
                            result.timed_out ? "it takes longer than a minute"
                                             : printable(trim(result.err)))};
  PythonPackages packages;
  packages.names = split(trim(result.out), '\n');
  packages.version = packages.names.front();
  packages.names.erase(packages.names.begin());
  return packages;
}

}  // namespace mlopsctl
