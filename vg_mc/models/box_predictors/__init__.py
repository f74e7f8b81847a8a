"""Box predictors: a dual encoder and a head that regresses the box of each expression.

A head reads features of the image and of the text, and returns one box per expression. To add one,
write a module with its head and add a line to `registry.PREDICTORS`.
"""
