// The codec on a message like a block header of 256 bytes, with TinyCBOR as the peer; and the
// decoding of transactions.
#include <benchmark/benchmark.h>
#include <tinycbor/cbor.h>

#include <array>

#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"
#include "model/transaction.h"

namespace {

using namespace holdfast;
using base::Bytes, base::Result;

constexpr std::size_t kAncestors = 4;
using Hash = base::FixedBytes<struct HashTag, 32>;

struct Message {
  std::uint64_t epoch = 2, round = 70'000, author = 3, timestamp = 1'700'000'000'000, length = 900;
  Hash vault, root;
  std::array<Hash, kAncestors> ancestors;
  bool ready = false;
};

void encode_ours(const Message& message, Bytes& bytes) {
  codec::Writer out{bytes};
  out.array(11);
  out.uint(1);
  out.uint(1);
  out.bytes(message.vault.view());
  out.uint(message.epoch);
  out.uint(message.round);
  out.uint(message.author);
  out.uint(message.timestamp);
  out.array(kAncestors);
  for (const Hash& ancestor : message.ancestors) {
    out.array(3);
    out.uint(message.round);
    out.uint(message.author);
    out.bytes(ancestor.view());
  }
  out.bytes(message.root.view());
  out.uint(message.length);
  out.boolean(message.ready);
}

auto decode_ours(const Bytes& bytes, Message& message) -> Result<void> {
  constexpr std::uint64_t kAny = ~std::uint64_t{0};
  codec::Reader in{bytes};
  TRY_DO(in.array_of(11));
  TRY_DO(in.uint(1));
  TRY_DO(in.uint(1));
  TRY_DO(in.copy_bytes(message.vault.bytes));
  for (std::uint64_t* number :
       {&message.epoch, &message.round, &message.author, &message.timestamp}) {
    TRY(value, in.uint(kAny));
    *number = value;
  }
  TRY_DO(in.array_of(kAncestors));
  for (Hash& ancestor : message.ancestors) {
    TRY_DO(in.array_of(3));
    TRY_DO(in.uint(kAny));
    TRY_DO(in.uint(kAny));
    TRY_DO(in.copy_bytes(ancestor.bytes));
  }
  TRY_DO(in.copy_bytes(message.root.bytes));
  TRY(length, in.uint(kAny));
  message.length = length;
  TRY(ready, in.boolean());
  message.ready = ready;
  return in.finish();
}

auto example() -> Bytes {
  Bytes bytes;
  encode_ours(Message{}, bytes);
  return bytes;
}

void encode(benchmark::State& state) {
  const Message message;
  Bytes bytes;
  for (auto _ : state) {
    bytes.clear();
    encode_ours(message, bytes);
    benchmark::DoNotOptimize(bytes.data());
  }
  state.counters["bytes"] = static_cast<double>(bytes.size());
}
BENCHMARK(encode);

void pull_strictly(benchmark::State& state) {
  const Bytes bytes = example();
  Message message;
  for (auto _ : state) {
    if (!decode_ours(bytes, message)) std::abort();
    benchmark::DoNotOptimize(message);
  }
}
BENCHMARK(pull_strictly);

void skip(benchmark::State& state) {
  const Bytes bytes = example();
  for (auto _ : state) {
    codec::Reader in{bytes};
    if (!in.skip_item(codec::kDepthMax)) std::abort();
    benchmark::DoNotOptimize(in);
  }
}
BENCHMARK(skip);

void tinycbor_validate(benchmark::State& state) {
  const Bytes bytes = example();
  for (auto _ : state) {
    CborParser parser;
    CborValue value;
    if (cbor_parser_init(bytes.data(), bytes.size(), 0, &parser, &value) != CborNoError ||
        cbor_value_validate(&value, CborValidateStrictMode) != CborNoError)
      std::abort();
  }
}
BENCHMARK(tinycbor_validate);

auto pull_with_tinycbor(CborValue* at, std::uint64_t& sum) -> bool {
  if (cbor_value_is_container(at)) {
    CborValue inside;
    if (cbor_value_enter_container(at, &inside) != CborNoError) return false;
    while (!cbor_value_at_end(&inside)) {
      if (!pull_with_tinycbor(&inside, sum)) return false;
    }
    return cbor_value_leave_container(at, &inside) == CborNoError;
  }
  if (cbor_value_is_unsigned_integer(at)) {
    std::uint64_t value = 0;
    cbor_value_get_uint64(at, &value);
    sum += value;
  } else if (cbor_value_is_byte_string(at)) {
    std::array<std::uint8_t, 32> hash{};
    std::size_t size = hash.size();
    if (cbor_value_copy_byte_string(at, hash.data(), &size, nullptr) != CborNoError) return false;
    sum += hash[0];
  }
  return cbor_value_advance(at) == CborNoError;
}

void tinycbor_pull(benchmark::State& state) {
  const Bytes bytes = example();
  std::uint64_t sum = 0;
  for (auto _ : state) {
    CborParser parser;
    CborValue value;
    if (cbor_parser_init(bytes.data(), bytes.size(), 0, &parser, &value) != CborNoError ||
        !pull_with_tinycbor(&value, sum))
      std::abort();
    benchmark::DoNotOptimize(sum);
  }
}
BENCHMARK(tinycbor_pull);

// A transaction of so many AddSecret changes with a body of 272 bytes each.
auto transaction_of(std::size_t changes) -> Bytes {
  model::Version version;
  version.wrapped_key.resize(model::kWrappedKeyBytes);
  version.sealed.resize(272);
  const model::EncodedVersion encoded = model::encode(version);
  model::Transaction transaction;
  for (std::size_t i = 0; i < changes; ++i)
    transaction.changes.push_back(model::Change{model::AddSecret{encoded}});
  return model::attach_signature(model::encode_unsigned(transaction).value(), {});
}

void decode_transaction(benchmark::State& state) {
  const Bytes bytes = transaction_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(model::decode_transaction(bytes).value());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(decode_transaction)->Arg(1)->Arg(16)->Arg(256);

}  // namespace

BENCHMARK_MAIN();
