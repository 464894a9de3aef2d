"""Methods: named recipes of step settings. A new recipe is one entry here."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from neardepth.errors import MethodError
from neardepth.steps.fusion import FUSIONS
from neardepth.steps.refinement import REFINEMENTS
from neardepth.steps.selection import SELECTIONS
from neardepth.steps.transfer import TRANSFERS

WEIGHTS = ("correlation", "equal", "solved")
SIMILARITIES = ("correlation", "distance")
_NEIGHBOUR_SETTINGS = {"tiles", "similarity", "selection", "threshold", "cluster_size", "fusion"}


@dataclass(frozen=True)
class Method:
    """Settings of the six steps, as plain data.

    Raises:
        MethodError: a setting is out of range; the message names it.
    """

    name: str
    summary: str
    citation: str
    encoder: str
    """Registered name or path of an ONNX file; several joined by "+". A pool built with its own
    encoder overrides a network of tiles."""
    weights: str = "correlation"
    """How much each pool image counts: its correlation with the photo (Eq. 2), "equal", or
    "solved" for."""
    tiles: tuple[int, int] = (4, 4)
    """Rows and columns of tiles."""
    k: int = 4
    """Number of neighbours looked at; with solved weights, of those named in the answer."""
    similarity: str = "correlation"
    """What makes a neighbour near: correlation of descriptors, or their Euclidean distance."""
    selection: str = "above"
    """What the threshold is: a correlation ("above"), or a share of the best one ("near-best")."""
    threshold: float = 0.5
    """Neighbours with a correlation above this are kept; −1 keeps all."""
    cluster_size: int = 0
    """Images of a cluster, on average, where the k neighbours first choose among clusters of the
    pool and are then sought inside these; 0 makes no clusters."""
    fusion: str = "weighted-mean"
    refine: str = "cross-bilateral"
    refine_radius: int = 4
    """Radius of the refinement's window, pixels."""
    refine_sigma: float = 30.0
    """Colour difference that counts as an edge, grey levels (0–255)."""
    model: str | None = None
    """Of solved weights: the model that answers where there is no pool, and that is the prior of a
    pool where that helps. One that ships with the package."""

    def __post_init__(self) -> None:
        rules = {
            "weights": (self.weights in WEIGHTS, "one of " + ", ".join(WEIGHTS)),
            "tiles": (
                isinstance(self.tiles, tuple)
                and len(self.tiles) == 2
                and all(isinstance(side, int) and 1 <= side <= 16 for side in self.tiles),
                "two whole numbers from 1 to 16",
            ),
            "k": (isinstance(self.k, int) and self.k >= 1, "a whole number from 1"),
            "similarity": (self.similarity in SIMILARITIES, "one of " + ", ".join(SIMILARITIES)),
            "selection": (self.selection in SELECTIONS, "one of " + ", ".join(SELECTIONS)),
            "cluster_size": (
                isinstance(self.cluster_size, int) and self.cluster_size >= 0,
                "a whole number from 0",
            ),
            "threshold": (-1 <= self.threshold <= 1, "from -1 to 1"),
            "fusion": (
                self.fusion in FUSIONS or self.fusion in TRANSFERS,
                "one of " + ", ".join((*FUSIONS, *TRANSFERS)),
            ),
            "refine": (self.refine in REFINEMENTS, "one of " + ", ".join(REFINEMENTS)),
            "refine_radius": (
                isinstance(self.refine_radius, int) and 1 <= self.refine_radius <= 50,
                "a whole number of pixels from 1 to 50",
            ),
            "refine_sigma": (0 < self.refine_sigma < math.inf, "above 0"),
        }
        for setting, (valid, allowed) in rules.items():
            if not valid:
                raise MethodError(f"{setting} must be {allowed}, not {getattr(self, setting)!r}")

    @property
    def grid(self) -> tuple[int, int] | None:
        """Rows and columns of tiles; None where the whole frame is described."""
        return None if self.weights == "solved" else self.tiles

    def override(self, **settings: Any) -> Method:
        """Return this method with some settings replaced; None leaves a setting as it is.

        Raises:
            MethodError: there is no such setting, or its value is out of range.
        """
        known = {field.name for field in fields(self)} - {"name", "summary", "citation", "model"}
        for setting in settings:
            if setting not in known:
                raise MethodError(
                    f"a method has no setting '{setting}'; it has {', '.join(sorted(known))}"
                )
        unused = _NEIGHBOUR_SETTINGS & {name for name, v in settings.items() if v is not None}
        if self.weights == "solved" and unused:
            raise MethodError(
                f"method '{self.name}' solves for its weights and has no {min(unused)}; leave it "
                "out, or choose another method with --method"
            )
        return replace(self, **{name: v for name, v in settings.items() if v is not None})

    def settings(self) -> dict[str, Any]:
        """Return the name and every setting as plain data, for files that record a run."""
        data = asdict(self)
        del data["summary"], data["citation"], data["model"]
        if self.weights == "solved":
            return {name: value for name, value in data.items() if name not in _NEIGHBOUR_SETTINGS}
        return {**data, "tiles": list(self.tiles)}


_PAPER = (
    "M. A. Shoukat, A. B. Sargano, Z. Habib, L. You, "
    "Automatic Depth Estimation from Single 2D Image via Transfer Learning Approach"
)

_KERNEL = (
    "kernel ridge regression on similarity with random features: C. Saunders et al., 1998; "
    "A. Rahimi, B. Recht, 2007"
)

_EARLIER = (
    Method(
        name="konrad2013",
        summary="histograms of oriented gradients, plain median of the nearest photos' depth",
        citation="J. Konrad, M. Wang, P. Ishwar, C. Wu, D. Mukherjee, Learning-Based, Automatic "
        "2D-to-3D Image and Video Conversion, IEEE TIP 22(9), 2013",
        encoder="hog",
        weights="equal",
        similarity="distance",
        k=45,
        fusion="weighted-median",
        tiles=(1, 1),
        threshold=-1,
    ),
    Method(
        name="herrera2014",
        summary="local binary patterns, as many neighbours as are nearly as alike as the best",
        citation="J. L. Herrera, C. R. del-Blanco, N. García, Learning 3D Structure from 2D "
        "Images Using LBP Features, IEEE ICIP, 2014",
        encoder="lbp",
        tiles=(1, 1),
        selection="near-best",
        k=60,
        threshold=0.97,
    ),
    Method(
        name="arciniegas2015",
        summary="GIST of a photo weighted by its saliency, weighted mean of the nearest",
        citation="Learning-Based Depth Estimation from 2D Images Using GIST and Saliency, IEEE "
        "ICIP, 2015",
        encoder="salient-gist",
        k=20,
        tiles=(1, 1),
        threshold=-1,
    ),
    Method(
        name="herrera2018",
        summary="clusters of the pool, chosen by a learned mix of GIST, LBP, HOG and SIFT",
        citation="J. L. Herrera, C. R. del-Blanco, N. García, Automatic Depth Extraction from 2D "
        "Images Using a Cluster-Based Learning Framework, IEEE TIP 27(7), 2018",
        encoder="gist+lbp+hog+sift",
        k=20,
        cluster_size=40,
        fusion="weighted-median",
        tiles=(1, 1),
        threshold=-1,
    ),
    Method(
        name="kim2014",
        summary="median over neighbours and surroundings, weighted by local likeness",
        citation="Y. Kim, S. Choi, K. Sohn, Data-Driven Single Image Depth Estimation Using "
        "Weighted Median Statistics, IEEE ICIP, 2014",
        encoder="gist",
        similarity="distance",
        k=20,
        fusion="local-median",
        refine="guided",
        refine_radius=8,
        refine_sigma=20.0,
        tiles=(1, 1),
        threshold=-1,
    ),
    Method(
        name="karsch2014",
        summary="Depth Transfer: seven candidates warped by SIFT flow, global optimisation",
        citation="K. Karsch, C. Liu, S. B. Kang, Depth Transfer: Depth Extraction from Video Using "
        "Non-Parametric Sampling, IEEE PAMI 36(11), 2014",
        encoder="gist",
        weights="equal",
        similarity="distance",
        k=7,
        fusion="depth-transfer",
        refine="none",
        tiles=(1, 1),
        threshold=-1,
    ),
    Method(
        name="trnn2018",
        summary="texture, blurriness, colour and height regressed on the neighbours, stacked",
        citation="H. Mohaghegh, N. Karimi, S. M. R. Soroushmehr, S. Samavi, K. Najarian, "
        "Aggregation of Rich Depth-Aware Features in a Modified Stacked Generalization Model for "
        "Single Image Depth Estimation, IEEE TCSVT, 2018",
        encoder="lbp",
        k=30,
        fusion="stacked",
        refine="guided",
        refine_radius=8,
        refine_sigma=20.0,
        tiles=(1, 1),
        threshold=-1,
    ),
)

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            name="kernel",
            summary="weights of the pool's depth maps solved by kernel ridge regression, two "
            "networks over the whole frame, a local stage, calibrated intervals",
            citation=_KERNEL,
            encoder="efficientnet-lite0+efficientnet-lite2",
            weights="solved",
            k=8,
            refine="guided",
            refine_radius=8,
            refine_sigma=20.0,
            model="indoor",
        ),
        Method(
            name="kernel-fast",
            summary="the same with one network: twice as fast, a little less accurate",
            citation=_KERNEL,
            encoder="efficientnet-lite0",
            weights="solved",
            k=8,
            refine="guided",
            refine_radius=8,
            refine_sigma=20.0,
            model="indoor-fast",
        ),
        Method(
            name="paper",
            summary="the paper's recipe: 4×4 tiles of ResNet-50, 4 neighbours above 0.50, Eq. 2",
            citation=_PAPER,
            encoder="resnet50",
        ),
        Method(
            name="knn",
            summary="the same steps with weights at hand: EfficientNet-Lite0, 12 neighbours",
            citation=_PAPER,
            encoder="efficientnet-lite0",
            k=12,
            # Neighbours correlate far less than with ResNet-50: .31-.49 indoors, under .19 where
            # a pool of rooms is asked about streets.
            threshold=0.2,
            fusion="log-mean",
            refine="guided",
            refine_radius=8,
            refine_sigma=20.0,
        ),
        *_EARLIER,
    )
}

DEFAULT_METHOD = "kernel"


def find_method(name: str) -> Method:
    """Return a named method.

    Raises:
        MethodError: there is none of that name; the message lists those there are.
    """
    try:
        return METHODS[name]
    except KeyError:
        raise MethodError(
            f"there is no method '{name}'; `neardepth methods` lists {', '.join(METHODS)}"
        ) from None
