"""The sizes of all networks: the paper's, those of a Config, and what is said of their largest layer."""
import dataclasses

import pytest

from ram.config import Config
from ram.networks.action_network import ActionNetwork
from ram.networks.baseline_network import BaselineNetwork
from ram.networks.context_network import ContextNetwork
from ram.networks.conv_glimpse_network import ConvGlimpseNetwork
from ram.networks.core_network import CoreNetwork, LSTMCoreNetwork
from ram.networks.glimpse_network import GlimpseNetwork
from ram.networks.location_network import LocationNetwork

COLOUR = Config(dataset='svhn', size=32, patch=5, scales=3, filters=4, unit=6, hidden=7)
LARGE = [dict(patch=13), dict(scales=6), dict(unit=70), dict(hidden=900), dict(filters=40), dict(filters=90, unit=1)]


def shapes(network):
    return [parameter.shape for parameter in network.params()]


def test_by_default_they_are_the_papers():
    """Section 4: h_g and h_l of 128, g and h of 256, ten classes.  (Of filters it has none.)"""
    for default, papers in [
            (ContextNetwork(3, 8), ContextNetwork(3, 8, 128, 256)), (GlimpseNetwork(64), GlimpseNetwork(64, 128, 256)),
            (ConvGlimpseNetwork(3, 8), ConvGlimpseNetwork(3, 8, 32, 128, 256)),
            (ActionNetwork(), ActionNetwork(256, 10)),
            *((kind(), kind(256)) for kind in (BaselineNetwork, LocationNetwork, CoreNetwork, LSTMCoreNetwork))]:
        assert shapes(default) == shapes(papers)


@pytest.mark.parametrize('changes', LARGE, ids=str)
@pytest.mark.parametrize('kind, arguments', [
    (GlimpseNetwork, lambda c: (c.scales * 3 * c.patch ** 2, c.unit, c.hidden)),
    (ConvGlimpseNetwork, lambda c: (c.scales * 3, c.patch, c.filters, c.unit, c.hidden)),
    (ContextNetwork, lambda c: (3, c.patch, c.unit, c.hidden))])
def test_those_of_a_config(kind, arguments, changes):
    config = dataclasses.replace(COLOUR, **changes)
    network = kind.from_config(config)
    assert shapes(network) == shapes(kind(*arguments(config)))
    assert kind.largest_layer(config) == max(parameter.size for parameter in network.params())
