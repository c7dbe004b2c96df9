#include "cli/resolver_programs.h"

#include "cli/child_process.h"
#include "cli/text.h"

namespace holdfast::cli {
namespace {

auto run(const std::string& command, base::ByteView input, base::SecretMemory& memory)
    -> std::expected<base::SecretBytes, api::ResolverFailure> {
  const ChildOptions options{
      .output = Output::piped, .own_session = true, .longest = api::kResolverTime};
  auto done =
      run_child({"/bin/sh", "-c", command}, input, options, api::kResolverAnswerBytesMax, memory);
  if (!done) {
    const bool late = done.error().code == base::error_name(base::Error::request_timeout);
    const std::string seconds = std::to_string(api::kResolverTime.count());
    return std::unexpected{api::ResolverFailure{
        late ? "it took longer than " + seconds + " s" : done.error().text, late}};
  }
  if (done->code != 0) {
    return std::unexpected{
        api::ResolverFailure{"it ended with code " + std::to_string(done->code)}};
  }
  return std::move(done->output);
}

}  // namespace

void ResolverPrograms::configure(const Settings& settings) {
  const auto rows = parse_table(settings.text("conflicts.resolvers"));
  const std::scoped_lock guard{mutex_};
  programs_.clear();
  if (!rows) return;
  for (const auto& [name, command] : *rows) {
    programs_.emplace(name, std::make_shared<const api::ProgramResolver>(
                                name,
                                [command](base::ByteView input, base::SecretMemory& memory) {
                                  return run(command, input, memory);
                                },
                                clock_));
  }
}

auto ResolverPrograms::find(std::string_view name) const
    -> std::shared_ptr<const api::ProgramResolver> {
  const std::scoped_lock guard{mutex_};
  const auto found = programs_.find(name);
  return found == programs_.end() ? nullptr : found->second;
}

}  // namespace holdfast::cli
