#include "mlopsctl/base/number_type.hpp"

#include <array>

namespace mlopsctl {

namespace {

struct Row {
  std::size_t size;
  std::string_view name;
};
// In the order of the enumerators.
constexpr std::array<Row, 13> rows{{{2, "float16"},
                                    {2, "bfloat16"},
                                    {4, "float32"},
                                    {8, "float64"},
                                    {1, "int8"},
                                    {2, "int16"},
                                    {4, "int32"},
                                    {8, "int64"},
                                    {1, "uint8"},
                                    {2, "uint16"},
                                    {4, "uint32"},
                                    {8, "uint64"},
                                    {1, "bool"}}};

const Row& row(NumberType type) { return rows.at(static_cast<std::size_t>(type)); }

}  // namespace

std::size_t size_of(NumberType type) { return row(type).size; }
std::string_view to_string(NumberType type) { return row(type).name; }

}  // namespace mlopsctl
