"""Bugs in schemes with parameter servers, and in what all schemes share: lives, plans, connections."""

from __future__ import annotations

from tests.mutation.mutation import Mutation

MUTATIONS = [
    Mutation(
        "aggregation before the last push",
        "schemes/parameter_server/sync_ps.py",
        "        if not self._missing:\n            self.complete.succeed()",
        "        if self._missing <= 1 and not self.complete.triggered:\n            self.complete.succeed()",
        "schemes/test_sync_ps.py",
    ),
    Mutation(
        "the server doesn't decode pushes",
        "schemes/parameter_server/sync_ps.py",
        "        yield from push.decode(server, message, follower, SERVER_DECODE)\n",
        "",
        "schemes/test_sync_ps.py",
    ),
    Mutation(
        "the server encodes once for each worker",
        "schemes/parameter_server/sync_ps.py",
        "            message = yield from cluster.pull.encode(server, part, values, everybody, SERVER_ENCODE)\n",
        "            for _ in cluster.workers:\n"
        "                message = yield from cluster.pull.encode(server, part, values, everybody, SERVER_ENCODE)\n",
        "schemes/test_sync_ps.py",
    ),
    Mutation(
        "a worker doesn't decode the result",
        "schemes/parameter_server/sync_ps.py",
        "        yield from pull.decode(worker, result, follower, DECODE)\n",
        "",
        "schemes/test_sync_ps.py",
    ),
    Mutation(
        "the server averages one push's bytes",
        "schemes/parameter_server/sync_ps.py",
        "len(this.values) * cluster.push.averaged_size(part)",
        "cluster.push.averaged_size(part)",
        "schemes/test_sync_ps.py",
    ),
    Mutation(
        "a multicast is charged for each worker",
        "schemes/parameter_server/pull.py",
        "return [self._delivery.start(channel, server, workers, message)] * len(workers)",
        "return [self._delivery.start(channel, server, workers, message) for _ in workers]",
        "schemes/test_sync_ps.py",
    ),
    Mutation(
        "a worker has its part when it has the first share",
        "schemes/parameter_server/sharding.py",
        "for event, piece in under_way:",
        "for event, piece in under_way[:1]:",
        "schemes/parameter_server/test_sharding.py",
    ),
    Mutation(
        "an agreement doesn't wait for the last proposal",
        "schemes/parameter_server/agreeing.py",
        "if missing > 1:",
        "if missing > 2:",
        "schemes/parameter_server/test_agreeing.py",
    ),
    Mutation(
        "staleness is one too many",
        "schemes/parameter_server/versions.py",
        "max(staleness, version - seen)",
        "max(staleness, version - seen + 1)",
        "schemes/parameter_server/test_async_ps.py",
    ),
    Mutation(
        "a worker's own pushes make it stale",
        "schemes/parameter_server/versions.py",
        "self._seen[worker, share] = seen + 1",
        "self._seen[worker, share] = seen",
        "schemes/parameter_server/test_async_ps.py",
    ),
    Mutation(
        "an update is applied with its first share",
        "schemes/parameter_server/versions.py",
        "if applied < self._shares:",
        "if applied < 1:",
        "schemes/parameter_server/test_sharding.py schemes/parameter_server/test_async_ps.py",
    ),
    Mutation(
        "pushes to a share don't take turns",
        "schemes/parameter_server/applying.py",
        "self._locks[share] = simpy.Resource(self._env)",
        "self._locks[share] = simpy.Resource(self._env, capacity=99)",
        "schemes/parameter_server/test_async_ps.py",
    ),
    Mutation(
        "the bound of stale synchronous training is one too many",
        "schemes/parameter_server/ssp.py",
        "        self._bound = bound\n",
        "        self._bound = bound + 1\n",
        "schemes/parameter_server/test_ssp.py",
    ),
    Mutation(
        "the slowest worker's clock runs ahead",
        "schemes/parameter_server/ssp.py",
        "        while self._clocks and not self._at.get(self._slowest, 0):\n",
        "        while self._at.get(self._slowest, 0) < 2 and self._slowest < max(self._clocks.values()):\n",
        "schemes/parameter_server/test_ssp.py",
    ),
    Mutation(
        "the server waits for backup workers, too",
        "schemes/parameter_server/backup_workers.py",
        "self._wanted = options.contributions(len(cluster.workers))",
        "self._wanted = len(cluster.workers)",
        "schemes/parameter_server/test_backup_workers.py",
    ),
    Mutation(
        "who is late goes on with what it is at",
        "schemes/parameter_server/backup_workers.py",
        'self._abandons = options.late == "abandon"',
        "self._abandons = False",
        "schemes/parameter_server/test_backup_workers.py",
    ),
    Mutation(
        "late pushes count",
        "schemes/parameter_server/rounds.py",
        "        if self.closed:\n            return False\n",
        "",
        "schemes/parameter_server/test_backup_workers.py",
    ),
    Mutation(
        "workers that came back aren't waited for at the end",
        "schemes/parameter_server/backup_workers.py",
        "self._lives[worker.index] = self._crew.begin(",
        "self._crew.begin(",
        "schemes/parameter_server/test_faults.py",
    ),
    Mutation(
        "a worker does not move towards the server",
        "schemes/parameter_server/easgd.py",
        "        replica.blend(share, theirs.values, self._moving_rate)\n",
        "",
        "schemes/parameter_server/test_elastic_values.py",
    ),
    Mutation(
        "the server moves as far as a worker",
        "schemes/parameter_server/easgd.py",
        "options.moving_rate * options.server_factor",
        "options.moving_rate",
        "schemes/parameter_server/test_elastic_values.py",
    ),
    Mutation(
        "a worker computes one of its local iterations",
        "schemes/life.py",
        "yield worker.compute(self._iterations)",
        "yield worker.compute(1)",
        "schemes/test_sync_ps.py",
    ),
    Mutation(
        "a bucket is released before its backward pass",
        "schemes/life.py",
        "            if step.share:\n                yield device.compute(each * step.share)\n"
        "            for number in step.parts:\n                piece = Piece(row.step)\n"
        "                exchange = self._exchange.exchange(worker, row.step, plan.parts[number], piece)\n"
        "                results.add(number, self._crew.begin(worker.index, exchange), piece)",
        "            for number in step.parts:\n                piece = Piece(row.step)\n"
        "                exchange = self._exchange.exchange(worker, row.step, plan.parts[number], piece)\n"
        "                results.add(number, self._crew.begin(worker.index, exchange), piece)\n"
        "            if step.share:\n                yield device.compute(each * step.share)",
        "schemes/test_life.py",
    ),
    Mutation(
        "the next forward pass doesn't wait for its parameters",
        "schemes/life.py",
        "            if (yield from arrived.wait(row, step.parts)):\n                row.resume()\n",
        "",
        "schemes/test_life.py",
    ),
    Mutation(
        "double buffering without delay",
        "schemes/life.py",
        "self._delay = 1 if options.double_buffering else 0",
        "self._delay = 0",
        "schemes/test_life.py",
    ),
    Mutation(
        "the last layer's gradients have the highest priority",
        "schemes/plan.py",
        'priority = first if options.order == "priority" else 0',
        'priority = -first if options.order == "priority" else 0',
        "schemes/test_plan.py",
    ),
    Mutation(
        "buckets are released when they are one layer too full",
        "schemes/plan.py",
        "size >= options.bucket_size",
        "size > options.bucket_size",
        "schemes/test_plan.py",
    ),
    Mutation(
        "the time of a bucket begins with its first gradient's pass",
        "schemes/plan.py",
        "waited += left if size else 0.0",
        "waited += left",
        "schemes/test_plan.py",
    ),
    Mutation(
        "slices are one too few",
        "schemes/plan.py",
        "math.ceil(part.size / size)",
        "math.floor(part.size / size)",
        "schemes/test_plan.py",
    ),
    Mutation(
        "a connection carries two messages at a time",
        "schemes/delivery.py",
        "simpy.PriorityResource(self._env)",
        "simpy.PriorityResource(self._env, capacity=2)",
        "schemes/test_life.py",
    ),
    Mutation(
        "what an interrupted worker sends goes on",
        "schemes/delivery.py",
        "        transfer.cancel()\n",
        "        pass\n",
        "schemes/parameter_server/test_backup_workers.py schemes/parameter_server/test_async_ps.py",
    ),
]
