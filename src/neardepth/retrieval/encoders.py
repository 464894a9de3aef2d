"""Choosing the networks that a method describes photos with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neardepth.encoders import Encoder, Preprocessing, load_encoder
from neardepth.errors import EncoderError
from neardepth.methods import Method
from neardepth.pool import Pool
from neardepth.steps.handcrafted import HANDCRAFTED


def choose_pool_encoders(
    pool: Pool,
    method: Method,
    requested: str | None,
    threads: int | None = None,
    providers: Sequence[str] | None = None,
) -> tuple[Encoder, ...]:
    """Load what describes photos: the requested encoder, the pool's own or the method's.

    A pool that was built with an encoder of the user's choice keeps to it for every method whose
    own is a network, so that its descriptors are used; hand-made descriptors are what their
    methods are about. Another encoder is only ever taken when asked for by name.

    Raises:
        EncoderError: its weights are not available, or are not those the pool was built with.
    """
    setting = pool.encoder_setting
    handmade = not HANDCRAFTED.keys().isdisjoint(split_names(method.encoder))
    if requested is not None or setting is None or handmade:
        return choose_encoders(method, requested, threads, providers)
    try:
        encoder = load_encoder(
            setting["source"],
            preprocessing=Preprocessing.from_dict(setting["preprocessing"]),
            threads=threads,
            providers=providers,
        )
    except EncoderError as error:
        raise EncoderError(
            f"{pool.path} was built with encoder {setting['name']}, which cannot be loaded now "
            f"({error}); name another with --encoder"
        ) from error
    if encoder.weights_hash != setting["weights_hash"]:
        raise EncoderError(
            f"{setting['source']} has changed since {pool.path} was built with it; describe the "
            f"pool anew with `neardepth pool encode {pool.path} --encoder {setting['source']}`"
        )
    return (encoder,)


def choose_encoders(
    method: Method,
    requested: str | None,
    threads: int | None = None,
    providers: Sequence[str] | None = None,
) -> tuple[Encoder, ...]:
    """Load the encoders of a method: those named, joined by "+".

    The encoder that a pool was built with describes tiles; it is not considered here.

    Raises:
        EncoderError: one is not available.
    """
    names = split_names(requested or method.encoder)
    return tuple(load_encoder(name, threads=threads, providers=providers) for name in names)


def split_names(text: str) -> list[str]:
    """Return the networks that a text names, joined by "+"; a file's name may hold one itself."""
    return [text] if Path(text).is_file() else text.split("+")
