// eval cache show and clear: answers that --cache has kept.
#include "mlopsctl/eval/answer_cache.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"

#include "commands/commands.hpp"
#include "commands/endpoint_options.hpp"

#include <fmt/format.h>

namespace mlopsctl::commands {

namespace {

AnswerCacheOptions places_of(const Arguments& arguments) {
  std::vector<std::string> places = arguments.positionals();
  if (places.empty()) places.emplace_back("user");
  return cache_places(places);
}

Report show(Context&, const Arguments& arguments) {
  const AnswerCacheOptions places = places_of(arguments);
  Report report("eval.cache.show/1");
  Table table{.key = "targets", .heading = "By target", .when_empty = "no answers are kept"};
  table.columns = {{.key = "target", .header = "TARGET", .shrink = true},
                   {.key = "answers", .header = "ANSWERS", .right = true},
                   {.key = "bytes", .header = "SIZE", .right = true},
                   {.key = "last_used", .header = "LAST USED"}};
  if (!places.file.empty()) {
    const AnswerFileStatus status = answer_file_status(places.file);
    report.field("file", "file", Cell(places.file.string()));
    report.field("answers", "answers", count_cell(status.answers));
    report.field("bytes", "size", Cell(Value(Bytes{status.bytes})));
    for (const auto& group : status.targets)
      table.add({Cell(group.target), count_cell(group.answers), Cell(Value(Bytes{group.bytes})),
                 Cell(Value(group.last_used))});
  }
  if (places.redis) {
    RedisClient redis(*places.redis);
    report.field("redis", "Redis", Cell(places.redis->shown()));
    report.field("redis_answers", "answers there", count_cell(count_answers(redis)));
  }
  if (!places.file.empty()) report.table(std::move(table));
  return report;
}

Report clear(Context& context, const Arguments& arguments) {
  const AnswerCacheOptions places = places_of(arguments);
  const auto age = arguments.text("unused-for");
  const auto target = arguments.text("target");
  if (places.redis && (age || target))
    throw Error(
        ErrorKind::usage, "Redis does not know which answers are of which target and age",
        "clear all of it, or give its keys a lifetime there (maxmemory-policy allkeys-lru)");
  std::optional<Timestamp> before;
  if (age) before = context.now() - parse_duration(*age);
  const auto clear_all = [&](bool only_count) {
    std::uint64_t answers = 0;
    if (!places.file.empty()) answers += clear_answers(places.file, before, target, only_count);
    if (places.redis) {
      RedisClient redis(*places.redis);
      answers += only_count ? count_answers(redis) : clear_answers(redis);
    }
    return answers;
  };
  Report report("eval.cache.clear/1");
  const std::uint64_t found = clear_all(true);
  if (context.globals().dry_run) {
    report.field("would_remove", "would remove", count_cell(found));
    return report.summary(fmt::format("would remove {} answers", found));
  }
  if (!context.confirmed(fmt::format("Remove {} answers from the cache?", found)))
    return report.summary("nothing was removed");
  const std::uint64_t removed = clear_all(false);
  report.field("removed", "removed", count_cell(removed));
  return report.summary(fmt::format("removed {} answers", removed));
}

std::vector<PositionalSpec> places() {
  return {
      {.name = "WHERE",
       .help = "'user' for the file in ~/.cache, which it is by default; a file; a redis:// URL",
       .least = 0,
       .many = true,
       .complete = Complete::file}};
}

}  // namespace

CommandSpec eval_cache_show() {
  return {.path = "eval cache show",
          .summary = "Show how many answers a cache has",
          .description =
              "Caches are made by --cache of 'eval run'. The key of an answer is a digest over "
              "everything that decides it: the whole fingerprint of the model, endpoint or "
              "command, the prompt and all parameters. An endpoint may change its model behind "
              "the same name, which nobody can see from here: clear its answers then.",
          .examples = {{"mlopsctl eval cache show", "The file in ~/.cache"},
                       {"mlopsctl eval cache show answers.db redis://cache:6379/0",
                        "Another file, and Redis"}},
          .positionals = places(),
          .run = show};
}

CommandSpec eval_cache_clear() {
  return {.path = "eval cache clear",
          .summary = "Remove answers from a cache",
          .description = "What is removed is asked for again when it is needed.",
          .examples = {{"mlopsctl eval cache clear --unused-for 30d", "What is not used any more"},
                       {"mlopsctl eval cache clear --target 'm at http://localhost:8000/v1'",
                        "Of an endpoint whose model has changed; 'eval cache show' has the names"},
                       {"mlopsctl eval cache clear --yes redis://cache:6379/0",
                        "All that this program has put into Redis"}},
          .options = {{.name = "unused-for",
                       .value = "TIME",
                       .help = "Only answers that were not used for so long, such as 30d"},
                      {.name = "target", .value = "NAME", .help = "Only answers of this target"}},
          .positionals = places(),
          .run = clear};
}

}  // namespace mlopsctl::commands
