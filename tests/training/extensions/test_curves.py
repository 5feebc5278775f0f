import types

import pytest
from matplotlib.text import Text
from PIL import Image

from ram.training.extensions import curves


@pytest.fixture
def epoch(tmp_path):
    """A function that ends an epoch of a run in tmp_path."""
    log = []
    trainer = types.SimpleNamespace(out=str(tmp_path), get_extension=lambda name: types.SimpleNamespace(log=log))

    def epoch(extension, **values):
        log.append({'epoch': len(log) + 1, **values})
        extension(trainer)

    return epoch


def test_a_picture_for_each_name(epoch, tmp_path):
    drawn = curves.Curves(loss=['main/loss'], error=['main/error', 'validation/error'])
    epoch(drawn, **{'main/loss': 2.0, 'main/error': 0.9})  # no validation in this epoch
    assert {path.name for path in tmp_path.iterdir()} == {'loss.png', 'error.png'}
    with Image.open(tmp_path / 'loss.png') as picture:
        assert picture.format == 'PNG' and picture.width > picture.height


def test_axes_have_words_and_errors_are_in_percent(epoch, monkeypatch):
    figures = []
    monkeypatch.setattr(curves, 'png', lambda figure: figures.append(figure) or b'')
    drawn = curves.Curves('Why they differ.', loss=['main/loss', 'main/cross_entropy'],
                          error=['main/error', 'validation/error'])
    epoch(drawn, **{'main/loss': 2.0, 'main/cross_entropy': 1.5, 'main/error': 0.9, 'validation/error': 0.031})
    loss, error = (figure.axes[0] for figure in figures)
    assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in (loss, error)] == [('epoch', 'loss'),
                                                                                 ('epoch', 'error, %')]
    assert [[text.get_text() for text in axes.get_legend().get_texts()] for axes in (loss, error)] == [
        ['loss', 'cross-entropy'], ['training', 'validation']]
    assert [line.get_ydata()[0] for axes in (loss, error) for line in axes.lines] == pytest.approx([2, 1.5, 90, 3.1])
    assert [figure.get_supxlabel() for figure in figures] == ['', 'Why they differ.']
    assert error.get_ylim()[0] == 0
    assert all(text.get_fontsize() / 72 * figure.dpi >= 12 for figure in figures for text in figure.findobj(Text))


def test_drawn_every_half_minute_and_at_the_end_if_something_is_new(epoch, monkeypatch):
    now, times = [1000.0], []
    monkeypatch.setattr(curves.time, 'monotonic', lambda: now[0])
    monkeypatch.setattr(curves, 'png', lambda figure: times.append(now[0]) or b'')
    drawn = curves.Curves(loss=['main/loss'])
    for _ in range(7):
        epoch(drawn, **{'main/loss': 1.0})
        now[0] += 10
    assert times == [1000, 1030, 1060]
    drawn.finalize()
    assert times == [1000, 1030, 1060]
    epoch(drawn, **{'main/loss': 1.0})
    drawn.finalize()
    assert times == [1000, 1030, 1060, 1070]


def test_a_run_of_no_epoch_draws_nothing(tmp_path):
    curves.Curves(loss=['main/loss']).finalize()
    assert not list(tmp_path.iterdir())
