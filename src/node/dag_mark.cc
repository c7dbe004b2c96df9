#include "codec/cbor_reader.h"
#include "codec/cbor_writer.h"
#include "node/dag_store.h"

namespace holdfast::node {
namespace {

using base::Bytes;
using base::ByteView;
using base::Result;
using model::BlockRef;

inline constexpr std::uint64_t kAny = UINT64_MAX;

void put_ref(codec::Writer& out, const BlockRef& ref) {
  out.array(3);
  out.uint(std::to_underlying(ref.round));
  out.uint(std::to_underlying(ref.author));
  out.bytes(ref.digest.view());
}

auto read_ref(codec::Reader& in) -> Result<BlockRef> {
  TRY_DO(in.array_of(3));
  TRY(round, in.uint(kAny));
  TRY(author, in.uint(kAny));
  TRY(digest, in.fixed_bytes<model::BlockDigest>());
  return BlockRef{model::Round{round}, model::AuthorIndex{author}, digest};
}

}  // namespace

auto encode(const DagMark& mark) -> Bytes {
  Bytes bytes;
  codec::Writer out{bytes};
  out.array(9);
  out.uint(model::kFormatVersion);
  out.uint(std::to_underlying(mark.started_at));
  out.uint(std::to_underlying(mark.commit.height));
  out.bytes(mark.commit.digest.view());
  put_ref(out, mark.commit.leader);
  out.uint(std::to_underlying(mark.commit.timestamp));
  out.uint(std::to_underlying(mark.gc_round));
  if (mark.own) {
    put_ref(out, *mark.own);
  } else {
    out.null();
  }
  out.array(mark.ready.size());
  for (const model::AuthorIndex author : mark.ready) out.uint(std::to_underlying(author));
  return bytes;
}

auto decode_dag_mark(ByteView encoded) -> Result<DagMark> {
  codec::Reader in{encoded};
  TRY_DO(in.array_of(9));
  TRY(version, in.uint(kAny));
  if (version != model::kFormatVersion) return base::fail(base::Error::unsupported_version);
  DagMark mark;
  TRY(started_at, in.uint(kAny));
  mark.started_at = model::Height{started_at};
  TRY(height, in.uint(kAny));
  TRY(digest, in.fixed_bytes<model::CommitDigest>());
  TRY(leader, read_ref(in));
  TRY(timestamp, in.uint(kAny));
  TRY(gc_round, in.uint(kAny));
  mark.commit = {model::Height{height}, digest, leader, model::TimeMs{timestamp}};
  mark.gc_round = model::Round{gc_round};
  if (in.peek_null()) {
    TRY_DO(in.null());
  } else {
    TRY(own, read_ref(in));
    mark.own = own;
  }
  TRY(ready, in.array(model::kCommitteeMax));
  for (std::size_t i = 0; i < ready; ++i) {
    TRY(author, in.uint(kAny));
    mark.ready.push_back(model::AuthorIndex{author});
  }
  TRY_DO(in.finish());
  return mark;
}

}  // namespace holdfast::node
