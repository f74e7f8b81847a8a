"""Batches of multiple-choice questions, and which picture and which text each question needs.

Two ways to fill a batch. By expression, as clip-refcoco does it: a sentence, its target and a few
other candidates, drawn anew each epoch. By image: all candidates of an image are encoded once and
answer all of its sentences, which gives several times the supervision per encoded picture.

Every draw depends on (seed, epoch, expression or image id) alone, so that a run is the same for any
number of workers and processes, and after a resume.
"""
