// libcublas.so.13: the matrix products in use, on float32 matrices in column-major order, as in cuBLAS.
#include <vector>

#include "work.h"

struct Handle {
    int mode;
    void* stream;
};

static void product(bool a_across, bool b_across, int m, int n, int k, float alpha, const float* a, long a_step,
                    const float* b, long b_step, float beta, float* c, long c_step) {
    std::vector<float> columns((size_t) k * m), sum(m);
    for (int l = 0; l < k; ++l)
        for (int i = 0; i < m; ++i) columns[(size_t) l * m + i] = a_across ? a[l + i * a_step] : a[i + l * a_step];
    for (int j = 0; j < n; ++j) {
        sum.assign(m, 0);
        for (int l = 0; l < k; ++l) {
            const float factor = b_across ? b[j + l * b_step] : b[l + j * b_step], *column = &columns[(size_t) l * m];
            for (int i = 0; i < m; ++i) sum[i] += factor * column[i];
        }
        for (int i = 0; i < m; ++i) c[i + j * c_step] = alpha * sum[i] + (beta ? beta * c[i + j * c_step] : 0);
    }
}

extern "C" {

int cublasCreate_v2(Handle** handle) { *handle = new Handle(); return 0; }
int cublasDestroy_v2(Handle* handle) { delete handle; return 0; }
int cublasSetStream_v2(Handle* handle, void* stream) { handle->stream = stream; return 0; }
int cublasSetWorkspace_v2(Handle*, void* place, size_t) { return place ? 0 : 7; }
int cublasSetMathMode(Handle*, int) { return 0; }
int cublasSetPointerMode_v2(Handle* handle, int mode) { handle->mode = mode; return 0; }
int cublasGetPointerMode_v2(Handle* handle, int* mode) { *mode = handle->mode; return 0; }

int cublasSgemmEx(Handle* handle, int ta, int tb, int m, int n, int k, const float* alpha, const float* a, int a_type, int a_step,
                  const float* b, int b_type, int b_step, const float* beta, float* c, int c_type, int c_step) {
    if (a_type || b_type || c_type) return 15;
    // As cuBLAS: a step cannot be less than a column.
    if (a_step < (ta ? k : m) || b_step < (tb ? n : k) || c_step < m) return 7;
    float by = *alpha, kept = *beta;
    standin_do(handle->stream, "cublas gemm", [=] { product(ta, tb, m, n, k, by, a, a_step, b, b_step, kept, c, c_step); });
    return 0;
}
int cublasGemmEx(Handle* handle, int ta, int tb, int m, int n, int k, const float* alpha, const float* a, int a_type,
                 int a_step, const float* b, int b_type, int b_step, const float* beta, float* c, int c_type, int c_step,
                 int, int) {
    return cublasSgemmEx(handle, ta, tb, m, n, k, alpha, a, a_type, a_step, b, b_type, b_step, beta, c, c_type, c_step);
}
int cublasSgemmBatched(Handle* handle, int ta, int tb, int m, int n, int k, const float* alpha, const float* const* a, int a_step,
                       const float* const* b, int b_step, const float* beta, float* const* c, int c_step, int count) {
    float by = *alpha, kept = *beta;
    standin_do(handle->stream, "cublas batched gemm", [=] {
        for (int i = 0; i < count; ++i) product(ta, tb, m, n, k, by, a[i], a_step, b[i], b_step, kept, c[i], c_step);
    });
    return 0;
}

}
