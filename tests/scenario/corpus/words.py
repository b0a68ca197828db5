"""Words that are misspelt, in the wrong place, or unknown."""

from __future__ import annotations

from tests.scenario.corpus.case import BANDWIDTH, CODEC, MODEL, TIME, WORKERS, bad

WORDS = [
    bad("misspelt key", BANDWIDTH, "bandwith: 1 Gbit/s", (8, "network.bandwidth", "missing key 'bandwidth'"),
        (9, "network.bandwith", "did you mean 'bandwidth'?")),
    bad("misspelt section", "cluster:", "clutser:", (1, "cluster", "missing key 'cluster'"),
        (6, "clutser", "did you mean 'cluster'?")),
    bad("key in the wrong case", "minibatch: 64", "Minibatch: 64", (3, "compute.minibatch", "missing key"),
        (5, "compute.Minibatch", "did you mean 'minibatch'?")),
    bad("key of another section", "seed: 1", "workers: 4", (16, "workers", "'workers' belongs to 'cluster'")),
    bad("key of another section, nested", "updates: 3", "codec: gzip",
        (13, "training.codec", "'codec' belongs to 'compression'")),
    bad("key of a nested section", WORKERS, "workers: 4\n  cv: 1",
        (8, "cluster.cv", "'cv' belongs to 'compute.jitter'")),
    bad("top key in a section", "updates: 3", "description: x",
        (13, "training.description", "belongs to the top of the file")),
    bad("key like no other", "updates: 3", "zzz: 3",
        (13, "training.zzz", "unknown key (known here: ")),
    bad("unknown model", MODEL, "model: alexnet-cafe", (2, "model", "did you mean 'alexnet-caffe'?")),
    bad("unknown model, profile", MODEL, "model: {profile: alexnet-cafe, parameters: 1 MB}",
        (2, "model.profile", "did you mean 'alexnet-caffe'?")),
    bad("unknown codec", CODEC, "codec: gzipp", (15, "compression.codec", "did you mean 'gzip'?")),
    bad("unknown network", "network:\n  bandwidth: 1 Gbit/s\n  latency: 100 us", "network: gigabit-ethernt",
        (8, "network", "did you mean 'gigabit-ethernet'?")),
    bad("unknown device", TIME, "device: gtx-9700",
        (4, "compute.device", "no such device in the catalogue (did you mean 'gtx-970'?)")),
    bad("device without a model", TIME, "device: gtx-970", (4, "compute.device", "a device needs a model")),
    bad("unknown scheme", "scheme: sync-ps", "scheme: sink-ps", (12, "training.scheme", "did you mean 'sync-ps'?")),
    bad("unknown topology", BANDWIDTH, "topology: tree", (9, "network.topology", "known: shared-link, star")),
    bad("unknown word", "updates: 3", "pull: unicats", (13, "training.pull", "did you mean 'unicast'?")),
    bad("setting of another topology", "latency: 100 us", "nodes_per_rack: 4",
        (10, "network.nodes_per_rack", "no effect with topology 'shared-link'; 'racks' takes it")),
]  # fmt: skip
