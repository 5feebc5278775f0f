"""What the tasks of the user's own pictures share: how long and in which batches so many pictures are learned."""
import dataclasses

LOOKS = 300_000     # epochs times pictures
EPOCHS = 20, 300    # the fewest and the most that are chosen
BATCH = 32          # pictures
CHOSEN = 'batchsize', 'epoch'  # see ``Task.chosen``


def suited(config, count):
    """The Config for so many training pictures: what it leaves open, by 0, is chosen."""
    return dataclasses.replace(config, epoch=config.epoch or epochs(count),
                               batchsize=config.batchsize or min(BATCH, count))


def epochs(count):
    """How many epochs so many training pictures need: about LOOKS looks at pictures, within EPOCHS."""
    return min(max(round(LOOKS / count), EPOCHS[0]), EPOCHS[1])
