"""Put rendered rooms where they ship: the pool into the package, the held-out ones into examples/.

    python tools/rooms/ship.py POOL HELDOUT

POOL and HELDOUT are folders that `python tools/rooms` wrote.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np

from neardepth.cli.progress import progress_bar
from neardepth.datasets import open_source
from neardepth.encoders import load_encoder
from neardepth.imaging.photos import decode_photo
from neardepth.pool.descriptors import Describer
from neardepth.pool.shipped import DESCRIPTORS, ENCODER, FACTS, FOLDER, GRID

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "rooms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pool", type=Path)
    parser.add_argument("heldout", type=Path)
    arguments = parser.parse_args()
    _copy(arguments.pool, FOLDER)
    _copy(arguments.heldout, EXAMPLES)
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*.*")):
        if path.suffix in {".jpg", ".png", ".csv"}:
            digest.update(path.name.encode() + path.read_bytes())
    (FOLDER / FACTS).write_text(json.dumps({"version": digest.hexdigest()[:8]}) + "\n")
    _describe()
    for folder in (FOLDER, EXAMPLES):
        sizes = [path.stat().st_size for path in folder.rglob("*.*")]
        print(f"{folder}: {sum(sizes) / 1e6:.1f} MB")


def _copy(source: Path, target: Path) -> None:
    for name in ("rgb", "depth"):
        shutil.rmtree(target / name, ignore_errors=True)
        shutil.copytree(source / name, target / name)
    shutil.copy(source / "pairs.csv", target / "pairs.csv")
    scenes = [json.loads(path.read_text()) for path in sorted((source / "scenes").glob("*.json"))]
    lines = ",\n".join(json.dumps(_rounded(scene)) for scene in scenes)
    (target / "scenes.json").write_text(f"[\n{lines}\n]\n")


def _rounded(value: object) -> object:
    """Round to a micrometre; rotations lose less than that over a room."""
    if isinstance(value, float):
        return round(value, 7)
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list) else value


def _describe() -> None:
    describer = Describer(load_encoder(ENCODER), GRID)
    pairs = sorted(open_source(FOLDER).pairs, key=lambda ref: ref.id)
    rows = []
    with progress_bar("Describing", "rooms") as progress:
        for done, ref in enumerate(pairs, start=1):
            photo = decode_photo(ref.load().image, ref.id)
            rows.append(describer.describe([describer.prepare(photo)])[0])
            progress(done, len(pairs))
    values = np.stack(rows)
    scale = np.abs(values).max(axis=1, keepdims=True) / 127
    np.savez_compressed(
        FOLDER / DESCRIPTORS,
        fingerprint=np.array(describer.fingerprint),
        values=np.round(values / scale).astype(np.int8),
        scale=scale.astype(np.float32),
    )


if __name__ == "__main__":
    main()
