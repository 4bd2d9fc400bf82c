// Statistics of gates by name, for golden files and for other programs that want to compare them.
#pragma once

#include <nlohmann/json.hpp>

// {"function": "mcnemar", "losses": 5, "wins": 0} gives {"worse": 0.03125, "two_sided": 0.0625}.
// Throws std::exception for what it does not understand.
nlohmann::json gate_value(const nlohmann::json& request);
