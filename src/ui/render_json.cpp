// JSON: the root and all list items are objects, absent is null, non-finite numbers are the strings
// "NaN", "Infinity", "-Infinity" (as in MLflow's protocol).
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/ui/report.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace mlopsctl {

namespace {

using Json = nlohmann::ordered_json;

// Foreign bytes that are not UTF-8 are shown escaped: JSON cannot carry them.
std::string json_text(std::string_view text) {
  return is_valid_utf8(text) ? std::string(text) : printable(text);
}

struct ToJson {
  Json operator()(std::monostate) const { return nullptr; }
  Json operator()(bool v) const { return v; }
  Json operator()(std::int64_t v) const { return v; }
  Json operator()(double v) const { return std::isfinite(v) ? Json(v) : Json(number_text(v)); }
  Json operator()(const std::string& v) const { return json_text(v); }
  Json operator()(Timestamp v) const { return to_rfc3339(v); }
  Json operator()(Milliseconds v) const { return static_cast<double>(v.count()) / 1000.0; }
  Json operator()(Bytes v) const { return v.count; }
};

struct AddSection {
  Json& root;

  void operator()(const Field& field) const {
    root[field.key] = std::visit(ToJson{}, field.cell.value);
  }
  void operator()(const Group& group) const {
    Json object = Json::object();
    for (const auto& entry : group.entries) {
      object[json_text(entry.key)] = std::visit(ToJson{}, entry.cell.value);
    }
    root[group.key] = std::move(object);
  }
  void operator()(const Table& table) const {
    Json list = Json::array();
    for (const auto& row : table.rows) {
      Json item = Json::object();
      for (std::size_t i = 0; i < row.size() && i < table.columns.size(); ++i) {
        item[json_text(table.columns[i].key)] = std::visit(ToJson{}, row[i].value);
      }
      list.push_back(std::move(item));
    }
    root[table.key] = std::move(list);
  }
  void operator()(const TextBlock& block) const { root[block.key] = json_text(block.text); }
};

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::bad:
      return "bad";
  }
  return "note";
}

}  // namespace

Rendered render_json(const Report& report) {
  Json root = Json::object();
  root["schema"] = "mlopsctl." + report.schema();
  for (const auto& section : report.sections()) std::visit(AddSection{root}, section);
  if (!report.findings().empty()) {
    Json findings = Json::array();
    for (const auto& finding : report.findings()) {
      findings.push_back(
          {{"severity", severity_name(finding.severity)}, {"message", json_text(finding.message)}});
    }
    root["findings"] = std::move(findings);
  }
  if (!report.conclusion().empty()) root["summary"] = json_text(report.conclusion());
  return {.out = root.dump(2) + '\n', .err = ""};
}

std::string render_error_json(const Error& error, ExitCode code) {
  Json root = Json::object();
  root["schema"] = "mlopsctl.error/1";
  root["error"] = {{"kind", to_string(error.kind())},
                   {"message", json_text(error.what())},
                   {"hint", error.hint().empty() ? Json(nullptr) : Json(json_text(error.hint()))}};
  root["exit_code"] = static_cast<int>(code);
  return root.dump() + '\n';
}

}  // namespace mlopsctl
