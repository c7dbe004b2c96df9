// strength_note.h: what a user is told about a password: its strength when it was typed, a warning
// where a weak one would protect everything. To standard error, and only on a terminal (a warning
// anywhere). Limits: none. Time: none. Threads: one. Errors: none.
#pragma once

#include "cli/session.h"

namespace holdfast::cli {

// "strength: weak, guessed in 3 hours"
void note_strength(const base::SecretBytes& password, const Session& session);
void warn_if_weak(const base::SecretBytes& passphrase, const Session& session);

}  // namespace holdfast::cli
