// Which columns of a table are read, and as what: what the user said, and what was seen so far.
#pragma once

#include "mlopsctl/drift/dataset.hpp"
#include "mlopsctl/formats/table_part.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace mlopsctl::drift {

// What a user may say of a column, beside the kinds: text is described, ignore leaves it out.
enum class Choice { real, integer, boolean, category, time, text, ignore };
// Throws Error{usage} naming the column.
Choice parse_choice(const std::string& name, std::string_view word);

class ColumnChoices {
 public:
  explicit ColumnChoices(const ReadOptions& options);

  bool wanted(const std::string& name) const;
  std::optional<Choice> choice(const std::string& name) const;
  void choose(const std::string& name, Choice choice);  // before reading begins

  // How a part is to be read now. Thread-safe, as is learn().
  ColumnPlan plan(const std::string& name) const;
  void learn(const std::string& name, ValueKind kind);
  // From now on other values are a problem. Columns without a value so far become reals.
  void freeze(std::span<const std::string> names);

  // Throws Error{usage} if the user asked for a column, or for its kind, that is not among `names`.
  void check_named(std::span<const std::string> names, const std::string& source);
  // The same for columns that were asked for, where names are known after reading only.
  void check_found(std::span<const std::string> names, const std::string& source) const;
  // Columns to leave out, and the time column, that no input had so far: one side of a comparison
  // may lack them. `names`: those that were found where none were told before reading.
  std::vector<std::string> absent(std::span<const std::string> names) const;

 private:
  std::map<std::string, Choice> chosen_;
  std::set<std::string> only_, ignore_;
  std::string time_column_;
  std::set<std::string> met_;  // of those that inputs may lack
  bool names_told_ = false;
  mutable std::mutex mutex_;
  std::map<std::string, ValueKind> seen_;
  bool frozen_ = false;
};

}  // namespace mlopsctl::drift
