"""The result of ``evaluation.evaluate`` as a text for the terminal."""
from datasets import shown
from ram.config import DIGITS
from ram.registry import DATASETS

SHOWN_CLASSES = 10
NARROW, WIDE = 6, 40  # columns of a class's name above a column of a table and in a row
PLACES = {'learned': 'as learned', 'random': 'anywhere', 'center': 'always the middle'}  # by policy


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
    if 'until' in result:
        lines += ['', *stopping_table(result['until'], config.glimpses)]
    kind = 'digit' if config.classes == DIGITS else 'class'
    lines += ['', *worst_classes(kind, config.classes, result['by_class'])]
    if 'confusion' in result:
        lines += ['', *confusion_matrix(kind, result['confusion'], config.classes)]
    elif result['worst_pairs']:
        lines += ['', *worst_pairs(result['worst_pairs'], config.classes)]
    if 'gaze' in result:
        lines += ['', *gaze(result['gaze'])]
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
    return [f'answers in percent: a row for each true {kind}, a column for each answer; . is 0',
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


def stopping_table(until, most):
    """Lines on looks that stop as soon as they are sure.

    Args:
        until: dict, see ``stopping.summary``, each row with its 'multiplications', and with those of a 'control'.
        most: the largest number of glimpses.
    """
    rows = [(f'all {most}' if row['threshold'] is None else f'{row["threshold"]:g}', f'{row["glimpses"]:.2f}',
             percent(row['error']), ' to '.join(map(percent, row['ci95'])), _millions(row['multiplications']))
            for row in until['table']]
    if until['control']['multiplications']:
        rows.append((f'{until["control"]["model"]}, the whole picture', '', '', '',
                     _millions(until['control']['multiplications'])))
    return [f'stopping at a probability of {until["threshold"]:g}: {until["glimpses"]:.2f} glimpses on average, at '
            f'most {most}', f'error then {with_interval(until["error"], until["ci95"])}',
            *columns(['until', 'glimpses', 'error', '95% interval', 'million multiplications'], rows)]


def _millions(count):
    return f'{count / 1e6:.2f}'


def gaze(found):
    """Lines on whether the gaze helps; ``found`` is a dict, see ``gaze_report.measure``."""
    if 'left_out' in found:
        return [f'does the gaze help? Left out, without validation pictures: {shown.text(found["left_out"])}']
    rows = [(PLACES[policy], percent(error), ' to '.join(map(percent, found['ci95'][policy])))
            for policy, error in found['error'].items()]
    return [f'does the gaze help? On {found["n"]:,} validation pictures:',
            *columns(['where it looks', 'error', '95% interval'], rows),
            'how far the places of different pictures lie apart, in percent of half the width,',
            f'at glimpse 1 to {len(found["apart"])} (0: in the same place, 82: anywhere): '
            f'{", ".join(f"{value:.0f}" for value in found["apart"])}',
            found['text']]
