// The file: one JSON object. Buckets are [key, count] pairs with the keys as differences from the
// one before, so that a column of a thousand buckets takes some ten kilobytes.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "drift/profile_state.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cmath>

namespace mlopsctl::drift {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::string_view schema = "mlopsctl.drift.profile/1";
constexpr std::string_view beginning = R"({"schema":"mlopsctl.drift.profile/)";
constexpr std::size_t most_buckets = 1U << 16U;
constexpr std::size_t most_labels = 1U << 20U;

std::string utf8(const std::string& text) { return is_valid_utf8(text) ? text : printable(text); }

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(number_text(value)); }

Json to_json(const ProfiledColumn& column) {
  Json json{{"name", utf8(column.name)},
            {"kind", to_string(column.kind)},
            {"rows", column.rows},
            {"missing", column.missing}};
  if (column.is_categorical()) {
    json["total"] = column.labels.total();
    json["hash_zeros"] = column.labels.zeros();
    json["labels"] = Json::object();
    for (const auto& [label, count] : column.labels.counts()) json["labels"][utf8(label)] = count;
    return json;
  }
  json["infinite"] = column.infinite;
  json["finite"] = column.finite;
  json["min"] = number(column.min);
  json["max"] = number(column.max);
  json["mean"] = number(column.mean);
  json["squares"] = number(column.squares);
  json["dropped_bits"] = column.buckets.dropped_bits();
  Json buckets = Json::array();
  std::uint64_t before = 0;
  for (const auto& bucket : column.buckets.buckets()) {
    buckets.push_back(bucket.key - before);
    buckets.push_back(bucket.count);
    before = bucket.key;
  }
  json["buckets"] = std::move(buckets);
  return json;
}

// Anything that is not as it should be is thrown as text and becomes one Error{corrupt}.
[[noreturn]] void bad(const std::string& what) { throw std::invalid_argument(what); }

double number_of(const Json& json) {
  if (json.is_number()) return json.get<double>();
  const auto value = parse_number(json.get<std::string>());
  if (!value) bad("a number is none");
  return *value;
}

std::uint64_t whole_of(const Json& json) {
  if (!json.is_number_unsigned()) bad("a whole number is none");
  return json.get<std::uint64_t>();
}

// No file has more rows, and sums of some counts do not overflow.
std::uint64_t count_of(const Json& json) {
  const std::uint64_t count = whole_of(json);
  if (count > std::uint64_t{1} << 53U) bad("a count is too large");
  return count;
}

ColumnKind kind_of(const std::string& name) {
  constexpr std::array kinds{ColumnKind::real, ColumnKind::integer, ColumnKind::boolean,
                             ColumnKind::category, ColumnKind::time};
  for (const auto kind : kinds) {
    if (to_string(kind) == name) return kind;
  }
  bad("a column has an unknown kind");
}

BucketHistogram buckets_of(const Json& json, std::size_t limit, const ProfiledColumn& column) {
  const std::uint64_t finite = column.finite;
  const auto dropped = json.at("dropped_bits").get<int>();
  const Json& list = json.at("buckets");
  if (dropped < 0 || dropped > 63 || !list.is_array() || list.size() % 2 != 0 ||
      list.size() / 2 > limit) {
    bad("the buckets are damaged");
  }
  const std::uint64_t most = UINT64_MAX >> static_cast<unsigned>(dropped);
  std::vector<Bucket> buckets;
  std::uint64_t key = 0, total = 0;
  for (std::size_t i = 0; i < list.size(); i += 2) {
    const std::uint64_t step = whole_of(list[i]), count = count_of(list[i + 1]);
    if (step > most - key || (i > 0 && step == 0) || count == 0 || count > finite - total) {
      bad("the buckets are damaged");
    }
    key += step;
    total += count;
    buckets.push_back({key, count});
  }
  if (total != finite) bad("the buckets do not hold all values");
  const auto key_of = [&](double value) {
    return BucketHistogram::order(value) >> static_cast<unsigned>(dropped);
  };
  if (finite > 0 && (buckets.front().key != key_of(column.min) || key != key_of(column.max))) {
    bad("the buckets do not reach from the smallest to the largest value");
  }
  return BucketHistogram(limit, dropped, buckets);
}

ProfiledColumn column_of(const Json& json, const ProfileOptions& options) {
  ProfiledColumn column{.name = json.at("name").get<std::string>(),
                        .kind = kind_of(json.at("kind").get<std::string>()),
                        .rows = count_of(json.at("rows")),
                        .missing = count_of(json.at("missing")),
                        .buckets = BucketHistogram(options.buckets),
                        .labels = LabelSketch(options.labels)};
  if (column.is_categorical()) {
    const auto zeros = json.at("hash_zeros").get<int>();
    const std::uint64_t total = count_of(json.at("total"));
    const Json& labels = json.at("labels");
    if (zeros < 0 || zeros > 64 || !labels.is_object() || labels.size() > options.labels) {
      bad("the labels are damaged");
    }
    if (total > column.rows || column.missing != column.rows - total) {
      bad("a column's counts are not those of its rows");
    }
    std::uint64_t kept = 0;
    for (const auto& [label, count] : labels.items()) {
      if (count_of(count) > total - kept) bad("the labels hold more than all rows");
      kept += count_of(count);
      column.labels.restore(label, count_of(count));
    }
    column.labels.restore(zeros, total);
    return column;
  }
  column.infinite = count_of(json.at("infinite"));
  column.finite = count_of(json.at("finite"));
  column.min = number_of(json.at("min"));
  column.max = number_of(json.at("max"));
  column.mean = number_of(json.at("mean"));
  column.squares = number_of(json.at("squares"));
  if (column.missing + column.infinite + column.finite != column.rows) {
    bad("a column's counts are not those of its rows");
  }
  const bool ordered = std::isfinite(column.min) && std::isfinite(column.max) &&
                       column.min <= column.max && !std::isnan(column.mean) && column.squares >= 0;
  if (column.finite > 0 && !ordered) bad("a column's moments are damaged");
  column.buckets = buckets_of(json, options.buckets, column);
  return column;
}

}  // namespace

std::string Profile::to_json() const {
  Json json{{"schema", schema},
            {"source", utf8(state_->source)},
            {"shape", state_->matrix ? "matrix" : "table"},
            {"rows", state_->rows},
            {"bucket_limit", state_->options.buckets},
            {"label_limit", state_->options.labels}};
  // A column a line: large files stay readable, and their differences too.
  std::string text = json.dump();
  text.back() = ',';
  text += "\"columns\":[";
  for (std::size_t i = 0; i < state_->columns.size(); ++i) {
    text += i == 0 ? "\n" : ",\n";
    text += drift::to_json(state_->columns[i]).dump();
  }
  return text + "\n]}\n";
}

bool Profile::is_profile(std::string_view first_bytes) {
  return first_bytes.starts_with(beginning);
}

Profile Profile::parse(std::string_view bytes, const std::string& name) {
  try {
    const Json json = Json::parse(bytes);
    const auto version = json.at("schema").get<std::string>();
    if (version != schema) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("{} is of the schema {}, this program reads {}", quote(name),
                              quote(version), schema),
                  "make the profile again with 'mlopsctl drift profile'");
    }
    ProfileOptions options{.buckets = count_of(json.at("bucket_limit")),
                           .labels = count_of(json.at("label_limit"))};
    if (options.buckets < 2 || options.buckets > most_buckets || options.labels < 1 ||
        options.labels > most_labels) {
      bad("its limits are out of range");
    }
    Profile profile(options);
    profile.state_->matrix = json.at("shape").get<std::string>() == "matrix";
    profile.state_->source = json.at("source").get<std::string>();
    profile.state_->rows = count_of(json.at("rows"));
    const Json& columns = json.at("columns");
    if (!columns.is_array()) bad("it has no columns");
    for (const auto& column : columns) {
      profile.state_->columns.push_back(column_of(column, options));
    }
    for (const auto& column : profile.state_->columns) {
      if (column.rows != profile.state_->rows) bad("a column has not as many rows as the others");
      if (profile.state_->matrix && column.is_categorical()) bad("a matrix has categories");
    }
    return profile;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {  // JSON's own, and bad()
    throw Error(ErrorKind::corrupt,
                fmt::format("{} is no drift profile: {}", quote(name), valid_utf8(error.what())),
                "make it again with 'mlopsctl drift profile'");
  }
}

}  // namespace mlopsctl::drift
