// A GateResult as documents for others: page, JUnit, Markdown, metrics, alerts, messages, a record.
// Pure.
#pragma once

#include "mlopsctl/eval/gate.hpp"
#include "mlopsctl/ui/gate_page.hpp"

#include "commands/check_outputs.hpp"
#include "commands/check_record.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::commands {

// All of them; `result` must outlive it. With `strict` a warning is bad.
CheckDocuments gate_documents(const gate::GateResult& result, bool strict, Timestamp now);

GatePage gate_page(const gate::GateResult& result);
JUnitSuite gate_junit(const gate::GateResult& result, bool strict);
std::string gate_markdown(const gate::GateResult& result);
std::vector<MetricFamily> gate_metrics(const gate::GateResult& result, bool strict,
                                       std::optional<double> last_success_before);
// Bad: Regression is firing. Good: it is resolved. No answer: none, so that what fires runs out.
std::vector<Alert> gate_alerts(const gate::GateResult& result, bool strict,
                               const AlertOptions& options, Timestamp now);
Message gate_message(const gate::GateResult& result, const std::string& report_url);
// mlopsctl.gate.message/1
std::string gate_webhook_json(const gate::GateResult& result, const std::string& report_url);
// Without the document.
CheckRecord gate_check_record(const gate::GateResult& result);

// "eval chat": what was judged, for titles.
std::string gate_title(const gate::GateResult& result);

}  // namespace mlopsctl::commands
