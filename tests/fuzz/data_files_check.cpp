#include "fuzz/data_files_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/config.hpp"
#include "mlopsctl/data/dvc_file.hpp"
#include "mlopsctl/data/ignore.hpp"
#include "mlopsctl/data/tree.hpp"

#include "data/gitignore.hpp"
#include "fuzz/require.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

namespace mlopsctl::fuzz {
namespace {

// The value, or nothing if it was refused as it should be.
template <class Action>
auto refused_or(ErrorKind kind, const char* what, Action&& action)
    -> std::optional<decltype(action())> {
  try {
    return action();
  } catch (const Error& error) {
    require(error.kind() == kind, std::string(what) + ": " + error.what());
    return std::nullopt;
  }
}

bool same(const data::OutEntry& a, const data::OutEntry& b) {
  return a.path == b.path && a.id == b.id && a.size == b.size && a.nfiles == b.nfiles &&
         a.executable == b.executable && a.cache == b.cache && a.labels == b.labels;
}

void check_dvc_file(std::string_view text) {
  const auto file =
      refused_or(ErrorKind::config, ".dvc", [&] { return data::parse_dvc_file(text); });
  if (!file || file->outs.empty()) return;
  const data::OutEntry& out = file->outs.front();
  // Sizes beyond 2^63 are nobody's.
  const auto edited =
      refused_or(ErrorKind::config, "edit", [&] { return data::edited_dvc_text(text, out); });
  if (edited) {
    const auto again = data::parse_dvc_file(*edited);
    require(same(again.outs.front(), out), "an edit without a change changed something");
    require(data::edited_dvc_text(*edited, out) == *edited, "an edit is not stable");
  }
  refused_or(ErrorKind::config, "md5", [&] { return data::stage_md5(text); });
  if (file->deps.empty()) return;
  const auto import = refused_or(ErrorKind::config, "import", [&] {
    return data::edited_import_text(text, file->deps.front(), out);
  });
  if (!import) return;
  const auto again = data::parse_dvc_file(*import);
  require(again.md5 == data::stage_md5(*import), "the MD5 is not that of the file");
  require(again.deps.front().state.etag == file->deps.front().state.etag, "the ETag changed");
}

void check_tree(std::string_view text) {
  const auto tree = refused_or(ErrorKind::corrupt, ".dir", [&] { return data::parse_tree(text); });
  if (!tree) return;
  for (const auto& entry : tree->entries) {
    const std::filesystem::path path(entry.path);
    require(!path.is_absolute() && !entry.path.empty(), "a path is no file inside");
    require(std::ranges::none_of(path, [](const auto& part) { return part == ".."; }),
            "a path leads out");
    require(data::is_object_name(entry.md5), "a digest is none");
  }
  const auto written =
      refused_or(ErrorKind::conflict, "tree_text", [&] { return data::tree_text(*tree); });
  if (!written) return;
  require(data::parse_tree(*written).entries == tree->entries, "a list does not read back");
  data::tree_id(*written, data::HashKind::md5);
}

void check_config(std::string_view text) {
  const auto document =
      refused_or(ErrorKind::config, "config", [&] { return data::parse_config(text); });
  if (!document) return;
  const auto written =
      refused_or(ErrorKind::usage, "config_text", [&] { return data::config_text(*document); });
  if (written) {
    const auto again =
        refused_or(ErrorKind::config, "again", [&] { return data::parse_config(*written); });
    if (again) {
      for (const auto& section : document->sections) {
        for (const auto& [name, value] : section.options) {
          const std::string* found = again->find(section.name, name);
          require(found != nullptr && *found == value, "an option does not read back: " + name);
        }
      }
    }
  }
  data::config_list(text);
  refused_or(ErrorKind::usage, "key", [&] { return data::parse_config_key(text); });
}

void check_ignore(std::string_view text) {
  const auto lines = split(text, '\n');
  const std::string path(lines.back());
  for (const auto& line : lines) {
    const auto rule = data::parse_ignore_line(line, "a");
    if (!rule) continue;
    for (const std::string_view one : {std::string_view("a/b"), std::string_view(path)}) {
      data::matches(*rule, one, true);
      data::matches(*rule, one, false);
    }
  }
  const std::string name = path.substr(0, path.find('/'));
  if (name.empty()) return;
  const std::string entry = data::gitignore_entry(name);
  const std::string with = data::gitignore_with(text, entry);
  require(data::gitignore_with(with, entry) == with, "a line is added twice");
  require(with.starts_with(text), "lines of somebody else changed");
  const std::string without = data::gitignore_without(with, name);
  const auto left = split(without, '\n');
  require(std::ranges::find(left, entry) == left.end(), "a line that was removed is still there");
}

}  // namespace

void check_data_files(std::string_view text) {
  if (text.size() > 4096) text = text.substr(0, 4096);
  check_dvc_file(text);
  check_tree(text);
  check_config(text);
  check_ignore(text);
}

}  // namespace mlopsctl::fuzz
