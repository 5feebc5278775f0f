from types import SimpleNamespace

from ram.training.extensions.lines import Lines

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
