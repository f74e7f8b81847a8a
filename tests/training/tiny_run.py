"""The settings of the runs of these tests, small enough for seconds."""

from vg_mc.training.settings import TrainingSettings

SETTINGS = TrainingSettings(
    batching="expression",
    candidates=3,
    epochs=2,
    batch_size=8,
    accumulation=1,
    learning_rate=1e-3,
    weight_decay=0.1,
    warmup_ratio=0.2,
    max_gradient_norm=1.0,
    freeze_batch_norm=True,
    evaluation_batch_size=8,
    checkpoint_steps=3,
    seed=0,
)  # 8 steps on the fixture `coloured`
