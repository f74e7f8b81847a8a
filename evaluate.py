"""Evaluate grounders on splits of a prepared dataset: ``python evaluate.py --help``."""

if __name__ == "__main__":
    from vg_mc.commands.evaluate import main

    main()
elif __name__ == "evaluate":
    # Hugging Face's package `evaluate` is imported, which this script shadows: load the package.
    # A bare `else` would be wrong, since a spawned worker runs this file as `__mp_main__`.
    from vg_mc.system.shadowing import load_installed

    load_installed("evaluate", hidden_by=__file__)
