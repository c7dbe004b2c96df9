// commands_files.cc: import, export.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>

#include "cli/command.h"
#include "cli/file_key_flags.h"
#include "cli/progress.h"
#include "formats/import.h"
#include "formats/json_writer.h"
#include "store/file_io.h"

namespace holdfast::cli {
namespace {

auto format_names() -> std::string {
  std::string names;
  for (const formats::Format format : formats::kFormats) {
    if (!names.empty()) names += ", ";
    names += formats::format_name(format);
  }
  return names;
}

auto check_format(const std::string& name) -> Outcome<void> {
  if (formats::format_from_name(name)) return {};
  return usage("there is no file format '" + name + "'", "known are " + format_names());
}

struct ImportFlags {
  std::string file, format, category, on_conflict = "skip", report;
  bool dry_run = false;
  FileKeyFlags key;
};

auto import_target(const ImportFlags& flags, const Session& session) -> Target {
  Target target = session.vault();
  target.path("/import").query("on_conflict", flags.on_conflict);
  if (!flags.format.empty()) target.query("format", flags.format);
  if (!flags.category.empty()) target.query("category", flags.category);
  if (flags.dry_run) target.query("dry_run", "true");
  return target;
}

void print_report(const JsonValue& report, Screen& screen) {
  for (const char* name : {"read", "added", "updated", "skipped", "failed", "categories"}) {
    screen.row(name, std::to_string(number_at(report, name)));
  }
  if (const JsonValue* source = report.find("source"); source != nullptr) {
    screen.row("attachments", std::to_string(number_at(*source, "attachments")));
    screen.row("fields mapped", std::to_string(number_at(*source, "fields_mapped")));
  }
  for (const JsonValue& note : items_at(report, "notes")) screen.note(note.text());
  for (const JsonValue& failure : items_at(report, "failures")) screen.warn(failure.text());
  if (true_at(report, "dry_run")) screen.note("Dry run: nothing was changed.");
}

auto save_report(const std::string& path, const Answer& answer) -> Outcome<void> {
  return answer.body.expose(
      [&](base::ByteView bytes) { return locally(store::write_file_atomic(path, bytes)); });
}

// Other managers give out such files; what lies in them is for the user to choose.
auto check_not_packed(base::ByteView file, const std::string& name) -> Outcome<void> {
  constexpr std::array<std::uint8_t, 4> kZip{'P', 'K', 3, 4};
  constexpr std::array<std::uint8_t, 2> kGzip{0x1f, 0x8b};
  const auto begins_with = [&](base::ByteView mark) {
    return file.size() >= mark.size() && std::ranges::equal(file.first(mark.size()), mark);
  };
  if (begins_with(kZip)) {
    return usage(name + " is a ZIP archive", "unpack it, and import the file inside");
  }
  if (begins_with(kGzip)) {
    return usage(name + " is packed with gzip", "unpack it first, for example with gunzip");
  }
  return {};
}

auto import(const ImportFlags& flags, Session& session) -> Outcome<Exit> {
  if (!flags.format.empty()) TRY_DO(check_format(flags.format));
  TRY(file, flags.file == "-"
                ? read_descriptor(STDIN_FILENO, formats::kImportBytesMax, session.memory())
                : read_whole_file(flags.file, formats::kImportBytesMax, session.memory()));
  TRY_DO(file.expose([&](base::ByteView bytes) { return check_not_packed(bytes, flags.file); }));
  const auto format = flags.format.empty() ? file.expose(formats::guess_format)
                                           : formats::format_from_name(flags.format);
  FileKeyHeaders key;
  if (format && formats::is_encrypted(*format)) {
    TRY(asked, ask_file_key(flags.key, FileKeyUse::open, session));
    key = std::move(asked);
  }
  Session::Headers headers = key.view();
  headers.emplace_back("Content-Type", "application/octet-stream");
  const Target target = import_target(flags, session);
  auto answer = showing_progress(session, "import", [&] {
    return file.expose(
        [&](base::ByteView bytes) { return session.call("POST", target, bytes, headers); });
  });
  if (!answer) {
    Problem& problem = answer.error();
    if (problem.exit == Exit::local) {
      problem.text = flags.file + ": " + problem.text;
      if (problem.next_step.empty())
        problem.next_step = "nothing was imported; mend the file and repeat";
    }
    return std::unexpected{problem};
  }
  if (!flags.report.empty()) TRY_DO(save_report(flags.report, *answer));
  Screen& screen = session.screen();
  screen.json() ? print_json(screen, answer->body) : print_report(answer->root(), screen);
  if (const auto failed = number_at(answer->root(), "failed"); failed != 0) {
    return problem(Exit::local, std::to_string(failed) + " entries were not imported; the rest was",
                   "the reasons are above and in --report FILE; mend them and import again");
  }
  return Exit::done;
}

struct ExportFlags {
  std::string file, format;
  std::vector<std::string> categories;
  bool plaintext = false, history = false, deleted = false;
  FileKeyFlags key;
};

auto export_target(const ExportFlags& flags, const Session& session) -> Target {
  Target target = session.vault();
  target.path("/export").query("format", flags.format);
  for (const std::string& category : flags.categories) target.query("category", category);
  if (flags.history) target.query("history", "true");
  if (flags.deleted) target.query("deleted", "true");
  return target;
}

// Everything this format cannot hold is said first, and has to be accepted.
auto accept_losses(const ExportFlags& flags, Session& session) -> Outcome<void> {
  Target target = export_target(flags, session);
  TRY(answer, showing_progress(session, "export",
                               [&] { return session.get(target.query("losses", "true")); }));
  const auto losses = items_at(answer.root(), "losses");
  for (const JsonValue& loss : losses) session.screen().warn(loss.text());
  if (losses.empty() || session.flags().yes) return {};
  TRY(sure, session.prompter().confirm("Export without them?"));
  if (!sure) return usage("not confirmed; nothing was written");
  return {};
}

auto export_file(const ExportFlags& flags, Session& session) -> Outcome<Exit> {
  TRY_DO(check_format(flags.format));
  const bool encrypted = formats::is_encrypted(*formats::format_from_name(flags.format));
  if (!encrypted && !flags.plaintext) {
    return usage(
        flags.format + " is a plaintext format: anybody who reads the file reads every password",
        "if that is what you want, add --plaintext");
  }
  TRY_DO(accept_losses(flags, session));
  FileKeyHeaders key;
  if (encrypted) {
    TRY(asked, ask_file_key(flags.key, FileKeyUse::seal, session));
    key = std::move(asked);
  }
  Target target = export_target(flags, session);
  if (!encrypted) target.query("plaintext", "true");
  TRY(content,
      showing_progress(session, "export", [&] { return session.fetch(target, key.view()); }));
  if (flags.file == "-") {
    content.expose_text([&](std::string_view text) { session.screen().put_file(text); });
    return Exit::done;
  }
  const std::filesystem::path path = std::filesystem::absolute(flags.file);
  TRY_DO(content.expose(
      [&](base::ByteView bytes) { return locally(store::write_file_unseen(path, bytes)); }));
  session.screen().note(
      "Wrote " + path.string() +
      (encrypted ? " (encrypted)." : " (readable only by you, but not encrypted)."));
  return Exit::done;
}

}  // namespace

auto declare_import(CLI::App& app) -> Run {
  auto flags = std::make_shared<ImportFlags>();
  app.add_option("FILE", flags->file, "- is standard input")->required();
  app.add_option("-f,--format", flags->format, format_names() + "; guessed if not given")
      ->type_name("FORMAT");
  app.add_option("-c,--category", flags->category,
                 "put everything here instead of the file's folders");
  app.add_option("--on-conflict", flags->on_conflict,
                 "skip (the default), replace, merge or duplicate")
      ->check(CLI::IsMember({"skip", "replace", "merge", "duplicate"}));
  app.add_flag("--dry-run", flags->dry_run, "change nothing");
  app.add_option("--report", flags->report, "write the report here, as JSON")->type_name("FILE");
  flags->key.declare(app);
  return [flags](Session& session) { return import(*flags, session); };
}

auto declare_export(CLI::App& app) -> Run {
  auto flags = std::make_shared<ExportFlags>();
  app.add_option("FILE", flags->file, "- is standard output")->required();
  app.add_option("-f,--format", flags->format, format_names())->type_name("FORMAT")->required();
  app.add_option("-c,--category", flags->categories, "only these categories")
      ->type_name("CATEGORY")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--history", flags->history, "with the older states of every secret");
  app.add_flag("--deleted", flags->deleted, "with what was deleted");
  app.add_flag("--plaintext", flags->plaintext, "yes, write it unencrypted");
  flags->key.declare(app);
  return [flags](Session& session) { return export_file(*flags, session); };
}

}  // namespace holdfast::cli
