#!/usr/bin/env python
"""Prints what it costs to round a model's weights to float16, as a page for the browser stores them by default.

    python benchmarks/float16.py models/mnist-T7.npz models/cluttered-T8.npz

Both models look at the validation scenes from the same first locations, --repeats times.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from ram import checkpoint, command_line, tasks  # isort: skip  (makes chainer importable)
import numpy as np

from ram.reports import evaluation


def answers(model, images, seed):
    """The classes that a model names, int array (N,)."""
    return np.concatenate([episode.logits.array.argmax(axis=1) for _, episode in evaluation.episodes(
        model, images, np.random.default_rng(seed))])


def main(argv=None):
    parser = command_line.PlainParser(__doc__.split('\n')[0])
    parser.add_argument('models', nargs='+', help='model.npz, one or more')
    parser.add_argument('--repeats', type=int, default=3, help='first locations for each scene (default: 3)')
    parser.add_argument('--data', help='folder of the data files')
    arguments = parser.parse_args(argv)
    print('| model | error, float32 | error, float16 | answers that differ |\n| --- | --- | --- | --- |')
    for path in arguments.models:
        exact, rounded = checkpoint.load_model(path), checkpoint.load_model(path)
        for parameter in rounded.params():
            parameter.array[...] = parameter.array.astype(np.float16)
        images, labels = tasks.load_scenes(exact.config, 'validation', arguments.data)
        both = np.array([[answers(model, images, seed) for model in (exact, rounded)]
                         for seed in range(arguments.repeats)])  # (repeats, 2, N)
        errors, differ = (both != labels).mean(axis=(0, 2)), (both[:, 0] != both[:, 1]).mean()
        print(f'| {pathlib.Path(path).stem} | {errors[0]:.2%} | {errors[1]:.2%} | {differ:.2%} |', flush=True)


if __name__ == '__main__':
    command_line.run(main)
