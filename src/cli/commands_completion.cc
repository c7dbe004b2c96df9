// commands_completion.cc: completion bash|zsh|fish. The scripts are made from the commands' own
// declarations and hold words only: they never ask the daemon, so they never unlock anything.
#include <CLI/CLI.hpp>
#include <vector>

#include "cli/command.h"
#include "cli/text.h"

namespace holdfast::cli {
namespace {

// What may follow "holdfast PATH".
struct Place {
  std::string path;                // "", "vault", "vault list"
  std::vector<std::string> words;  // commands and choices
  std::vector<std::string> flags;  // "--json", "-f"
  std::vector<std::string> about;  // of words that are commands; may be shorter
};

// The words of a check such as TEXT:{start,stop}.
auto choices_of(const CLI::Option& option) -> std::vector<std::string> {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return {};
  return split_list(std::string_view{type}.substr(open + 1, close - open - 1));
}

void collect(const CLI::App& app, const std::string& path, std::vector<Place>& places) {
  Place place{.path = path, .words = {}, .flags = {}, .about = {}};
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    place.words.push_back(sub->get_name());
    place.about.push_back(sub->get_description());
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) place.flags.push_back("--" + name);
    for (const std::string& name : option->get_snames()) place.flags.push_back("-" + name);
    const bool positional = option->get_lnames().empty() && option->get_snames().empty();
    if (!positional) continue;
    for (std::string& word : choices_of(*option)) place.words.push_back(std::move(word));
  }
  places.push_back(std::move(place));
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), places);
  }
}

auto joined(const std::vector<std::string>& words) -> std::string {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// What bash and zsh share: $place follows the commands typed so far, $offer and $flags may come
// next.
auto shell_cases(const std::vector<Place>& places) -> std::string {
  std::string text = "    case \"$place $one\" in\n";
  for (const Place& place : places) {
    if (place.path.empty()) continue;
    const std::size_t last = place.path.rfind(' ');
    const std::string before = last == std::string::npos ? "" : place.path.substr(0, last);
    const std::string name = last == std::string::npos ? place.path : place.path.substr(last + 1);
    text += "      \"" + before + " " + name + "\") place=\"" + place.path + "\" ;;\n";
  }
  text += "    esac\n  done\n  case \"$place\" in\n";
  const std::string global = joined(places.front().flags);
  for (const Place& place : places) {
    const std::string flags = place.path.empty() ? "" : joined(place.flags) + " ";
    text += "    \"" + place.path + "\") offer=\"" + joined(place.words) + "\" flags=\"" + flags +
            global + "\" ;;\n";
  }
  return text + "  esac\n";
}

auto bash_script(const std::vector<Place>& places) -> std::string {
  return "# Completion of holdfast for bash: source <(holdfast completion bash)\n"
         "_holdfast() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} place='' offer='' flags='' one i\n"
         "  COMPREPLY=()\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    one=${COMP_WORDS[i]}\n" +
         shell_cases(places) +
         "  if [[ $word == -* ]]; then offer=$flags; fi\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$offer\" -- \"$word\")\n"
         "}\n"
         "complete -o default -F _holdfast holdfast\n";
}

auto zsh_script(const std::vector<Place>& places) -> std::string {
  return "#compdef holdfast\n"
         "# Completion of holdfast for zsh: source <(holdfast completion zsh)\n"
         "_holdfast() {\n"
         "  local word=${words[CURRENT]} place='' offer='' flags='' one i\n"
         "  local -a typed=(\"${words[@]}\")\n"
         "  for ((i = 2; i < CURRENT; i++)); do\n"
         "    one=${typed[i]}\n" +
         shell_cases(places) +
         "  if [[ $word == -* ]]; then offer=$flags; fi\n"
         "  if [[ -n $offer ]]; then compadd -- ${=offer}; else _files; fi\n"
         "}\n"
         "if [[ ${funcstack[1]} == _holdfast ]]; then _holdfast \"$@\"; else compdef _holdfast "
         "holdfast; fi\n";
}

auto fish_quoted(const std::string& text) -> std::string {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

auto fish_condition(const std::string& path) -> std::string {
  if (path.empty()) return "__fish_use_subcommand";
  std::string condition;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find(' ', begin), path.size());
    condition += condition.empty() ? "" : "; and ";
    condition += "__fish_seen_subcommand_from " + path.substr(begin, end - begin);
    begin = end + 1;
  }
  return condition;
}

auto fish_script(const std::vector<Place>& places) -> std::string {
  std::string text = "# Completion of holdfast for fish: holdfast completion fish | source\n";
  for (const Place& place : places) {
    const std::string when = "complete -c holdfast -n " + fish_quoted(fish_condition(place.path));
    for (std::size_t i = 0; i < place.words.size(); ++i) {
      text += when + " -a " + fish_quoted(place.words[i]);
      if (i < place.about.size()) text += " -d " + fish_quoted(place.about[i]);
      text += "\n";
    }
    const std::string flags = place.path.empty() ? "complete -c holdfast" : when;
    for (const std::string& flag : place.flags) {
      text += flags + (flag.starts_with("--") ? " -l " + flag.substr(2) : " -s " + flag.substr(1)) +
              "\n";
    }
  }
  return text;
}

auto print_script(const std::string& shell, Session& session) -> Outcome<Exit> {
  Flags flags;
  const auto app = whole_app(flags);
  std::vector<Place> places;
  collect(*app, "", places);
  session.screen().put(shell == "bash"  ? bash_script(places)
                       : shell == "zsh" ? zsh_script(places)
                                        : fish_script(places));
  return Exit::done;
}

}  // namespace

auto declare_completion(CLI::App& app) -> Run {
  auto shell = std::make_shared<std::string>();
  app.add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  return [shell](Session& session) { return print_script(*shell, session); };
}

}  // namespace holdfast::cli
