// commands_generate.cc: generate. Draws here, without a daemon, with the code that the API uses.
#include <CLI/CLI.hpp>
#include <array>
#include <charconv>

#include "api/generator.h"
#include "api/strength.h"
#include "api/word_list.h"
#include "cli/clipboard.h"
#include "cli/command.h"
#include "cli/generator_settings.h"
#include "cli/text.h"
#include "formats/json_writer.h"

namespace holdfast::cli {
namespace {

using formats::JsonWriter;

struct GenerateFlags : CopyFlags {
  std::optional<std::size_t> length;
  std::optional<std::string> words, separator, wordlist;  // words without a number: the settings
  std::size_t pin = 0, count = 1;
  std::string classes, exclude;
  bool no_ambiguous = false;
};

// What is drawn, and how many bits each has.
struct Source {
  std::function<base::Result<base::SecretBytes>()> draw;
  double entropy_bits = 0;
};

auto character_source(const GenerateFlags& flags, const Session& session) -> Outcome<Source> {
  api::GeneratorRules rules = api::pin_rules(flags.pin);
  if (flags.pin == 0) {
    rules = rules_from(session.settings());
    rules.length = flags.length.value_or(rules.length);
    rules.no_ambiguous = rules.no_ambiguous || flags.no_ambiguous;
    rules.exclude = flags.exclude;
    if (!flags.classes.empty()) TRY_DO(set_classes(split_list(flags.classes), rules));
  }
  TRY_DO(locally(api::check_rules(rules)));
  const double bits = api::entropy_bits(rules);
  return Source{[rules = std::move(rules), ports = session.ports()] {
                  return api::generate(rules, ports.entropy, ports.plaintext);
                },
                bits};
}

// The words, and the text they are views of.
struct Words {
  std::shared_ptr<base::SecretBytes> text;
  std::vector<std::string_view> list;
};

auto words_of(const std::string& wordlist, const Session& session) -> Outcome<Words> {
  if (wordlist == "eff-large") {
    const auto words = api::eff_large_words();
    return Words{nullptr, {words.begin(), words.end()}};
  }
  TRY(file, read_whole_file(wordlist, api::kWordListBytesMax, session.memory()));
  Words words{std::make_shared<base::SecretBytes>(std::move(file)), {}};
  auto parsed =
      words.text->expose_text([](std::string_view text) { return api::parse_word_list(text); });
  if (!parsed) {
    return usage(wordlist + ": " + parsed.error().text(), "leave out --wordlist for the EFF list");
  }
  words.list = *std::move(parsed);
  return words;
}

auto number_of_words(const std::string& text, const Session& session) -> Outcome<std::size_t> {
  if (text.empty()) return static_cast<std::size_t>(session.settings().number("generate.words"));
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0 ||
      number > api::kGeneratedWordsMax) {
    return usage("--diceware takes a number from 1 to " + std::to_string(api::kGeneratedWordsMax) +
                 ", not '" + text + "'");
  }
  return number;
}

auto word_source(const GenerateFlags& flags, const Session& session) -> Outcome<Source> {
  const bool others = flags.pin != 0 || flags.length || flags.no_ambiguous ||
                      !flags.classes.empty() || !flags.exclude.empty();
  if (others) {
    return usage("--diceware draws words: it goes with --separator, --wordlist and --count only");
  }
  const Settings& settings = session.settings();
  TRY(number, number_of_words(flags.words.value_or(""), session));
  api::WordRules rules{.words = number,
                       .separator = flags.separator.value_or(settings.text("generate.separator"))};
  TRY_DO(locally(api::check_rules(rules)));
  TRY(words, words_of(flags.wordlist.value_or(settings.text("generate.wordlist")), session));
  const double bits = api::entropy_bits(rules, words.list.size());
  return Source{[rules = std::move(rules), words = std::move(words), ports = session.ports()] {
                  return api::generate(rules, words.list, ports.entropy, ports.plaintext);
                },
                bits};
}

auto fixed(double number, int decimals) -> std::string {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number,
                                 std::chars_format::fixed, decimals);
  return {text.data(), end.ptr};
}

auto print_json_values(const Source& source, std::size_t count, Session& session) -> Outcome<Exit> {
  base::SecretBytes::Buffer out{&session.memory()};
  JsonWriter json{out};
  json.begin_object();
  json.key("values");
  json.begin_array();
  std::optional<api::Strength> weakest;
  for (std::size_t i = 0; i < count; ++i) {
    TRY(value, locally(source.draw()));
    const api::Strength strength = api::estimate_strength(value, session.memory());
    if (!weakest || strength.guesses_log10 < weakest->guesses_log10) weakest = strength;
    json.string(value);
  }
  json.end_array();
  json.key("entropy_bits");
  json.raw(fixed(source.entropy_bits, 2));
  json.key("strength");
  json.begin_object();
  json.key("score");
  json.number(weakest->score);
  json.member("name", weakest->name());
  json.key("guesses_log10");
  json.raw(fixed(weakest->guesses_log10, 2));
  json.member("guessed_in", weakest->guessed_in());
  json.end_object();
  json.end_object();
  session.screen().put(base::text_of(out));
  session.screen().put("\n");
  return Exit::done;
}

auto generate(const GenerateFlags& flags, Session& session) -> Outcome<Exit> {
  if (flags.count < 1 || flags.count > api::kGeneratedCountMax) {
    return usage("--count must be from 1 to " + std::to_string(api::kGeneratedCountMax));
  }
  if (!flags.words && (flags.separator || flags.wordlist)) {
    return usage("--separator and --wordlist are for words", "add --diceware 6");
  }
  auto source = flags.words ? word_source(flags, session) : character_source(flags, session);
  if (!source) return std::unexpected{source.error()};
  Screen& screen = session.screen();
  const std::string entropy = fixed(source->entropy_bits, 0) + " bits of entropy";
  if (flags.copy) {
    if (flags.count != 1) return usage("-c copies one value", "leave out --count");
    TRY(value, locally(source->draw()));
    return value.expose([&](base::ByteView text) {
      screen.note(entropy);
      return copy_and_tell(flags, {.what = "value", .label = {}, .text = text}, session);
    });
  }
  if (screen.json()) return print_json_values(*source, flags.count, session);
  for (std::size_t i = 0; i < flags.count; ++i) {
    TRY(value, locally(source->draw()));
    value.expose_text([&](std::string_view text) { screen.put(text); });
    screen.put("\n");
  }
  screen.note(entropy);
  return Exit::done;
}

}  // namespace

auto declare_generate(CLI::App& app) -> Run {
  auto flags = std::make_shared<GenerateFlags>();
  app.add_option("--length", flags->length, "characters (20)")->type_name("N");
  app.add_option("--classes", flags->classes, "of lower, upper, digit, symbol")->type_name("A,B");
  app.add_flag("--no-ambiguous", flags->no_ambiguous, "without 0O1lI|");
  app.add_option("--exclude", flags->exclude, "characters to leave out")->type_name("CHARS");
  app.add_option("--diceware", flags->words, "words instead of characters (6)")
      ->expected(0, 1)
      ->type_name("WORDS");
  app.add_option("--separator", flags->separator, "between the words (-)")->type_name("TEXT");
  app.add_option("--wordlist", flags->wordlist, "eff-large, or a file with one word a line")
      ->type_name("FILE");
  app.add_option("--pin", flags->pin, "digits only, so many")->type_name("N");
  app.add_option("--count", flags->count, "how many (1)")->type_name("N");
  flags->declare(app, true);
  return [flags](Session& session) { return generate(*flags, session); };
}

}  // namespace holdfast::cli
