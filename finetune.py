"""Fine-tune a model to choose among candidates: ``accelerate launch finetune.py --help``."""

if __name__ == "__main__":
    from vg_mc.commands.finetune import main

    main()
