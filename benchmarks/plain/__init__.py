"""The plain way: what a straightforward program does, and what clip-refcoco does.

Written from the facts of that program (https://github.com/davidbchang/clip-refcoco), on nothing but
the libraries, so that it checks our results as well as our speed.
"""
