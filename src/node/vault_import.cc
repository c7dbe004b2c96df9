#include <algorithm>
#include <deque>
#include <functional>
#include <future>
#include <set>
#include <utility>

#include "node/import_mark.h"
#include "node/vault_impl.h"
#include "vault/state_view.h"

namespace holdfast::node {

using base::Error;
using base::fail;
using base::Result;
using Kind = WriteOperation::Kind;

namespace {

// Content alike, times and sources apart.
auto same_content(const model::Secret& a, const model::Secret& b, base::SecretMemory& memory)
    -> Result<bool> {
  TRY(left, content_digest(a, memory));
  TRY(right, content_digest(b, memory));
  return left == right;
}

// What the entry is known by besides its own sources: the id it had where it was exported. In that
// vault a secret goes by its id alone.
auto source_of(std::string_view id, base::SecretMemory& memory) -> model::Source {
  const auto text = [&](std::string_view from) {
    base::SecretBytes to{memory};
    to.buffer().assign(from.begin(), from.end());
    return to;
  };
  return {text(formats::format_name(formats::Format::holdfast)), text(id)};
}

// What is wrong with one entry alone; anything else ends the import.
auto concerns_entry(Error code) -> bool {
  return code == Error::too_long || code == Error::bad_utf8 || code == Error::empty_label ||
         code == Error::rejected || code == Error::unknown_secret || code == Error::merge_too_large;
}

// Runs the operations in chunks, in their order, and fills in the report. One chunk is committed on
// a thread of its own while the next is filled, and composed upon it.
class ImportRun {
 public:
  // Gives every operation its result; says `begun` as soon as the next chunk may follow.
  using Submit = std::function<void(std::span<WriteOperation* const>, std::function<void()> begun)>;

  ImportRun(const ImportOptions& options, std::uint64_t total, Submit submit, ImportReport& report)
      : options_{options}, total_{total}, submit_{std::move(submit)}, report_{report} {}

  auto add(std::uint64_t entry, WriteOperation operation) -> const WriteOperation* {
    filling_->entries.push_back(entry);
    return &filling_->operations.emplace_back(std::move(operation));
  }
  void fail_entry(std::uint64_t entry, Error code) {
    ++report_.failed;
    failures_.emplace_back(entry, code);
  }
  [[nodiscard]] auto holds(const SecretId& id) const -> bool {
    const auto in = [&](const std::unique_ptr<Chunk>& chunk) {
      return chunk != nullptr &&
             std::ranges::contains(chunk->operations, id, &WriteOperation::secret_id);
    };
    return in(filling_) || in(under_way_);
  }
  [[nodiscard]] auto full() const -> bool { return filling_->operations.size() >= kImportBatch; }

  // Stops at the first failure that concerns the vault, of the chunk before this one.
  auto flush(std::uint64_t done) -> Detailed<void> {
    if (under_way_ != nullptr) under_way_->begun.get_future().wait();
    filling_->done = done;
    start(*filling_);
    const auto before = std::exchange(under_way_, std::move(filling_));
    filling_ = std::make_unique<Chunk>();
    return before != nullptr ? account_for(*before) : Detailed<void>{};
  }
  // Whatever was added has its result.
  auto drain(std::uint64_t done) -> Detailed<void> {
    TRY_DO(flush(done));
    const auto last = std::exchange(under_way_, nullptr);
    return account_for(*last);
  }
  void note_update(std::uint64_t entry) { updates_.insert(entry); }
  void write_failures() {
    std::ranges::stable_sort(failures_, {}, [](const auto& failure) { return failure.first; });
    for (const auto& [entry, code] : failures_) {
      report_.failures.push_back("entry " + std::to_string(entry) + ": " +
                                 std::string{base::error_text(code)});
    }
  }

 private:
  struct Chunk {
    std::deque<WriteOperation> operations;  // they may point at each other
    std::vector<std::uint64_t> entries;     // 1-based, of each operation
    std::uint64_t done = 0;                 // entries, with this chunk
    std::promise<void> begun;
    std::future<void> committed;  // last: its end is waited for first
  };

  void start(Chunk& chunk) {
    chunk.committed = std::async(std::launch::async, [this, &chunk] {
      std::vector<WriteOperation*> pointers;
      for (WriteOperation& operation : chunk.operations) pointers.push_back(&operation);
      bool said = false;
      const auto say = [&] {
        if (!std::exchange(said, true)) chunk.begun.set_value();
      };
      try {
        submit_(pointers, say);
      } catch (...) {  // memory ran out; whoever waits for the chunk learns it
        say();
        throw;
      }
      say();
    });
  }

  auto account_for(Chunk& chunk) -> Detailed<void> {
    chunk.committed.get();
    std::uint64_t failed_entry = 0;
    const auto& entries = chunk.entries;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto& result = *chunk.operations[i].result;
      const bool last_of_entry = i + 1 == entries.size() || entries[i + 1] != entries[i];
      if (!result) {
        const base::Failure& failure = result.error();
        if (!concerns_entry(failure.code)) return std::unexpected{failure};
        if (failed_entry != entries[i]) fail_entry(entries[i], failure.code);
        failed_entry = entries[i];
      } else if (last_of_entry && failed_entry != entries[i]) {
        ++(updates_.contains(entries[i]) ? report_.updated : report_.added);
      }
    }
    if (options_.progress) options_.progress(chunk.done, total_);
    return {};
  }

  const ImportOptions& options_;
  const std::uint64_t total_;
  const Submit submit_;
  ImportReport& report_;
  std::vector<std::pair<std::uint64_t, Error>> failures_;
  std::set<std::uint64_t> updates_;
  std::unique_ptr<Chunk> filling_ = std::make_unique<Chunk>(), under_way_;
};

// A new secret gets the whole history, an existing one a further version.
void write_entry(ImportRun& run, std::uint64_t number, const SecretId& id,
                 const CategoryId& category, bool exists, formats::ImportedEntry entry) {
  const auto write = [&](Kind kind, std::optional<model::Secret> content) {
    const std::optional<CategoryId> into =
        content ? std::optional{category} : std::optional<CategoryId>{};
    return WriteOperation{
        .kind = kind, .secret_id = id, .category = into, .secret = std::move(content)};
  };
  if (exists || entry.shape.empty()) {
    Kind kind = exists ? Kind::update : Kind::add;
    if (!exists) {
      for (model::Secret& older : entry.history) {
        run.add(number, write(std::exchange(kind, Kind::update), std::move(older)));
      }
    }
    run.add(number, write(kind, std::move(entry.secret)));
    if (entry.deleted) run.add(number, write(Kind::remove, std::nullopt));
    return;
  }
  std::vector<const WriteOperation*> written;
  auto older = entry.history.begin();
  for (const formats::StateNode& node : entry.shape) {
    std::optional<model::Secret> content;
    if (!node.deletes) {
      content = older == entry.history.end() ? std::move(entry.secret) : std::move(*older++);
    }
    const Kind kind = node.deletes ? Kind::remove : written.empty() ? Kind::add : Kind::update;
    WriteOperation operation = write(kind, std::move(content));
    for (const std::uint32_t parent : node.parents) {
      operation.made_after.push_back(written[parent]);
    }
    written.push_back(run.add(number, std::move(operation)));
  }
}

}  // namespace

auto DistributedVault::Impl::free_id(const std::string& hex) const
    -> Result<std::optional<SecretId>> {
  if (hex.empty()) return std::nullopt;
  TRY(id, SecretId::from_hex(hex));
  const StoredState state{history_->store()};
  TRY(held, vault::secret(state, id));
  if (held) return std::nullopt;
  return id;
}

auto DistributedVault::Impl::import(formats::Imported file, const ImportOptions& options)
    -> Detailed<ImportReport> {
  ImportReport report;
  report.source = file.counts;
  report.read = file.entries.size();
  report.notes = std::move(file.notes);

  std::map<crypto::Digest, SecretId> known;  // by source
  TRY_DO(for_each({}, [&](const Entry& entry) {
    for (const model::Source& source : entry.secret.sources) {
      if (!is_import_mark(source)) known[digest_of(source)] = entry.id;
    }
    known[digest_of(source_of(entry.id.hex(), ports_.plaintext))] = entry.id;
    return true;
  }));

  std::map<crypto::Digest, SecretId> deleted;  // sources of what lies deleted here
  TRY_DO(reading([&](const Unlocked& unlocked) -> Detailed<void> {
    for (const SummaryRef& gone : unlocked.index.list({.deleted = true})) {
      TRY(body, history_->store().get(ports::Column::versions, gone->version.view()));
      if (!body) return fail(Error::store_corrupt);
      TRY(version, model::decode_version(*body));
      TRY(secret, open_version(unlocked, version.fields));
      for (const model::Source& source : secret.sources) {
        if (!is_import_mark(source)) deleted[digest_of(source)] = gone->id;
      }
      deleted[digest_of(source_of(gone->id.hex(), ports_.plaintext))] = gone->id;
    }
    return {};
  }));

  // Folders become categories; made before the first entry, so that a chunk never waits for one.
  std::map<std::pair<std::optional<CategoryId>, std::string>, CategoryId> folders;
  std::optional<CategoryId> root;
  TRY_DO(reading([&](const Unlocked& unlocked) -> Detailed<void> {
    root = unlocked.root;
    for (const auto& [id, category] : unlocked.index.categories()) {
      category.name.expose_text(
          [&](std::string_view name) { folders[{category.parent, std::string{name}}] = id; });
    }
    return {};
  }));
  const auto category_for = [&](const formats::FolderPath& path) -> Detailed<CategoryId> {
    CategoryId at = options.category.value_or(*root);
    if (options.category) return at;
    for (const base::SecretBytes& segment : path) {
      const auto name =
          segment.expose_text([](std::string_view text) { return std::string{text}; });
      const auto it = folders.find({at, name});
      if (it != folders.end()) {
        at = it->second;
        continue;
      }
      ++report.categories;
      const auto id = ports_.random<CategoryId>();
      if (!options.dry_run) {
        TRY_DO(submit({.kind = Kind::add_category,
                       .secret_id = {},
                       .category = at,
                       .secret = {},
                       .category_name = name,
                       .category_id = id}));
      }
      folders[{at, name}] = id;
      at = id;
    }
    return at;
  };
  if (!options.category) {
    for (const formats::FolderPath& folder : file.folders) {
      auto made = category_for(folder);  // a bad name fails with the entries that use it
      if (!made && !concerns_entry(made.error().code)) return std::unexpected{made.error()};
    }
  }

  ImportRun run{options, file.entries.size(),
                [&](std::span<WriteOperation* const> chunk, std::function<void()> begun) {
                  submit_all(chunk, std::move(begun));
                },
                report};
  std::uint64_t number = 0;
  std::set<SecretId> seen;  // of merge: what the file names a second time is not merged again
  const auto find_in = [](const auto& map, const model::Secret& secret) -> std::optional<SecretId> {
    for (const model::Source& source : secret.sources) {
      if (const auto it = map.find(digest_of(source)); it != map.end()) return it->second;
    }
    return std::nullopt;
  };
  const auto merge_into = [&](const SecretId& id,
                              const formats::ImportedEntry& entry) -> Detailed<void> {
    const bool again = run.holds(id) || !seen.insert(id).second;
    auto merged = again ? Detailed<std::vector<WriteOperation>>{} : merge_entry(id, entry);
    if (!merged && !concerns_entry(merged.error().code)) return std::unexpected{merged.error()};
    if (!merged) {
      run.fail_entry(number, merged.error().code);
    } else if (merged->empty()) {
      ++report.skipped;
    } else if (options.dry_run) {
      ++report.updated;
    } else {
      run.note_update(number);
      for (WriteOperation& operation : *merged) run.add(number, std::move(operation));
      if (run.full()) TRY_DO(run.flush(number));
    }
    return {};
  };
  for (formats::ImportedEntry& entry : file.entries) {
    ++number;
    if (!entry.id.empty()) entry.secret.sources.push_back(source_of(entry.id, ports_.plaintext));
    std::optional<SecretId> existing = find_in(known, entry.secret);
    if (existing && options.on_conflict == OnConflict::duplicate) existing.reset();
    if (options.on_conflict == OnConflict::merge) {
      const std::optional<SecretId> meets = existing ? existing : find_in(deleted, entry.secret);
      if (meets) {
        TRY_DO(merge_into(*meets, entry));
        continue;
      }
    }
    bool unchanged = existing && options.on_conflict == OnConflict::skip;
    if (existing && !unchanged) {
      // The file names it twice: what it is compared with may wait in this chunk.
      if (run.holds(*existing)) TRY_DO(run.drain(number - 1));
      auto held = get(*existing);
      if (held) {
        TRY(same, same_content(held->secret, entry.secret, ports_.plaintext));
        unchanged = same && !entry.deleted;
      } else if (held.error().code == Error::unknown_secret) {
        existing.reset();  // it was refused, or the file deletes it
      } else {
        return std::unexpected{held.error()};
      }
    }
    const auto is_deleted = [&](const model::Source& s) { return deleted.contains(digest_of(s)); };
    const bool stays_deleted = !existing && entry.deleted &&
                               options.on_conflict != OnConflict::duplicate &&
                               std::ranges::any_of(entry.secret.sources, is_deleted);
    if (unchanged || stays_deleted) {
      ++report.skipped;
      continue;
    }
    if (entry.secret.label.empty()) {
      run.fail_entry(number, Error::empty_label);
      continue;
    }
    auto made_category = category_for(entry.folder);
    if (!made_category && concerns_entry(made_category.error().code)) {
      run.fail_entry(number, made_category.error().code);
      continue;
    }
    TRY(category, std::move(made_category));
    TRY(own, existing ? Result<std::optional<SecretId>>{existing} : free_id(entry.id));
    const SecretId id = own ? *own : ports_.random<SecretId>();
    for (const model::Source& source : entry.secret.sources) {
      if (!is_import_mark(source)) known[digest_of(source)] = id;
    }
    seen.insert(id);
    if (options.dry_run) {
      ++(existing ? report.updated : report.added);
      continue;
    }
    if (existing) run.note_update(number);
    if (const auto content = content_digest(entry.secret, ports_.plaintext)) {  // else: too long
      set_import_mark(entry.secret, entry.secret, {.content = *content, .deleted = entry.deleted},
                      ports_.plaintext);
    }
    if (!entry.id.empty() && id.hex() == entry.id) {  // which says as much
      const auto given = digest_of(source_of(entry.id, ports_.plaintext));
      std::erase_if(entry.secret.sources, [&](const auto& s) { return digest_of(s) == given; });
    }
    write_entry(run, number, id, category, existing.has_value(), std::move(entry));
    if (run.full()) TRY_DO(run.flush(number));
  }
  TRY_DO(run.drain(number));
  run.write_failures();
  return report;
}

}  // namespace holdfast::node
