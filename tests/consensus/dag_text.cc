#include "dag_text.h"

#include <charconv>
#include <format>
#include <ranges>
#include <stdexcept>

namespace holdfast::consensus {
namespace {

[[noreturn]] void refuse(std::string_view what, std::string_view text) {
  throw std::runtime_error{std::format("{}: {}", what, text)};
}

auto trimmed(std::string_view text) -> std::string_view {
  const auto from = text.find_first_not_of(" \t\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\n") - from + 1);
}

// Parts between commas that stand in no bracket.
auto parts_of(std::string_view text) -> std::vector<std::string_view> {
  std::vector<std::string_view> parts;
  std::size_t depth = 0, from = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '[') ++depth;
    if (i < text.size() && text[i] == ']') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    if (const auto part = trimmed(text.substr(from, i - from)); !part.empty())
      parts.push_back(part);
    from = i + 1;
  }
  return parts;
}

auto integer(std::string_view text) -> std::uint64_t {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) refuse("not a number", text);
  return value;
}

// The text up to `mark`, which it takes off together with the mark.
auto take_until(std::string_view& text, std::string_view mark) -> std::string_view {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) refuse(std::format("'{}' is missing", mark), text);
  const std::string_view before = trimmed(text.substr(0, at));
  text.remove_prefix(at + mark.size());
  return before;
}

}  // namespace

auto block_name(Round round, AuthorIndex author, std::size_t branch) -> std::string {
  return std::format("{}{}{}", static_cast<char>('A' + std::to_underlying(author)),
                     std::to_underlying(round), std::string(branch, '\''));
}

auto Drawing::draw(std::string_view text) -> std::vector<BlockPtr> {
  const std::size_t before = blocks_.size();
  while (!trimmed(text).empty()) {
    text = trimmed(text);
    const std::string_view rounds = take_until(text, ":");
    if (!rounds.starts_with("Round")) refuse("not a round", rounds);
    take_until(text, "{");
    const std::string_view body = take_until(text, "}");
    const auto range = rounds.substr(rounds.find(' ') + 1);
    const auto dash = range.find('-');
    const std::uint64_t first = integer(range.substr(0, dash));
    const std::uint64_t last =
        dash == std::string_view::npos ? first : integer(range.substr(dash + 1));
    for (std::uint64_t round = first; round <= last; ++round) draw_round(Round{round}, body);
  }
  return {blocks_.begin() + static_cast<std::ptrdiff_t>(before), blocks_.end()};
}

void Drawing::draw_round(Round round, std::string_view body) {
  for (const std::string_view part : parts_of(body)) {
    std::string_view ancestors = part;
    std::string_view selector = part == "*" ? part : take_until(ancestors, "->");
    if (part == "*") ancestors = "[*]";
    take_until(ancestors, "[");
    ancestors = take_until(ancestors, "]");
    const auto named = selector.find_first_of("0123456789");
    std::size_t branch = 0;
    if (selector.size() > 1 && named == 1) {  // A4'
      const auto end = std::min(selector.find('\''), selector.size());
      if (Round{integer(selector.substr(1, end - 1))} != round) refuse("of another round", part);
      branch = selector.size() - end;
      selector = selector.substr(0, 1);
    }
    for (const AuthorIndex author : authors(selector)) add(round, author, branch, ancestors);
  }
}

void Drawing::add(Round round, AuthorIndex author, std::size_t branch, std::string_view list) {
  std::vector<BlockRef> ancestors;
  const Round before = earlier(round, 1);
  if (list.starts_with('-')) ancestors = first_branches(before);
  for (std::string_view part : parts_of(list)) {
    const bool without = part.starts_with('-');
    if (without) part.remove_prefix(1);
    for (const BlockRef& ref : selected(before, part)) {
      const auto known = std::ranges::find(ancestors, ref);
      if (without == (known == ancestors.end())) refuse("named twice or not there", list);
      if (without) ancestors.erase(known);
      if (!without) ancestors.push_back(ref);
    }
  }
  std::ranges::sort(ancestors, {}, [](const BlockRef& ref) { return std::pair{ref.author, ref}; });
  const std::string name = block_name(round, author, branch);
  if (named_.contains(name)) refuse("drawn twice", name);
  model::Header header = header_of(epoch_, round, author, own_first(std::move(ancestors), author));
  header.timestamp = model::TimeMs{std::to_underlying(round) + branch};  // branches differ
  named_.emplace(name, blocks_.emplace_back(seal(epoch_, std::move(header))));
}

auto Drawing::number(std::string_view expression) const -> std::size_t {
  // Not asked of the code under test, whose quorum may be wrong.
  const std::size_t n = epoch_.committee.members.size();
  const std::size_t f = (n - 1) / 3;
  std::size_t value = 0;
  char sign = '+';
  for (std::size_t from = 0; from < expression.size();) {  // left to right
    const auto to = std::min(expression.find_first_of("+-", from), expression.size());
    const std::string_view term = expression.substr(from, to - from);
    const std::size_t amount = term == "n"   ? n
                               : term == "f" ? f
                               : term == "Q" ? n - f
                                             : static_cast<std::size_t>(integer(term));
    value = sign == '+' ? value + amount : value - amount;
    if (to < expression.size()) sign = expression[to];
    from = to + 1;
  }
  return value;
}

auto Drawing::authors(std::string_view selector) const -> std::vector<AuthorIndex> {
  const std::size_t count = epoch_.validators().count();
  std::size_t from = 0, to = count;
  if (selector.starts_with("first ")) {
    to = number(selector.substr(6));
  } else if (selector.starts_with("next ")) {
    from = 1;
    to = 1 + number(selector.substr(5));
  } else if (selector.starts_with("last ")) {
    from = count - number(selector.substr(5));
  } else if (selector != "*") {
    if (selector.size() != 1 || selector[0] < 'A') refuse("not an author", selector);
    from = static_cast<std::size_t>(selector[0] - 'A');
    to = from + 1;
  }
  if (from > to || to > count) refuse("not so many validators", selector);
  std::vector<AuthorIndex> chosen;
  chosen.reserve(to - from);
  for (std::size_t i = from; i < to; ++i) chosen.push_back(AuthorIndex{i});
  return chosen;
}

auto Drawing::selected(Round round, std::string_view selector) const -> std::vector<BlockRef> {
  if (selector == "*") return first_branches(round);
  if (!selector.contains(' ')) return {ref(std::string{selector})};
  std::vector<BlockRef> refs;
  for (const AuthorIndex author : authors(selector))
    refs.push_back(ref(block_name(round, author, 0)));
  return refs;
}

auto Drawing::first_branches(Round round) const -> std::vector<BlockRef> {
  if (round == Round{0}) return epoch_.genesis;
  std::vector<BlockRef> refs;
  for (std::size_t i = 0; i < epoch_.validators().count(); ++i)
    if (const auto it = named_.find(block_name(round, AuthorIndex{i}, 0)); it != named_.end())
      refs.push_back((*it->second)->ref());
  return refs;
}

auto Drawing::block(const std::string& name) const -> const BlockPtr& {
  const auto it = named_.find(name);
  if (it == named_.end()) refuse("no such block", name);
  return it->second;
}

auto Drawing::ref(const std::string& name) const -> BlockRef {
  if (name.size() == 2 && name[1] == '0')
    return epoch_.genesis.at(static_cast<std::size_t>(name[0] - 'A'));
  return (*block(name))->ref();
}

namespace {

class Printer {
 public:
  Printer(const EpochRules& epoch, const std::vector<BlockPtr>& blocks) {
    for (const BlockRef& ref : epoch.genesis) name(ref);
    for (const BlockPtr& block : blocks) {
      name((*block)->ref());
      rounds_[(**block).fields.round].push_back(block);
    }
  }
  auto text() const -> std::string {
    std::string all;
    for (const auto& [round, blocks] : rounds_) {
      std::vector<std::string> parts;
      std::vector<BlockPtr> sorted = blocks;
      std::ranges::sort(sorted, {}, [&](const BlockPtr& block) {
        const BlockRef ref = (*block)->ref();
        return std::pair{ref.author, names_.at(ref).size()};
      });
      for (const BlockPtr& block : sorted) parts.push_back(drawn(**block));
      if (is_complete(blocks)) parts = {"*"};
      all += std::format("Round {}: {{ {} }}\n", std::to_underlying(round), joined(parts, ", "));
    }
    return all;
  }

 private:
  void name(const BlockRef& ref) {
    const std::size_t branch = branches_[{ref.round, ref.author}]++;
    names_[ref] = block_name(ref.round, ref.author, branch);
    if (branch == 0) firsts_[ref.round].push_back(ref);
  }
  static auto joined(const std::vector<std::string>& parts, std::string_view between)
      -> std::string {
    std::string all;
    for (const auto& part : parts) all += (all.empty() ? "" : std::string{between}) + part;
    return all;
  }
  auto drawn(const model::Block& block) const -> std::string {
    std::string author = names_.at(block.ref());
    if (!author.ends_with('\'')) author.resize(1);
    return author + "->[" + ancestors(block.fields) + "]";
  }
  auto ancestors(const model::Header& header) const -> std::string {
    std::vector<BlockRef> firsts;
    if (const auto it = firsts_.find(earlier(header.round, 1)); it != firsts_.end())
      firsts = it->second;
    std::vector<std::string> without, extra, all;
    for (const BlockRef& ref : header.ancestors) {
      all.push_back(names_.at(ref));
      if (!std::ranges::contains(firsts, ref)) extra.push_back(names_.at(ref));
    }
    for (const BlockRef& ref : firsts)
      if (!std::ranges::contains(header.ancestors, ref)) without.push_back("-" + names_.at(ref));
    if (without.size() * 2 >= firsts.size()) return joined(all, ",");
    if (without.empty()) without.emplace_back("*");
    std::ranges::sort(without);
    std::ranges::copy(extra, std::back_inserter(without));
    return joined(without, ",");
  }
  auto is_complete(const std::vector<BlockPtr>& blocks) const -> bool {
    return blocks.size() == firsts_.at(Round{0}).size() &&
           std::ranges::all_of(blocks, [&](const BlockPtr& block) {
             return !names_.at((*block)->ref()).ends_with('\'') &&
                    ancestors((**block).fields) == "*";
           });
  }

  std::map<Slot, std::size_t> branches_;
  std::map<BlockRef, std::string> names_;
  std::map<Round, std::vector<BlockRef>> firsts_;  // by round, first branches
  std::map<Round, std::vector<BlockPtr>> rounds_;
};

}  // namespace

auto to_text(const EpochRules& epoch, const std::vector<BlockPtr>& blocks) -> std::string {
  return Printer{epoch, blocks}.text();
}

}  // namespace holdfast::consensus
