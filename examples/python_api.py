"""The main job from another project, in three lines; then a look at what it found.

Run it: python examples/python_api.py
"""

from pathlib import Path

from spectramind_core.api import load_prediction, load_spec, run

spec = load_spec(
    Path(__file__).with_name("quickstart.yaml"), overrides=["data.source.options.planets=60"]
)
result = run(spec)
print(f"score {result.score:.3f}, everything else in {result.folder}")

prediction = load_prediction(result.folder)
for planet, mu, sigma in zip(prediction.planet_ids, prediction.mu, prediction.sigma, strict=True):
    print(f"{planet}: depth {mu.mean() * 1e6:.0f} ppm, typical sigma {sigma.mean() * 1e6:.0f} ppm")
