"""Choosing a source and a split, see datasets/__init__.py."""

import subprocess
import sys

import numpy as np

import datasets
from tests.conftest import ROOT


def test_mnist_is_split_for_validation(mnist_folder):
    digits, labels = zip(*(datasets.load_digits('mnist', split, mnist_folder)
                           for split in ('train', 'validation', 'test')))
    assert [array.shape for array in digits] == [(55000, 28, 28), (5000, 28, 28), (10000, 28, 28)]
    assert all(array.dtype == np.uint8 for array in digits) and all(array.dtype == np.int32 for array in labels)
    # Known statistics of MNIST: the training set's mean and deviation, and the counts of its classes.
    everything = np.concatenate(digits[:2]) / 255
    assert abs(everything.mean() - 0.1307) < 1e-4 and abs(everything.std() - 0.3081) < 1e-4
    assert np.bincount(np.concatenate(labels[:2])).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851,
                                                               5949]


def test_every_module_can_be_imported_first_and_without_the_rest_of_the_project():
    """Each is imported as if it were the first; `ram` and Chainer, which only `ram` makes importable, are not there."""
    program = '''
import importlib, pkgutil, sys
import datasets
sys.modules.update(ram=None, chainer=None)
names = [module.name for module in pkgutil.walk_packages(datasets.__path__, "datasets.")]
for name in names:
    for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == "datasets"]:
        del sys.modules[loaded]
    importlib.import_module(name)
print(*names)
'''
    result = subprocess.run([sys.executable, '-c', program], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert {'datasets.catch', 'datasets.folder', 'datasets.augmentation.tones'} <= set(result.stdout.split())


def test_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv('RAM_DATA', str(tmp_path))
    assert datasets.data_folder() == tmp_path and str(datasets.data_folder('there')) == 'there'
    monkeypatch.delenv('RAM_DATA')
    assert str(datasets.data_folder()) == 'data'
