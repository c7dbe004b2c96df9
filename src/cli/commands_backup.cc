// commands_backup.cc: backup create, list, verify, restore. Only create needs the daemon, which has
// the vault open; the others work on the file alone.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "api/vaults.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "formats/json_writer.h"
#include "node/backup_restore.h"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;
using formats::JsonWriter;

constexpr std::size_t kListedMax = 10'000;
constexpr std::string_view kInsteadOfPrompt = "--passphrase-fd N or --passphrase-file FILE";

struct BackupFlags {
  std::string file = ".", name;
  bool confirm_recovery = false;
  SecretSource passphrase;
};

auto with_progress(Session& session, std::string_view what, const auto& work) {
  ProgressBar bar{session, what, ProgressBar::Of::process};
  return locally(work([&](std::uint64_t done, std::uint64_t total) { bar.at(done, total); }));
}

// --- create ---

auto create(const BackupFlags& flags, Session& session) -> Outcome<Exit> {
  base::SecretBytes::Buffer body{&session.memory()};
  JsonWriter json{body};
  json.begin_object();
  json.member("file", fs::absolute(flags.file).string());
  json.end_object();
  if (!json.ok()) return usage("the name of the file is not valid UTF-8");
  Target target = session.vault();
  auto answer = showing_progress(
      session, "backup", [&] { return session.call("POST", target.path("/backup"), body); });
  if (!answer) {
    if (answer.error().code == base::error_name(base::Error::already_exists)) {
      answer.error().next_step = "choose another name; a backup never replaces a file";
    }
    return std::unexpected{answer.error()};
  }
  Screen& screen = session.screen();
  if (screen.json()) {
    print_json(screen, answer->body);
    return Exit::done;
  }
  screen.row("file", text_at(answer->root(), "file"));
  screen.row("height", std::to_string(number_at(answer->root(), "height")));
  screen.row("state root", text_at(answer->root(), "state_root"));
  screen.row("size", bytes_text(number_at(answer->root(), "bytes")));
  screen.note(
      "It opens with the passphrase the vault has now. Try it: holdfast backup verify FILE");
  return Exit::done;
}

// --- what a manifest says ---

void write_manifest(JsonWriter& json, const fs::path& file, const node::BackupManifest& manifest) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  json.member("file", file.string());
  json.member("vault_id", manifest.vault.hex());
  json.member("device", manifest.device.hex());
  json.key("created_at"), json.number(std::to_underlying(manifest.created));
  json.key("height"), json.number(std::to_underlying(manifest.height));
  json.member("state_root", manifest.state_root.hex());
  json.member("audit_root", manifest.audit_root.hex());
  json.key("bytes"), json.number(error ? 0 : size);
}

void print_buffer(Screen& screen, base::SecretBytes::Buffer body) {
  print_json(screen, base::SecretBytes{std::move(body)});
}

// --- list ---

struct Found {
  fs::path file;
  node::BackupManifest manifest;
};

// A file that is named must be a backup; in a folder the others are passed over.
auto find_backups(const BackupFlags& flags) -> Outcome<std::vector<Found>> {
  std::vector<Found> found;
  std::error_code error;
  if (!fs::is_directory(flags.file, error)) {
    TRY(manifest, locally(node::read_backup_manifest(flags.file)));
    found.push_back({flags.file, std::move(manifest)});
    return found;
  }
  for (fs::directory_iterator entry{flags.file, error}, end; !error && entry != end;
       entry.increment(error)) {
    if (found.size() == kListedMax) break;
    if (!entry->is_regular_file(error)) continue;
    if (auto manifest = node::read_backup_manifest(entry->path())) {
      found.push_back({entry->path(), std::move(*manifest)});
    }
  }
  std::ranges::sort(found, [](const Found& a, const Found& b) {
    return std::tie(a.manifest.created, a.file) < std::tie(b.manifest.created, b.file);
  });
  return found;
}

auto list(const BackupFlags& flags, Session& session) -> Outcome<Exit> {
  TRY(found, find_backups(flags));
  Screen& screen = session.screen();
  if (screen.json()) {
    base::SecretBytes::Buffer body{&session.memory()};
    JsonWriter json{body};
    json.begin_object();
    json.key("items"), json.begin_array();
    for (const Found& one : found) {
      json.begin_object();
      write_manifest(json, one.file, one.manifest);
      json.end_object();
    }
    json.end_array();
    json.end_object();
    print_buffer(screen, std::move(body));
    return Exit::done;
  }
  Table table{session.memory(), {"file", "made", "height", "vault"}};
  for (const Found& one : found) {
    table.cell(one.file.string());
    table.cell(moment_text(std::to_underlying(one.manifest.created)));
    table.cell(std::to_string(std::to_underlying(one.manifest.height)));
    table.cell(one.manifest.vault.hex().substr(0, 16));
  }
  table.print(screen);
  if (found.empty()) screen.note("There is no backup here; make one: holdfast backup create FILE");
  return Exit::done;
}

// --- verify ---

auto verify(const BackupFlags& flags, Session& session) -> Outcome<Exit> {
  TRY_DO(locally(node::read_backup_manifest(flags.file)));  // before anybody types
  TRY(passphrase, session.prompter().from(flags.passphrase, "passphrase of the backup",
                                          kInsteadOfPrompt, false));
  std::error_code error;
  const fs::path scratch = fs::temp_directory_path(error);
  if (error) return usage("there is no folder for temporary files", "set TMPDIR");
  TRY(checked, with_progress(session, "verify", [&](const node::BackupProgress& progress) {
        return node::verify_backup(flags.file, scratch, passphrase, session.ports(), progress);
      }));
  const bool whole = !checked.report.first_bad.has_value();
  Screen& screen = session.screen();
  if (screen.json()) {
    base::SecretBytes::Buffer body{&session.memory()};
    JsonWriter json{body};
    json.begin_object();
    write_manifest(json, flags.file, checked.manifest);
    json.key("ok"), json.boolean(whole);
    json.key("versions"), json.number(checked.report.versions);
    json.key("audit_records"), json.number(checked.report.audit_records);
    if (!whole) json.member("first_bad", *checked.report.first_bad);
    json.end_object();
    print_buffer(screen, std::move(body));
  } else {
    screen.row("height", std::to_string(std::to_underlying(checked.manifest.height)));
    screen.row("versions", std::to_string(checked.report.versions));
    screen.row("state root", checked.report.state_root.hex());
    screen.row("audit root", checked.report.audit_root.hex());
  }
  if (!whole) {
    return problem(Exit::local, "the backup does not verify: " + *checked.report.first_bad,
                   "it is a true copy of a damaged vault: use an older one");
  }
  if (!screen.json()) screen.note("The backup is whole and opens; both roots are its manifest's.");
  return Exit::done;
}

// --- restore ---

auto confirm(const fs::path& folder, Session& session) -> Outcome<void> {
  TRY(vault, locally(node::DistributedVault::open(folder, session.ports())));
  return locally(vault->confirm_recovery());
}

auto restore(const BackupFlags& flags, Session& session) -> Outcome<Exit> {
  if (!api::is_vault_name(flags.name)) {
    return std::unexpected{problem_of(base::Error::bad_vault_name)};
  }
  const fs::path& data = session.paths().data_folder;
  const fs::path folder = data / flags.name;
  std::error_code error;
  if (fs::exists(folder, error)) return std::unexpected{problem_of(base::Error::vault_exists)};
  TRY_DO(locally(node::read_backup_manifest(flags.file)));  // before anybody types
  TRY(passphrase, session.prompter().from(flags.passphrase, "passphrase of the backup",
                                          kInsteadOfPrompt, false));
  fs::create_directories(data, error);
  if (error) return usage("the folder " + data.string() + " cannot be made");
  fs::permissions(data, fs::perms::owner_all, error);
  TRY(manifest, with_progress(session, "restore", [&](const node::BackupProgress& progress) {
        return node::restore_backup(flags.file, folder, passphrase, session.ports(), progress);
      }));
  if (flags.confirm_recovery) TRY_DO(confirm(folder, session));
  Screen& screen = session.screen();
  if (screen.json()) {
    base::SecretBytes::Buffer body{&session.memory()};
    JsonWriter json{body};
    json.begin_object();
    json.member("vault", flags.name);
    write_manifest(json, flags.file, manifest);
    json.key("read_only"), json.boolean(!flags.confirm_recovery);
    json.end_object();
    print_buffer(screen, std::move(body));
    return Exit::done;
  }
  screen.row("vault", flags.name);
  screen.row("height", std::to_string(std::to_underlying(manifest.height)));
  screen.row("state root", manifest.state_root.hex());
  if (!flags.confirm_recovery) {
    screen.note(
        "It is read-only. If no other copy of this vault is in use any more, let it write: "
        "holdfast unlock --vault " +
        flags.name + " --confirm-recovery");
  }
  return Exit::done;
}

using Action = auto (*)(const BackupFlags&, Session&) -> Outcome<Exit>;

auto add_action(CLI::App& app, const std::shared_ptr<Run>& chosen, const char* name,
                const char* about, const std::shared_ptr<BackupFlags>& flags, Action action)
    -> CLI::App* {
  CLI::App* sub = app.add_subcommand(name, about);
  sub->callback([=] { *chosen = [=](Session& session) { return action(*flags, session); }; });
  return sub;
}

void passphrase_options(CLI::App& app, BackupFlags& flags) {
  app.add_option("--passphrase-fd", flags.passphrase.descriptor,
                 "read the passphrase from this descriptor")
      ->type_name("N");
  app.add_option("--passphrase-file", flags.passphrase.file, "read the passphrase from this file")
      ->type_name("FILE");
}

}  // namespace

auto declare_backup(CLI::App& app) -> Run {
  app.require_subcommand(1);
  auto chosen = std::make_shared<Run>();
  auto flags = std::make_shared<BackupFlags>();
  add_action(app, chosen, "create", "write everything into one encrypted file", flags, create)
      ->add_option("FILE", flags->file, "must not exist yet")
      ->required();
  add_action(app, chosen, "list", "what backups are here; needs no passphrase", flags, list)
      ->add_option("FILE", flags->file, "a backup, or a folder with backups (.)");
  CLI::App* check =
      add_action(app, chosen, "verify", "restore into a scratch folder and compare", flags, verify);
  check->add_option("FILE", flags->file, "a backup")->required();
  passphrase_options(*check, *flags);
  CLI::App* back =
      add_action(app, chosen, "restore", "make a new vault of a backup", flags, restore);
  back->add_option("FILE", flags->file, "a backup")->required();
  back->add_option("NAME", flags->name, "the name of the new vault")->required();
  back->add_flag("--confirm-recovery", flags->confirm_recovery,
                 "let it write: no other copy of this vault is in use any more");
  passphrase_options(*back, *flags);
  return [chosen](Session& session) { return (*chosen)(session); };
}

}  // namespace holdfast::cli
