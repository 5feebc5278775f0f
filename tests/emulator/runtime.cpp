// libcudart.so.13: device memory is host memory, new memory is filled with garbage, and streams run in order.
#include <cuda_runtime_api.h>

#include <cstdlib>
#include <cstring>

extern "C" void standin_count(const char* what);

#define OK(call, does) cudaError_t call { does; return cudaSuccess; }

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
OK(cudaMemcpyAsync(void* to, const void* from, size_t size, cudaMemcpyKind kind, cudaStream_t),
   standin_count(kinds[kind]); memmove(to, from, size))
OK(cudaMemcpy(void* to, const void* from, size_t size, cudaMemcpyKind kind),
   standin_count("wait for a copy"); cudaMemcpyAsync(to, from, size, kind, 0))
OK(cudaMemsetAsync(void* place, int value, size_t size, cudaStream_t), standin_count("memset"); memset(place, value, size))
OK(cudaMemset(void* place, int value, size_t size), cudaMemsetAsync(place, value, size, 0))

OK(cudaDeviceSynchronize(), standin_count("wait for the device"))
OK(cudaStreamSynchronize(cudaStream_t), standin_count("wait for a stream"))
OK(cudaEventSynchronize(cudaEvent_t), standin_count("wait for an event"))
OK(cudaStreamCreate(cudaStream_t* stream), *stream = (cudaStream_t) malloc(1))
OK(cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned), cudaStreamCreate(stream))
OK(cudaStreamDestroy(cudaStream_t stream), free(stream))
OK(cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus* status), *status = cudaStreamCaptureStatusNone)
OK(cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned), )
OK(cudaEventCreate(cudaEvent_t* event), *event = (cudaEvent_t) malloc(1))
OK(cudaEventCreateWithFlags(cudaEvent_t* event, unsigned), cudaEventCreate(event))
OK(cudaEventDestroy(cudaEvent_t event), free(event))
OK(cudaEventRecord(cudaEvent_t, cudaStream_t), )
OK(cudaEventQuery(cudaEvent_t), )
OK(cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t), *milliseconds = 1)

}
