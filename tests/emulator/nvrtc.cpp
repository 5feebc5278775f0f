// libnvrtc.so.13: compiles a program with the real NVRTC, to check that it is valid CUDA, and with g++, to run it.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

struct Program {
    void* real;
    std::string source, log, path;
};

template <class... A> static int real(const char* name, A... arguments) {
    static void* library = dlopen(getenv("STANDIN_NVRTC"), RTLD_NOW | RTLD_LOCAL);
    return ((int (*)(A...)) dlsym(library, name))(arguments...);
}

static std::string text_of(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

extern "C" {

const char* nvrtcGetErrorString(int) { return "an error of the stand-in for NVRTC"; }
int nvrtcVersion(int* major, int* minor) { *major = 13, *minor = 0; return 0; }
int nvrtcCreateProgram(Program** program, const char* source, const char* name, int count, const char** headers,
                       const char** names) {
    *program = new Program{nullptr, source, "", ""};
    return real("nvrtcCreateProgram", &(*program)->real, source, name, count, headers, names);
}
int nvrtcDestroyProgram(Program** program) {
    real("nvrtcDestroyProgram", &(*program)->real);
    delete *program;
    *program = nullptr;
    return 0;
}

int nvrtcCompileProgram(Program* program, int count, const char** options) {
    if (int error = real("nvrtcCompileProgram", program->real, count, options)) {
        size_t size;
        real("nvrtcGetProgramLogSize", program->real, &size);
        program->log.resize(size);
        real("nvrtcGetProgramLog", program->real, &program->log[0]);
        return error;
    }
    std::string flags;
    for (int i = 0; i < count; ++i)
        if (!strncmp(options[i], "-I", 2) || !strncmp(options[i], "-D", 2)) flags += std::string(" '") + options[i] + "'";
    const std::string& source = program->source;
    // Threads that synchronise take turns.  Where threads loop over the elements, one thread does the work of all.
    const char* how = source.find("__syncthreads") != std::string::npos ? "TURNS"
                      : source.find("CUPY_FOR") != std::string::npos ? "ONE" : "ALL";
    std::string launchers;
    std::regex kernel("extern \"C\"\\s+__global__\\s+void\\s+(\\w+)");
    for (std::sregex_iterator i(source.begin(), source.end(), kernel), end; i != end; ++i)
        launchers += "\nLAUNCHER(" + (*i)[1].str() + ", " + how + ")";
    std::string base = std::string(getenv("CUPY_CACHE_DIR")) + "/" + std::to_string(std::hash<std::string>()(source + flags));
    program->path = base + ".so";
    std::string own = base + "-" + std::to_string(getpid());
    std::ofstream(own + ".cpp") << "#include \"kernel.h\"\n" << source << launchers << "\n";
    std::string command = "g++ -std=c++17 -O1 -w -shared -fPIC -I" + std::string(getenv("STANDIN")) + flags + " -o " + own
                          + ".so " + own + ".cpp 2> " + own + ".log && mv " + own + ".so " + program->path;
    int error = access(program->path.c_str(), F_OK) ? system(command.c_str()) : 0;
    if (error) program->log = text_of(own + ".log");
    return error ? 6 : 0;
}

// The "code" of a module is the path of its library.
int nvrtcGetCUBINSize(Program* program, size_t* size) { *size = program->path.size() + 1; return 0; }
int nvrtcGetCUBIN(Program* program, char* code) { strcpy(code, program->path.c_str()); return 0; }
int nvrtcGetPTXSize(Program* program, size_t* size) { return nvrtcGetCUBINSize(program, size); }
int nvrtcGetPTX(Program* program, char* code) { return nvrtcGetCUBIN(program, code); }
int nvrtcGetProgramLogSize(Program* program, size_t* size) { *size = program->log.size() + 1; return 0; }
int nvrtcGetProgramLog(Program* program, char* log) { strcpy(log, program->log.c_str()); return 0; }
int nvrtcGetNumSupportedArchs(int* count) { *count = 1; return 0; }
int nvrtcGetSupportedArchs(int* archs) { *archs = 90; return 0; }

}
