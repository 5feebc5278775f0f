// libcuda.so.1: modules are shared libraries compiled by g++; a launch calls a function in them.  Also keeps the counts.
#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <string>

static std::map<std::string, long> counts;

struct Kernel {
    void (*launch)(const unsigned*, const unsigned*, void**);
    std::string name;
};

extern "C" {

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
    if (!launch) return 500;
    *kernel = new Kernel{(decltype(Kernel::launch)) launch, name};
    return 0;
}
int cuLaunchKernel(Kernel* kernel, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned x, unsigned y, unsigned z,
                   unsigned, void*, void** arguments, void**) {
    const unsigned grid[] = {grid_x, grid_y, grid_z}, block[] = {x, y, z};
    if (!(grid_x * grid_y * grid_z) || !(x * y * z) || x * y * z > 1024) return 1;
    standin_count(("kernel " + kernel->name).c_str());
    kernel->launch(grid, block, arguments);
    return 0;
}
int cuFuncGetAttribute(int* value, int which, void*) { *value = which == 0 ? 1024 : 0; return 0; }
int cuOccupancyMaxPotentialBlockSize(int* grid, int* block, void*, void*, size_t, int) {
    *grid = 132, *block = 512;
    return 0;
}

}
