"""Write a prepared dataset from a corpus and proposals: ``python prepare_data.py --help``."""

if __name__ == "__main__":
    from vg_mc.commands.prepare_data import main

    main()
