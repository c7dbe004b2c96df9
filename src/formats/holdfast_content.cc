#include <algorithm>
#include <set>

#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"
#include "formats/entry_tools.h"
#include "formats/holdfast_file.h"
#include "formats/secret_text.h"
#include "model/state.h"

namespace holdfast::formats {
namespace {

using base::Bytes, base::ByteView, base::Detailed, base::Error, base::fail, base::Result,
    base::SecretBytes, base::SecretMemory;

constexpr std::size_t kNodesMax = model::kVersionNodesMax + 1;  // a deletion may follow the last
constexpr std::size_t kIdBytes = model::SecretId::kSize;

// The line that history, secret and deletion make where no other shape is given.
auto line_of(const ExportEntry& entry) -> std::vector<StateNode> {
  std::vector<StateNode> line(entry.history.size() + 1 + (entry.deleted ? 1 : 0));
  for (std::size_t i = 1; i < line.size(); ++i)
    line[i].parents = {static_cast<std::uint32_t>(i - 1)};
  line.back().deletes = entry.deleted;
  return line;
}

auto is_line(const std::vector<StateNode>& shape) -> bool {
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::vector<std::uint32_t>& parents = shape[i].parents;
    if (i == 0 ? !parents.empty() : parents != std::vector{static_cast<std::uint32_t>(i - 1)})
      return false;
    if (shape[i].deletes && i + 1 != shape.size()) return false;
  }
  return true;
}

// Every head of it is a deletion.
auto is_deleted(const std::vector<StateNode>& shape) -> bool {
  std::vector<bool> head(shape.size(), true);
  for (const StateNode& node : shape)
    for (const std::uint32_t parent : node.parents) head[parent] = false;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (head[i] && !shape[i].deletes) return false;
  return true;
}

class ContentWriter {
 public:
  ContentWriter(codec::SecretWriter& out, SecretMemory& memory) : out_{out}, memory_{memory} {}

  auto folder(const FolderPath& path) -> Result<void> {
    out_.array(path.size());
    for (const SecretBytes& name : path) {
      if (!base::is_utf8(base::view_of(peek(name)))) return fail(Error::bad_utf8);
      out_.text(peek(name));
    }
    return {};
  }
  auto entry(const ExportEntry& entry) -> Result<void> {
    out_.array(3);
    if (entry.id.empty()) {
      out_.null();
    } else {
      TRY(id, base::from_hex(entry.id));
      out_.bytes(id);
    }
    TRY_DO(folder(entry.folder));
    const std::vector<StateNode> shape = entry.shape.empty() ? line_of(entry) : entry.shape;
    out_.array(shape.size());
    auto older = entry.history.begin();
    for (const StateNode& node : shape) {
      out_.array(2);
      out_.array(node.parents.size());
      for (const std::uint32_t parent : node.parents) out_.uint(parent);
      if (node.deletes) {
        out_.null();
        continue;
      }
      const model::Secret& state = older == entry.history.end() ? *entry.secret : **older++;
      TRY(encoded, model::encode(state, memory_));
      out_.bytes(base::view_of(peek(encoded)));
    }
    return {};
  }

 private:
  codec::SecretWriter& out_;
  SecretMemory& memory_;
};

class ContentReader {
 public:
  ContentReader(ByteView content, SecretMemory& memory) : in_{content}, memory_{memory} {}

  auto run() -> Detailed<Imported> {
    Imported imported;
    if (auto begun = begin(imported); !begun) return fail(begun.error(), "");
    const auto entries = in_.array(kImportEntriesMax);
    if (!entries)
      return fail(entries.error() == Error::too_long ? Error::too_many_entries : entries.error(),
                  "");
    for (std::size_t i = 0; i < *entries; ++i) {
      auto entry = read_entry();
      if (!entry) return fail(entry.error(), entry_place(i));
      imported.entries.push_back(std::move(*entry));
    }
    TRY_DO(in_.finish());
    return imported;
  }

 private:
  auto begin(Imported& imported) -> Result<void> {
    TRY(items, in_.array(64));
    TRY(version, in_.uint(UINT64_MAX));
    if (version != model::kFormatVersion) return fail(Error::unsupported_version);
    if (items != 3) return fail(Error::bad_length);
    TRY(folders, in_.array(kImportFoldersMax));
    for (std::size_t i = 0; i < folders; ++i) {
      TRY(path, read_folder());
      imported.folders.push_back(std::move(path));
    }
    return {};
  }

  auto read_folder() -> Result<FolderPath> {
    FolderPath path;
    TRY(depth, in_.array(kFolderDepthMax));
    for (std::size_t i = 0; i < depth; ++i) {
      TRY(name, in_.text(model::kLabelBytesMax));
      path.push_back(secret_text(name, memory_));
    }
    return path;
  }

  auto read_entry() -> Result<ImportedEntry> {
    ImportedEntry entry{.secret = model::Secret{memory_}};
    TRY_DO(in_.array_of(3));
    if (in_.peek_null()) {
      TRY_DO(in_.null());
    } else {
      TRY(id, in_.bytes(kIdBytes));
      if (id.size() != kIdBytes) return fail(Error::bad_length);
      entry.id = base::to_hex(id);
    }
    TRY(folder, read_folder());
    entry.folder = std::move(folder);
    TRY(nodes, in_.array(kNodesMax));
    std::vector<StateNode> shape;
    std::vector<model::Secret> states;
    for (std::size_t i = 0; i < nodes; ++i) TRY_DO(read_node(shape, states));
    if (states.empty()) return fail(Error::bad_entry);
    entry.secret = std::move(states.back());
    states.pop_back();
    entry.history = std::move(states);
    entry.deleted = is_deleted(shape);
    if (!is_line(shape)) entry.shape = std::move(shape);
    TRY_DO(check_limits(entry));
    return entry;
  }

  auto read_node(std::vector<StateNode>& shape, std::vector<model::Secret>& states)
      -> Result<void> {
    TRY_DO(in_.array_of(2));
    TRY(parents, in_.array(model::kParentsMax));
    StateNode node;
    for (std::size_t i = 0; i < parents; ++i) {
      if (shape.empty()) return fail(Error::bad_entry);
      TRY(parent, in_.uint(shape.size() - 1));
      if (i > 0 && parent <= node.parents.back()) return fail(Error::unsorted_keys);
      node.parents.push_back(static_cast<std::uint32_t>(parent));
    }
    // A secret begins with one state, and nothing else begins anew.
    if (shape.empty() != node.parents.empty()) return fail(Error::bad_entry);
    node.deletes = in_.peek_null();
    if (node.deletes) {
      if (shape.empty()) return fail(Error::bad_entry);
      TRY_DO(in_.null());
    } else {
      TRY(encoded, in_.bytes(model::kSecretBytesMax));
      TRY(state, model::decode_secret(encoded, memory_));
      states.push_back(std::move(state));
    }
    shape.push_back(std::move(node));
    return {};
  }

  codec::Reader in_;
  SecretMemory& memory_;
};

auto path_less(const FolderPath* a, const FolderPath* b) -> bool {
  return std::ranges::lexicographical_compare(*a, *b, {}, peek, peek);
}

// Those given and those of the entries, each once.
auto all_folders(const std::vector<ExportEntry>& entries, const std::vector<FolderPath>& folders)
    -> std::set<const FolderPath*, decltype(&path_less)> {
  std::set<const FolderPath*, decltype(&path_less)> all{&path_less};
  for (const FolderPath& folder : folders)
    if (!folder.empty()) all.insert(&folder);
  for (const ExportEntry& entry : entries)
    if (!entry.folder.empty()) all.insert(&entry.folder);
  return all;
}

}  // namespace

auto encode_holdfast_content(const std::vector<ExportEntry>& entries,
                             const std::vector<FolderPath>& folders, SecretMemory& memory)
    -> Detailed<SecretBytes> {
  SecretBytes content{memory};
  codec::SecretWriter out{content.buffer()};
  ContentWriter writer{out, memory};
  out.array(3);
  out.uint(model::kFormatVersion);
  const auto all = all_folders(entries, folders);
  out.array(all.size());
  for (const FolderPath* folder : all) TRY_DO(writer.folder(*folder));
  out.array(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (auto written = writer.entry(entries[i]); !written)
      return fail(written.error(), entry_place(i));
  }
  return content;
}

auto decode_holdfast_content(ByteView content, SecretMemory& memory) -> Detailed<Imported> {
  return ContentReader{content, memory}.run();
}

}  // namespace holdfast::formats
