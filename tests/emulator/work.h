// What the emulated libraries ask the driver for: to do a piece of work, and to count it.
#include <functional>

// Does it; or, if the stream is captured, adds it to the graph, each launch of which does it.
void standin_do(void* stream, const char* what, std::function<void()> work);

extern "C" {
void standin_count(const char* what);
bool standin_begin_capture(void* stream);
void* standin_end_capture(void* stream);  // a graph; null if it was spoilt
bool standin_captures(void* stream);
bool standin_captures_any();
void standin_spoil();  // something that CUDA refuses while it captures
void standin_launch(void* graph, void* stream);
void standin_forget(void* graph);
}
