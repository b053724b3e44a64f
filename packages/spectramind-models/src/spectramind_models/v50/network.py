"""The network: two encoders, their fusion, and heads that correct the physics posterior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from spectramind_core.arrays import F8
from spectramind_core.components import Context, Encoder, Head
from spectramind_models.v50.batch import Batch
from spectramind_models.v50.features import Inputs
from spectramind_models.v50.tokens import CHANNELS

TRUST = 10.0
"""Trust in the evidence by unit of its parameter: AdamW moves every parameter at one rate."""

REACH = 5.0
"""Standard deviations beyond which a feature is not followed."""


@dataclass(frozen=True)
class Blueprint:
    """All that a network is built from, besides its weights."""

    wavelength: F8
    width: int
    dropout: float
    fgs1: Encoder | None
    """Reads light-curve tokens; None leaves FGS1's time series to the physics alone."""
    airs: Encoder | None
    """Lets bins hear of one another; None leaves each to itself."""
    heads: Mapping[str, Head]

    def build(self, inputs: Inputs, ctx: Context) -> Network:
        """A network for inputs like these, with weights from the context's stream."""
        return Network(self, inputs.nodes.shape[1], inputs.planet.size, ctx)


class Standardise(nn.Module):
    """Features to mean 0 and standard deviation 1, limited; what is unknown becomes 0."""

    mean: Tensor
    sd: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("sd", torch.ones(features))

    def learn(self, values: Tensor) -> None:
        """Take mean and deviation from ``values [..., feature]``, NaN left out."""
        rows = values.flatten(0, -2).double().numpy()
        known = np.isfinite(rows)
        count = np.maximum(known.sum(0), 1)
        mean = np.where(known, rows, 0).sum(0) / count
        variance = np.where(known, (rows - mean) ** 2, 0).sum(0) / count
        self.mean.copy_(torch.from_numpy(mean))
        self.sd.copy_(torch.from_numpy(np.sqrt(variance)).clamp(min=1e-3))

    def forward(self, values: Tensor) -> Tensor:
        known = torch.isfinite(values)
        standard = (torch.where(known, values, self.mean) - self.mean) / self.sd
        return standard.clamp(-REACH, REACH)


class Network(nn.Module):
    """Posterior, bins and light curve in; corrected posterior out.

    Bins pass through the AIRS encoder; the FGS1 encoder's tokens are pooled by attention; what is
    known of the planet as a whole then scales and shifts every bin's hidden state (FiLM).

    References
    ----------
    Perez et al. 2018, "FiLM: visual reasoning with a general conditioning layer", AAAI.
    """

    def __init__(self, plan: Blueprint, node_width: int, planet_width: int, ctx: Context) -> None:
        super().__init__()
        width = plan.width
        self.node_width, self.planet_width = node_width, planet_width
        self.node_scale = Standardise(node_width)
        self.planet_scale = Standardise(planet_width)
        self.airs = _encoder(plan.airs, node_width, plan.wavelength, ctx.child("airs"))
        self.fgs1 = _encoder(plan.fgs1, len(CHANNELS), None, ctx.child("fgs1"))
        pooled = plan.fgs1.width if plan.fgs1 else 0
        encoded = plan.airs.width if plan.airs else 0
        with torch.random.fork_rng([]):
            torch.manual_seed(ctx.child("fusion").torch_seed())
            self.bins = nn.Linear(node_width + encoded, width)
            self.pooling = nn.Linear(pooled, 1) if pooled else None
            self.context = nn.Sequential(
                nn.Linear(planet_width + pooled + width, width), nn.GELU(), nn.Dropout(plan.dropout)
            )
            self.film = nn.Linear(width, 2 * width)
            self.mix = nn.Linear(width, width)
        self.trust = nn.Parameter(torch.zeros(()))
        self.norm = nn.LayerNorm(width)
        self.drop = nn.Dropout(plan.dropout)
        self.heads = nn.ModuleDict(
            {
                name: head.module(
                    width=width, waves=plan.wavelength.size, ctx=ctx.child("heads", name)
                )
                for name, head in plan.heads.items()
            }
        )

    def forward(
        self,
        nodes: Tensor,
        planet: Tensor,
        tokens: Tensor,
        valid: Tensor,
        mu: Tensor,
        sigma: Tensor,
        measured: Tensor,
        lean: Tensor,
    ) -> dict[str, Tensor]:
        """See `Batch` for what goes in.

        Returns
        -------
        dict
            ``mu`` and ``sigma`` ``[planet, wave]``, ``latents [planet, width]``, and ``factors
            [planet, rank, wave]`` if there is a head for them.
        """
        hidden, latents = self.encode(nodes, planet, tokens, valid, measured)
        found = {"mu": mu, "sigma": sigma, "latents": latents}
        for head in self.heads.values():
            found.update(head(hidden, mu, sigma))
        found["mu"] = found["mu"] + TRUST * self.trust * sigma * lean
        if "factors" in found:  # a head knows the physics sigma, factors are part of the final one
            found["factors"] = found["factors"] * (found["sigma"] / sigma)[:, None]
        return found

    def encode(
        self, nodes: Tensor, planet: Tensor, tokens: Tensor, valid: Tensor, measured: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Hidden states of bins ``[planet, wave, width]`` and planets ``[planet, width]``."""
        nodes = self.node_scale(nodes)
        parts = [nodes]
        if self.airs is not None:
            parts.append(self.airs(nodes, measured))
        bins = nn.functional.gelu(self.bins(torch.cat(parts, -1)))
        about = [self.planet_scale(planet), bins.mean(1)]
        if self.fgs1 is not None:
            about.append(self._pooled(tokens, valid))
        latents = self.context(torch.cat(about, -1))
        scale, shift = self.film(latents)[:, None].chunk(2, -1)
        fused = self.norm(bins * (1 + scale) + shift)
        return self.drop(fused + nn.functional.gelu(self.mix(fused))), latents

    def attention(self, nodes: Tensor, measured: Tensor) -> Tensor | None:
        """``[planet, wave, wave]``: what bins attend to; None if the encoder has no attention."""
        if not hasattr(self.airs, "attention"):
            return None
        found: Tensor = self.airs.attention(self.node_scale(nodes), measured)  # type: ignore[union-attr,operator]
        return found

    def _pooled(self, tokens: Tensor, valid: Tensor) -> Tensor:
        """Mean of the encoded tokens, weighted by attention; zero where there are none."""
        assert self.fgs1 is not None
        assert self.pooling is not None
        encoded = torch.where(valid[..., None], self.fgs1(tokens, valid), 0)
        weight = torch.exp(self.pooling(encoded).clamp(-10, 10)) * valid[..., None]
        return (weight * encoded).sum(1) / weight.sum(1).clamp(min=1e-6)


def _encoder(
    encoder: Encoder | None, features: int, positions: F8 | None, ctx: Context
) -> nn.Module | None:
    if encoder is None:
        return None
    module: nn.Module = encoder.module(features=features, positions=positions, ctx=ctx)
    return module


def predict(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """What a network says of a batch, in evaluation mode and without gradients."""
    network.eval()
    device = next(network.parameters()).device
    with torch.no_grad():
        found: dict[str, Tensor] = network(*(part.to(device) for part in batch))
    return {name: tensor.cpu() for name, tensor in found.items()}
