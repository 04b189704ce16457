"""The picture of a training run."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def draw_curves(history: Path, distances: tuple[NDArray, NDArray], out: Path) -> None:
    """A picture of the run: losses, validation Recall@1, share of active triplets, distributions of distances."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    rows = np.genfromtxt(history, delimiter=",", names=True, ndmin=1)
    columns = rows.dtype.names or ()
    figure, ((losses, recall), (active, distance)) = plt.subplots(2, 2, figsize=(10, 7), layout="constrained")
    for name in ("triplet", "identity"):
        if name in columns:
            losses.plot(rows["epoch"], rows[name], label=name)
    losses.set(title="Loss", xlabel="epoch")
    losses.legend()
    if "val_recall_1" in columns:
        recall.plot(rows["epoch"], rows["val_recall_1"])
        kept = int(np.argmax(rows["val_recall_1"]))
        value = rows["val_recall_1"][kept]
        recall.plot(rows["epoch"][kept], value, "o", label=f"kept: epoch {rows['epoch'][kept]:.0f}, {value:.3f}")
        recall.legend()
    else:
        recall.text(0.5, 0.5, "no validation", ha="center", transform=recall.transAxes)
    recall.set(title="Validation Recall@1", xlabel="epoch", ylim=(0, 1))
    active.plot(rows["epoch"], rows["active"])
    active.set(title="Share of active triplets", xlabel="epoch", ylim=(0, 1.02))
    for by_epoch in (losses, recall, active):
        by_epoch.xaxis.get_major_locator().set_params(integer=True)
    for values, label in zip(distances, ("same product", "another product"), strict=True):
        if len(values):
            distance.hist(values, bins=60, range=(0, 2), density=True, alpha=0.6, label=label)
    distance.set(title="Distances between photos", xlabel="Euclidean distance of unit vectors")
    distance.legend()
    figure.savefig(out, dpi=110)
    plt.close(figure)
