#include "drift/inputs.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/inflate.hpp"

#include <fmt/format.h>

#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

namespace mlopsctl::drift {

namespace {

struct FormatRow {
  Format format;
  std::string_view name;
  std::vector<std::string_view> extensions;
};

const std::array<FormatRow, 7>& formats() {
  static const std::array<FormatRow, 7> rows{
      {{Format::csv, "csv", {".csv"}},
       {Format::tsv, "tsv", {".tsv", ".tab"}},
       {Format::jsonl, "jsonl", {".jsonl", ".ndjson", ".json"}},
       {Format::npy, "npy", {".npy"}},
       {Format::npz, "npz", {".npz"}},
       {Format::safetensors, "safetensors", {".safetensors"}},
       {Format::parquet, "parquet", {".parquet", ".pq"}}}};
  return rows;
}

Format format_named(const std::string& name) {
  std::vector<std::string> names;
  for (const FormatRow& row : formats()) {
    if (row.name == name) return row.format;
    names.emplace_back(row.name);
  }
  throw Error(ErrorKind::usage, fmt::format("the format {} is not known", quote(name)),
              fmt::format("formats are {}", join(names, ", ")));
}

std::optional<Format> format_by_extension(std::string_view path) {
  for (const FormatRow& row : formats()) {
    for (const std::string_view extension : row.extensions) {
      if (path.ends_with(extension)) return row.format;
    }
  }
  return std::nullopt;
}

Format format_by_content(std::string_view head) {
  if (head.starts_with("\x93NUMPY")) return Format::npy;
  if (head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06")) return Format::npz;
  if (head.starts_with("PAR1")) return Format::parquet;
  // 8 bytes with the length of the JSON header that follows.
  if (head.size() > 9 && head[6] == 0 && head[7] == 0 && head[8] == '{') return Format::safetensors;
  const std::size_t text = head.find_first_not_of(" \t\r\n");
  if (text != head.npos && head[text] == '{') return Format::jsonl;
  return Format::csv;
}

bool is_gzip(std::string_view head) { return head.starts_with("\x1f\x8b"); }

std::string without_scheme(const std::string& input) {
  constexpr std::string_view scheme = "file://";
  return input.starts_with(scheme) ? input.substr(scheme.size()) : input;
}

// The files that a path, a glob or a URL names.
std::vector<LocalCopy> expanded(const std::string& input, const ReadOptions& options) {
  if (is_remote(input)) {
    if (options.fetch) return options.fetch(input);
    throw Error(ErrorKind::usage, fmt::format("{} is a URL, and only files are read here",
                                              quote(mask_secrets(input))));
  }
  const std::string path = without_scheme(input);
  std::error_code failed;
  if (path == "-") return {{"standard input", path}};
  if (fs::exists(path, failed)) return {{quoted_path(path), path}};
  if (path.find_first_of("*?[") == path.npos) {
    throw Error(ErrorKind::not_found, fmt::format("there is no file {}", quoted_path(path)));
  }
  glob_t found{};
  const int status = ::glob(path.c_str(), 0, nullptr, &found);
  std::vector<LocalCopy> files;
  for (std::size_t i = 0; status == 0 && i < found.gl_pathc; ++i) {
    files.push_back({quoted_path(found.gl_pathv[i]), found.gl_pathv[i]});
  }
  ::globfree(&found);
  if (files.empty()) {
    throw Error(ErrorKind::not_found, fmt::format("no file matches {}", quoted_path(path)));
  }
  return files;
}

Input described(const LocalCopy& file, const ReadOptions& options) {
  const std::string& path = file.path;
  Input input;
  input.path = path;
  input.name = file.name;
  std::error_code failed;
  if (fs::is_directory(path, failed)) {
    throw Error(ErrorKind::usage, fmt::format("{} is a folder", input.name),
                "name its files: 'FOLDER/*.csv'");
  }
  std::optional<Format> format;
  if (!options.format.empty()) format = format_named(options.format);
  std::string_view stem = path;
  if (stem.ends_with(".gz")) stem.remove_suffix(3);
  if (!format && path != "-") format = format_by_extension(stem);
  if (path == "-" && format && !is_matrix(*format) && *format != Format::parquet) {
    input.format = *format;  // streamed; whether it is compressed shows later
    return input;
  }
  if (format != Format::parquet) {
    input.file = MappedFile::open(path == "-" ? "/dev/stdin" : path);
    const std::string_view bytes = input.file->bytes();
    input.compressed = is_gzip(bytes);
    if (!format && input.compressed) {
      Inflater inflater(Inflater::Wrapping::gzip);
      std::string head(std::size_t{1} << 16U, '\0');
      head.resize(inflater.inflate(bytes, head.data(), head.size()).made);
      format = format_by_content(head);
    }
    if (!format) format = format_by_content(bytes);
  }
  input.format = *format;
  if (input.compressed && (is_matrix(input.format) || input.format == Format::parquet)) {
    throw Error(
        ErrorKind::usage,
        fmt::format("{} is compressed by gzip, which is read for tables of text only", input.name),
        "unpack it first: gunzip FILE");
  }
  return input;
}

// Bytes of a compressed file or stream, unpacked; several members one after the other are one text.
class Gunzip {
 public:
  Gunzip(std::string name, TextSource::Read raw) : name_(std::move(name)), raw_(std::move(raw)) {}

  std::size_t operator()(char* into, std::size_t size) {
    std::size_t made = 0;
    while (made == 0) {
      if (at_ == held_.size()) {
        held_.resize(std::size_t{1} << 18U);
        held_.resize(raw_(held_.data(), held_.size()));
        at_ = 0;
        if (held_.empty()) {
          if (inside_)
            throw Error(ErrorKind::corrupt, name_ + " is cut short inside its gzip data");
          return 0;
        }
      }
      if (!inside_) inflater_ = std::make_shared<Inflater>(Inflater::Wrapping::gzip);
      inside_ = true;
      Inflater::Step step;
      try {
        step = inflater_->inflate(std::string_view(held_).substr(at_), into, size);
      } catch (const Error& error) {
        throw Error(error.kind(), fmt::format("{}: {}", name_, error.what()), error.hint());
      }
      at_ += step.used;
      made = step.made;
      if (step.ended) inside_ = false;
    }
    return made;
  }

 private:
  std::string name_;
  TextSource::Read raw_;
  std::string held_;
  std::size_t at_ = 0;
  std::shared_ptr<Inflater> inflater_;  // shared, because a Read can be copied
  bool inside_ = false;
};

std::size_t read_standard_input(char* into, std::size_t size) {
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, into, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) {
      throw Error(ErrorKind::io,
                  fmt::format("cannot read standard input: {}", std::strerror(errno)));
    }
  }
}

TextSource::Read reader_of(std::shared_ptr<const MappedFile> file) {
  return [file = std::move(file), at = std::size_t{0}](char* into, std::size_t size) mutable {
    const std::string_view rest = file->bytes().substr(at).substr(0, size);
    std::memcpy(into, rest.data(), rest.size());
    file->used(0, at);
    at += rest.size();
    return rest.size();
  };
}

}  // namespace

std::string_view to_string(Format format) {
  return formats().at(static_cast<std::size_t>(format)).name;
}

bool is_remote(std::string_view input) {
  const std::size_t end = input.find("://");
  if (end == input.npos || end == 0 || input.starts_with("file://")) return false;
  return std::all_of(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(end), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+';
  });
}

bool is_matrix(Format format) {
  return format == Format::npy || format == Format::npz || format == Format::safetensors;
}

std::vector<Input> resolve_inputs(const std::vector<std::string>& inputs,
                                  const ReadOptions& options) {
  std::vector<Input> resolved;
  bool standard_input = false;
  for (const std::string& input : inputs) {
    for (const LocalCopy& file : expanded(input, options)) {
      if (file.path == "-" && std::exchange(standard_input, true)) {
        throw Error(ErrorKind::usage, "standard input can be read only once");
      }
      resolved.push_back(described(file, options));
    }
  }
  if (resolved.empty()) throw Error(ErrorKind::usage, "no input is given");
  for (const Input& input : resolved) {
    const Input& first = resolved.front();
    if (is_matrix(input.format) != is_matrix(first.format) ||
        (input.format == Format::parquet) != (first.format == Format::parquet)) {
      throw Error(
          ErrorKind::usage,
          fmt::format("{} is {} and {} is {}: a matrix and a table are no one data set", first.name,
                      to_string(first.format), input.name, to_string(input.format)));
    }
  }
  return resolved;
}

DataSet named_data_set(const std::vector<std::string>& inputs, const std::vector<Input>& resolved) {
  DataSet data;
  std::vector<std::string> names;
  for (const std::string& input : inputs) names.push_back(mask_secrets(input));
  data.source = join(names, " ");
  for (const Input& input : resolved) data.files.push_back(input.path);
  return data;
}

TextSource open_text(const Input& input) {
  if (input.file && !input.compressed) return TextSource(input.file);
  if (input.file) return TextSource(Gunzip(input.name, reader_of(input.file)));
  // A first look tells whether it is compressed.
  std::string first(2, '\0');
  std::size_t have = 0;
  while (have < 2) {
    const std::size_t got = read_standard_input(first.data() + have, 2 - have);
    if (got == 0) break;
    have += got;
  }
  first.resize(have);
  TextSource::Read raw = [first, at = std::size_t{0}](char* into, std::size_t size) mutable {
    if (at == first.size()) return read_standard_input(into, size);
    const std::size_t count = first.copy(into, size, at);
    at += count;
    return count;
  };
  if (is_gzip(first)) return TextSource(Gunzip(input.name, std::move(raw)));
  return TextSource(std::move(raw));
}

}  // namespace mlopsctl::drift
