// Endpoints, commands and the cache of answers, as the options of a command say.
#pragma once

#include "mlopsctl/cli/command.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/eval/answer_cache.hpp"
#include "mlopsctl/eval/command_target.hpp"
#include "mlopsctl/eval/endpoint.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlopsctl::commands {

// --model, --api, --api-key-env, --tokenizer, --prefix-token, --timeout; --max-length is the
// model's.
std::vector<OptionSpec> endpoint_options();
// --concurrency, --requests-per-second, --tokens-per-minute, --retries.
std::vector<OptionSpec> endpoint_speed_options();
// Throws Error{usage, config}.
EndpointOptions endpoint_of(const Arguments& arguments, const std::string& url);

// A model's folder (eval_target.hpp) or an endpoint, as its name says.
std::unique_ptr<Target> open_named_target(Context& context, const Arguments& arguments,
                                          const std::string& name);

// --command; its timeout is that of the endpoint.
std::vector<OptionSpec> command_options();
std::optional<CommandOptions> command_of(const Arguments& arguments);

// --cache, --cache-limit.
std::vector<OptionSpec> cache_options();
// Where --cache says: "user", a file, a redis:// URL; more than one of them may be given.
AnswerCacheOptions cache_places(const std::vector<std::string>& places);
// The target behind the cache that was asked for; the target itself if none was.
std::unique_ptr<Target> cached(Context& context, const Arguments& arguments,
                               std::unique_ptr<Target> target, std::shared_ptr<AnswerCache>& cache);

}  // namespace mlopsctl::commands
