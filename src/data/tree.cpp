#include "mlopsctl/data/tree.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"
#include "mlopsctl/platform/md5.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlopsctl::data {

namespace {

constexpr std::size_t digest_size = 32;
constexpr std::string_view folder_suffix = ".dir";

bool is_digest(std::string_view text) {
  return text.size() == digest_size && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool stays_inside(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.find('\0') != std::string_view::npos)
    return false;
  for (const auto& name : split(path, '/')) {
    if (name.empty() || name == "." || name == "..") return false;
  }
  return true;
}

[[noreturn]] void corrupt(std::string_view what) {
  throw Error(ErrorKind::corrupt, fmt::format("a directory object is damaged: {}", what),
              "fetch it again from a remote");
}

// Collects {"md5": …, "relpath": …} objects of one list without building the document.
class Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  Tree tree;

  bool start_array(std::size_t) override { return depth_++ != 1; }  // a list of lists is none
  bool end_array() override {
    --depth_;
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ == 0) return false;
    if (++depth_ == 2) entry_ = {};
    return true;
  }
  bool end_object() override {
    if (--depth_ != 1) return true;
    if (!is_digest(entry_.md5)) corrupt(fmt::format("{} has no MD5", quote(entry_.path)));
    if (!stays_inside(entry_.path)) {
      corrupt(fmt::format("{} is no path inside a directory", quote(entry_.path)));
    }
    tree.entries.push_back(std::move(entry_));
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == 2) key_ = std::move(name);
    return true;
  }
  bool string(string_t& value) override {
    if (depth_ != 2) return depth_ > 2;
    if (key_ == "md5")
      entry_.md5 = std::move(value);
    else if (key_ == "relpath")
      entry_.path = std::move(value);
    return true;
  }
  bool null() override { return depth_ >= 2; }
  bool boolean(bool) override { return depth_ >= 2; }
  bool number_integer(number_integer_t) override { return depth_ >= 2; }
  bool number_unsigned(number_unsigned_t) override { return depth_ >= 2; }
  bool number_float(number_float_t, const string_t&) override { return depth_ >= 2; }
  bool binary(binary_t&) override { return false; }
  bool parse_error(std::size_t at, const std::string&,
                   const nlohmann::detail::exception&) override {
    corrupt(fmt::format("byte {} is no JSON", at));
  }

 private:
  int depth_ = 0;
  std::string key_;
  TreeEntry entry_;
};

}  // namespace

bool is_object_name(std::string_view text) {
  if (text.ends_with(folder_suffix)) text.remove_suffix(folder_suffix.size());
  return is_digest(text);
}

std::string object_path(const ObjectId& id) {
  return fmt::format("{}{}/{}", id.kind == HashKind::legacy ? "" : "files/md5/",
                     id.hex.substr(0, 2), id.hex.substr(2));
}

const TreeEntry* Tree::find(std::string_view path) const {
  const auto at = std::ranges::lower_bound(
      entries, path, {}, [](const TreeEntry& entry) { return std::string_view(entry.path); });
  return at != entries.end() && at->path == path ? &*at : nullptr;
}

std::string tree_text(const Tree& tree) {
  std::string text = "[";
  for (const auto& entry : tree.entries) {
    if (!is_valid_utf8(entry.path)) {
      throw Error(ErrorKind::conflict,
                  fmt::format("the file name {} is not UTF-8", quote(entry.path)),
                  "DVC cannot record such names; rename it");
    }
    if (text.size() > 1) text += ", ";
    text += R"({"md5": ")";
    text += entry.md5;
    text += R"(", "relpath": )";
    text += python_json_string(entry.path);
    text += '}';
  }
  return text + "]";
}

ObjectId tree_id(std::string_view tree_text, HashKind kind) {
  return {md5_of(tree_text) + std::string(folder_suffix), kind};
}

Tree parse_tree(std::string_view text) {
  Reader reader;
  if (!nlohmann::json::sax_parse(text, &reader)) corrupt("it is no list of files");
  Tree tree = std::move(reader.tree);
  const auto by_path = [](const TreeEntry& entry) -> std::string_view { return entry.path; };
  if (!std::ranges::is_sorted(tree.entries, {}, by_path)) {
    std::ranges::stable_sort(tree.entries, {}, by_path);
  }
  const auto twice = std::ranges::adjacent_find(tree.entries, {}, by_path);
  if (twice != tree.entries.end()) {
    corrupt(fmt::format("{} is there twice", quote(twice->path)));
  }
  return tree;
}

}  // namespace mlopsctl::data
