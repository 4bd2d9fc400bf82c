// What is kept of data so that other data can be compared with it later, without shipping it:
// counts that merge exactly. Profiling the parts of a data set apart, in any order, and merging
// them gives the same counts, bit by bit, as one pass over the whole; means and deviations agree to
// rounding.
//
// A number is counted in a bucket of all doubles that share their leading bits. A column begins
// with all 64 bits, and drops one whenever it has more than `buckets` of them, so few distinct
// values are kept exactly. How many bits are left depends on the set of values only, not on their
// order: that is what makes merging exact. The same holds for labels: of too many, those are kept
// whose hash ends in enough zeros.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/drift/dataset.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::drift {

struct ProfileOptions {
  std::size_t buckets = 1024;  // of a column of numbers, at most
  std::size_t labels = 1000;   // of a column of categories, at most
};

class ProfileState;  // src/drift/profile_state.hpp

class Profile {
 public:
  explicit Profile(const ProfileOptions& options = {});
  ~Profile();
  Profile(Profile&&) noexcept;
  Profile& operator=(Profile&&) noexcept;

  // Rows more. The first block decides the columns; Error{corrupt} for a block with others.
  void add(const DataSet& block);
  // Counts of another profile more, rounded to the coarser of both. Error{conflict} if the columns
  // differ.
  void merge(const Profile& other);

  std::uint64_t rows() const;
  std::uint64_t features() const;
  bool is_matrix() const;
  const std::string& source() const;
  void set_source(std::string source);
  // Columns of a table that are not to be compared.
  void leave_out(const std::vector<std::string>& names);

  struct Column {
    std::string name;
    ColumnKind kind = ColumnKind::real;
    std::uint64_t rows = 0, missing = 0;
    double min = 0, max = 0, mean = 0, deviation = 0;  // of the finite numbers; NaN for categories
    std::uint64_t distinct = 0;                        // buckets or labels that are kept
    bool exact = false;  // each distinct value has a bucket or a label of its own
  };
  std::vector<Column> columns() const;

  // JSON, schema mlopsctl.drift.profile/1. parse throws Error{corrupt} naming `name`.
  std::string to_json() const;
  static Profile parse(std::string_view bytes, const std::string& name);
  // Whether a file begins as a profile does.
  static bool is_profile(std::string_view first_bytes);

  const ProfileState& state() const { return *state_; }

 private:
  std::unique_ptr<ProfileState> state_;
};

// One pass with flat memory.
Profile profile_of(const std::vector<std::string>& inputs, const ReadOptions& read,
                   const ProfileOptions& options, Progress& progress);

}  // namespace mlopsctl::drift
