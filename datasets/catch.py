"""The game Catch (Mnih et al., "Recurrent Models of Visual Attention", section 4), as whole batches of games.

A ball falls down the screen and bounces off its sides; a paddle on the bottom row should be under it when it arrives.

What the paper says: 24 x 24 binary pixels; a ball of one pixel; a paddle of two; three actions, left, right and
nothing; the reward is 1 if the paddle overlaps with the ball when that reaches the bottom, else 0.  What it does not
say was chosen here, and each choice is named below with "Chosen".
"""
import math
import sys

import numpy as np

SIZE = 24      # the screen's side in pixels (paper)
PADDLE = 2     # the paddle's length in pixels (paper)
ACTIONS = 'left', 'stay', 'right'  # (paper); action a moves the paddle by a - 1 pixels.  Chosen: one pixel a step
# Chosen: the ball falls one row a step, at an angle that is uniform between 45 degrees to the left and to the right, so
# that it moves sideways at most one pixel a step, as the paddle does.
SPEED = 1.0
# Chosen: the ball starts in the middle of a pixel, keeps its place in 256ths of a pixel, and bounces off the outer
# edges of the screen.  In whole numbers, the game is the same on every device.
SUBPIXELS = 256


class Catch:
    """A batch of B games in the same step.

    Args:
        columns: int array (B,), where the balls start in the top row.
        speeds: int array (B,), their sideways motion in a step, in SUBPIXELS; to the right if positive.
        size: the screen's side in pixels.
        paddle: the paddle's length in pixels.  Chosen: it starts in the middle of the bottom row.

    Attributes:
        speeds: as above.
        ball: int32 array (size, B), the ball's column in row 0 ... size - 1.
        length: the paddle's length in pixels.
        paddle: int array (B,), the column of the paddle's leftmost pixel.
        row: the ball's row, from 0; the number of steps taken.
        screen: float32 array (B, 1, size, size), 0 or 1.  It is one array, redrawn in every step.
    """

    def __init__(self, columns, speeds, size=SIZE, paddle=PADDLE):
        xp, count = _module_of(columns), len(columns)
        self.speeds, self.ball = speeds, fall(columns, speeds, size)
        self.size, self.length, self.row = size, paddle, 0
        self.paddle = xp.full(count, (size - paddle) // 2, np.int32)
        self.screen = xp.zeros((count, 1, size, size), np.float32)
        self.columns = xp.arange(size, dtype=np.int32)
        self._draw()

    @property
    def over(self):
        """Whether the balls have reached the bottom row."""
        return self.row == self.size - 1

    @property
    def steps_left(self):
        """The steps until the balls reach the bottom row."""
        return self.size - 1 - self.row

    @property
    def offset(self):
        """int32 array (B,), where the balls will land, counted from the paddle's leftmost pixel."""
        return self.ball[-1] - self.paddle

    @property
    def won(self):
        """bool array (B,), True where the paddle is below the column in which the ball lands."""
        return (self.offset >= 0) & (self.offset < self.length)

    @property
    def distance(self):
        """int32 array (B,), the steps that the paddle needs to get below that column."""
        xp = _module_of(self.ball)
        return xp.maximum(xp.maximum(self.offset - self.length + 1, -self.offset), 0)

    def step(self, actions):
        """Moves the paddles, lets the balls fall by one row and redraws the screen.

        Args:
            actions: int array (B,), indexes of ACTIONS.  The paddle stops at the screen's sides.
        """
        xp = _module_of(actions)
        self.paddle = xp.clip(self.paddle + actions - 1, 0, self.size - self.length).astype(self.paddle.dtype)
        self.screen[:, 0, self.row] = 0
        self.row += 1
        self._draw()

    def _draw(self):
        beside = self.columns - self.paddle[:, None]
        self.screen[:, 0, -1] = (beside >= 0) & (beside < self.length)
        self.screen[:, 0, self.row] += self.columns == self.ball[self.row][:, None]
        if self.over:
            self.screen[:, 0, -1].clip(0, 1, out=self.screen[:, 0, -1])  # the ball may lie on the paddle


def _module_of(array):
    """numpy or cupy, the module of an array."""
    return sys.modules[type(array).__module__.partition('.')[0]]


def fall(columns, speeds, size=SIZE):
    """Where balls are that fall one row a step and bounce off the screen's sides.

    Args and returns: ``columns``, ``speeds``, ``size`` and ``ball`` of :class:`Catch`.
    """
    xp = _module_of(columns)
    rows = xp.arange(size, dtype=np.int32)[:, None]
    place = columns.astype(np.int32) * SUBPIXELS + SUBPIXELS // 2 + rows * speeds.astype(np.int32)
    # A path that bounces is a straight one, folded at the edges.
    place %= 2 * size * SUBPIXELS
    place = xp.minimum(place, 2 * size * SUBPIXELS - 1 - place)
    return place // SUBPIXELS


def draw_balls(rng, count, size=SIZE, speed=SPEED):
    """Random balls: columns uniform, angles uniform between -arctan(speed) and arctan(speed).

    Args:
        rng: ``numpy.random.Generator`` or ``cupy.random.Generator``.
        count: number of balls B.
        size: the screen's side in pixels.
        speed: the largest sideways motion in a step, in pixels.

    Returns:
        Two int32 arrays (B,), columns and speeds of :class:`Catch`.
    """
    columns, angles = (rng.random(count, dtype=np.float32) for _ in range(2))
    xp = _module_of(columns)
    columns = xp.minimum(columns * size, size - 1).astype(np.int32)
    return columns, xp.rint(xp.tan((2 * angles - 1) * math.atan(speed)) * SUBPIXELS).astype(np.int32)


def new_games(rng, count, size=SIZE, paddle=PADDLE, speed=SPEED):
    """A batch of ``count`` random games, on the generator's device; the arguments as above."""
    return Catch(*draw_balls(rng, count, size, speed), size, paddle)


def oracle(game):
    """The actions of a player who knows where the balls will land: int32 array (B,).

    It catches every ball that can be caught, which is every ball: a ball falls size - 1 steps, and the paddle has to go
    at most size - 2.
    """
    return ((game.offset >= game.length).astype(np.int32) - (game.offset < 0) + 1).astype(np.int32)
