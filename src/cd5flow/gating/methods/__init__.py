"""Gating methods: a closed union told apart by ``method:``.

A new one is one file and one line here. A method looks at its parent's events and at populations
gated before (`TubeView`) and returns a region with the evidence for it, or says why it cannot
(`Outcome`). It decides no membership. A field that names a marker or a population is of a type of
`model.references`: only so is it known what the gate looks at.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cd5flow.gating.methods.as_at_diagnosis import AsAtDiagnosis
from cd5flow.gating.methods.candidate_cluster import CandidateCluster
from cd5flow.gating.methods.combine import Combine
from cd5flow.gating.methods.density_cluster import DensityCluster
from cd5flow.gating.methods.fixed import Fixed
from cd5flow.gating.methods.in_range import InRange
from cd5flow.gating.methods.mixture import Mixture
from cd5flow.gating.methods.negative_tail import NegativeTail
from cd5flow.gating.methods.quantile import Quantile
from cd5flow.gating.methods.relative import Relative
from cd5flow.gating.methods.singlet_band import SingletBand
from cd5flow.gating.methods.small_cluster import SmallCluster
from cd5flow.gating.methods.stable_time import StableTime
from cd5flow.gating.methods.valley import Valley

Method = Annotated[
    AsAtDiagnosis
    | CandidateCluster
    | Combine
    | DensityCluster
    | Fixed
    | InRange
    | SmallCluster
    | Mixture
    | NegativeTail
    | Quantile
    | Relative
    | SingletBand
    | StableTime
    | Valley,
    Field(discriminator="method"),
]
"""Every gating method."""
