"""Blender materials, one per name in `Finish.material`; colours come from the mesh's attributes.

Patterns are laid out in metres on the attribute `local`, those of floors and tiled walls on
`plane`, which is `local` without the axis that the face looks along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import bpy

Socket = Any
_MIX_COLOUR = {"factor": 0, "a": 6, "b": 7, "out": 2}  # sockets of the Mix node in RGBA mode


class Graph:
    """A material's node tree under construction."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()
        self.colour = self.attribute("colour", "Color")
        self.second = self.attribute("second", "Color")
        self.scale = self.attribute("scale", "Fac")
        self.local = self.attribute("local", "Vector")
        self.plane = self.attribute("plane", "Vector")

    def attribute(self, name: str, output: str) -> Socket:
        """Return one of the mesh's attributes."""
        node = self.tree.nodes.new("ShaderNodeAttribute")
        node.attribute_name = name
        return node.outputs[output]

    def node(
        self, kind: str, inputs: Mapping[str | int, Any], settings: Mapping[str, Any] | None = None
    ) -> Any:
        """Add a node; an input is another node's output or a constant."""
        node = self.tree.nodes.new(f"ShaderNode{kind}")
        for name, value in (settings or {}).items():
            setattr(node, name, value)
        for key, value in inputs.items():
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, node.inputs[key])
            else:
                node.inputs[key].default_value = value
        return node

    def mix(self, factor: Socket | float, a: Socket | Any, b: Socket | Any) -> Socket:
        """Return the colour between a (factor 0) and b (factor 1)."""
        node = self.node(
            "Mix",
            {_MIX_COLOUR["factor"]: factor, _MIX_COLOUR["a"]: a, _MIX_COLOUR["b"]: b},
            {"data_type": "RGBA"},
        )
        return node.outputs[_MIX_COLOUR["out"]]

    def math(self, operation: str, a: Socket | float, b: Socket | float = 0.0) -> Socket:
        """Return the result of one of Blender's operations on numbers."""
        return self.node("Math", {0: a, 1: b}, {"operation": operation}).outputs[0]

    def stretched(self, vector: Socket, by: tuple[float, float, float]) -> Socket:
        """Return a vector, its axes multiplied one by one."""
        node = self.node("VectorMath", {0: vector, 1: by}, {"operation": "MULTIPLY"})
        return node.outputs[0]

    def noise(
        self, vector: Socket, scale: float, detail: float = 1.0, distortion: float = 0.0
    ) -> Socket:
        """Return noise about 0.5, `scale` features per metre."""
        node = self.node(
            "TexNoise",
            {"Vector": vector, "Scale": scale, "Detail": detail, "Distortion": distortion},
        )
        return node.outputs[0]

    def ramp(self, value: Socket, low: float, high: float) -> Socket:
        """Return 0 up to `low` and 1 from `high` on."""
        node = self.node("MapRange", {0: value, 1: low, 2: high, 3: 0.0, 4: 1.0})
        return node.outputs[0]

    def dimmed(self, colour: Socket, value: Socket, depth: float) -> Socket:
        """Darken a colour by up to `depth` where the value is 0."""
        factor = self.math("ADD", self.math("MULTIPLY", value, depth), 1.0 - depth)
        return self.node("VectorMath", {0: colour, 3: factor}, {"operation": "SCALE"}).outputs[0]

    def dulled(self, value: Socket, least: float) -> Socket:
        """Return a roughness from `least` up, by the value."""
        return self.math("ADD", self.math("MULTIPLY", value, 0.15), least)

    def bump(self, height: Socket, metres: float, strength: float = 1.0) -> Socket:
        """Return the normal of a surface that rises by `metres` times the height."""
        return self.node(
            "Bump", {"Height": height, "Distance": metres, "Strength": strength}
        ).outputs[0]

    def finish(self, shader: Socket, *, cheap: bool = False) -> Any:
        """End the tree; `cheap` shows light that bounces diffusely the plain colour only.

        Nobody sees the pattern in such light, and evaluating it takes a third of the time.
        """
        if cheap:
            path = self.tree.nodes.new("ShaderNodeLightPath")
            plain = self.node("BsdfDiffuse", {"Color": self.colour}).outputs[0]
            seen = path.outputs["Is Diffuse Ray"]
            shader = self.node("MixShader", {0: seen, 1: shader, 2: plain}).outputs[0]
        output = self.tree.nodes.new("ShaderNodeOutputMaterial")
        self.tree.links.new(shader, output.inputs["Surface"])
        return self.material

    def surface(self, colour: Socket, roughness: float | Socket, **more: Any) -> Any:
        """End the tree with Blender's general surface; `more` are inputs of it."""
        inputs: dict[str | int, Any] = {"Base Color": colour, "Roughness": roughness}
        inputs |= {name.replace("_", " "): value for name, value in more.items()}
        glows = "Emission_Strength" in more
        return self.finish(self.node("BsdfPrincipled", inputs).outputs[0], cheap=not glows)


def _paint(g: Graph) -> Any:
    patches = g.ramp(g.noise(g.local, 0.9), 0.3, 0.7)
    bumps = g.noise(g.local, 90.0, 0.0)
    return g.surface(g.dimmed(g.colour, patches, 0.07), 0.65, Normal=g.bump(bumps, 0.002, 0.35))


def _grain(g: Graph, vector: Socket) -> Socket:
    fine = g.noise(g.stretched(vector, (3.0, 45.0, 45.0)), 1.0, 1.0)
    broad = g.noise(g.stretched(vector, (0.7, 9.0, 9.0)), 1.0, 1.0, 1.2)
    return g.ramp(
        g.math("ADD", g.math("MULTIPLY", broad, 0.6), g.math("MULTIPLY", fine, 0.4)), 0.33, 0.67
    )


def _wood(g: Graph) -> Any:
    grain = _grain(g, g.local)
    return g.surface(g.mix(grain, g.second, g.colour), g.dulled(grain, 0.3))


def _bricks(g: Graph, wide: float, high: float, gap: float, offset: float) -> Any:
    scaled = g.node(
        "VectorMath", {0: g.plane, 3: g.math("DIVIDE", 1.0, g.scale)}, {"operation": "SCALE"}
    ).outputs[0]
    return g.node(
        "TexBrick",
        {
            "Vector": scaled,
            "Color1": (0, 0, 0, 1),
            "Color2": (1, 1, 1, 1),
            "Mortar": (0.5, 0.5, 0.5, 1),
            "Scale": 1.0,
            "Mortar Size": gap,
            "Mortar Smooth": 0.1,
            "Bias": 0.0,
            "Brick Width": wide,
            "Row Height": high,
        },
        {"offset": offset},
    )


def _planks(g: Graph) -> Any:
    brick = _bricks(g, 1.1, 0.11, 0.0018, 0.37)
    board, gap = brick.outputs["Color"], brick.outputs[1]
    shifted = g.node("VectorMath", {0: g.plane, 1: board}, {"operation": "ADD"}).outputs[0]
    grain = _grain(g, shifted)
    tone = g.ramp(board, -0.4, 1.4)
    colour = g.mix(
        g.math("ADD", g.math("MULTIPLY", grain, 0.6), g.math("MULTIPLY", tone, 0.4)),
        g.second,
        g.colour,
    )
    colour = g.mix(g.math("MULTIPLY", gap, 0.75), colour, (0.02, 0.012, 0.008, 1))
    return g.surface(colour, g.dulled(grain, 0.22))


def _tiles(g: Graph, wide: float, high: float, gap: float, offset: float) -> Any:
    brick = _bricks(g, wide, high, gap, offset)
    board, joint = brick.outputs["Color"], brick.outputs[1]
    marks = g.ramp(g.noise(g.local, 5.0, 2.0), 0.3, 0.75)
    colour = g.dimmed(g.dimmed(g.colour, board, 0.12), marks, 0.14)
    colour = g.mix(joint, colour, g.second)
    rough = g.math("ADD", g.math("MULTIPLY", joint, 0.6), 0.14)
    return g.surface(colour, rough, Normal=g.bump(g.math("SUBTRACT", 1.0, joint), 0.002, 0.7))


def _tile(g: Graph) -> Any:
    return _tiles(g, 1.0, 1.0, 0.012, 0.0)


def _subway(g: Graph) -> Any:
    return _tiles(g, 2.0, 1.0, 0.02, 0.5)


def _carpet(g: Graph) -> Any:
    tufts = g.noise(g.local, 140.0, 0.0)
    flecks = g.ramp(g.noise(g.local, 55.0, 1.0), 0.35, 0.65)
    worn = g.ramp(g.noise(g.local, 1.3, 0.0), 0.3, 0.7)
    colour = g.dimmed(g.dimmed(g.mix(flecks, g.second, g.colour), tufts, 0.35), worn, 0.12)
    return g.surface(colour, 0.97, Normal=g.bump(tufts, 0.012, 0.8), Sheen_Weight=0.25)


def _cloth(g: Graph, colour: Socket) -> Any:
    weave = g.noise(g.local, 260.0, 0.0)
    folds = g.noise(g.local, 9.0, 1.0)
    return g.surface(
        g.dimmed(colour, weave, 0.25), 0.9, Normal=g.bump(folds, 0.02, 0.5), Sheen_Weight=0.2
    )


def _fabric(g: Graph) -> Any:
    return _cloth(g, g.colour)


def _wave(g: Graph, vector: Socket, axis: str, scale: float, distortion: float = 0.0) -> Socket:
    return g.node(
        "TexWave",
        {"Vector": vector, "Scale": scale, "Distortion": distortion, "Detail": 1.0},
        {"wave_type": "BANDS", "bands_direction": axis},
    ).outputs[1]


def _stripes(g: Graph) -> Any:
    return _cloth(g, g.mix(g.ramp(_wave(g, g.local, "Y", 3.2), 0.55, 0.6), g.colour, g.second))


def _plaid(g: Graph) -> Any:
    across = g.ramp(_wave(g, g.local, "X", 2.6), 0.5, 0.55)
    along = g.ramp(_wave(g, g.local, "Y", 2.6), 0.5, 0.55)
    return _cloth(
        g, g.mix(g.math("MULTIPLY", g.math("ADD", across, along), 0.5), g.colour, g.second)
    )


def _print(g: Graph) -> Any:
    spots = g.node("TexVoronoi", {"Vector": g.local, "Scale": 7.0}).outputs[0]
    swirl = g.noise(g.local, 7.0, 2.0, 2.5)
    return _cloth(g, g.mix(g.ramp(g.math("ADD", spots, swirl), 0.78, 0.86), g.second, g.colour))


def _leather(g: Graph) -> Any:
    creases = g.noise(g.local, 14.0, 1.0)
    return g.surface(g.colour, 0.36, Normal=g.bump(creases, 0.004, 0.45))


def _metal(g: Graph) -> Any:
    brushed = g.noise(g.stretched(g.local, (4.0, 300.0, 300.0)), 1.0, 2.0)
    rough = g.math("ADD", g.math("MULTIPLY", brushed, 0.15), 0.2)
    return g.surface(g.colour, rough, Metallic=1.0)


def _chrome(g: Graph) -> Any:
    return g.surface(g.colour, 0.07, Metallic=1.0)


def _mirror(g: Graph) -> Any:
    return g.surface(g.colour, 0.01, Metallic=1.0)


def _plastic(g: Graph) -> Any:
    return g.surface(g.colour, 0.42)


def _gloss(g: Graph) -> Any:
    return g.surface(g.colour, 0.16, Coat_Weight=0.2)


def _ceramic(g: Graph) -> Any:
    return g.surface(g.colour, 0.07, Coat_Weight=0.4)


def _stone(g: Graph) -> Any:
    specks = g.ramp(g.noise(g.local, 75.0, 1.0), 0.4, 0.62)
    veins = g.ramp(g.noise(g.local, 4.5, 2.0, 1.6), 0.4, 0.62)
    mixed = g.math("ADD", g.math("MULTIPLY", specks, 0.6), g.math("MULTIPLY", veins, 0.4))
    return g.surface(g.mix(mixed, g.second, g.colour), 0.14, Coat_Weight=0.2)


def _emission(g: Graph, colour: Socket, strength: Socket | float) -> Any:
    return g.finish(g.node("Emission", {"Color": colour, "Strength": strength}).outputs[0])


def _glow(g: Graph) -> Any:
    return _emission(g, g.colour, g.scale)


def _shade(g: Graph) -> Any:
    weave = g.noise(g.local, 120.0, 1.0)
    return g.surface(
        g.dimmed(g.colour, weave, 0.2), 0.9, Emission_Color=g.second, Emission_Strength=g.scale
    )


def _view(g: Graph) -> Any:
    """What a window looks out on: sky above, and the blur of trees and house fronts."""
    height = g.node("SeparateXYZ", {0: g.local}).outputs[2]
    crowns = g.math("SUBTRACT", height, g.math("MULTIPLY", g.noise(g.local, 1.6, 3.0), 1.1))
    leaves = g.dimmed(g.second, g.ramp(g.noise(g.local, 9.0, 4.0), 0.3, 0.75), 0.9)
    colour = g.mix(g.ramp(crowns, -0.2, 0.25), leaves, g.colour)
    return _emission(g, colour, g.scale)


def _screen(g: Graph) -> Any:
    """Windows and lines of text on a lit screen."""
    blocks = g.node(
        "TexVoronoi", {"Vector": g.local, "Scale": 7.0}, {"distance": "CHEBYCHEV"}
    ).outputs[1]
    window = g.ramp(blocks, 0.45, 0.46)
    words = g.ramp(g.noise(g.stretched(g.local, (55.0, 150.0, 1.0)), 1.0, 0.0), 0.5, 0.54)
    page = g.mix(g.math("MULTIPLY", words, 0.6), g.colour, (0.06, 0.06, 0.08, 1))
    colour = g.mix(window, page, g.second)
    return g.surface((0.01, 0.01, 0.012, 1), 0.12, Emission_Color=colour, Emission_Strength=g.scale)


def _paper(g: Graph) -> Any:
    rows = _wave(g, g.local, "Y", 26.0)
    words = g.ramp(g.noise(g.stretched(g.local, (60.0, 90.0, 1.0)), 1.0, 1.0), 0.45, 0.5)
    ink = g.math("MULTIPLY", g.math("MULTIPLY", g.ramp(rows, 0.5, 0.6), words), 0.6)
    return g.surface(g.mix(ink, g.colour, g.second), 0.8)


def _spine(g: Graph) -> Any:
    bands = g.ramp(g.noise(g.stretched(g.local, (22.0, 0.5, 0.5)), 1.0, 1.0), 0.56, 0.58)
    return g.surface(g.mix(bands, g.colour, g.second), 0.45)


def _foliage(g: Graph) -> Any:
    veins = g.ramp(g.noise(g.stretched(g.local, (4.0, 40.0, 40.0)), 1.0, 2.0), 0.3, 0.7)
    return g.surface(g.dimmed(g.colour, veins, 0.4), 0.45)


def _sheer(g: Graph) -> Any:
    weave = g.dimmed(g.colour, g.noise(g.local, 150.0, 1.0), 0.15)
    diffuse = g.node("BsdfDiffuse", {"Color": weave}).outputs[0]
    through = g.node("BsdfTranslucent", {"Color": weave}).outputs[0]
    return g.finish(g.node("MixShader", {0: 0.5, 1: diffuse, 2: through}).outputs[0])


def _abstract(g: Graph) -> Any:
    cells = g.node("TexVoronoi", {"Vector": g.local, "Scale": 8.0}).outputs[1]
    blots = g.ramp(g.noise(g.local, 5.0, 3.0, 1.5), 0.42, 0.58)
    return g.surface(g.mix(blots, g.mix(0.6, cells, g.colour), g.second), 0.5)


def _scenery(g: Graph) -> Any:
    ridges = g.noise(g.stretched(g.local, (4.0, 9.0, 1.0)), 1.0, 5.0)
    sky = g.mix(g.ramp(ridges, 0.3, 0.55), g.colour, g.second)
    return g.surface(g.mix(g.ramp(ridges, 0.55, 0.62), sky, (0.55, 0.62, 0.7, 1)), 0.4)


def _board(g: Graph) -> Any:
    smears = g.ramp(g.noise(g.stretched(g.local, (1.0, 5.0, 1.0)), 1.0, 4.0, 1.0), 0.45, 0.8)
    strokes = g.ramp(g.noise(g.stretched(g.local, (30.0, 18.0, 1.0)), 1.0, 1.0, 1.0), 0.62, 0.64)
    patch = g.ramp(g.noise(g.local, 2.0, 1.0), 0.5, 0.55)
    marks = g.math("MULTIPLY", strokes, patch)
    both = g.math("ADD", g.math("MULTIPLY", smears, 0.12), g.math("MULTIPLY", marks, 0.7))
    return g.surface(g.mix(both, g.colour, g.second), 0.3)


def _speckled(g: Graph) -> Any:
    specks = g.ramp(g.noise(g.local, 90.0, 3.0), 0.4, 0.6)
    return g.surface(g.mix(specks, g.second, g.colour), 0.6)


def _cork(g: Graph) -> Any:
    return g.surface(g.mix(g.ramp(g.noise(g.local, 120.0, 3.0), 0.4, 0.6), g.second, g.colour), 0.9)


MATERIALS: Mapping[str, Callable[[Graph], Any]] = {
    "abstract": _abstract,
    "board": _board,
    "carpet": _carpet,
    "ceramic": _ceramic,
    "chrome": _chrome,
    "cork": _cork,
    "fabric": _fabric,
    "foliage": _foliage,
    "gloss": _gloss,
    "glow": _glow,
    "leather": _leather,
    "metal": _metal,
    "mirror": _mirror,
    "paint": _paint,
    "paper": _paper,
    "plaid": _plaid,
    "planks": _planks,
    "plastic": _plastic,
    "print": _print,
    "scenery": _scenery,
    "screen": _screen,
    "shade": _shade,
    "sheer": _sheer,
    "speckled": _speckled,
    "spine": _spine,
    "stone": _stone,
    "stripes": _stripes,
    "subway": _subway,
    "tile": _tile,
    "view": _view,
    "wood": _wood,
}


def material(name: str) -> Any:
    """Return Blender's material of that name, made at its first use."""
    found = bpy.data.materials.get(name)
    return found if found is not None else MATERIALS[name](Graph(name))
