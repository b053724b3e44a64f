"""The estimator's inner representation of planets, projected to two and three dimensions."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from spectramind_core.arrays import F8
from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import Axis, DiagnosticResult, Figure, Points, Severity
from spectramind_diag.judged import PPM, judge, score_of
from spectramind_diag.options import LatentsOptions
from spectramind_diag.shapes import missing

TITLE = "Latents"
GUIDE = (
    "Neighbours are planets that the estimator takes for alike. Look for islands, and for bad "
    "scores that gather in one place: a kind of planet it does not understand. Faint points are "
    "those it is unsure of. Distances in t-SNE and UMAP mean little; neighbourhoods do."
)
FEWEST = 5
Rows = npt.NDArray[np.intp]
LABELS = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}


class LatentsDiagnostic:
    """PCA, t-SNE and UMAP in 2-D and 3-D, to be coloured by what the planets are."""

    def __init__(self, options: LatentsOptions) -> None:
        self.options = options

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        latents = evidence.prediction.latents
        if latents is None or latents.shape[1] == 0:
            need = "The estimator gave no latents."
            return missing("latents", TITLE, GUIDE, need)
        if len(latents) < FEWEST:
            need = f"A projection needs {FEWEST} planets; there are {len(latents)}."
            return missing("latents", TITLE, GUIDE, need)
        varied = latents[:, latents.std(axis=0) > 0]
        if not varied.shape[1]:
            return missing("latents", TITLE, GUIDE, "All planets have the same latents.")
        scaled = (varied - varied.mean(axis=0)) / varied.std(axis=0)
        rows = _sample(len(latents), self.options.sample, ctx)
        made, notes = [], []
        for method in self.options.methods:
            if method == "umap" and find_spec("umap") is None:
                notes.append("UMAP is left out: install spectramind-diag[umap].")
                continue
            used = np.arange(len(latents)) if method == "pca" else rows
            made += self._figures(method, scaled[used], used, evidence, ctx.child(method))
        if rows.size < len(latents):
            notes.append(f"t-SNE and UMAP show {rows.size} of {len(latents)} planets, at random.")
        share = explained(scaled)
        verdict = (
            f"{dimensions(share)} of {scaled.shape[1]} latent dimensions hold 95 % of the variance."
        )
        return DiagnosticResult(
            name="latents",
            title=TITLE,
            guide=GUIDE,
            verdict=" ".join([verdict, *notes]),
            severity=Severity.OK,
            figures=tuple(made),
            scalars={
                "dimensions_for_95_percent": float(dimensions(share)),
                "variance_in_two": float(share[:2].sum()),
            },
        )

    def _figures(
        self,
        method: str,
        latents: F8,
        rows: npt.NDArray[np.int64],
        evidence: Evidence,
        ctx: Context,
    ) -> list[Figure]:
        neighbours = min(self.options.neighbours, len(latents) - 1)
        project = PROJECTIONS[method]
        return [
            _figure(method, project(latents, count, neighbours, ctx), rows, evidence)
            for count in (2, 3)
            if latents.shape[1] >= count or method != "pca"
        ]


def explained(scaled: F8) -> F8:
    """Share of the variance along each principal component, ``[component]``."""
    power = np.linalg.svd(scaled, compute_uv=False) ** 2
    result: F8 = power / power.sum()
    return result


def dimensions(share: F8) -> int:
    """Principal components that hold 95 % of the variance."""
    return int(np.searchsorted(np.cumsum(share), 0.95 - 1e-12) + 1)


def pca(latents: F8, count: int, neighbours: int, ctx: Context) -> F8:
    """Principal components, signed so that the largest loading is positive."""
    left, scale, right = np.linalg.svd(latents - latents.mean(axis=0), full_matrices=False)
    signs = np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    result: F8 = (left * scale * signs)[:, :count]
    return result


def tsne(latents: F8, count: int, neighbours: int, ctx: Context) -> F8:
    """t-SNE (van der Maaten & Hinton 2008, JMLR 9, 2579), started from the components."""
    from sklearn.manifold import TSNE

    perplexity = min(float(neighbours), (len(latents) - 1) / 3)
    init = "pca" if latents.shape[1] >= count else "random"
    seed = ctx.torch_seed() % 2**32
    found = TSNE(count, perplexity=perplexity, init=init, random_state=seed).fit_transform(latents)
    return np.asarray(found, float)


def umap(latents: F8, count: int, neighbours: int, ctx: Context) -> F8:
    """UMAP (McInnes, Healy & Melville 2018, arXiv 1802.03426)."""
    from umap import UMAP

    init = "spectral" if len(latents) > count + 2 else "random"
    seed = ctx.torch_seed() % 2**32
    found = UMAP(
        n_neighbors=max(neighbours, 2), n_components=count, random_state=seed, n_jobs=1, init=init
    ).fit_transform(latents)
    return np.asarray(found, float)


PROJECTIONS: dict[str, Callable[[F8, int, int, Context], F8]] = {
    "pca": pca,
    "tsne": tsne,
    "umap": umap,
}


def _sample(count: int, limit: int, ctx: Context) -> npt.NDArray[np.int64]:
    if count <= limit:
        return np.arange(count)
    chosen: npt.NDArray[np.int64] = np.sort(
        ctx.child("sample").rng().choice(count, limit, replace=False)
    )
    return chosen


def colours(evidence: Evidence) -> dict[str, F8]:
    """What planets can be coloured by, ``[planet]`` each; NaN where something is unknown."""
    prediction = evidence.prediction
    found: dict[str, F8] = {}
    judged = judge(evidence)
    if judged is not None:
        known = dict(zip(judged.planets, score_of(evidence, judged).per_planet, strict=True))
        score = np.array([known.get(planet, np.nan) for planet in prediction.planet_ids])
        found["score (0 if negative)"] = np.maximum(score, 0)
    found["depth [ppm]"] = np.median(prediction.mu, axis=1) * PPM
    found["mean sigma [ppm]"] = prediction.sigma.mean(axis=1) * PPM
    if "star_temperature" in prediction.planet_features:
        found["star temperature [K]"] = prediction.planet_features["star_temperature"]
    if evidence.rules is not None and evidence.rules.rules:
        total = evidence.rules.violation.mean(axis=2).sum(axis=0)
        known = dict(zip(evidence.rules.planet_ids, total, strict=True))
        found["rule violation"] = np.array(
            [known.get(planet, np.nan) for planet in prediction.planet_ids]
        )
    return found


def confidence(evidence: Evidence) -> F8:
    """Opacity ``[planet]``: 1 for the smallest relative sigma, 0.25 for the largest, by rank."""
    prediction = evidence.prediction
    relative = prediction.sigma.mean(axis=1) / np.maximum(np.abs(prediction.mu).mean(axis=1), 1e-12)
    rank = np.argsort(np.argsort(relative, kind="stable"), kind="stable")
    result: F8 = 1 - 0.75 * rank / max(len(rank) - 1, 1)
    return result


def _figure(method: str, at: F8, rows: Rows, evidence: Evidence) -> Figure:
    count, label = at.shape[1], LABELS[method]
    values = {name: value[rows] for name, value in colours(evidence).items()}
    first = next(iter(values))
    ids = evidence.prediction.planet_ids
    axes = [Axis(label=f"{label} {i + 1}") for i in range(count)]
    return Figure(
        name=method if count == 2 else f"{method}_3d",
        title=f"{label} of the latents, {count}-D",
        caption="Opacity is confidence. Choose a point to open that planet."
        + ("" if count == 2 else " Turn it with the sliders."),
        x=axes[0],
        y=axes[1],
        z=axes[2] if count == 3 else None,
        layers=(
            Points(
                name="planets",
                x=at[:, 0],
                y=at[:, 1],
                z=at[:, 2] if count == 3 else None,
                colour=values.pop(first),
                colour_label=first,
                colours=values,
                alpha=confidence(evidence)[rows],
                planet=tuple(ids[i] for i in rows),
            ),
        ),
    )
