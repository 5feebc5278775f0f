import numpy as np
import pytest

from datasets import catch
from datasets.catch import ACTIONS, SUBPIXELS, Catch, fall, new_games, oracle

LEFT, STAY, RIGHT = range(3)


def played(game, actions):
    """Plays a game to its end, with the actions that ``actions(game)`` gives; returns it."""
    while not game.over:
        game.step(actions(game))
    return game


def always(action):
    return lambda game: np.full(len(game.screen), action)


def test_the_ball_bounces(rng):
    """Against a ball that is moved step by step and turned round at the walls."""
    columns, speeds = rng.integers(0, 10, 200), rng.integers(-700, 700, 200)
    path = fall(columns, speeds, 10)
    assert path.shape == (10, 200) and path.dtype == np.int32
    for i in range(200):
        place, speed = columns[i] + 0.5, speeds[i] / SUBPIXELS
        for row in range(10):
            # On an edge between two pixels, rounding may take either.
            assert path[row, i] in {int(place - 1e-6), int(place), min(int(place + 1 / SUBPIXELS), 9)}
            place += speed
            if place < 0:
                place, speed = -place, -speed
            elif place > 10:
                place, speed = 20 - place, -speed


def test_a_straight_ball_stays_in_its_column():
    assert (fall(np.arange(24), np.zeros(24, int)) == np.arange(24)).all()


def test_a_ball_at_45_degrees_moves_one_column_a_row():
    path = fall(np.array([3, 22]), np.array([-SUBPIXELS, SUBPIXELS]))
    assert path[:6, 0].tolist() == [3, 2, 1, 0, 0, 1]
    assert path[:5, 1].tolist() == [22, 23, 23, 22, 21]


def test_the_screen_shows_the_ball_and_the_paddle(rng):
    game = new_games(rng, 50)
    for row in range(24):
        lit = game.screen.sum(axis=(1, 2, 3))
        assert set(np.unique(game.screen)) == {0, 1} and game.screen.shape == (50, 1, 24, 24)
        assert (game.screen[np.arange(50), 0, row, game.ball[row]] == 1).all()
        for offset in range(2):
            assert (game.screen[np.arange(50), 0, 23, game.paddle + offset] == 1).all()
        if row < 23:
            assert (lit == 3).all() and not game.over and game.steps_left == 23 - row
            game.step(rng.integers(0, 3, 50))
    assert game.over and (lit == np.where(game.won, 2, 3)).all()


def test_the_paddle_moves_one_pixel_and_stops_at_the_sides():
    assert ACTIONS[LEFT] == 'left' and ACTIONS[STAY] == 'stay' and ACTIONS[RIGHT] == 'right'
    game = new_games(np.random.default_rng(0), 3, size=9, paddle=3)
    start = game.paddle.copy()
    assert (start == 3).all()
    game.step(np.array([LEFT, STAY, RIGHT]))
    assert (game.paddle - start).tolist() == [-1, 0, 1]
    for _ in range(7):
        game.step(np.array([LEFT, STAY, RIGHT]))
    assert game.paddle.tolist() == [0, 3, 6] and game.over


@pytest.mark.parametrize('paddle', [1, 2, 3])
def test_a_game_is_won_where_the_ball_is_on_the_paddle(paddle):
    game = played(Catch(np.arange(9), np.zeros(9, int), 9, paddle), always(STAY))
    assert np.flatnonzero(game.won).tolist() == [(9 - paddle) // 2 + i for i in range(paddle)]


def test_columns_and_angles_are_uniform():
    """Against the uniform distribution, by the largest gap of the two distribution functions (Kolmogorov, Smirnov)."""
    n = 40000
    columns, speeds = catch.draw_balls(np.random.default_rng(1), n, 24, 2.0)
    assert set(columns) == set(range(24)) and abs(np.bincount(columns) - n / 24).max() < 5 * (n / 24) ** 0.5
    assert abs(speeds).max() <= 2 * SUBPIXELS
    angles = np.sort(np.arctan(speeds / SUBPIXELS)) / np.arctan(2)
    assert abs((angles + 1) / 2 - np.arange(n) / n).max() < 1.63 / n ** 0.5 + 1 / SUBPIXELS


@pytest.mark.parametrize('size, paddle, speed', [(24, 2, 1.0), (24, 2, 5.0), (9, 1, 3.0), (40, 3, 0.0), (4, 1, 1.0)])
def test_the_oracle_catches_every_ball(rng, size, paddle, speed):
    game = new_games(rng, 2000, size, paddle, speed)
    assert game.distance.max() <= game.steps_left
    assert played(game, oracle).won.all()


def test_the_distance_is_the_number_of_moves_that_the_oracle_makes(rng):
    game, moves = new_games(rng, 500), 0
    distance = game.distance
    while not game.over:
        actions = oracle(game)
        moves = moves + (actions != STAY)
        game.step(actions)
    np.testing.assert_array_equal(moves, distance)


def test_chance(rng):
    """Where balls land uniformly, a paddle of two pixels of 24 that does not look catches one in twelve."""
    assert played(new_games(rng, 4000), always(STAY)).won.mean() == pytest.approx(1 / 12, abs=0.02)
    wandering = played(new_games(rng, 4000), lambda game: rng.integers(0, 3, 4000))
    assert wandering.won.mean() == pytest.approx(1 / 12, abs=0.02)
