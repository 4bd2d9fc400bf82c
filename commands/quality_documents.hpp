// A QualityResult as documents for others: JUnit, Markdown, metrics, alerts, messages, a record.
// Pure.
#pragma once

#include "mlopsctl/quality/judge.hpp"
#include "mlopsctl/ui/rate_page.hpp"

#include "commands/check_outputs.hpp"
#include "commands/check_record.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::commands {

// All of them; `result` must outlive it.
CheckDocuments quality_documents(const quality::QualityResult& result, Timestamp now);

// Of one log; a check against a reference has drift's page instead.
RatePage quality_page(const quality::QualityResult& result);
JUnitSuite quality_junit(const quality::QualityResult& result);
std::string quality_markdown(const quality::QualityResult& result);
std::vector<MetricFamily> quality_metrics(const quality::QualityResult& result,
                                          std::optional<double> last_success_before);
// Bad: LowQuality is firing. Ok: it is resolved. No answer: none, so that what fires runs out.
std::vector<Alert> quality_alerts(const quality::QualityResult& result, const AlertOptions& options,
                                  Timestamp now);
Message quality_message(const quality::QualityResult& result, const std::string& report_url);
// mlopsctl.quality.message/1
std::string quality_webhook_json(const quality::QualityResult& result,
                                 const std::string& report_url);
// Without the document.
CheckRecord quality_check_record(const quality::QualityResult& result);

}  // namespace mlopsctl::commands
