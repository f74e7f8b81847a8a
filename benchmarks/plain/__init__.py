"""The baseline: a straightforward implementation with the behaviour of clip-refcoco.

It is written from the known behaviour of https://github.com/davidbchang/clip-refcoco and does not
use vg_mc, so that it verifies results as well as speed.
"""
