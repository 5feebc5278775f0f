"""Recurrent Models of Visual Attention (Mnih, Heess, Graves and Kavukcuoglu, NIPS 2014) in Chainer."""
from ram import compat  # noqa: F401  (before anything imports chainer)
