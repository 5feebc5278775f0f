"""What the tests of data share."""
import io

import numpy as np
import pytest

from datasets import progress


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


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """A terminal for bars, which appear at once."""
    file = Terminal()
    monkeypatch.setattr(progress, 'SETTINGS', {**progress.SETTINGS, 'delay': 0, 'mininterval': 0, 'file': file})
    return file


def last_line(text):
    """What a terminal shows in its last line after this text: \\r goes back to the line's beginning."""
    line = ''
    for part in text.split('\n')[-1].split('\r'):
        line = part + line[len(part):]
    return line
