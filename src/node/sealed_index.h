// sealed_index.h: the index at rest, so that unlocking reads pages instead of opening every secret.
// The column `index` holds a chain of segments without a gap, from height 0 to the height up to
// which it is true. The segment of (from, to] says of every secret that changed there how it stands
// at `to`; what a later segment says of it wins. Small segments at the end are merged as they grow,
// as a binary counter does, so there are few and each row is written a few times. What is damaged,
// foreign, older than its place or of another format is refused as a whole: then the caller builds
// the index anew, as it reads anew what lies above the height.
// Limits: kUnsavedCommitsMax and kUnsavedSecretsMax until save() is due; kMergedRowsMax rows of a
// merged segment; superseded rows at most as many as live ones and kWasteAllowed, then rewrite().
// Time: none. Threads: the writer. Errors: store_corrupt and those of index_page.h; of writing,
// the caller's. Source: docs/design/vault.md §7; docs/adr/0014-the-sealed-index.md.
#pragma once

#include <set>

#include "node/header_file.h"
#include "node/index.h"
#include "node/index_page.h"
#include "ports/key_value_store.h"

namespace holdfast::node {

inline constexpr std::uint64_t kUnsavedCommitsMax = 64;
inline constexpr std::size_t kUnsavedSecretsMax = 4096;
inline constexpr std::size_t kMergedRowsMax = 65'536;
inline constexpr std::uint64_t kWasteAllowed = 4096;

class SealedIndex {
 public:
  using Write = std::function<base::Result<void>(const ports::Batch&)>;  // synced

  // The key comes from the wrap key, so it is there exactly while the vault is unlocked.
  static auto create(const UserKeys& keys, const model::VaultId& vault,
                     const model::DeviceId& device, const Ports& ports)
      -> base::Result<SealedIndex>;

  struct Loaded {
    Height height{};  // as things stood there
    std::vector<SummaryRef> summaries;
    std::vector<SecretId> look_anew;
  };
  // Also takes up the chain, for save() to go on from. A failure forgets it.
  [[nodiscard]] auto load(const ports::Reader& store, Height tip) -> base::Result<Loaded>;

  // A commit changed these; until they are saved they are read anew after a crash.
  void note_commit() { ++unsaved_commits_; }
  void note(const SecretId& id) {
    if (!given_up_) unsaved_.insert(id);
  }
  [[nodiscard]] auto is_due() const -> bool {
    return !given_up_ &&
           (unsaved_commits_ >= kUnsavedCommitsMax || unsaved_.size() >= kUnsavedSecretsMax);
  }
  // Too much of the chain is superseded, or there is none.
  [[nodiscard]] auto wants_rewrite(const Index& index) const -> bool;
  // Something is noted, or wants_rewrite().
  [[nodiscard]] auto is_behind(const Index& index) const -> bool {
    return !unsaved_.empty() || wants_rewrite(index);
  }

  // Brings the column up to `to`, of which `commit` is the commit: by what was noted, or with
  // everything. save() does nothing where only rewrite() helps.
  [[nodiscard]] auto save(const Index& index, Height to, const model::CommitDigest& commit,
                          const Write& write) -> base::Result<void>;
  [[nodiscard]] auto rewrite(const Index& index, const ports::Reader& store, Height to,
                             const model::CommitDigest& commit, const Write& write)
      -> base::Result<void>;

  // Nothing more is noted or saved.
  void give_up();
  // There is no chain: what comes is rewrite().
  void forget();

  [[nodiscard]] auto segments() const -> std::size_t { return chain_.size(); }
  [[nodiscard]] auto rows() const -> std::uint64_t;

 private:
  struct Segment {
    Height from{}, to{};
    std::uint64_t pages = 0, rows = 0;
    std::vector<SecretId> ids{};  // of its rows, unless it is too large to be merged
  };
  // A segment while its pages are read.
  struct Reading {
    Segment segment;
    model::CommitDigest commit;
    std::uint64_t pages_max = 0;
  };

  SealedIndex(IndexKey key, const model::VaultId& vault, const model::DeviceId& device,
              const Ports& ports)
      : key_{std::move(key)}, vault_{vault}, device_{device}, ports_{ports} {}

  auto read_page(const ports::Reader& store, base::ByteView key, base::ByteView value,
                 std::optional<Reading>& reading, std::vector<IndexRow>& rows)
      -> base::Result<void>;
  void finish_segment(std::optional<Reading>& reading, const std::vector<IndexRow>& rows);
  // The pages of a new segment, the last first; `put` gets each with its key.
  auto seal_rows(const std::vector<IndexRow>& rows, Height from, Height to,
                 const model::CommitDigest& commit,
                 const std::function<base::Result<void>(base::Bytes, base::Bytes)>& put)
      -> base::Result<std::uint64_t>;
  void take_up(Segment segment);

  IndexKey key_;
  model::VaultId vault_;
  model::DeviceId device_;
  Ports ports_;
  std::vector<Segment> chain_;  // ascending
  bool whole_ = false;          // the chain and what is noted make up the index
  bool given_up_ = false;       // never goes back
  std::set<SecretId> unsaved_;
  std::uint64_t unsaved_commits_ = 0;
};

}  // namespace holdfast::node
