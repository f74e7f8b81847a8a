"""A detector of random weights, and a watch over the network."""

import socket

import numpy as np
import pytest
import torch

from vg_mc.records import Photo


@pytest.fixture(autouse=True)
def _threads_as_before():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def looked_up(monkeypatch):
    """Addresses that somebody asked the network for; the asking fails."""
    asked = []

    def refuse(*address, **_):
        asked.append(address)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return asked


@pytest.fixture(scope="session")
def noise():
    """Photos of two shapes, mixed."""
    generator = np.random.default_rng(0)
    shapes = [(60, 90), (90, 60), (60, 90), (60, 90), (33, 47), (90, 60)]
    pixels = [generator.integers(0, 256, (*shape, 3)).astype(np.uint8) for shape in shapes]
    photos = [
        Photo(number, f"{number}.jpg", width, height)
        for number, (height, width) in enumerate(shapes)
    ]
    return photos, pixels
