// Included before a kernel that g++ compiles: CUDA's keywords, and launchers that run its threads one by one.
#include <ucontext.h>

#include <cassert>
#include <cstdint>
#include <cstring>
#include <math.h>  // unlike cmath, for every type without std::, as in CUDA
#include <stdlib.h>
#include <tuple>
#include <utility>
#include <vector>

#define __device__
#define __host__
#define __global__
#define __forceinline__ inline
#define __noinline__
#define __shared__ static
#define __constant__ static
#define __restrict__ __restrict
#define __align__(bytes) __attribute__((aligned(bytes)))

struct Place { unsigned x, y, z; };
static Place threadIdx, blockIdx, blockDim, gridDim;

// Of a number and a NaN, CUDA's min and max give the number, unlike those of C++ and NumPy.
template <class A, class B> auto min(A a, B b) {
    using T = std::common_type_t<A, B>;
    if constexpr (std::is_floating_point_v<T>) return std::fmin<T>(a, b);
    else return b < a ? b : a;
}
template <class A, class B> auto max(A a, B b) {
    using T = std::common_type_t<A, B>;
    if constexpr (std::is_floating_point_v<T>) return std::fmax<T>(a, b);
    else return a < b ? b : a;
}
template <class T> T atomicAdd(T* place, T value) { T before = *place; *place += value; return before; }
template <class T> T atomicCAS(T* place, T old, T value) { T before = *place; if (before == old) *place = value; return before; }
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __popcll(unsigned long long bits) { return __builtin_popcountll(bits); }
template <class To, class From> To bits_of(From from) { To to; memcpy(&to, &from, sizeof to); return to; }
inline float __int_as_float(int bits) { return bits_of<float>(bits); }
inline int __float_as_int(float value) { return bits_of<int>(value); }
inline double __longlong_as_double(long long bits) { return bits_of<double>(bits); }
inline long long __double_as_longlong(double value) { return bits_of<long long>(value); }

enum How { ONE, ALL, TURNS };
const size_t STACK = 1 << 15;

struct Thread {
    ucontext_t context;
    Place place;
    bool done;
};
static ucontext_t block_context;
static Thread* running;
static void (*body)(void**);
static void** arguments;

inline void __syncthreads() { swapcontext(&running->context, &block_context); }

inline void run_thread() {
    body(arguments);
    running->done = true;
    swapcontext(&running->context, &block_context);
}

// Each thread of a block runs to its next __syncthreads in turn, until all are done.
inline void take_turns(unsigned count) {
    static std::vector<char> stacks;
    static std::vector<Thread> threads;
    stacks.resize(max(stacks.size(), count * STACK));
    threads.resize(max(threads.size(), (size_t) count));
    for (unsigned i = 0; i < count; ++i) {
        getcontext(&threads[i].context);
        threads[i].context.uc_stack.ss_sp = &stacks[i * STACK];
        threads[i].context.uc_stack.ss_size = STACK;
        threads[i].done = false;
        threads[i].place = {i % blockDim.x, i / blockDim.x % blockDim.y, i / blockDim.x / blockDim.y};
        makecontext(&threads[i].context, run_thread, 0);
    }
    for (unsigned left = count; left > 0;) {
        left = 0;
        for (unsigned i = 0; i < count; ++i) {
            if (threads[i].done) continue;
            ++left;
            running = &threads[i];
            threadIdx = running->place;
            swapcontext(&block_context, &running->context);
        }
    }
}

inline void launch(How how, const unsigned* grid, const unsigned* block) {
    gridDim = how == ONE ? Place{1, 1, 1} : Place{grid[0], grid[1], grid[2]};
    blockDim = how == ONE ? Place{1, 1, 1} : Place{block[0], block[1], block[2]};
    unsigned count = blockDim.x * blockDim.y * blockDim.z;
    for (unsigned b = 0; b < gridDim.x * gridDim.y * gridDim.z; ++b) {
        blockIdx = {b % gridDim.x, b / gridDim.x % gridDim.y, b / gridDim.x / gridDim.y};
        if (how == TURNS) {
            take_turns(count);
            continue;
        }
        for (unsigned i = 0; i < count; ++i) {
            threadIdx = {i % blockDim.x, i / blockDim.x % blockDim.y, i / blockDim.x / blockDim.y};
            body(arguments);
        }
    }
}

template <class... A, size_t... I> void call(void (*kernel)(A...), void** values, std::index_sequence<I...>) {
    kernel(*(std::remove_cv_t<A>*) values[I]...);
}
template <class... A> void call(void (*kernel)(A...), void** values) {
    call(kernel, values, std::index_sequence_for<A...>());
}

template <class... A> void sizes_of(void (*)(A...), std::vector<size_t>& sizes) { sizes = {sizeof(A)...}; }

#define LAUNCHER(name, how) \
    extern "C" void sizes_##name(std::vector<size_t>& sizes) { sizes_of(&name, sizes); } \
    extern "C" void launch_##name(const unsigned* grid, const unsigned* block, void** values) { \
        body = [](void** values) { call(&name, values); }; \
        arguments = values; \
        launch(how, grid, block); \
    }
