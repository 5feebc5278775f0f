"""The result of ``evaluation.evaluate`` as a text for the terminal."""
from datasets import shown
from ram.config import DIGITS
from ram.registry import DATASETS

SHOWN_CLASSES = 10
NARROW, WIDE = 6, 40  # columns of a class's name above a column of a table and in a row


def report(model, result):
    """A result as a text: errors by glimpse and by class, and which classes are confused.

    Args:
        model: the model.
        result: the result of a ``SceneReport``.
    """
    config, split = model.config, result['split']
    drawn = model.draws(result['policy']) and result['repeats'] > 1
    seen = f', each seen {result["repeats"]} times from different first locations' if drawn else ''
    lines = [*subject(model, result['policy']),
             f'{split} error {with_interval(result["test_error"], result["ci95"])}']
    if 'passes' in result:
        error = with_interval(result['passes_error'], result['passes_ci95'])
        lines.append(f'error with {result["passes"]} passes {error} (mean probabilities)')
    lines.append(f'{result["n"]:,} scenes{seen}')
    if 'training_error' in result:
        lines.append(f'error on its training digits {percent(result["training_error"])}')
    if model.gaze:
        rows = enumerate(map(percent, result['by_glimpse']), 1)
        lines += ['', *columns(['after glimpse', 'error'], rows, left=0)]
    kind = 'digit' if config.classes == DIGITS else 'class'
    lines += ['', *worst_classes(kind, config.classes, result['by_class'])]
    if 'confusion' in result:
        lines += ['', *confusion_matrix(kind, result['confusion'], config.classes)]
    elif result['worst_pairs']:
        lines += ['', *worst_pairs(result['worst_pairs'], config.classes)]
    return '\n'.join(lines)


def subject(model, policy, glimpses=''):
    """Lines that say what was measured: the task, and how the model looks, with its glimpses in words."""
    config = model.config
    glimpses = glimpses or f'{config.glimpses} glimpses'
    sides = [f'{side} x {side}' for side in (config.patch, config.patch * config.factor ** (config.scales - 1))]
    patches = f'{sides[0]} pixels' if config.scales == 1 else f'{config.scales} patches, {" to ".join(sides)} pixels'
    looks = f'{glimpses} of {patches}, {policy} policy' if model.gaze else f'the control {config.model}'
    return [shown.text(DATASETS[config.dataset].name(config)), f'{looks}; {model.count_params():,} parameters']


def percent(value):
    """A number in percent."""
    return f'{value:.2f}%'


def with_interval(value, ends):
    """A number in percent with its 95% interval [low, high]."""
    return f'{percent(value)}, 95% interval {percent(ends[0])} to {percent(ends[1])}'


def columns(heads, rows, left=1):
    """Lines of a table.

    Args:
        heads: the columns' names.
        rows: lists with a cell for each column.
        left: how many columns, from the first on, begin at the left; the others, of numbers, end at the right.
    """
    cells = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(shown.width, column)) for column in zip(*cells)]
    return ['  ' + '  '.join((shown.left if i < left else shown.right)(cell, width)
                             for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in cells]


def worst_classes(kind, classes, errors):
    """Lines of a table of the classes with the largest errors.

    Args:
        kind: what the classes are, such as 'digit'.
        classes: their names.
        errors: their errors in percent; None for a class without scenes.
    """
    found = [(name, error) for name, error in zip(shown.labels(classes, WIDE), errors) if error is not None]
    worst = sorted(found, key=lambda pair: -pair[1])[:SHOWN_CLASSES]
    title = f'error by {kind}, the worst first:' if len(worst) == len(found) else (
        f'error by {kind}, the worst {len(worst)} of {len(found)}:')
    return [title, *columns([kind, 'error'], [(name, percent(error)) for name, error in worst])]


def confusion_matrix(kind, counts, classes):
    """Lines of a table: a row for each true class, a column for each answer, in percent of the row; a dot is 0.

    Args:
        kind: what the classes are, such as 'digit'.
        counts: list of lists of float, scenes by truth and answer.
        classes: the classes' names.
    """
    rows = [[name, *(f'{100 * count / sum(row):.1f}' if count else '.' for count in row)]
            for name, row in zip(shown.labels(classes, WIDE), counts)]
    return [f'answers in percent: a row for each true {kind}, a column for each answer',
            *columns([kind, *(shown.right(name, 5) for name in shown.labels(classes, NARROW))], rows)]


def worst_pairs(pairs, classes):
    """Lines that say which classes are most often taken for which others.

    Args:
        pairs: list of dicts, see ``evaluation.evaluate``.
        classes: the names of all classes.
    """
    short = dict(zip(classes, shown.labels(classes, WIDE)))
    rows = [(short[pair['truth']], short[pair['answer']], f'{pair["scenes"]:.1f}', percent(pair['percent']))
            for pair in pairs]
    return ['most often confused, in scenes and in percent of the class:',
            *columns(['class', 'taken for', 'scenes', 'of the class'], rows, left=2)]
