// libcuda.so.1: modules are shared libraries compiled by g++; a launch calls a function in them.  Also keeps the counts,
// and the graphs: lists of work, with the values of all arguments at the time of the capture.
#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "work.h"

static std::map<std::string, long> counts;

struct Kernel {
    void (*launch)(const unsigned*, const unsigned*, void**);
    std::vector<size_t> sizes;  // of the arguments
    std::string name;
};

typedef std::vector<std::pair<std::string, std::function<void()>>> Graph;

static void* captured;  // the stream that is captured, if any
static std::unique_ptr<Graph> recorded;
static bool spoilt;

void standin_do(void* stream, const char* what, std::function<void()> work) {
    if (standin_captures(stream)) {
        recorded->emplace_back(what, work);
        return;
    }
    standin_count(what);
    work();
}

extern "C" {

bool standin_captures(void* stream) { return captured && stream == captured; }
bool standin_captures_any() { return captured; }
void standin_spoil() { spoilt = true; }
bool standin_begin_capture(void* stream) {
    if (captured || !stream) return false;
    captured = stream, spoilt = false, recorded.reset(new Graph);
    return true;
}
void* standin_end_capture(void* stream) {
    if (!standin_captures(stream)) return nullptr;
    captured = nullptr;
    if (spoilt) recorded.reset();
    return recorded.release();
}
void standin_launch(void* graph, void* stream) {
    Graph& all = *(Graph*) graph;
    standin_do(stream, "graph", [&all] {
        for (auto& [what, work] : all) {
            standin_count(("node " + what).c_str());
            work();
        }
    });
}
void standin_forget(void* graph) { delete (Graph*) graph; }

// For Python, on a stream that is captured.
void standin_record(void* stream, const char* what, void (*function)()) { standin_do(stream, what, function); }

void standin_count(const char* what) { ++counts[what]; }
void standin_reset() { counts.clear(); }
void standin_read(char* text, size_t room) {
    std::string all;
    for (auto& [what, times] : counts) all += std::to_string(times) + " " + what + "\n";
    snprintf(text, room, "%s", all.c_str());
}

static void* const context = (void*) 1;
int cuGetErrorName(int, const char** text) { *text = "ERROR"; return 0; }
int cuGetErrorString(int, const char** text) { *text = "an error of the stand-in for CUDA"; return 0; }
int cuDevicePrimaryCtxRelease_v2(int) { return 0; }
int cuCtxGetCurrent(void** current) { *current = context; return 0; }
int cuCtxSetCurrent(void*) { return 0; }
int cuCtxGetDevice(int* device) { *device = 0; return 0; }
int cuStreamGetCtx(void*, void** current) { *current = context; return 0; }

int cuModuleLoadData(void** module, const char* path) {
    *module = dlopen(path, RTLD_NOW);
    return *module ? 0 : 200;
}
int cuModuleUnload(void*) { return 0; }
int cuModuleGetFunction(Kernel** kernel, void* module, const char* name) {
    void* launch = dlsym(module, (std::string("launch_") + name).c_str());
    void* sizes = dlsym(module, (std::string("sizes_") + name).c_str());
    if (!launch || !sizes) return 500;
    *kernel = new Kernel{(decltype(Kernel::launch)) launch, {}, name};
    ((void (*)(std::vector<size_t>&)) sizes)((*kernel)->sizes);
    return 0;
}
int cuLaunchKernel(Kernel* kernel, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned x, unsigned y, unsigned z,
                   unsigned, void* stream, void** arguments, void**) {
    if (!(grid_x * grid_y * grid_z) || !(x * y * z) || x * y * z > 1024) return 1;
    std::vector<std::vector<char>> values;
    for (size_t i = 0; i < kernel->sizes.size(); ++i)
        values.emplace_back((char*) arguments[i], (char*) arguments[i] + kernel->sizes[i]);
    standin_do(stream, ("kernel " + kernel->name).c_str(), [=]() mutable {
        const unsigned grid[] = {grid_x, grid_y, grid_z}, block[] = {x, y, z};
        std::vector<void*> places;
        for (auto& value : values) places.push_back(value.data());
        kernel->launch(grid, block, places.data());
    });
    return 0;
}
int cuFuncGetAttribute(int* value, int which, void*) { *value = which == 0 ? 1024 : 0; return 0; }
int cuOccupancyMaxPotentialBlockSize(int* grid, int* block, void*, void*, size_t, int) {
    *grid = 132, *block = 512;
    return 0;
}

}
