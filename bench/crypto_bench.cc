// What the cryptographic operations cost in one thread.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <random>

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/kem.h"
#include "crypto/sign.h"
#include "crypto/sparse_tree.h"

namespace holdfast::crypto {
namespace {
using base::Bytes;

auto memory() -> base::SecretMemory& {
  static const auto kMemory = base::SecretMemory::create({.bytes_max = std::size_t{16} << 20,
                                                          .lock = base::Lock::attempted})
                                  .value();
  return *kMemory;
}

constexpr std::array<std::uint8_t, 64> kRandom{1, 2, 3};
const std::span<const std::uint8_t, 64> kRandom64{kRandom};
const KeyView kKey = kRandom64.first<32>();

void sha256_of(benchmark::State& state) {
  const Bytes bytes(static_cast<std::size_t>(state.range(0)), 7);
  for (auto _ : state) benchmark::DoNotOptimize(sha256(bytes));
}
BENCHMARK(sha256_of)->Arg(64)->Arg(1024);

void sha256_kept_object(benchmark::State& state) {
  const Bytes bytes(static_cast<std::size_t>(state.range(0)), 7);
  Sha256 hash;
  for (auto _ : state) {
    hash.update(bytes);
    benchmark::DoNotOptimize(hash.finish());
  }
}
BENCHMARK(sha256_kept_object)->Arg(64)->Arg(65)->Arg(1024)->Arg(1 << 20);

void aead_seal(benchmark::State& state) {
  const Bytes plaintext(static_cast<std::size_t>(state.range(0)), 7);
  const Bytes aad(80, 1);
  Aead aead;
  for (auto _ : state) benchmark::DoNotOptimize(aead.seal(kKey, Nonce{}, aad, plaintext));
}
BENCHMARK(aead_seal)->Arg(256)->Arg(1024)->Arg(64 << 10);

void aead_open(benchmark::State& state) {
  const Bytes plaintext(static_cast<std::size_t>(state.range(0)), 7);
  const Bytes aad(80, 1);
  Aead aead;
  const auto sealed = aead.seal(kKey, Nonce{}, aad, plaintext).value();
  for (auto _ : state)
    benchmark::DoNotOptimize(
        aead.open(kKey, Nonce{}, sealed.commitment, aad, sealed.ciphertext, memory()));
}
BENCHMARK(aead_open)->Arg(256)->Arg(1024)->Arg(64 << 10);

void aead_open_without_kept_object(benchmark::State& state) {
  const Bytes plaintext(static_cast<std::size_t>(state.range(0)), 7);
  const auto sealed = seal(kKey, Nonce{}, {}, plaintext).value();
  for (auto _ : state)
    benchmark::DoNotOptimize(
        open(kKey, Nonce{}, sealed.commitment, {}, sealed.ciphertext, memory()));
}
BENCHMARK(aead_open_without_kept_object)->Arg(256);

auto signer() -> Signer {
  return Signer::create(SigningSeed::copy_of(memory(), kRandom64).value()).value();
}

void composite_sign(benchmark::State& state) {
  auto own = signer();
  Bytes message(256, 7);
  for (auto _ : state) {
    ++message[static_cast<std::size_t>(message[0]) % 200 + 1];  // ML-DSA's time varies by message
    ++message[0];
    benchmark::DoNotOptimize(own.sign(Purpose::transaction, message, kRandom64.first<32>()));
  }
}
BENCHMARK(composite_sign);

void composite_verify_kept(benchmark::State& state) {
  auto own = signer();
  const Bytes message(256, 7);
  const auto signature = own.sign(Purpose::transaction, message, kRandom64.first<32>()).value();
  VerifierCache cache{16};
  for (auto _ : state)
    benchmark::DoNotOptimize(
        cache.verify(own.public_key(), Purpose::transaction, message, signature));
}
BENCHMARK(composite_verify_kept);

void composite_verify_new_key(benchmark::State& state) {
  auto own = signer();
  const Bytes message(256, 7);
  const auto signature = own.sign(Purpose::transaction, message, kRandom64.first<32>()).value();
  for (auto _ : state) {
    auto verifier = Verifier::create(own.public_key()).value();
    benchmark::DoNotOptimize(verifier.verify(Purpose::transaction, message, signature));
  }
}
BENCHMARK(composite_verify_new_key);

auto kem_seed() -> KemSeed { return KemSeed::copy_of(memory(), kKey).value(); }

void xwing_encapsulate(benchmark::State& state) {
  const auto public_key = kem_public_key(kem_seed()).value();
  for (auto _ : state) benchmark::DoNotOptimize(encapsulate(public_key, kRandom64, memory()));
}
BENCHMARK(xwing_encapsulate);

void xwing_decapsulate(benchmark::State& state) {
  auto decapsulator = Decapsulator::create(kem_seed()).value();
  const auto sent = encapsulate(decapsulator.public_key(), kRandom64, memory()).value();
  for (auto _ : state)
    benchmark::DoNotOptimize(decapsulator.decapsulate(sent.ciphertext, memory()));
}
BENCHMARK(xwing_decapsulate);

class RandomKeys {
 public:
  auto next() -> Digest {
    Digest digest;
    for (std::size_t i = 0; i < digest.bytes.size(); i += 8) {
      std::uint64_t word = engine_();
      for (std::size_t j = 0; j < 8; ++j, word >>= 8)
        digest.bytes[i + j] = static_cast<std::uint8_t>(word);
    }
    return digest;
  }

 private:
  std::mt19937_64 engine_{1};
};

// A tree with 1,000,000 leaves over buckets in memory, changed in batches.
void sparse_tree_change(benchmark::State& state) {
  constexpr std::size_t kLeaves = 1'000'000;
  std::vector<Bytes> buckets(std::size_t{1} << 16);
  const BucketReader reader = [&](BucketIndex index) -> Result<Bytes> {
    return buckets[std::to_underlying(index)];
  };
  SparseTree tree;
  const auto apply = [&](std::span<const LeafChange> changes) {
    auto writes = tree.update(changes, reader).value();
    for (auto& write : writes) buckets[std::to_underlying(write.bucket)] = std::move(write.encoded);
  };
  RandomKeys random;
  std::vector<LeafChange> all(kLeaves);
  for (auto& change : all) change = {.key = random.next(), .value = random.next()};
  apply(all);
  const auto batch = static_cast<std::size_t>(state.range(0));
  std::mt19937_64 pick{2};
  std::vector<LeafChange> changes(batch);
  for (auto _ : state) {
    state.PauseTiming();
    for (auto& change : changes)
      change = {.key = all[pick() % kLeaves].key, .value = random.next()};
    state.ResumeTiming();
    apply(changes);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
}
BENCHMARK(sparse_tree_change)->Arg(100)->Arg(1);

void sparse_tree_load(benchmark::State& state) {
  RandomKeys random;
  std::vector<LeafChange> all(1'000'000);
  for (auto& change : all) change = {.key = random.next(), .value = random.next()};
  SparseTree whole;
  const auto buckets =
      whole.update(all, [](BucketIndex) -> Result<Bytes> { return Bytes{}; }).value();
  for (auto _ : state) {
    SparseTree tree;
    for (const auto& bucket : buckets)
      if (!tree.load_bucket(bucket.bucket, bucket.encoded)) state.SkipWithError("load");
    if (tree.root() != whole.root()) state.SkipWithError("root");
  }
}
BENCHMARK(sparse_tree_load)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace holdfast::crypto

BENCHMARK_MAIN();
