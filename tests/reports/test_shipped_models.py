"""The shipped models, and what the documents say about them."""
import dataclasses
import json
import pathlib
import re
import shlex
from types import SimpleNamespace

import numpy as np
import pytest

import train
from models import make
from ram import checkpoint, config, tasks
from ram.registry import make_model
from ram.reports import published
from ram.training import run
from tests.conftest import ROOT, assert_one_clear_line, script

MODELS = ROOT / 'models'
SHIPPED = sorted(MODELS.rglob('*.npz'))


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_model_has_its_provenance(path):
    model, log = checkpoint.load_model(path), json.loads(path.with_suffix('.log').read_text())
    row = published.row_of(model.config)
    if path.parent == MODELS:
        assert path.stem.split('-')[0] == (f'street{"64" * (model.config.size == 64)}' if model.config.dataset == 'svhn'
                                           else model.config.dataset)
        assert row is None or row.glimpses is None or re.search(rf'-T{row.glimpses}(-near|-512|-seed\d)?$', path.stem)
    assert re.fullmatch('[0-9a-f]{40}[+]?', model.provenance['commit'])
    assert len(log) == model.config.epoch
    assert not pathlib.PurePath(model.config.images).is_absolute()
    command = model.provenance['command'].split(' --out ')[0]
    assert command == f'train.py {make.RUNS[path.relative_to(MODELS).with_suffix("").as_posix()]}'


def test_the_list_of_models_is_up_to_date():
    assert (ROOT / 'models' / 'README.md').read_text() == make.readme()


def test_a_part_of_the_published_tables(mnist_folder, tmp_path):
    """One model, evaluated as its user would; `make results-check` does so with all."""
    path = ROOT / 'models' / 'mnist-T4.npz'
    found = json.loads(script('evaluate.py', path, '--json', '--data', mnist_folder).stdout)
    lines = (ROOT / 'docs' / 'results.md').read_text().splitlines()
    line = next(line for line in lines if line.startswith('| RAM, 4 glimpses |'))
    assert abs(found['test_error'] - float(line.split('|')[2])) < 0.02


def test_the_front_page_states_the_figures_of_the_tables():
    tables = (ROOT / 'docs' / 'results.md').read_text().split('**Table')
    rows = re.search('<!-- tables: short -->\n(.*?)<!-- /tables -->', (ROOT / 'README.md').read_text(), re.DOTALL)
    for row in rows[1].splitlines()[2:]:
        task, glimpses, ours, interval, paper, control = (cell.strip() for cell in row.strip('|').split('|'))
        table, = (table for table in tables if table.split('**')[0].endswith(f': {task}'))
        lines = [[cell.strip(' †‡') for cell in line.strip('|').split('|')] for line in table.splitlines()]
        assert [f'RAM, {glimpses} glimpses', ours, interval] in [line[:3] for line in lines]
        assert paper in next(line for line in lines if line[0] == f'RAM, {glimpses} glimpses')
        assert control in next(line for line in lines if line[0] == 'conv 2 layers')


@pytest.fixture
def trainings(tmp_path, monkeypatch):
    """The commands that models/make.py starts in a folder of its own; nothing is trained."""
    commands = []

    class Started:
        def __init__(self, command, **settings):
            commands.append(shlex.join(command[1:]))

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def wait(self):
            return 2 * ('unknown' in commands[-1])

    monkeypatch.setattr(make, 'ROOT', tmp_path)
    monkeypatch.setattr(make, 'HERE', tmp_path)
    monkeypatch.setattr(make, 'subprocess', SimpleNamespace(Popen=Started))
    return commands


def described(name, rest=(), **changes):
    """The Run of a recipe with some more flags, and with changes."""
    arguments = train.parse([*shlex.split(make.RUNS[name]), *rest])
    start = run.origin(make.ROOT / arguments.init if arguments.init else None)
    return dataclasses.replace(run.Run(config.from_flags(arguments), 'train.py', **start), **changes)


@pytest.mark.parametrize('name', ['mnist-T7', 'cluttered-T6', 'catch'])
def test_a_run_of_a_recipe_is_resumed_and_one_of_another_is_not(tiny, tmp_path, trainings, name):
    out = tmp_path / 'result' / 'models' / name
    out.mkdir(parents=True)
    (tmp_path / 'models').mkdir()
    (tmp_path / 'models' / 'mnist-T6.npz').write_bytes(b'weights')
    checkpoint.save_model(out / 'model.npz', make_model(tiny), {'command': 'train.py'})
    (out / 'log').write_text('[]')
    make.train(name, ['--epoch', '3'])
    assert trainings[-1] == f'train.py {make.RUNS[name]} --out result/models/{name} --epoch 3'
    described(name).write(out)
    make.train(name, ['--gpu', '-1'])
    assert trainings[-1] == f'train.py --resume {out} --gpu -1'
    described(name, ['--epoch', '3']).write(out)
    make.train(name, ['--epoch', '3'])
    assert trainings[-1] == f'train.py --resume {out} --epoch 3'
    described(name, finished=True).write(out)
    count = len(trainings)
    make.train(name, [])
    assert len(trainings) == count  # there is nothing to train
    for other, text in ((described(name, ['--epoch', '3']), 'epoch 3'), (described(name, ['--lr', '0.5']), 'lr 0.5'),
                        (described(name, init='a', init_sha256='b'), 'init a')):
        other.write(out)
        with pytest.raises(ValueError, match=f'a run of another recipe, with .*{text}.*: move it away'):
            make.train(name, [])
    described(name).write(out)
    if name == 'mnist-T7':  # the model that it started from has been trained again
        (tmp_path / 'models' / 'mnist-T6.npz').write_bytes(b'other')
        with pytest.raises(ValueError, match='init mnist-T6 of SHA-256'):
            make.train(name, [])


def test_a_run_with_more_flags_that_was_interrupted_is_resumed(tmp_path, trainings):
    """A game's size says how many glimpses it has; the flags alone do not."""
    out = tmp_path / 'result' / 'models' / 'catch'
    begun = described('catch', ['--size=12'])
    out.mkdir(parents=True)
    dataclasses.replace(begun, config=tasks.completed(begun.config)).write(out)
    checkpoint.save_model(out / 'model.npz', make_model(begun.config), {'command': 'train.py'})
    (out / 'log').write_text('[]')
    make.train('catch', ['--size=12'])
    assert trainings == [f'train.py --resume {out} --size=12']
    with pytest.raises(ValueError, match='another recipe, with size 12: move'):
        make.train('catch', [])


def test_training_that_fails_ends_the_script(trainings):
    with pytest.raises(SystemExit) as ended:  # train.py has said why
        make.train('mnist-T6', ['--unknown'])
    assert ended.value.code == 2


def test_photographs_are_trained_only_if_named(trainings, monkeypatch):
    names = []
    for function in 'readme', 'draw_curves':
        monkeypatch.setattr(make, function, lambda *_: '')
    monkeypatch.setattr(make, 'subprocess', SimpleNamespace(run=lambda *arguments, **settings: None))
    monkeypatch.setattr(make, 'train', lambda name, rest: names.append((name, rest)))
    make.main(['--gpu', '-1'])
    assert [name for name, _ in names] == [name for name in make.RUNS if not name.startswith('photographs/')]
    assert names[0][1] == ['--gpu', '-1']
    names.clear()
    make.main(['photographs/svhn'])
    assert names == [('photographs/svhn', [])]


def test_a_model_is_shipped_with_half_precision(tiny, tmp_path, trainings):
    """What a run that is complete leaves is rounded, and otherwise the same."""
    out, model = tmp_path / 'result' / 'models' / 'mnist-T6', make_model(tiny)
    out.mkdir(parents=True)
    checkpoint.save_model(out / 'model.npz', model, {'command': 'train.py'})
    (out / 'log').write_text('[]')
    make.train('mnist-T6', [])
    found = checkpoint.load_model(tmp_path / 'mnist-T6.npz')
    assert (tmp_path / 'mnist-T6.log').read_text() == '[]' and found.provenance == {'command': 'train.py', 'init': ''}
    assert found.config == tiny
    for one, other in zip(model.params(), found.params()):
        np.testing.assert_array_equal(other.array, one.array.astype(np.float16))


def test_a_shipped_model_names_no_folder_of_the_machine_that_trained_it(tmp_path, trainings):
    out, preset = tmp_path / 'result' / 'models' / 'photographs' / 'meters', config.PRESETS['folder']
    (tmp_path / 'photographs').mkdir()
    out.mkdir(parents=True)
    trained = dataclasses.replace(preset, images=str(tmp_path / 'meter-digits'), classes=('0', '1'))
    checkpoint.save_model(out / 'model.npz', make_model(trained), {'command': 'train.py'})
    (out / 'log').write_text('[]')
    make.train('photographs/meters', [])
    found = checkpoint.load_model(tmp_path / 'photographs' / 'meters.npz').config
    assert found == dataclasses.replace(trained, images='meter-digits')


def test_making_models_that_are_not_in_the_tables():
    assert_one_clear_line(script('models/make.py', 'imagenet-T6'), 'imagenet-T6', 'mnist-T6')


def test_the_runs_cover_the_papers_rows():
    """Every row of the paper's tables has a run, and no two runs of a row have the same seed."""
    runs = []
    for flags in (flags for name, flags in make.RUNS.items() if '/' not in name):
        chosen = config.from_flags(train.parse(shlex.split(flags)))
        runs.append((published.row_of(chosen), chosen.seed))
    runs = [(row, seed) for row, seed in runs if row]  # a game has none
    assert {figure.row for figure in published.read() if figure.source == published.PAPER} <= {row for row, _ in runs}
    assert len(set(runs)) == len(runs) > 20
