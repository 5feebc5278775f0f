"""What the tests of augmentation share."""
import numpy as np


def pictures(rng, shape):
    """Random pictures, uint8."""
    return rng.integers(0, 256, shape).astype(np.uint8)


class Drawn:
    """A generator that draws what it is told, between -1 and 1."""

    def __init__(self, *values):
        self.values = list(values)

    def random(self, shape, dtype):
        return (np.asarray(self.values.pop(0), dtype).reshape(shape) + 1) / 2


def kernel(cpp, inputs, output, operation):
    """An ElementwiseKernel's source as a C function, which takes its inputs, the output and how many to make."""
    names = {'uint8': 'unsigned char', 'float32': 'float', 'int32': 'int'}

    def argument(text):
        *raw, kind, name = text.split()
        return f'const {names[kind]}* {name}' if raw else f'{names[kind]} {name}'

    kind, name = output.split()
    return cpp('kernel', f"""#include <algorithm>
        #include <cmath>
        #include <cstddef>
        using std::min; using std::max;
        extern "C" void run({", ".join(map(argument, inputs.split(", ")))}, {names[kind]}* out, ptrdiff_t n) {{
            for (ptrdiff_t i = 0; i < n; ++i) {{ {names[kind]}& {name} = out[i]; {operation} }}
        }}""").run
