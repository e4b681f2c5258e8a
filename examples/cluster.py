"""A network on a cluster of two worker processes, one of which is killed on the way: the result is one machine's.

    python examples/cluster.py

dask.distributed has the workers: here two processes of this computer, but `Client("tcp://scheduler:8786")` may have others.
The rows that are learnt from take 400 MiB, and a worker may take 320: they come in parts, which are made anew, as others would be
read from storage, whenever they are needed. Each step of the training computes the gradients of a few parts on the workers, and
adds them up. Then the network is applied to all rows, lazily, with a softmax over an axis that lies in many parts.
docs/guide/cluster.md has the plan for a thousand workers.
"""

import itertools
import logging
import os
import signal
import time

import dask
import dask.array as da
import numpy as np
from distributed import Client, LocalCluster
from threadpoolctl import threadpool_limits

import fastact

ROWS, PARTS, FEATURES, HIDDEN, CLASSES = 1_638_400, 32, 64, 32, 8
MEMORY = 320 * 2**20  # bytes that a worker may take: less than the rows
EPOCHS, AT_ONCE, RATE, MOMENTUM = 2, 2, 0.3, 0.9  # parts at once: one for each worker
KILLED_AT = 16  # the step


# ---- the rows, in parts ---------------------------------------------------------------------------------------------


def rows(part):
    """The rows of one part."""
    rng = np.random.default_rng([1, part])
    return rng.standard_normal((ROWS // PARTS, FEATURES), np.float32)


def labels(x):
    """What is to be learnt: the class that another network gives."""
    rng = np.random.default_rng(2)
    first = rng.standard_normal((FEATURES, CLASSES)).astype(np.float32) / 8
    return fastact.tanh(x @ first).argmax(axis=1)


def all_rows():
    """The rows and their labels as lazy arrays of dask: nothing is made before it is needed, nor kept after."""
    chunks = ((ROWS // PARTS,) * PARTS, (FEATURES,))
    x = da.map_blocks(lambda block_id: rows(block_id[0]), chunks=chunks, dtype=np.float32, meta=np.empty((0, 0), np.float32))
    return x, x.map_blocks(labels, drop_axis=1, dtype=np.int64)


# ---- the network ----------------------------------------------------------------------------------------------------


def first_parameters():
    rng = np.random.default_rng(3)
    shapes = (FEATURES, HIDDEN), (HIDDEN,), (HIDDEN, CLASSES), (CLASSES,)
    return [(rng.standard_normal(shape) * (len(shape) - 1) / np.sqrt(shape[0])).astype(np.float32) for shape in shapes]


def logits(x, parameters):
    """The same for arrays of NumPy and of dask."""
    w1, b1, w2, b2 = parameters
    return fastact.gelu(x @ w1, bias=b1) @ w2 + b2


def gradients(x, labels, parameters):
    """The loss and the gradients of one part, as sums over its rows."""
    w1, b1, w2, b2 = parameters
    z = x @ w1
    h = fastact.gelu(z, bias=b1)
    loss, dz2 = fastact.cross_entropy.value_and_grad(h @ w2 + b2, labels, reduction="sum")
    dz1, db1 = fastact.gelu.backward(dz2 @ w2.T, z, bias=b1)
    return [np.asarray(loss), x.T @ dz1, db1, h.T @ dz2, dz2.sum(axis=0)]


def added(one, other):
    return [a + b for a, b in zip(one, other, strict=True)]


def sum_of(parts, added):
    """The sum of some parts, always by the same pairs: so it is the same to the last bit, wherever each was computed."""
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        parts = [*itertools.starmap(added, pairs), *parts[len(parts) // 2 * 2 :]]
    return parts[0]


def train(sums):
    """Gradient descent with momentum. `sums(step, parts, parameters)` gives loss and gradients, summed over these parts."""
    parameters = first_parameters()
    speeds = [np.zeros_like(p) for p in parameters]
    losses = []
    for step in range(EPOCHS * PARTS // AT_ONCE):
        parts = [(step * AT_ONCE + k) % PARTS for k in range(AT_ONCE)]
        loss, *found = sums(step, parts, parameters)
        count = AT_ONCE * ROWS // PARTS
        losses.append(float(loss) / count)
        speeds = [MOMENTUM * speed - RATE / count * gradient for speed, gradient in zip(speeds, found, strict=True)]
        parameters = added(parameters, speeds)
    return parameters, losses


# ---- one machine ----------------------------------------------------------------------------------------------------


def sums_here(step, parts, parameters):
    made = (rows(part) for part in parts)
    return sum_of([gradients(x, labels(x), parameters) for x in made], added)


def apply_here(parameters):
    """How many are right; and the logits' means, each weighted by the softmax of a class over all rows."""
    found, right = [], 0
    for part in range(PARTS):
        x = rows(part)
        found.append(logits(x, parameters))
        right += np.count_nonzero(fastact.softmax(found[-1]).argmax(axis=1) == labels(x))
    found = np.concatenate(found).astype(np.float64)
    return right / ROWS, fastact.softmax(found, axis=0).T @ found


# ---- the cluster ----------------------------------------------------------------------------------------------------


def softmax_of_chunks(z):
    """The softmax along axis 0, which lies in chunks: of each only the logarithms of its sums are brought together."""
    of_chunks = z.map_blocks(fastact.logsumexp, axis=0, keepdims=True, chunks=((1,) * z.numblocks[0], z.chunks[1]))
    return fastact.exponential(z - fastact.logsumexp(of_chunks.rechunk({0: -1}), axis=0, keepdims=True))


def kill_a_worker(client, processes, future):
    """Kill a worker that is computing something for this future, as a computer would fail."""
    while not future.done():
        for address, tasks in client.processing().items():
            if tasks and address in processes:
                os.kill(processes[address], signal.SIGKILL)
                print(f"worker {processes[address]} was killed while it computed", flush=True)
                return
        time.sleep(0.001)
    raise RuntimeError("all was done before a worker could be killed")


def sums_on(client, x, targets):
    """What `train` takes, computed by the workers."""
    x, targets = x.to_delayed().ravel(), targets.to_delayed()
    gradients_there, added_there = dask.delayed(gradients), dask.delayed(added)
    processes = client.run(os.getpid)

    def sums(step, parts, parameters):
        # The parameters go with the tasks: what had been sent to a worker before would be lost with it.
        tasks = [gradients_there(x[part], targets[part], parameters) for part in parts]
        future = client.compute(sum_of(tasks, added_there))
        if step == KILLED_AT:
            kill_a_worker(client, processes, future)
        return future.result()

    return sums


def apply_on(client, x, targets, parameters):
    """The same as `apply_here`."""
    found = logits(x, parameters)
    right = (fastact.softmax(found).argmax(axis=1) == targets).mean()
    found = found.astype(np.float64)  # sums of many rows
    return client.gather(client.compute([right, softmax_of_chunks(found).T @ found]))


def main():
    start = time.perf_counter()
    with (
        dask.config.set({"distributed.comm.retry.count": 3}),
        LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit=MEMORY, dashboard_address=None, silence_logs=logging.CRITICAL
        ) as cluster,
        Client(cluster) as client,
    ):
        x, targets = all_rows()
        print(f"rows of {x.nbytes / 2**20:.0f} MiB in {x.npartitions} chunks, workers of {MEMORY / 2**20:.0f} MiB each")
        threads = client.run(fastact.get_num_threads)
        print(f"threads of a call on the workers: {sorted(threads.values())}, where one thread of dask's calls")
        parameters, losses = train(sums_on(client, x, targets))
        print(f"loss {losses[0]:.4f} at first, {losses[-1]:.4f} after {len(losses)} steps")
        right, means = apply_on(client, x, targets, parameters)
        print(f"{right:.2%} of {ROWS:,} rows are right")
    print(f"cluster: {time.perf_counter() - start:.1f} s")
    start = time.perf_counter()
    with threadpool_limits(1):  # as on the workers: by more threads NumPy's own products may have other bits
        parameters_here, losses_here = train(sums_here)
        right_here, means_here = apply_here(parameters_here)
    print(f"this process alone: {time.perf_counter() - start:.1f} s")
    apart = max(float(np.abs(a - b).max()) for a, b in zip(parameters, parameters_here, strict=True))
    print(f"parameters apart by {apart}, losses by {max(abs(a - b) for a, b in zip(losses, losses_here, strict=True))}")
    print(f"shares of right rows apart by {abs(right - right_here)}, means by {np.abs(means - means_here).max():.1e}")


if __name__ == "__main__":
    main()
