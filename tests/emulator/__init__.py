"""A GPU that there is not: CuPy as it is, on a stand-in for CUDA that runs every kernel on the CPU.

``make gpu-emulated`` sets it up in an environment of its own and runs in it the GPU's tests and those of this folder.
The kernels, CuPy's own and this project's, are compiled twice from the source that CuPy makes: by NVRTC for sm_90, so
that they are known to be CUDA, and by g++, to be run.  What CuPy brings compiled (random generators and sorting) has a
stand-in in Python.  So the whole way of the arrays through CuPy and Chainer is proven, and launches, copies and waits
are counted; nothing is learnt about speed, races or a GPU's own arithmetic.

- ``build.py`` compiles the libraries and the one module of CuPy that has CUDA's runtime within it;
- ``driver.cpp``, ``runtime.cpp``, ``nvrtc.cpp`` and ``cublas.cpp`` are CUDA's libraries, as far as they are called;
- ``kernel.h`` is what a kernel finds around it;
- ``standin.py`` is loaded when Python starts, and puts the stand-ins before the libraries that there may be;
- ``launches.py`` counts what a training step asks of the device.
"""
