"""`transit` and `wiener` as components: learning, predicting, saving, and standing alone."""

import numpy as np
import pytest

from spectramind_core.components import Context, Estimator, FitsTransits, Labelled
from spectramind_core.contracts import LightCurveSet, Truth
from spectramind_core.errors import TrainingError
from spectramind_core.plugins import Registry
from spectramind_models.transit.estimators import Transit, Wiener
from spectramind_models.transit.options import TransitOptions, WienerOptions

ESTIMATORS = [
    (Transit, TransitOptions()),
    (Wiener, WienerOptions(components=4)),
    (Wiener, WienerOptions(components=4, population=True)),
]


@pytest.fixture
def labelled(world) -> Labelled:
    rng = np.random.default_rng(0)
    planets = [
        world(planet_id=str(i), depth=world().spectrum() * np.exp(0.3 * rng.normal()))
        for i in range(6)
    ]
    visits = [planet.observe(i) for i, planet in enumerate(planets)]
    wavelength = planets[0].wavelength
    ids = tuple(planet.planet_id for planet in planets)
    truth = Truth(
        planet_ids=ids, wavelength=wavelength, spectra=np.stack([p.depth for p in planets])
    )
    return Labelled(LightCurveSet.from_visits(visits, wavelength), truth)


@pytest.mark.parametrize(("kind", "options"), ESTIMATORS)
def test_what_was_learnt_survives_a_file_to_the_bit(kind, options, labelled, tmp_path) -> None:
    one, two = kind(options), kind(options)
    assert isinstance(one, Estimator)
    assert isinstance(one, FitsTransits)
    one.fit(labelled, validation=None, ctx=Context())
    one.save(tmp_path)
    two.load(tmp_path)
    assert one.predict(labelled.light_curves, ctx=Context()) == two.predict(
        labelled.light_curves, ctx=Context()
    )


@pytest.mark.parametrize(("kind", "options"), ESTIMATORS)
def test_a_planets_row_depends_on_no_other_planet(kind, options, labelled) -> None:
    estimator = kind(options)
    estimator.fit(labelled, validation=None, ctx=Context())
    every = estimator.predict(labelled.light_curves, ctx=Context())
    some = estimator.predict(labelled.light_curves.of(["4", "1"]), ctx=Context())
    assert some == every.of(["4", "1"])


@pytest.mark.parametrize(("kind", "options"), ESTIMATORS)
def test_a_missing_instrument_gets_a_finite_spectrum(kind, options, labelled, world) -> None:
    estimator = kind(options)
    estimator.fit(labelled, validation=None, ctx=Context())
    visit = world(planet_id="9").observe(1).replace(fgs1=None)
    made = estimator.predict(
        LightCurveSet.from_visits([visit], labelled.truth.wavelength), ctx=Context()
    )
    assert np.all(made.sigma < 0.02)
    assert abs(made.mu[0, 0] - 0.0147) < 4 * made.sigma[0, 0]


@pytest.mark.parametrize(("kind", "options"), ESTIMATORS)
def test_one_labelled_planet_is_too_few(kind, options, labelled) -> None:
    few = Labelled(labelled.light_curves.of(["1"]), labelled.truth.of(["1"]))
    with pytest.raises(TrainingError, match="too few"):
        kind(options).fit(few, validation=None, ctx=Context())


def test_both_are_found_by_name() -> None:
    registry = Registry.installed()
    for name in ("transit", "wiener"):
        assert registry.resolve("estimators", name).name == name
