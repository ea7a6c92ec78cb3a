"""The functions that change a Model's variables, compiled where it pays."""

import contextlib

import keras

from stilts_keras import memory
from stilts_keras.backend.compiling import steady_function
from stilts_keras.backend.devices import check_spread
from stilts_keras.backend.devices import like_variables
from stilts_keras.backend.devices import spread
from stilts_keras.backend.devices import zeros_like_variables


def make_steps(forward, divisor, optimizer, trainable, others):
    """Makes the compiled functions that change a Model's variables.

    Args:
        forward: function (x, y) -> (sum, weight), both float32 scalars; it
            reads the Model's variables.
        divisor: function of a weight -> what its sum is divided by.
        optimizer: `keras.optimizers.Optimizer`, built on `trainable`.
        trainable: list of `keras.Variable`.
        others: list of the Model's other variables, such as dropout's.

    Returns:
        An object with three methods:

        - `step(x, y)` applies the gradient of the mean loss, and returns that
          loss, a float32 scalar;
        - `add(x, y)` adds the gradient of the sum to that of former calls;
        - `apply()` applies the gradient of the mean over all that was added,
          forgets it, and returns that loss.
    """
    kinds = {"tensorflow": _TensorFlowSteps, "jax": _JaxSteps}
    kind = kinds.get(keras.backend.backend(), _TorchSteps)
    return kind(forward, divisor, optimizer, trainable, others)


class _Steps:
    """What the backends' steps have in common; see `make_steps`."""

    def __init__(self, forward, divisor, optimizer, trainable, others):
        self._forward = forward
        self._divisor = divisor
        self._optimizer = optimizer
        self._trainable = trainable
        self._others = others
        self._sums = None
        self._compile()

    def _mean(self, total, weight):
        return total / self._divisor(weight)

    def _zeros(self):
        """Returns what gradients, losses and weights are added to."""
        zeros = [keras.ops.zeros(v.shape, v.dtype) for v in self._trainable]
        return [*zeros, keras.ops.zeros(()), keras.ops.zeros(())]


class _TensorFlowSteps(_Steps):
    """Sums lie in variables of their own, made when first needed."""

    def _compile(self):
        import tensorflow as tf

        self._tf = tf
        self.step = steady_function(self._step)
        self._compiled_add = steady_function(self._add)
        self.apply = tf.function(self._apply, autograph=False)

    def _step(self, x, y):
        with self._tf.GradientTape() as tape:
            loss = self._mean(*self._forward(x, y))
        grads = tape.gradient(loss, self._trainable)
        self._optimizer.apply(grads, self._trainable)
        return loss

    def add(self, x, y):
        if self._sums is None:
            self._sums = [
                self._tf.Variable(zero, trainable=False)
                for zero in self._zeros()
            ]
        self._compiled_add(x, y)

    def _add(self, x, y):
        with self._tf.GradientTape() as tape:
            total, weight = self._forward(x, y)
        grads = tape.gradient(total, self._trainable)
        for held, more in zip(self._sums, (*grads, total, weight), strict=True):
            if isinstance(more, self._tf.IndexedSlices):
                # A row that stands there twice is added twice.
                held.scatter_add(more)
            elif more is not None:
                held.assign_add(more)

    def _apply(self):
        *grads, total, weight = [held.read_value() for held in self._sums]
        means = [self._mean(grad, weight) for grad in grads]
        self._optimizer.apply(means, self._trainable)
        for held in self._sums:
            held.assign(self._tf.zeros_like(held))
        return self._mean(total, weight)


class _JaxSteps(_Steps):
    """Functions of all values; those replaced give their memory back.

    The gradient is compiled for each length, the update once: it is more than
    half of a step's program, which takes some 15 MiB a layer and stays.
    """

    def _compile(self):
        import jax

        check_spread(
            (*self._trainable, *self._others, *self._optimizer.variables)
        )
        self._met = set()
        self._value_and_grad = jax.value_and_grad
        self._compiled_gradient = jax.jit(self._gradient, donate_argnums=0)
        self._compiled_add = jax.jit(self._add, donate_argnums=(0, 2))
        # Gradients and sums stand in the place of no output: given away, they
        # gain nothing.
        self._compiled_update = jax.jit(self._update, donate_argnums=(0, 1))
        self._compiled_apply = jax.jit(self._apply, donate_argnums=(0, 1))

    def _laid(self, arrays):
        """Has each device keep of gradients, and sums, what it does of all."""
        scalar = self._optimizer.iterations
        places = [*self._trainable, scalar, scalar]
        return like_variables(arrays, places[: len(arrays)])

    def _zeros(self):
        zeros = [keras.ops.zeros(()), keras.ops.zeros(())]
        scalar = self._optimizer.iterations
        return [
            *zeros_like_variables(self._trainable),
            *like_variables(zeros, [scalar, scalar]),
        ]

    @contextlib.contextmanager
    def _compiling(self, x):
        """Surrounds a step of new shapes.

        XLA takes one block for all that a step holds meanwhile. What compiling
        leaves would lie in the way of the next such block.
        """
        shapes = str(keras.tree.map_structure(lambda array: array.shape, x))
        if shapes in self._met:
            yield
            return
        self._met.add(shapes)
        with memory.giving_back():
            yield

    def _change(self, function, groups, *data):
        """Replaces the values of groups of variables by what comes of them."""
        values = [[variable.value for variable in group] for group in groups]
        result, *new = function(*values, *data)
        for variables, replaced in zip(groups, new, strict=True):
            for variable, value in zip(variables, replaced, strict=True):
                variable.assign(value)
        return result

    def _run(self, trainable, others, x, y):
        """Returns the sum; its weight and the other variables' new values."""
        mapping = [
            *zip(self._trainable, trainable, strict=True),
            *zip(self._others, others, strict=True),
        ]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            total, weight = self._forward(x, y)
        others = [scope.get_current_value(other) for other in self._others]
        return total, (weight, others)

    def _run_to_mean(self, trainable, others, x, y):
        total, (weight, others) = self._run(trainable, others, x, y)
        return self._mean(total, weight), others

    def step(self, x, y):
        with self._compiling(x):
            return self._step(x, y)

    def _step(self, x, y):
        trainable = [variable.value for variable in self._trainable]
        data = trainable, *spread((x, y))
        loss, grads = self._change(
            self._compiled_gradient, [self._others], *data
        )
        # Held by nobody else while they are replaced.
        del trainable, data
        groups = self._trainable, self._optimizer.variables
        self._change(self._compiled_update, groups, grads)
        return loss

    def _gradient(self, others, trainable, x, y):
        gradient = self._value_and_grad(self._run_to_mean, has_aux=True)
        (loss, others), grads = gradient(trainable, others, x, y)
        return (loss, self._laid(grads)), others

    def _update(self, trainable, state, grads):
        trainable, state = self._optimizer.stateless_apply(
            state, grads, trainable
        )
        state = like_variables(state, self._optimizer.variables)
        return None, self._laid(trainable), state

    def add(self, x, y):
        trainable = [variable.value for variable in self._trainable]
        data = trainable, self._sums or self._zeros(), *spread((x, y))
        self._sums = self._change(self._compiled_add, [self._others], *data)

    def _add(self, others, trainable, sums, x, y):
        gradient = self._value_and_grad(self._run, has_aux=True)
        (total, (weight, others)), grads = gradient(trainable, others, x, y)
        more = [*grads, total, weight]
        sums = [s + new for s, new in zip(sums, more, strict=True)]
        return self._laid(sums), others

    def apply(self):
        sums, self._sums = self._sums, None
        groups = self._trainable, self._optimizer.variables
        return self._change(self._compiled_apply, groups, sums)

    def _apply(self, trainable, state, sums):
        *grads, total, weight = sums
        means = [self._mean(grad, weight) for grad in grads]
        _, trainable, state = self._update(trainable, state, means)
        return self._mean(total, weight), trainable, state


class _TorchSteps(_Steps):
    """Torch itself adds gradients up until they are taken away."""

    def _compile(self):
        import torch

        self._torch = torch
        # What may stand there from before.
        self._take_gradients()

    def _take_gradients(self):
        grads = [variable.value.grad for variable in self._trainable]
        for variable in self._trainable:
            variable.value.grad = None
        return grads

    def _apply_gradients(self, grads):
        with self._torch.no_grad():
            self._optimizer.apply(grads, self._trainable)

    def step(self, x, y):
        loss = self._mean(*self._forward(x, y))
        loss.backward()
        self._apply_gradients(self._take_gradients())
        return loss.detach()

    def add(self, x, y):
        total, weight = self._forward(x, y)
        total.backward()
        before = self._sums or (0.0, 0.0)
        self._sums = before[0] + total.detach(), before[1] + weight

    def apply(self):
        (total, weight), self._sums = self._sums, None
        grads = self._take_gradients()
        there = [grad for grad in grads if grad is not None]
        # In place: the embedding's is large.
        self._torch._foreach_div_(there, self._divisor(weight))
        self._apply_gradients(grads)
        return self._mean(total, weight)
