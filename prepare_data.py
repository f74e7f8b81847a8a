"""Turn annotations and photos into drawn candidates: ``python prepare_data.py --help``."""

if __name__ == "__main__":
    from vg_mc.commands.prepare_data import main

    main()
