#include "twins/sha256_lanes.hpp"

#if defined(__x86_64__)

// g++ 12 takes its own header's "any value" for a mistake (GCC PR 105593).
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include <cpuid.h>

#include <algorithm>
#include <cstdint>

// Functions are compiled for instructions that the rest of the program does without; what stands at the end asks the
// machine before it hands one out. Small steps must be inlined for their vectors to stay in registers.
#define SHA_NI_CODE __attribute__((target("sha,sse4.1,ssse3")))
#define SHA_NI_STEP SHA_NI_CODE __attribute__((always_inline)) inline
#define AVX512_CODE __attribute__((target("avx512f,avx512bw")))
#define AVX512_STEP AVX512_CODE __attribute__((always_inline)) inline

namespace gridtwin {

namespace {

// FIPS 180-4, section 4.2.2 and 5.3.3.
alignas(16) constexpr std::uint32_t round_constants[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
constexpr std::uint32_t first_state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

// The second block of a node, by its words: the last byte of the right child and the end mark, zeros, 520 bits.
constexpr std::uint32_t node_mark = 0x01;
constexpr std::uint32_t node_end_mark = 0x0080'0000;
constexpr std::uint32_t node_bits = 520;

/// A constant as the intrinsics take it.
constexpr int word(std::uint32_t value) noexcept { return static_cast<int>(value); }

// -- the SHA instructions ---------------------------------------------------------------------------------------------
// One instruction computes two rounds on a state that is held as {f, e, b, a} and {h, g, d, c}. Each waits for the one
// before it; a second message fills the wait where the machine can start one while another is under way.

/// A message's state between blocks, and the block under way: sixteen words in four vectors.
struct ni_message {
  __m128i feba;
  __m128i hgdc;
  __m128i words[4];
};

SHA_NI_STEP __m128i ni_first_feba() noexcept {
  return _mm_set_epi32(word(first_state[0]), word(first_state[1]), word(first_state[4]), word(first_state[5]));
}

SHA_NI_STEP __m128i ni_first_hgdc() noexcept {
  return _mm_set_epi32(word(first_state[2]), word(first_state[3]), word(first_state[6]), word(first_state[7]));
}

/// Turns four words from the order of their bytes in a message to that of numbers, or back.
SHA_NI_STEP __m128i ni_swap_bytes(__m128i v) noexcept {
  return _mm_shuffle_epi8(v, _mm_set_epi32(0x0C0D0E0F, 0x08090A0B, 0x04050607, 0x00010203));
}

SHA_NI_STEP __m128i ni_load(const std::uint8_t* bytes) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

/// Runs the compression function on the blocks of N messages in step; uses their words up.
template <int N>
SHA_NI_STEP void ni_compress(ni_message (&messages)[N]) noexcept {
  __m128i feba[N];
  __m128i hgdc[N];
  for (int m = 0; m < N; ++m) {
    feba[m] = messages[m].feba;
    hgdc[m] = messages[m].hgdc;
  }
#pragma GCC unroll 16
  for (int step = 0; step < 16; ++step) { // of four rounds
    const __m128i constants = _mm_load_si128(reinterpret_cast<const __m128i*>(round_constants + 4 * step));
#pragma GCC unroll 2
    for (int m = 0; m < N; ++m) {
      __m128i(&w)[4] = messages[m].words;
      __m128i& now = w[step % 4];
      if (step >= 4) { // from the sixteen words before
        const __m128i& last = w[(step + 3) % 4];
        const __m128i seven_back = _mm_alignr_epi8(last, w[(step + 2) % 4], 4);
        now = _mm_add_epi32(_mm_sha256msg1_epu32(now, w[(step + 1) % 4]), seven_back);
        now = _mm_sha256msg2_epu32(now, last);
      }
      const __m128i sum = _mm_add_epi32(now, constants);
      hgdc[m] = _mm_sha256rnds2_epu32(hgdc[m], feba[m], sum);
      feba[m] = _mm_sha256rnds2_epu32(feba[m], hgdc[m], _mm_shuffle_epi32(sum, 0x0E));
    }
  }
  for (int m = 0; m < N; ++m) {
    messages[m].feba = _mm_add_epi32(feba[m], messages[m].feba);
    messages[m].hgdc = _mm_add_epi32(hgdc[m], messages[m].hgdc);
  }
}

SHA_NI_STEP void ni_store(const ni_message& message, digest& out) noexcept {
  const __m128i abef = _mm_shuffle_epi32(message.feba, 0x1B);
  const __m128i cdgh = _mm_shuffle_epi32(message.hgdc, 0x1B);
  auto* const to = reinterpret_cast<__m128i*>(out.data());
  _mm_storeu_si128(to, ni_swap_bytes(_mm_unpacklo_epi64(abef, cdgh)));
  _mm_storeu_si128(to + 1, ni_swap_bytes(_mm_unpackhi_epi64(abef, cdgh)));
}

template <int N>
SHA_NI_CODE void ni_hash_blocks(const sha256_block* blocks, digest* hashes) noexcept {
  ni_message messages[N];
  for (int m = 0; m < N; ++m) {
    messages[m].feba = ni_first_feba();
    messages[m].hgdc = ni_first_hgdc();
    for (int i = 0; i < 4; ++i)
      messages[m].words[i] = ni_swap_bytes(ni_load(blocks[m].data() + 16 * i));
  }
  ni_compress(messages);
  for (int m = 0; m < N; ++m)
    ni_store(messages[m], hashes[m]);
}

template <int N>
SHA_NI_CODE void ni_hash_nodes(const digest* children, digest* parents) noexcept {
  ni_message messages[N];
  __m128i last[N]; // sixteen bytes of the right child
  for (int m = 0; m < N; ++m) {
    messages[m].feba = ni_first_feba();
    messages[m].hgdc = ni_first_hgdc();
    // The mark, then the children: each vector begins with the last byte of the one before it.
    __m128i before = _mm_set_epi32(word(node_mark << 24), 0, 0, 0);
    for (int i = 0; i < 4; ++i) {
      const __m128i bytes = ni_load(children[2 * m + i / 2].data() + 16 * (i % 2));
      messages[m].words[i] = ni_swap_bytes(_mm_alignr_epi8(bytes, before, 15));
      before = bytes;
    }
    last[m] = before;
  }
  ni_compress(messages);
  for (int m = 0; m < N; ++m) {
    const __m128i end = ni_swap_bytes(_mm_srli_si128(last[m], 15));
    messages[m].words[0] = _mm_or_si128(end, _mm_set_epi32(0, 0, 0, word(node_end_mark)));
    messages[m].words[1] = _mm_setzero_si128();
    messages[m].words[2] = _mm_setzero_si128();
    messages[m].words[3] = _mm_set_epi32(word(node_bits), 0, 0, 0);
  }
  ni_compress(messages);
  for (int m = 0; m < N; ++m)
    ni_store(messages[m], parents[m]);
}

void ni_blocks(const sha256_block* blocks, std::size_t count, digest* hashes) noexcept {
  std::size_t i = 0;
  for (; i + 2 <= count; i += 2)
    ni_hash_blocks<2>(blocks + i, hashes + i);
  if (i < count)
    ni_hash_blocks<1>(blocks + i, hashes + i);
}

void ni_nodes(const digest* children, std::size_t count, digest* parents) noexcept {
  std::size_t i = 0;
  for (; i + 2 <= count; i += 2)
    ni_hash_nodes<2>(children + 2 * i, parents + i);
  if (i < count)
    ni_hash_nodes<1>(children + 2 * i, parents + i);
}

// -- AVX-512 ----------------------------------------------------------------------------------------------------------
// Lane n of every vector belongs to message n, so the rounds read as the standard writes them down.

/// The same word of sixteen messages.
using lanes = __m512i;
constexpr std::size_t lane_count = 16;

AVX512_STEP lanes everywhere(std::uint32_t value) noexcept { return _mm512_set1_epi32(word(value)); }
AVX512_STEP lanes sum(lanes x, lanes y) noexcept { return _mm512_add_epi32(x, y); }
AVX512_STEP lanes sum(lanes x, lanes y, lanes z) noexcept { return sum(sum(x, y), z); }
// Three operands in one instruction: the number is the truth table.
AVX512_STEP lanes exclusive_or(lanes x, lanes y, lanes z) noexcept { return _mm512_ternarylogic_epi32(x, y, z, 0x96); }
AVX512_STEP lanes choice(lanes x, lanes y, lanes z) noexcept { return _mm512_ternarylogic_epi32(x, y, z, 0xCA); }
AVX512_STEP lanes majority(lanes x, lanes y, lanes z) noexcept { return _mm512_ternarylogic_epi32(x, y, z, 0xE8); }

// FIPS 180-4, section 4.1.2: upper case and lower case sigma, 0 and 1.
AVX512_STEP lanes big_sigma_0(lanes x) noexcept {
  return exclusive_or(_mm512_ror_epi32(x, 2), _mm512_ror_epi32(x, 13), _mm512_ror_epi32(x, 22));
}
AVX512_STEP lanes big_sigma_1(lanes x) noexcept {
  return exclusive_or(_mm512_ror_epi32(x, 6), _mm512_ror_epi32(x, 11), _mm512_ror_epi32(x, 25));
}
AVX512_STEP lanes small_sigma_0(lanes x) noexcept {
  return exclusive_or(_mm512_ror_epi32(x, 7), _mm512_ror_epi32(x, 18), _mm512_srli_epi32(x, 3));
}
AVX512_STEP lanes small_sigma_1(lanes x) noexcept {
  return exclusive_or(_mm512_ror_epi32(x, 17), _mm512_ror_epi32(x, 19), _mm512_srli_epi32(x, 10));
}

/// Runs the compression function on sixteen blocks, whose words `w` it uses up.
AVX512_STEP void compress(lanes (&state)[8], lanes (&w)[16]) noexcept {
  lanes a = state[0], b = state[1], c = state[2], d = state[3];
  lanes e = state[4], f = state[5], g = state[6], h = state[7];
#pragma GCC unroll 4
  for (int begin = 0; begin < 64; begin += 16) {
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      if (begin > 0)
        w[i] = sum(sum(w[i], small_sigma_0(w[(i + 1) % 16])), w[(i + 9) % 16], small_sigma_1(w[(i + 14) % 16]));
      const lanes known = sum(h, everywhere(round_constants[begin + i]), w[i]);
      const lanes t1 = sum(known, choice(e, f, g), big_sigma_1(e));
      const lanes t2 = sum(big_sigma_0(a), majority(a, b, c));
      h = g;
      g = f;
      f = e;
      e = sum(d, t1);
      d = c;
      c = b;
      b = a;
      a = sum(t1, t2);
    }
  }
  const lanes end[8] = {a, b, c, d, e, f, g, h};
  for (int i = 0; i < 8; ++i)
    state[i] = sum(state[i], end[i]);
}

/// Exchanges rows and columns of sixteen by sixteen words: a message a vector becomes a message a lane, and back.
AVX512_STEP void transpose(lanes (&rows)[16]) noexcept {
  lanes t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    rows[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    rows[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    rows[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    rows[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  // Quarter q of rows[i + j] now holds column 4 * q + j of the four rows from i on.
  for (int j = 0; j < 4; ++j) {
    const lanes upper_01 = _mm512_shuffle_i32x4(rows[j], rows[4 + j], 0x44);
    const lanes upper_23 = _mm512_shuffle_i32x4(rows[j], rows[4 + j], 0xEE);
    const lanes lower_01 = _mm512_shuffle_i32x4(rows[8 + j], rows[12 + j], 0x44);
    const lanes lower_23 = _mm512_shuffle_i32x4(rows[8 + j], rows[12 + j], 0xEE);
    t[j] = _mm512_shuffle_i32x4(upper_01, lower_01, 0x88);
    t[4 + j] = _mm512_shuffle_i32x4(upper_01, lower_01, 0xDD);
    t[8 + j] = _mm512_shuffle_i32x4(upper_23, lower_23, 0x88);
    t[12 + j] = _mm512_shuffle_i32x4(upper_23, lower_23, 0xDD);
  }
  for (int i = 0; i < 16; ++i)
    rows[i] = t[i];
}

AVX512_STEP lanes swap_bytes(lanes v) noexcept {
  return _mm512_shuffle_epi8(v, _mm512_set4_epi32(0x0C0D0E0F, 0x08090A0B, 0x04050607, 0x00010203));
}

/// The words of up to sixteen runs of 64 bytes that lie one behind the other; lanes without one repeat the last.
AVX512_STEP void load_words(const std::uint8_t* bytes, std::size_t count, lanes (&w)[16]) noexcept {
  for (std::size_t i = 0; i < lane_count; ++i)
    w[i] = swap_bytes(_mm512_loadu_si512(bytes + 64 * std::min(i, count - 1)));
  transpose(w);
}

AVX512_STEP void start(lanes (&state)[8]) noexcept {
  for (int i = 0; i < 8; ++i)
    state[i] = everywhere(first_state[i]);
}

AVX512_STEP void store_hashes(const lanes (&state)[8], std::size_t count, digest* hashes) noexcept {
  lanes rows[16];
  for (int i = 0; i < 8; ++i) {
    rows[i] = swap_bytes(state[i]);
    rows[8 + i] = _mm512_setzero_si512();
  }
  transpose(rows);
  for (std::size_t i = 0; i < lane_count; ++i)
    if (i < count)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(hashes[i].data()), _mm512_castsi512_si256(rows[i]));
}

/// Up to sixteen.
AVX512_CODE void hash_blocks(const sha256_block* blocks, std::size_t count, digest* hashes) noexcept {
  lanes w[16];
  lanes state[8];
  load_words(blocks->data(), count, w);
  start(state);
  compress(state, w);
  store_hashes(state, count, hashes);
}

/// Up to sixteen. The children are read before the first parent is written.
AVX512_CODE void hash_nodes(const digest* children, std::size_t count, digest* parents) noexcept {
  lanes w[16];
  lanes state[8];
  load_words(children->data(), count, w);
  const lanes end = _mm512_or_si512(_mm512_slli_epi32(w[15], 24), everywhere(node_end_mark));
  // The mark moves every byte of the children on by one.
  for (int i = 15; i > 0; --i)
    w[i] = _mm512_or_si512(_mm512_slli_epi32(w[i - 1], 24), _mm512_srli_epi32(w[i], 8));
  w[0] = _mm512_or_si512(everywhere(node_mark << 24), _mm512_srli_epi32(w[0], 8));
  start(state);
  compress(state, w);
  w[0] = end;
  for (int i = 1; i < 15; ++i)
    w[i] = _mm512_setzero_si512();
  w[15] = everywhere(node_bits);
  compress(state, w);
  store_hashes(state, count, parents);
}

void avx512_blocks(const sha256_block* blocks, std::size_t count, digest* hashes) noexcept {
  for (std::size_t i = 0; i < count; i += lane_count)
    hash_blocks(blocks + i, std::min(lane_count, count - i), hashes + i);
}

void avx512_nodes(const digest* children, std::size_t count, digest* parents) noexcept {
  for (std::size_t i = 0; i < count; i += lane_count)
    hash_nodes(children + 2 * i, std::min(lane_count, count - i), parents + i);
}

/// The compilers' own question does not know of it.
bool has_sha_ni() noexcept {
  constexpr unsigned sha_bit = 1U << 29; // leaf 7, subleaf 0, ebx
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & sha_bit) != 0
         && __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3");
}

} // namespace

static_assert(sizeof(digest[2]) == sizeof(sha256_block), "two children lie as close as the bytes of a block");

std::optional<sha256_way> sha256_by_sha_ni() noexcept {
  if (!has_sha_ni())
    return std::nullopt;
  return sha256_way{"SHA-NI", ni_blocks, ni_nodes};
}

std::optional<sha256_way> sha256_by_avx512() noexcept {
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw"))
    return std::nullopt;
  return sha256_way{"AVX-512", avx512_blocks, avx512_nodes};
}

} // namespace gridtwin

#else

namespace gridtwin {

std::optional<sha256_way> sha256_by_sha_ni() noexcept { return std::nullopt; }
std::optional<sha256_way> sha256_by_avx512() noexcept { return std::nullopt; }

} // namespace gridtwin

#endif
