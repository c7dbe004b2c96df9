// error.h: every error the program can report, with its permanent number and its text.
// One code per distinct reaction; numbers are never reused. Texts say what failed and, where a user
// can do something, the next step; no text ever contains secret bytes.
// Threads: any. Time: none. Source: docs/adr/0002-errors-are-values.md.
#pragma once

#include <cstdint>
#include <string_view>

namespace holdfast::base {

// X(name, number, text)
// 10xx base and codec, 20xx crypto, 30xx model and consensus, 40xx vault, 50xx store,
// 60xx formats, 70xx node, 80xx api, 90xx cli. Retired: 7016 (merge_not_offered).
// clang-format off
#define HOLDFAST_ERRORS(X)                                                                         \
  X(memory_not_lockable, 1001, "memory cannot be locked; raise the memlock limit (ulimit -l) or set memory.require_lock = false") \
  X(secret_memory_exhausted, 1002, "no room left in protected memory")                             \
  X(too_long, 1003, "a value is longer than its limit")                                            \
  X(bad_length, 1004, "a value has the wrong length")                                              \
  X(bad_hex, 1005, "not a hexadecimal string of the expected length")                              \
  X(bad_utf8, 1006, "text is not valid UTF-8")                                                     \
  X(capacity_exceeded, 1007, "there are more items than the limit allows")                         \
  X(truncated, 1010, "encoded data ends too early")                                                \
  X(trailing_bytes, 1011, "encoded data goes on after its end")                                    \
  X(wrong_type, 1012, "encoded data has another type than expected")                               \
  X(not_shortest, 1013, "encoded integer or length is not in its shortest form")                   \
  X(indefinite_length, 1014, "encoded data uses an indefinite length")                             \
  X(too_deep, 1015, "encoded data is nested too deeply")                                           \
  X(duplicate_key, 1016, "a map has a key twice")                                                  \
  X(unsorted_keys, 1017, "map keys are not in canonical order")                                    \
  X(not_canonical, 1018, "encoded data is not in canonical form")                                  \
  X(out_of_range, 1019, "a value is out of its range")                                             \
  X(unsupported_version, 1020, "this format version is not supported; upgrade Holdfast")           \
  X(unsupported_suite, 1021, "this cryptographic suite is not supported; upgrade Holdfast")        \
  X(missing_key, 1022, "a map lacks a required key")                                              \
  X(authentication_failed, 2001, "decryption failed: wrong key or damaged data")                   \
  X(bad_signature, 2002, "a signature does not verify")                                            \
  X(bad_key, 2003, "a key is malformed")                                                           \
  X(kdf_below_floor, 2004, "key derivation parameters are below the allowed minimum")              \
  X(kdf_above_ceiling, 2005, "key derivation parameters are above the allowed maximum")            \
  X(crypto_failed, 2006, "the cryptographic library refused an operation")                         \
  X(bad_proof, 2007, "a Merkle proof does not verify")                                             \
  X(all_zero_shared_secret, 2008, "key agreement gave an all-zero secret")                         \
  X(two_leader_blocks_certified, 3001, "two blocks of one leader are certified: more validators are faulty than this vault tolerates; ordering has stopped") \
  X(unknown_validator, 3002, "the block names a validator that this epoch does not have")           \
  X(foreign_epoch, 3003, "this belongs to another epoch")                                           \
  X(bad_ancestors, 3004, "the block's ancestors break the rules of its epoch")                      \
  X(too_few_parents, 3005, "the block has too few parents in the round before it")                  \
  X(payload_mismatch, 3006, "the block's payload is not the one that its header names")             \
  X(bad_commit_votes, 3007, "the block's commit votes are not in order")                            \
  X(round_too_far_ahead, 3008, "the block's round is too far ahead")                                \
  X(too_many_suspended, 3009, "too many blocks of this validator wait for their ancestors")         \
  X(too_many_branches, 3010, "this validator has signed too many blocks for one round")             \
  X(round_collected, 3011, "the block's round was collected already")                               \
  X(too_many_pending, 3012, "too many transactions wait to be ordered; try again in a moment")      \
  X(broken_commit_chain, 3013, "a commit does not continue the one before it")                      \
  X(too_few_signatures, 3014, "a certificate lacks the signatures of a quorum")                     \
  X(unknown_author, 4001, "the author is not a member of this vault")                              \
  X(author_removed, 4002, "the author was removed from this vault")                                \
  X(not_permitted, 4003, "the author's role does not permit this change")                          \
  X(foreign_vault, 4004, "this belongs to another vault")                                          \
  X(sequence_gap, 4005, "an earlier transaction of this author is missing")                        \
  X(sequence_reused, 4006, "the author has signed two transactions with one number")               \
  X(generation_ended, 4007, "the version is sealed under an ended key generation")                 \
  X(secret_exists, 4008, "a secret with this id exists already")                                   \
  X(state_unknown_secret, 4009, "the change names a secret that does not exist")                   \
  X(state_unknown_category, 4010, "the change names a category that does not exist")               \
  X(state_category_exists, 4011, "a category with this id exists already")                         \
  X(version_mismatch, 4012, "a version does not match its transaction")                            \
  X(too_many_versions, 4013, "a secret has too many versions")                                     \
  X(wrong_readers, 4014, "a key generation is not wrapped to exactly the readers")                 \
  X(wrong_generation, 4015, "a key generation does not follow the current one")                    \
  X(change_not_offered, 4016, "this kind of change is not offered by this version of Holdfast")    \
  X(bad_genesis, 4017, "the genesis record does not verify")                                       \
  X(key_commitment_mismatch, 4018, "a category key does not match its commitment")                 \
  X(bad_padding, 4019, "decrypted data is not padded as it must be")                               \
  X(root_category_needed, 4020, "the first category must be the root")                             \
  X(different_entities, 4021, "these versions belong to different secrets")                        \
  X(wrong_format, 6001, "the file is not in this format; name the right one with --format")       \
  X(bad_json, 6002, "the file is not valid JSON")                                                  \
  X(bad_csv, 6003, "the file is not valid CSV (RFC 4180): a quotation mark is out of place")       \
  X(csv_columns, 6004, "a row has more or fewer columns than the header line")                     \
  X(encrypted_with_account_key, 6005, "this Bitwarden export is encrypted with the key of its account and opens only there; export again as unencrypted JSON") \
  X(encrypted_with_password, 6006, "this Bitwarden export is protected by a password; name its format: --format bitwarden-encrypted-json") \
  X(too_many_entries, 6007, "the file has more entries than one import may have; split it")        \
  X(file_too_large, 6008, "the file is larger than an import may be; split it")                    \
  X(bad_entry, 6009, "a field is missing, unknown or of the wrong type")                           \
  X(bad_time, 6010, "not a date and time between 1970 and 9999")                                   \
  X(bad_otp, 6011, "not a TOTP secret in base32 nor an otpauth://totp/ address with 6 to 8 digits") \
  X(bad_base64, 6012, "not valid base64")                                                          \
  X(file_key_missing, 6020, "the file is encrypted; give its passphrase (--file-passphrase-file), its key file (--key-file) or both") \
  X(file_key_wrong, 6021, "wrong passphrase or key file for this file (or its header is damaged); nothing was imported, try again") \
  X(file_corrupt, 6022, "the file is damaged; take another copy, or write it again with the program that made it") \
  X(kdbx_version, 6023, "this KeePass format is not supported (KDBX 3.1, 4.0 and 4.1 are); open the file in KeePass 2 or KeePassXC and save it anew") \
  X(kdbx_cipher, 6024, "the file uses a cipher that is not supported; choose AES-256 or ChaCha20 in KeePass's database settings and save again") \
  X(kdbx_kdf, 6025, "the file uses a key derivation that is not supported; choose Argon2id or AES-KDF in KeePass's database settings and save again") \
  X(kdbx_kdf_costly, 6026, "the file asks for more work to derive its key than is done for a file from outside; lower it in KeePass's database settings and save again") \
  X(unpacks_too_large, 6027, "the file unpacks to far more than its size or than an import may have; if you trust it, remove large attachments in KeePass and save again") \
  X(bad_xml, 6028, "the file is not the XML that KeePass writes; export it again") \
  X(xml_doctype, 6029, "XML with a document type or processing instructions is refused; export the file again with KeePass") \
  X(groups_too_deep, 6030, "groups or elements are nested too deeply (32 groups at most); move the deepest groups up in KeePass and save again") \
  X(bad_key_file, 6031, "the key file is damaged or of an unknown version; take another copy of it") \
  X(new_file_key_needed, 6032, "this format is encrypted; give the new file a passphrase, a key file or both") \
  X(password_needed, 6033, "this format is encrypted with a password and takes no key file; give --file-passphrase-file alone") \
  X(daemon_unreachable, 8001, "no daemon answers on the socket; start one: holdfast daemon")       \
  X(daemon_gone, 8002, "the daemon closed the connection; look at its log and repeat the command") \
  X(peer_not_owner, 8003, "the process at the other end of the socket belongs to another user")    \
  X(bad_answer, 8004, "the daemon's answer is not valid; restart it: holdfast daemon stop")        \
  X(bad_header, 8005, "a request header or target has a character that is not allowed in it")      \
  X(daemon_running, 8006, "a daemon is already running on this socket")                            \
  X(daemon_stopping, 8007, "the daemon is stopping; try again in a moment")                        \
  X(socket_path_too_long, 8008, "the path of the socket is longer than the system allows (107 bytes); set HOLDFAST_SOCKET") \
  X(socket_folder_unsafe, 8009, "the folder of the socket belongs to another user or others may enter it; make it mode 0700") \
  X(socket_io, 8010, "the socket cannot be used")                                                  \
  X(bad_vault_name, 8011, "not a vault name: 1 to 64 letters, digits, '.', '_' or '-', not starting with '.' or '-'") \
  X(unknown_vault, 8012, "no vault of this name; list them: holdfast vault list")                  \
  X(vault_needed, 8013, "there are several vaults; name one with --vault or set default_vault")    \
  X(no_vault, 8014, "there is no vault yet; make one: holdfast init")                              \
  X(too_many_vaults, 8015, "there are too many vaults in this folder")                             \
  X(bad_profile_name, 8016, "not a profile name: 1 to 64 letters, digits, '.', '_' or '-', not starting with '.' or '-'") \
  X(no_home, 8017, "no home folder is known; set HOME")                                            \
  X(bad_generator_rules, 8018, "no password can obey these rules; allow more characters or length") \
  X(bad_request, 8019, "the request is not valid")                                                 \
  X(bad_request_json, 8020, "the request's body is not valid JSON")                                \
  X(unknown_endpoint, 8021, "there is no such endpoint; see /v1/openapi.json")                     \
  X(method_not_allowed, 8022, "this endpoint does not offer this method; see /v1/openapi.json")    \
  X(body_too_large, 8023, "the request's body is larger than allowed")                             \
  X(header_too_large, 8024, "the request's header is larger than allowed")                         \
  X(request_timeout, 8025, "the request did not arrive in time")                                   \
  X(foreign_origin, 8026, "requests from web pages are refused")                                   \
  X(bad_host, 8027, "the Host header must be localhost or holdfast")                               \
  X(ambiguous_item, 8028, "more than one secret matches; name one by category/label or id")        \
  X(version_needed, 8029, "this change needs If-Match with the ETag of the secret, or *")          \
  X(idempotency_reused, 8030, "this Idempotency-Key was used for another request; choose a new one") \
  X(plaintext_not_confirmed, 8031, "this format is not encrypted; repeat with --plaintext (plaintext=true) if that is what you want") \
  X(no_totp, 8032, "this secret has no one-time code; add one: holdfast edit ITEM --totp -")       \
  X(bad_word_list, 8040, "not a word list: one word a line, at least 1000 that differ")              \
  X(bad_settings, 8041, "the settings are not valid; see: holdfast config validate")               \
  X(bad_breach_list, 8042, "not a list of SHA-1 hashes, one a line and in ascending order, as Have I Been Pwned gives out") \
  X(not_found, 5001, "not found")                                                                  \
  X(store_io, 5002, "the disk reported an error; the vault is read-only until it is opened again") \
  X(store_full, 5003, "the disk is full; free some space and try again, nothing was lost")         \
  X(store_of_older_version, 5020, "the store was written by an earlier version of Holdfast; export with that version, and import here") \
  X(store_corrupt, 5004, "the store is damaged; restore a backup, and keep the folder for repair") \
  X(store_locked, 5005, "another process has this vault open; stop it, or use its daemon")         \
  X(store_read_only, 5006, "the vault folder is not writable; check its permissions")              \
  X(store_missing, 5007, "there is no store in this folder")                                       \
  X(store_log_lost, 5008, "the store has lost acknowledged writes (its newest log is gone or cut); restore a backup") \
  X(signer_missing, 5009, "the signer file is missing, as after restoring a backup; if no other copy of this vault is in use: holdfast unlock --confirm-recovery") \
  X(signer_corrupt, 5010, "the signer file is damaged; the vault opens only for recovery")         \
  X(store_failed, 5011, "the store stopped after an error; restart the daemon (holdfast daemon stop) and unlock again")        \
  X(already_exists, 5013, "it exists already; nothing was overwritten")                            \
  X(signer_regression, 5014, "refused to sign a round a second time; nothing was signed")          \
  X(too_many_files, 5012, "too many open files; raise the limit (ulimit -n)") \
  X(vault_locked, 7001, "the vault is locked; run: holdfast unlock")                               \
  X(wrong_passphrase, 7002, "wrong passphrase")                                                    \
  X(header_corrupt, 7003, "the vault's header file is damaged; restore it from a backup, your secrets are still in the store") \
  X(header_missing, 7004, "no vault here: the header file is missing; check the path, or make one with: holdfast init") \
  X(vault_exists, 7005, "a vault of this name exists already; choose another name")                \
  X(node_key_corrupt, 7006, "the node key file is missing or damaged; restore it from a backup")   \
  X(stale_version, 7007, "the secret has changed since that version; look again and repeat")       \
  X(busy, 7008, "too many writes are waiting; try again in a moment")                              \
  X(unknown_secret, 7009, "no such secret")                                                        \
  X(unknown_category, 7010, "no such category")                                                    \
  X(category_exists, 7011, "a category of this name exists already")                               \
  X(empty_label, 7012, "a secret needs a label")                                                   \
  X(rejected, 7013, "the vault's rules rejected the change")                                       \
  X(passphrase_empty, 7014, "the passphrase is empty")                                             \
  X(no_conflict, 7017, "this secret has no conflict and was never merged")                         \
  X(unknown_version, 7018, "the secret has no such version; list them: holdfast history ITEM")     \
  X(version_without_content, 7019, "that version holds no content: it is a deletion, or its content was pruned or purged") \
  X(version_to_restore_needed, 7020, "the secret is not deleted; name the version to go back to: --version ID") \
  X(merge_too_large, 7021, "the merge would be larger than a secret may be; choose one side")      \
  X(too_many_duplicates, 7022, "too many secrets carry this label; delete or rename some first")   \
  X(root_category_stays, 7024, "the vault's own top category cannot be renamed, moved or removed") \
  X(category_below_itself, 7025, "a category cannot be moved below itself")                        \
  X(category_not_empty, 7026, "the category still holds secrets or categories; move or remove them first") \
  X(unknown_attachment, 7023, "the secret has no attachment of this name; list them: holdfast attachment list ITEM") \
  X(vault_cut_over, 7040, "this vault was migrated and is read-only for good; use the vault it was migrated to (--vault NAME)") \
  X(migration_running, 7041, "this vault is being migrated and is read-only until that ends; try again then") \
  X(migration_into_itself, 7042, "a vault cannot be migrated into itself; name another source, or another target with --vault") \
  X(secret_in_conflict, 7043, "it is in conflict; settle it in the source (holdfast conflicts resolve ITEM) and migrate again") \
  X(changed_in_both, 7044, "it was changed in both vaults since it was migrated; copy the change from the source by hand, then restore the version before it there") \
  X(backup_corrupt, 7045, "not a whole backup of Holdfast: the file is damaged, cut short or something else; use another one") \
  X(nothing_to_recover, 7046, "this vault has its signer and needs no recovery; unlock it without --confirm-recovery") \
  X(clock_far_off, 7015, "this machine's clock is more than 24 hours from the last commit; correct it, or confirm the time")
// clang-format on

enum class Error : std::uint16_t {
#define HOLDFAST_ERROR_ENUM(name, number, text) name = number,
  HOLDFAST_ERRORS(HOLDFAST_ERROR_ENUM)
#undef HOLDFAST_ERROR_ENUM
};

// The stable identifier, as the API and --json give it: "store_full".
[[nodiscard]] auto error_name(Error error) -> std::string_view;
// One line for people: what failed and the next step.
[[nodiscard]] auto error_text(Error error) -> std::string_view;

}  // namespace holdfast::base
