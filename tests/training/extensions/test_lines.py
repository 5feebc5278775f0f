import sys
from types import SimpleNamespace

import chainer

from ram.training.extensions.lines import Lines
from ram.training.trainer import make_trainer
from tests.training.conftest import few_digits_config

KEYS = ['epoch', 'main/loss', 'main/cross_entropy', 'main/baseline', 'main/reinforce', 'main/error',
        'validation/error', 'elapsed_time']


def printed(log, lines, capsys):
    lines(SimpleNamespace(get_extension=lambda name: SimpleNamespace(log=log)))
    return capsys.readouterr().out.splitlines()


def test_an_epoch_has_a_line_under_its_headings(capsys):
    """Each number ends where the heading of its column ends."""
    log = [{key: 0.0312345 for key in KEYS} | {'epoch': 1, 'elapsed_time': 75.4}]
    lines = Lines(KEYS, 'Why they differ.')
    note, above, below, line = printed(log, lines, capsys)
    assert note == 'Why they differ.'
    assert line.split() == ['1', *['0.03123'] * 4, '3.12%', '3.12%', '0:01:15']
    assert above.split() == ['cross-', 'training', 'validation'] and below.split()[-3:] == ['error', 'error', 'time']
    assert above.index('training') + len('training') == below.index('error') + len('error') == line.index('%') + 1
    assert len(line) == len(below) < 80 and above == above.rstrip()
    log.append({'epoch': 2, 'main/loss': 1.5})  # no validation in this epoch
    assert [line.split() for line in printed(log, lines, capsys)] == [['2', '1.5']]
    assert printed(log, lines, capsys) == []


def test_a_resumed_run_prints_what_came_before(capsys):
    log = [{'epoch': epoch, 'elapsed_time': 1.0} for epoch in (1, 2, 3)]
    assert [line.split()[0] for line in printed(log, Lines(['epoch', 'elapsed_time']), capsys)] == [
        'epoch', '1', '2', '3']


def test_the_line_of_an_epoch_is_in_the_file_as_soon_as_the_epoch_has_ended(tmp_path, few_digits, monkeypatch):
    trainer, seen = make_trainer(few_digits_config(epoch=2), tmp_path, chainer.get_device('@numpy')), []
    trainer.get_extension('curves').draw = lambda: None
    trainer.extend(Lines(['epoch', 'main/loss']))
    trainer.extend(lambda trainer: seen.append((tmp_path / 'screen').read_text().splitlines()), name='read',
                   trigger=(1, 'epoch'), priority=-1000)
    with open(tmp_path / 'screen', 'w') as file:
        monkeypatch.setattr(sys, 'stdout', file)
        trainer.run()
    assert [[line.split()[0] for line in lines] for lines in seen] == [['epoch', '1'], ['epoch', '1', '2']]
