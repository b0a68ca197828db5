"""Bugs in collectives and gossip."""

from __future__ import annotations

from tests.mutation.mutation import Mutation

MUTATIONS = [
    Mutation(
        "one step too few in the reduce-scatter",
        "schemes/allreduce/ring.py",
        "    for step in range(count - 1):\n        mine, theirs",
        "    for step in range(count - 2):\n        mine, theirs",
        "schemes/allreduce",
    ),
    Mutation(
        "one step too few in a ring in bulk",
        "schemes/allreduce/ring_times.py",
        "        starts = list(self._ready)\n        for step in range(2 * count - 2):",
        "        starts = list(self._ready)\n        for step in range(2 * count - 3):",
        "schemes/allreduce/test_ring.py",
    ),
    Mutation(
        "a ring in bulk skips the latency",
        "schemes/allreduce/ring_times.py",
        "(start + route.latency) + sizes",
        "start + sizes",
        "schemes/allreduce/test_ring.py",
    ),
    Mutation(
        "a large ring in bulk skips the latency",
        "schemes/allreduce/ring_times.py",
        "arrivals = starts + latencies",
        "arrivals = starts + 0.0",
        "schemes/allreduce/test_ring.py",
    ),
    Mutation(
        "chunks in bulk don't wait for the sender's last one",
        "schemes/allreduce/ring_times.py",
        "after = [max(own, arrivals[place - 1]) for place, own in enumerate(arrivals)]",
        "after = [arrivals[place - 1] for place, own in enumerate(arrivals)]",
        "schemes/allreduce/test_ring.py",
    ),
    Mutation(
        "a ring in bulk books a chunk too many",
        "schemes/allreduce/ring_allreduce.py",
        "2 * fsum(self.sizes) - self.sizes[added] - self.sizes[last]",
        "2 * fsum(self.sizes) - self.sizes[added]",
        "schemes/allreduce/test_ring.py",
    ),
    Mutation(
        "a ring in bulk although links are shared",
        "network/fluid.py",
        "        if len(dict.fromkeys(links)) < len(links):\n            return None\n",
        "",
        "network/test_private_routes.py schemes/allreduce/test_ring.py",
    ),
    Mutation(
        "adding up on workers isn't charged",
        "schemes/allreduce/rounds.py",
        "        yield from self.worker.aggregate(self.round.channel.averaged_size(message.part), self)\n",
        "",
        "schemes/allreduce",
    ),
    Mutation(
        "a message is decoded for nothing",
        "schemes/allreduce/rounds.py",
        '        """Decode a message."""\n        self._working = True\n'
        "        yield from self.round.channel.decode(self.worker, message, self, DECODE)\n",
        '        """Decode a message."""\n        self._working = True\n        yield from ()\n',
        "schemes/allreduce",
    ),
    Mutation(
        "halving gives away the half that it keeps",
        "schemes/allreduce/halving_doubling.py",
        "        low, high = keep\n",
        "        low, high = give\n",
        "schemes/allreduce",
    ),
    Mutation(
        "halving doesn't encode the mean",
        "schemes/allreduce/halving_doubling.py",
        "    return (yield from seat.encode(_stretch(chunks, low, high), held * (1 / len(seat.round.workers))))",
        "    return seat.round.channel._coder.message(\n"
        '        seat.worker.name, _stretch(chunks, low, high), held * (1 / len(seat.round.workers)), ""\n    )',
        "schemes/allreduce",
    ),
    Mutation(
        "a tree sends to all its children at once",
        "schemes/allreduce/tree.py",
        "                undecoded = None\n            yield connection\n",
        "                undecoded = None\n",
        "schemes/allreduce",
    ),
    Mutation(
        "a direct exchange ends before its messages have arrived",
        "schemes/allreduce/direct.py",
        "        yield from under_way\n",
        "",
        "schemes/allreduce",
    ),
    Mutation(
        "the mean of machines is that of their leaders",
        "schemes/allreduce/hierarchical.py",
        "part, total, len(seat.round.workers))",
        "part, total, len(self._leaders))",
        "learning/test_schemes.py schemes/allreduce",
    ),
    Mutation(
        "an all-gather is passed on after decoding",
        "schemes/allreduce/ring.py",
        "        connection = seat.send(after, message, (topic, step))\n        if undecoded is not None:\n"
        "            yield from take(undecoded)\n",
        "        if undecoded is not None:\n            yield from take(undecoded)\n"
        "        connection = seat.send(after, message, (topic, step))\n",
        "schemes/allreduce",
    ),
    Mutation(
        "weights of gossip don't add up to 1",
        "schemes/gossip/combining.py",
        "message.values * (1 - math.fsum(shares))",
        "message.values * (1 - math.fsum(shares[:1]))",
        "schemes/gossip",
    ),
    Mutation(
        "weights of gossip aren't Metropolis's",
        "schemes/gossip/graphs.py",
        "return 1 / (1 + max(",
        "return 1 / (2 + max(",
        "schemes/gossip",
    ),
    Mutation(
        "gossip hears from those that it should tell",
        "schemes/gossip/graphs.py",
        "return self._others(worker, update, -1)",
        "return self._others(worker, update, 1)",
        "schemes/gossip",
    ),
    Mutation(
        "the graph takes its turns one update late",
        "schemes/gossip/graphs.py",
        "turn = (update - 1) % len(self.turns)",
        "turn = update % len(self.turns)",
        "schemes/gossip",
    ),
    Mutation(
        "the spectral gap is that of a whole period",
        "schemes/gossip/mixing.py",
        " ** (1 / len(graph.turns))",
        "",
        "schemes/gossip/test_mixing.py",
    ),
    Mutation(
        "a gradient is applied before averaging",
        "schemes/gossip/d_psgd.py",
        "        replica.install(part, self._made.pop((worker.index, part)))\n        replica.step(part)\n",
        "        replica.step(part)\n        replica.install(part, self._made.pop((worker.index, part)))\n",
        "schemes/gossip learning/test_schemes.py",
    ),
    Mutation(
        "averaging waits for the gradient",
        "schemes/gossip/d_psgd.py",
        'if options.averaging == "combine-then-adapt":',
        'if options.averaging == "":',
        "schemes/gossip/test_d_psgd.py",
    ),
    Mutation(
        "staleness of asynchronous gossip is one too many",
        "schemes/gossip/asynchronous.py",
        "staleness = progress.version - gradient.version",
        "staleness = progress.version - gradient.version + 1",
        "schemes/gossip",
    ),
    Mutation(
        "two who gossip don't meet in the middle",
        "schemes/gossip/asynchronous.py",
        "blend(self._part, message.values, 0.5)",
        "blend(self._part, message.values, 0.4)",
        "schemes/gossip learning/test_schemes.py",
    ),
    Mutation(
        "a passive worker answers before it has the question",
        "schemes/gossip/asynchronous.py",
        "        yield from self._take_in(learner, question.message)\n        reply = yield from self._send(",
        "        reply = yield from self._send(",
        "schemes/gossip",
    ),
]
