// commands_migrate.cc: migrate.
#include <CLI/CLI.hpp>
#include <filesystem>

#include "cli/command.h"
#include "cli/progress.h"
#include "formats/json_writer.h"
#include "node/migration.h"

namespace holdfast::cli {
namespace {

using formats::JsonWriter;

struct MigrateFlags {
  std::string source;
  std::uint64_t batch_size = node::kMigrationBatch;
  bool stop_on_error = false, verify = false, auto_cutover = false, dry_run = false;
  SecretSource passphrase;
};

auto request_body(const MigrateFlags& flags, const base::SecretBytes& passphrase,
                  base::SecretBytes::Buffer& body) -> bool {
  // The daemon works in another folder.
  const std::string source =
      flags.source.contains('/') ? std::filesystem::absolute(flags.source).string() : flags.source;
  JsonWriter json{body};
  json.begin_object();
  json.member("source", source);
  json.member("passphrase", passphrase);
  json.key("batch_size"), json.number(flags.batch_size);
  json.key("stop_on_error"), json.boolean(flags.stop_on_error);
  json.key("verify"), json.boolean(flags.verify);
  json.key("auto_cutover"), json.boolean(flags.auto_cutover);
  json.key("dry_run"), json.boolean(flags.dry_run);
  json.end_object();
  return json.ok();
}

void print_report(const JsonValue& report, Screen& screen) {
  for (const char* name : {"total", "imported", "skipped", "failed", "versions", "categories"}) {
    screen.row(name, std::to_string(number_at(report, name)));
  }
  for (const JsonValue& error : items_at(report, "errors")) screen.warn(error.text());
  const JsonValue* check = report.find("verification");
  if (check != nullptr && check->is(JsonType::object)) {
    screen.row("verified", std::to_string(number_at(*check, "versions")) + " versions, " +
                               std::to_string(number_at(*check, "fields")) + " fields");
    for (const JsonValue& line : items_at(*check, "differences")) screen.warn(line.text());
  }
  screen.row("cut over", true_at(report, "cut_over") ? "yes" : "no");
  if (true_at(report, "dry_run")) screen.note("Dry run: nothing was changed.");
  if (true_at(report, "cut_over")) {
    screen.note("The source is read-only for good; this vault takes its place.");
  }
}

auto migrate(const MigrateFlags& flags, Session& session) -> Outcome<Exit> {
  if (flags.batch_size == 0 || flags.batch_size > node::kMigrationBatchMax) {
    return usage("--batch-size is out of range",
                 "write a number from 1 to " + std::to_string(node::kMigrationBatchMax));
  }
  if (flags.dry_run && (flags.verify || flags.auto_cutover)) {
    return usage("a dry run has nothing to verify or to cut over to",
                 "leave out --verify and --auto-cutover");
  }
  TRY(passphrase,
      session.prompter().from(flags.passphrase, "passphrase of the source",
                              "--source-passphrase-fd N or --source-passphrase-file FILE", false));
  base::SecretBytes::Buffer body{&session.memory()};
  if (!request_body(flags, passphrase, body)) {
    return usage("the passphrase or the source's name is not valid UTF-8");
  }
  Target target = session.vault();
  auto answer = showing_progress(
      session, "migrate", [&] { return session.call("POST", target.path("/migrate"), body); });
  if (!answer) {
    if (answer.error().next_step.empty()) {
      answer.error().next_step = "mend that and run it again: it goes on where it stopped";
    }
    return std::unexpected{answer.error()};
  }
  Screen& screen = session.screen();
  screen.json() ? print_json(screen, answer->body) : print_report(answer->root(), screen);
  const JsonValue* check = answer->root().find("verification");
  const auto failed = number_at(answer->root(), "failed");
  const auto differences = check == nullptr ? 0 : items_at(*check, "differences").size();
  if (failed == 0 && differences == 0) return Exit::done;
  const std::string text =
      failed > 0 ? std::to_string(failed) + " secrets did not arrive whole"
                 : "the verification found " + std::to_string(differences) + " differences";
  return problem(Exit::local, text + "; the source is as it was",
                 "the reasons are above; mend them and run it again: what arrived is skipped");
}

}  // namespace

auto declare_migrate(CLI::App& app) -> Run {
  auto flags = std::make_shared<MigrateFlags>();
  app.add_option("SOURCE", flags->source, "another vault: its name, or its folder (with a /)")
      ->required();
  app.add_option("--batch-size", flags->batch_size, "versions written at a time (500)")
      ->type_name("N");
  app.add_flag("--stop-on-error", flags->stop_on_error, "stop at the first secret that fails");
  app.add_flag("--verify", flags->verify, "compare every version afterwards, field by field");
  app.add_flag("--auto-cutover", flags->auto_cutover,
               "if nothing went wrong, make the source read-only for good");
  app.add_flag("--dry-run", flags->dry_run, "change nothing");
  app.add_option("--source-passphrase-fd", flags->passphrase.descriptor,
                 "read the source's passphrase from this descriptor")
      ->type_name("N");
  app.add_option("--source-passphrase-file", flags->passphrase.file,
                 "read the source's passphrase from this file")
      ->type_name("FILE");
  return [flags](Session& session) { return migrate(*flags, session); };
}

}  // namespace holdfast::cli
