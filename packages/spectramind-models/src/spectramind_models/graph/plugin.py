"""What this room offers: encoders of spectral bins."""

from __future__ import annotations

from collections.abc import Sequence

from spectramind_core.plugins import Component, hookimpl
from spectramind_models.graph.options import GraphOptions, NarrowGraphOptions


@hookimpl
def spectramind_encoders() -> Sequence[Component]:
    return [
        Component(
            kind="encoders",
            name="gat",
            summary="graph attention over bins joined by wavelength, molecule and segment",
            factory="spectramind_models.graph.gat:GatEncoder",
            options=GraphOptions,
            references=("Brody, Alon & Yahav 2022, ICLR: GATv2",),
        ),
        Component(
            kind="encoders",
            name="dense_gat",
            summary="attention over all bins at once, the graph's edges as mask and bias: faster",
            factory="spectramind_models.graph.dense_gat:DenseGatEncoder",
            options=GraphOptions,
            references=("Shi et al. 2021, IJCAI: masked label prediction (graph transformer)",),
        ),
        Component(
            kind="encoders",
            name="nnconv",
            summary="messages through matrices made of edge features",
            factory="spectramind_models.graph.nnconv:NNConvEncoder",
            options=NarrowGraphOptions,
            references=("Gilmer et al. 2017, ICML: neural message passing",),
        ),
        Component(
            kind="encoders",
            name="rgcn",
            summary="messages through one matrix for each kind of edge",
            factory="spectramind_models.graph.rgcn:RgcnEncoder",
            options=GraphOptions,
            references=("Schlichtkrull et al. 2018, ESWC: R-GCN",),
        ),
    ]
