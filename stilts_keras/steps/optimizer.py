"""AdamW with warm-up and linear decay, equal on all three backends."""

import keras
import numpy as np
from keras import ops

from stilts_keras.backend import apply_adam
from stilts_keras.backend import dense_gradient

# As in Phang et al.'s code, https://github.com/nyu-mll/jiant.
ADAM_EPSILON = 1e-8
CLIP_NORM = 1.0
NOT_DECAYED = ("bias", "beta", "gamma", "logit_scale")


class WarmupLinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly to the peak, then falls linearly to 0."""

    def __init__(self, peak, *, warmup_steps, num_steps):
        """Takes the peak learning rate and both lengths in steps."""
        self.peak = peak
        self.warmup_steps = warmup_steps
        self.num_steps = num_steps

    def __call__(self, step):
        """Returns the learning rate of a step, counted from 0."""
        step = ops.cast(step, "float32")
        rising = (step + 1.0) / max(self.warmup_steps, 1)
        falling = (self.num_steps - step) / max(
            self.num_steps - self.warmup_steps, 1
        )
        # Neither is above 1 where it is the lower one.
        return self.peak * ops.relu(ops.minimum(rising, falling))

    def get_config(self):
        """Returns the arguments."""
        return {
            "peak": self.peak,
            "warmup_steps": self.warmup_steps,
            "num_steps": self.num_steps,
        }


class MultiTaskAdamW(keras.optimizers.AdamW):
    """AdamW that treats every variable alike on every backend.

    In a step only one head has gradients. The others take part with zeros, as
    on JAX: Adam's momentum still moves them, on all backends.
    """

    def apply(self, grads, trainable_variables=None):
        """Makes every gradient a dense array, then applies them.

        On torch the arrays lose their values.
        """
        variables = trainable_variables or self._trainable_variables
        dense = [
            dense_gradient(grad, variable)
            for grad, variable in zip(grads, variables, strict=True)
        ]
        super().apply(dense, trainable_variables)

    def _backend_apply_gradients(self, grads, trainable_variables):
        """Takes the backend's own fast step, where there is one."""
        if not apply_adam(self, grads, trainable_variables):
            super()._backend_apply_gradients(grads, trainable_variables)

    def moments(self, variable):
        """Returns the variables of both moments of a trained variable."""
        index = self._get_variable_index(variable)
        return [self._momentums[index], self._velocities[index]]

    def decay(self, variable, num_steps):
        """Returns what weight decay makes of what gets no gradient.

        Args:
            variable: `keras.Variable`.
            num_steps: int.

        Returns:
            float. The factor of all steps together: the product of
            1 - learning rate * weight decay, in float64.
        """
        if not self.weight_decay or not self._use_weight_decay(variable):
            return 1.0
        rates = ops.convert_to_numpy(
            self._learning_rate(np.arange(num_steps, dtype="float32"))
        )
        return float(np.prod(1.0 - rates.astype("float64") * self.weight_decay))


def make_schedule(recipe, num_steps):
    """Makes the learning rates of a stage: a function of its steps.

    Args:
        recipe: `Recipe`.
        num_steps: int. Steps of the whole stage, had it no early stop.
    """
    return WarmupLinearDecay(
        recipe.learning_rate,
        warmup_steps=round(recipe.warmup_ratio * num_steps),
        num_steps=num_steps,
    )


def make_optimizer(recipe, num_steps, variables):
    """Makes the optimizer of a stage.

    Args:
        recipe: `Recipe`.
        num_steps: int. Steps of the whole stage.
        variables: list of the Model's trainable variables.

    Returns:
        `MultiTaskAdamW`, built on all of them; biases and layer norms are
        not decayed.
    """
    optimizer = MultiTaskAdamW(
        learning_rate=make_schedule(recipe, num_steps),
        weight_decay=recipe.weight_decay,
        epsilon=ADAM_EPSILON,
        beta_2=0.999,
        global_clipnorm=CLIP_NORM,
    )
    optimizer.exclude_from_weight_decay(var_names=list(NOT_DECAYED))
    optimizer.build(variables)
    return optimizer
