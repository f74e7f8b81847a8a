"""Combine the predictions of several evaluations: ``python ensemble.py --help``."""

if __name__ == "__main__":
    from vg_mc.commands.ensemble import main

    main()
