// One table as text. The only place that knows libsmartcols is table.cpp.
#pragma once

#include "mlopsctl/ui/report.hpp"

#include <string>

namespace mlopsctl {

// What the terminal shows for a cell.
std::string shown_text(const Cell& cell, Timestamp now);

// Fits the terminal's width: columns marked `shrink` are cut first.
std::string render_table(const Table& table, const Terminal& terminal, Timestamp now);

}  // namespace mlopsctl
