// editor.h: the user's own editor on a file that only ever lies in memory.
// Invariant: the file is in a tmpfs or ramfs, mode 0600 in a folder of its own, mode 0700; the
// folder with all an editor left beside the file is overwritten and removed at the end, also when
// the editor failed or the terminal went away; of one that was killed doctor --fix does it. vim and
// neovim are told to keep no swap file, backup, undo file or history; of other editors only what
// they write beside the file is under control. Limits: bytes_max of read. Time: waits for the user.
// Threads: one; signals are held for the whole process meanwhile. Errors: Problem with Exit::local.
// Source: docs/design/interfaces.md §1, edit.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "api/paths.h"
#include "base/secret.h"
#include "cli/problem.h"
#include "store/file_io.h"

namespace holdfast::cli {

inline constexpr std::string_view kEditFolderPrefix = "holdfast-edit-";

class MemoryFile {
 public:
  // In $XDG_RUNTIME_DIR or /dev/shm, whichever is in memory.
  [[nodiscard]] static auto create(const api::Environment& environment) -> Outcome<MemoryFile>;
  MemoryFile(MemoryFile&& other) noexcept
      : folder_{std::exchange(other.folder_, {})}, lock_{std::move(other.lock_)} {}
  auto operator=(MemoryFile&&) -> MemoryFile& = delete;
  ~MemoryFile();

  [[nodiscard]] auto path() const -> std::filesystem::path { return folder_ / "secret.txt"; }
  [[nodiscard]] auto write(base::ByteView bytes) const -> Outcome<void>;
  [[nodiscard]] auto read(std::size_t bytes_max, base::SecretMemory& memory) const
      -> Outcome<base::SecretBytes>;

 private:
  MemoryFile(std::filesystem::path folder, store::FileDescriptor lock)
      : folder_{std::move(folder)}, lock_{std::move(lock)} {}
  std::filesystem::path folder_;  // empty: moved from
  store::FileDescriptor lock_;    // of the folder: it is in use
};

// Folders of a MemoryFile whose process was killed.
[[nodiscard]] auto abandoned_folders(const api::Environment& environment)
    -> std::vector<std::filesystem::path>;
// The same, overwritten and removed.
auto wipe_abandoned(const api::Environment& environment) -> std::vector<std::filesystem::path>;

// A command for the shell: $VISUAL, else $EDITOR, else, on a terminal, the first of editor,
// nano and vi.
[[nodiscard]] auto editor_command(const api::Environment& environment) -> Outcome<std::string>;
// Waits until the editor ends; an error if it says that it failed.
[[nodiscard]] auto run_editor(const std::string& command, const std::filesystem::path& file)
    -> Outcome<void>;

}  // namespace holdfast::cli
