#include <utility>

#include "api/handlers.h"
#include "api/secret_json.h"
#include "api/text_codec.h"
#include "node/export.h"

namespace holdfast::api {
namespace {

using base::Detailed, base::Error, base::fail;

auto conflict_rule(std::string_view name) -> Detailed<node::OnConflict> {
  using enum node::OnConflict;
  if (name == "skip") return skip;
  if (name == "replace") return replace;
  if (name == "merge") return merge;
  if (name == "duplicate") return duplicate;
  return fail(Error::bad_request, "on_conflict: skip, replace, merge, duplicate");
}

auto named_format(const Call& call) -> Detailed<std::optional<formats::Format>> {
  const auto name = call.query.text("format");
  if (!name) return std::nullopt;
  const auto format = formats::format_from_name(*name);
  if (!format) return fail(Error::bad_request, "format: not one of those offered");
  return format;
}

// What opens the file, or shall open it, as the request's headers give it.
struct GivenKey {
  std::optional<base::SecretBytes> passphrase, component;
  [[nodiscard]] auto view() const -> formats::FileKey {
    return {.passphrase = passphrase ? &*passphrase : nullptr,
            .key_component = component ? &*component : nullptr};
  }
};

auto decoded(const std::optional<base::SecretBytes>& header, std::string_view name,
             base::SecretMemory& memory) -> Detailed<std::optional<base::SecretBytes>> {
  if (!header) return std::nullopt;
  auto bytes =
      header->expose_text([&](std::string_view text) { return decode_base64(text, memory); });
  if (!bytes) return fail(Error::bad_request, std::string{name} + ": not base64");
  return *std::move(bytes);
}

auto given_key(const Call& call) -> Detailed<GivenKey> {
  TRY(passphrase, decoded(call.request.file_passphrase, kFilePassphraseHeader, call.memory));
  TRY(component, decoded(call.request.file_key, kFileKeyHeader, call.memory));
  if (component && component->size() != formats::kKeyComponentBytes)
    return fail(Error::bad_request, std::string{kFileKeyHeader} + ": not 32 bytes");
  return GivenKey{std::move(passphrase), std::move(component)};
}

void write_texts(JsonWriter& out, std::string_view key, const std::vector<std::string>& texts) {
  out.key(key).begin_array();
  for (const std::string& text : texts) out.text(text);
  out.end_array();
}

void write_counts(JsonWriter& out, const formats::ImportCounts& counts) {
  out.begin_object();
  out.key("entries").number(counts.entries);
  out.key("deleted").number(counts.deleted);
  out.key("folders").number(counts.folders);
  out.key("fields").number(counts.fields);
  out.key("fields_mapped").number(counts.fields_mapped);
  out.key("attachments").number(counts.attachments);
  out.key("totps").number(counts.totps);
  out.key("history").number(counts.history);
  out.end_object();
}

// holdfast holds all there is; the others get what is asked for.
auto export_options(const Call& call, formats::Format format, Tasks::Task& task)
    -> Detailed<node::ExportOptions> {
  const bool complete = format == formats::Format::holdfast;
  node::ExportOptions options{.shape = complete};
  TRY(history, call.query.flag("history"));
  TRY(deleted, call.query.flag("deleted"));
  options.history = history || complete;
  options.deleted = deleted || complete;
  for (const std::string_view name : call.query.texts("category")) {
    TRY(category, find_category(call, name));
    options.categories.push_back(category);
  }
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    task.at(done, total);
    call.services.vaults.used(call.vault);  // it does not lock for want of use
  };
  return options;
}

}  // namespace

auto post_import(const Call& call) -> Detailed<Answer> {
  node::ImportOptions options;
  TRY(rule, conflict_rule(call.query.text("on_conflict").value_or("skip")));
  options.on_conflict = rule;
  TRY(dry_run, call.query.flag("dry_run"));
  options.dry_run = dry_run;
  if (const auto name = call.query.text("category")) {
    TRY(category, find_category(call, *name));
    options.category = category;
  }
  TRY(format, named_format(call));
  TRY(key, given_key(call));
  if (!call.vault->vault->status().unlocked) return fail(Error::vault_locked, "");
  Tasks::Task task{call.services.tasks, call.vault->name, "import"};
  options.progress = [&](std::uint64_t done, std::uint64_t total) { task.at(done, total); };
  const model::TimeMs now{static_cast<std::uint64_t>(call.services.ports.clock.now_ms())};
  auto file = call.request.body.expose([&](base::ByteView bytes) -> Detailed<formats::Imported> {
    if (!format) format = formats::guess_format(bytes);
    if (!format) return fail(Error::wrong_format, "");
    return formats::parse_import(*format, bytes, now, call.memory, key.view());
  });
  if (!file) return std::unexpected{file.error()};
  TRY(report, call.vault->vault->import(*std::move(file), options));
  JsonWriter out{call.memory};
  out.begin_object();
  out.key("format").text(formats::format_name(*format));
  out.key("read").number(report.read);
  out.key("added").number(report.added);
  out.key("updated").number(report.updated);
  out.key("skipped").number(report.skipped);
  out.key("failed").number(report.failed);
  out.key("categories").number(report.categories);
  out.key("dry_run").boolean(dry_run);
  write_texts(out, "failures", report.failures);
  write_texts(out, "notes", report.notes);
  out.key("source");
  write_counts(out, report.source);
  out.end_object();
  return Answer{out.take()};
}

auto get_export(const Call& call) -> Detailed<Answer> {
  TRY(format, named_format(call));
  if (!format) return fail(Error::bad_request, "format is missing");
  TRY(plaintext, call.query.flag("plaintext"));
  TRY(losses_only, call.query.flag("losses"));
  const bool readable_by_all = !formats::is_encrypted(*format);
  if (readable_by_all && !plaintext && !losses_only)
    return fail(Error::plaintext_not_confirmed, "");
  TRY(key, given_key(call));
  Tasks::Task task{call.services.tasks, call.vault->name, "export"};
  TRY(options, export_options(call, *format, task));
  TRY(collected, node::collect_export(*call.vault->vault, options));
  const std::vector<std::string> losses = formats::export_losses(*format, collected.entries);
  if (losses_only) {
    JsonWriter out{call.memory};
    out.begin_object();
    write_texts(out, "losses", losses);
    out.key("entries").number(collected.entries.size());
    out.end_object();
    return Answer{out.take()};
  }
  formats::FileSeal seal{.key = key.view(), .random = [&](std::span<std::uint8_t> out) {
                           call.services.ports.entropy.fill(out);
                         }};
  // Our own file is as hard to guess at as the vault.
  if (*format == formats::Format::holdfast) seal.kdf = call.vault->vault->status().kdf;
  TRY(file,
      formats::write_export(*format, collected.entries, call.memory, seal, collected.folders));
  Answer answer{std::move(file)};
  answer.type = "application/octet-stream";
  answer.extra = "Holdfast-Losses: " + std::to_string(losses.size()) + "\r\n";
  return answer;
}

}  // namespace holdfast::api
