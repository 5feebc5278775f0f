"""What evaluate.py finds for a model that classifies scenes."""
from ram import tasks
from ram.random_streams import generator
from ram.registry import DATASETS
from ram.reports import evaluation

SHOWN_CLASSES = 10


class SceneReport:
    """The error of a model on the scenes that it never saw.

    Args:
        model: the model, on the device.
        arguments: those of evaluate.py.
        device: chainer device.

    Attributes:
        result: dict, see ``evaluation.evaluate``; 'split'; and 'training_error' in percent, of a model that learns from
            the digits by which others are judged.
    """

    def __init__(self, model, arguments, device):
        self.model = model
        self.result = measure(model, arguments.split or model.unseen_split, arguments, device)
        if model.unseen_split != 'test' and not arguments.split:
            self.result['training_error'] = measure(model, model.training_split, arguments, device)['test_error']

    def text(self):
        """The result as a text."""
        model, result = self.model, self.result
        config, (low, high) = model.config, result['ci95']
        if not model.gaze:
            who, over = f'the control {config.model}', ''
        else:
            who = (f'{config.glimpses} glimpses, {config.scales} x {config.patch} x {config.patch} pixels each, '
                   f'{result["policy"]} policy')
            over = f', mean over {result["repeats"]} first locations'
        lines = [f'{DATASETS[config.dataset].name(config)}, {who}',
                 f'test error {result["test_error"]:.2f} %, 95% interval {low:.2f} to {high:.2f} '
                 f'({result["n"]} {result["split"]} scenes{over}); {model.count_params():,} parameters']
        if model.gaze:
            by_glimpse = enumerate(result['by_glimpse'], 1)
            lines += ['after t glimpses:', *(f'  {t}  {error:6.2f} %' for t, error in by_glimpse)]
        worst = sorted(((error, name) for name, error in zip(config.classes, result['by_class']) if error is not None),
                       reverse=True)[:SHOWN_CLASSES]
        lines += ['by class, the worst first:', *(f'  {error:6.2f} %  {name}' for error, name in worst)]
        if 'training_error' in result:
            lines.append(f'on its training digits: {result["training_error"]:.2f} %')
        return '\n'.join(lines)


def measure(model, split, arguments, device):
    """The result of ``evaluation.evaluate`` on one split, whose name it holds too."""
    images, labels = (device.send(array) for array in tasks.load_scenes(model.config, split, arguments.data))
    repeats = arguments.repeats if model.gaze else 1  # without a gaze there is no first location
    return {'split': split, **evaluation.evaluate(
        model, images, labels, lambda seed: generator(device, seed), arguments.seed, repeats,
        arguments.policy)}
