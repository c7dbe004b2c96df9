#include "cli/write_flags.h"

#include <CLI/CLI.hpp>

namespace holdfast::cli {

void declare_dry_run(CLI::App& app, bool& dry_run) {
  app.add_flag("--dry-run", dry_run, "change nothing");
}

void WriteFlags::declare(CLI::App& app) {
  app.add_option("--if-version", if_version, "only if this is the current version")
      ->type_name("ID");
  declare_dry_run(app, dry_run);
}

auto WriteFlags::check(const Answer& secret) const -> Outcome<void> {
  if (if_version.empty() || '"' + if_version + '"' == secret.etag) return {};
  return std::unexpected{problem_of(base::Error::stale_version)};
}

auto WriteFlags::match(const Answer& secret) const -> std::string {
  return if_version.empty() ? secret.etag : '"' + if_version + '"';
}

auto WriteFlags::stops(std::string_view what, Session& session) const -> bool {
  if (dry_run) session.screen().note(std::string{what} + "; nothing was changed.");
  return dry_run;
}

}  // namespace holdfast::cli
