// libcudart.so.13: device memory is host memory, new memory is filled with garbage, and streams run in order.
// While a stream is captured, in CUDA's relaxed mode, memory can be allocated, but nothing may wait for the device.
#include <cuda_runtime_api.h>

#include <cstdlib>
#include <cstring>

#include "work.h"

#define OK(call, does) cudaError_t call { does; return cudaSuccess; }

struct Event { bool captured; };

static cudaError_t wait(const char* what, bool refused) {
    if (refused) standin_spoil();
    else standin_count(what);
    return refused ? cudaErrorStreamCaptureUnsupported : cudaSuccess;
}

extern "C" {

OK(cudaDriverGetVersion(int* version), *version = 13000)
OK(cudaRuntimeGetVersion(int* version), *version = 13000)
OK(cudaGetLastError(), )
const char* cudaGetErrorName(cudaError_t) { return "cudaError"; }
const char* cudaGetErrorString(cudaError_t) { return "an error of the stand-in for CUDA"; }

OK(cudaGetDevice(int* device), *device = 0)
OK(cudaGetDeviceCount(int* count), *count = 1)
cudaError_t cudaSetDevice(int device) { return device ? cudaErrorInvalidDevice : cudaSuccess; }
OK(cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int),
   *value = which == cudaDevAttrComputeCapabilityMajor ? 9 : which == cudaDevAttrMaxThreadsPerBlock ? 1024 : 0)
OK(cudaGetDeviceProperties(cudaDeviceProp* all, int),
   memset(all, 0, sizeof *all); strcpy(all->name, "stand-in"); all->major = 9; all->totalGlobalMem = 8ul << 30)
OK(cudaMemGetInfo(size_t* left, size_t* all), *left = 4ul << 30; *all = 8ul << 30)

OK(cudaMalloc(void** place, size_t size), *place = aligned_alloc(512, (size + 511) / 512 * 512); memset(*place, 0xcd, size))
OK(cudaFree(void* place), free(place))
OK(cudaHostAlloc(void** place, size_t size, unsigned), *place = malloc(size))
OK(cudaFreeHost(void* place), free(place))
OK(cudaPointerGetAttributes(cudaPointerAttributes* all, const void* place),
   memset(all, 0, sizeof *all); all->type = cudaMemoryTypeDevice; all->devicePointer = (void*) place)

static const char* const kinds[] = {
    "copy host to host", "copy host to device", "copy device to host", "copy device to device", "copy on the device"};
OK(cudaMemcpyAsync(void* to, const void* from, size_t size, cudaMemcpyKind kind, cudaStream_t stream),
   standin_do(stream, kinds[kind], [=] { memmove(to, from, size); }))
cudaError_t cudaMemcpy(void* to, const void* from, size_t size, cudaMemcpyKind kind) {
    cudaError_t error = wait("wait for a copy", standin_captures_any());
    return error ? error : cudaMemcpyAsync(to, from, size, kind, 0);
}
OK(cudaMemsetAsync(void* place, int value, size_t size, cudaStream_t stream),
   standin_do(stream, "memset", [=] { memset(place, value, size); }))
OK(cudaMemset(void* place, int value, size_t size), cudaMemsetAsync(place, value, size, 0))

cudaError_t cudaDeviceSynchronize() { return wait("wait for the device", standin_captures_any()); }
cudaError_t cudaStreamSynchronize(cudaStream_t stream) { return wait("wait for a stream", standin_captures(stream)); }
cudaError_t cudaEventSynchronize(cudaEvent_t event) { return wait("wait for an event", ((Event*) event)->captured); }
OK(cudaStreamCreate(cudaStream_t* stream), *stream = (cudaStream_t) malloc(1))
OK(cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned), cudaStreamCreate(stream))
OK(cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned, int), cudaStreamCreate(stream))
OK(cudaStreamDestroy(cudaStream_t stream), free(stream))
OK(cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status),
   *status = standin_captures(stream) ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone)
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    return standin_begin_capture(stream) ? cudaSuccess : cudaErrorStreamCaptureUnsupported;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    *graph = (cudaGraph_t) standin_end_capture(stream);
    return *graph ? cudaSuccess : cudaErrorStreamCaptureInvalidated;
}
// What is launched is the graph itself; CuPy destroys both together.
OK(cudaGraphInstantiate(cudaGraphExec_t* ready, cudaGraph_t graph, unsigned long long), *ready = (cudaGraphExec_t) graph)
OK(cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream), standin_launch(graph, stream))
OK(cudaGraphDestroy(cudaGraph_t graph), standin_forget(graph))
OK(cudaGraphExecDestroy(cudaGraphExec_t), )
OK(cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned), )
OK(cudaEventCreate(cudaEvent_t* event), *event = (cudaEvent_t) calloc(1, sizeof(Event)))
OK(cudaEventCreateWithFlags(cudaEvent_t* event, unsigned), cudaEventCreate(event))
OK(cudaEventDestroy(cudaEvent_t event), free(event))
OK(cudaEventRecord(cudaEvent_t event, cudaStream_t stream), ((Event*) event)->captured = standin_captures(stream))
cudaError_t cudaEventQuery(cudaEvent_t event) { return ((Event*) event)->captured ? cudaErrorCapturedEvent : cudaSuccess; }
OK(cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t), *milliseconds = 1)

}
