"""Sample entropy and fluctuations: against the definitions, written out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from hexoframe.analysis.nonlinear import nonlinear_figures


def made(count=260):
    rng = np.random.default_rng(8)
    return np.rint(200 + 10 * rng.standard_normal(count)).astype(float)


def follows_of(count, starts=(0,)):
    follows = np.ones(count, dtype=bool)
    follows[list(starts)] = False
    return follows


def entropy_by_hand(values, follows):
    radius = 0.2 * values.std()
    whole = [at for at in range(len(values) - 2) if follows[at + 1 : at + 3].all()]
    alike = {2: 0, 3: 0}
    for place, one in enumerate(whole):
        for other in whole[place + 1 :]:
            for length in alike:
                apart = values[one : one + length] - values[other : other + length]
                alike[length] += np.abs(apart).max() <= radius
    return -np.log(alike[3] / alike[2])


def slope_by_hand(values, starts, sizes):
    profile = np.cumsum(values - values.mean())
    edges = [*starts, len(values)]
    logs = []
    for size in sizes:
        squares = []
        for first, last in pairwise(edges):
            for at in range(first, last - size + 1, size):
                box = profile[at : at + size]
                line = np.polyval(np.polyfit(np.arange(size), box, 1), np.arange(size))
                squares.append(np.mean((box - line) ** 2))
        logs.append(np.log(np.mean(squares)) / 2)
    return np.polyfit(np.log(list(sizes)), logs, 1)[0]


@pytest.mark.parametrize("starts", [(0,), (0, 130, 200)])
def test_figures_are_those_of_their_definition(starts):
    values = made()
    found = nonlinear_figures(values, follows_of(len(values), starts))
    entropy = entropy_by_hand(values, follows_of(len(values), starts))
    assert found.sampen == pytest.approx(entropy, rel=1e-12)
    short = slope_by_hand(values, starts, range(4, 17))
    assert found.dfa_a1 == pytest.approx(short, rel=1e-9)
    long = slope_by_hand(values, starts, range(16, 65))
    assert found.dfa_a2 == pytest.approx(long, rel=1e-9)


def test_too_few_beats_in_runs_have_no_figure():
    values = made(100)
    found = nonlinear_figures(values, follows_of(100, range(0, 100, 10)))
    assert np.isnan(found.dfa_a1)
    assert np.isnan(found.dfa_a2)
    alone = nonlinear_figures(values, np.zeros(100, bool))
    assert np.isnan(alone).all()
    assert np.isnan(nonlinear_figures(values[:0], follows_of(0, ()))).all()


def test_the_unit_does_not_matter():
    values = made()
    follows = follows_of(len(values))
    assert nonlinear_figures(values, follows) == pytest.approx(
        nonlinear_figures(values * 1000 / 256, follows), rel=1e-9
    )
