"""Batches of training examples: candidate sampling, planning, augmentation and assembly.

A batch is filled in one of two ways. By expression, as in clip-refcoco: each expression has its
target and a few other candidates, sampled anew in each epoch. By image: all candidates of an image
are encoded once and shared by all of its expressions, which gives several times the supervision per
encoded image.

Random draws depend only on the seed, the epoch and the id of the expression or image. A run is thus
the same for any number of workers, and after it is resumed.
"""
