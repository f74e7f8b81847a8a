"""Fine-tune a model on a prepared dataset: ``accelerate launch finetune.py --help``."""

if __name__ == "__main__":
    from vg_mc.commands.finetune import main

    main()
