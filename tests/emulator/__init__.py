"""An emulated GPU: unmodified CuPy on a stand-in for CUDA that runs every kernel on the CPU.

``make gpu-emulated`` sets it up in a separate environment and runs the GPU tests and the tests of this folder there.
The kernels of CuPy and of this project are compiled twice from the source that CuPy generates: by NVRTC for sm_90,
which checks that they are valid CUDA, and by g++, to run them.  Precompiled parts of CuPy (random generators and
sorting) have a stand-in in Python.  A stream can be captured as a graph, in CUDA's relaxed mode.  This tests the whole
path of the arrays through CuPy and Chainer, and counts launches, copies and waits.  It says nothing about speed, races
or the arithmetic of a real GPU.

- ``build.py`` compiles the libraries, and the module of CuPy into which CUDA's runtime is linked;
- ``driver.cpp``, ``runtime.cpp``, ``nvrtc.cpp`` and ``cublas.cpp`` are CUDA's libraries, with the functions in use;
- ``kernel.h`` defines what CUDA provides to a kernel, and ``work.h`` what the libraries ask of the driver;
- ``standin.py`` is loaded when Python starts, and loads the stand-ins before any real libraries;
- ``launches.py`` counts the device operations of a training step.
"""
