import io
import re

import chainer

from ram.training.extensions.bar import Bar
from ram.training.trainer import make_trainer
from tests.training.conftest import few_digits_config


def test_each_bar_says_how_fast_it_goes(tmp_path, few_digits, monkeypatch):
    monkeypatch.setattr('sys.stdout', out := io.StringIO())
    trainer = make_trainer(few_digits_config(epoch=2), tmp_path, chainer.get_device('@numpy'))
    trainer.get_extension('curves').draw = lambda: None
    trainer.extend(Bar(update_interval=1))
    trainer.run()
    speeds = re.findall(r'(\S+) iters/sec', out.getvalue())
    assert len(speeds) == trainer.updater.iteration > 1 and all(0 < float(speed) < float('inf') for speed in speeds)
