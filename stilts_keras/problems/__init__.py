"""What kind of prediction a task asks for; one file to read per problem.

Every problem is a class with the same few parts, in the order of use:

- `pack(examples, tokenizer, max_length)`: Examples to columns of lists, one
  entry per feature (one sequence for the backbone, or c choices of one), with
  `example` (position of the Example), `num_cut` (tokens left out) and what
  `tokenizer.columns` gives. `pack_key` names everything that this depends on.
  `pack_evaluated` is the same for rows that are only evaluated.
- `collate(columns, length, tokenizer, random)`: features to padded arrays,
  `(x, y)`; `random` is set in training only.
- `head(encoder)`: the Keras layer from hidden states (b, l, h) to logits;
  it is called as `head(hidden, x)`, x being `mask` (b, l), or (b, c, l) where
  a feature has c sequences, and what else `collate` gave. Retrieval's only
  pools.
- `loss(y, logits)`: `(sum, weight)`, float32 scalars: the sum of the losses in
  nats, and the number of things predicted. `steps.update` divides. Where rows
  are compared with each other, `is_sliceable` is False.
- `decode(logits, columns)`: what one feature predicts, in few numbers.
- `threshold(decoded, features, examples)`: where `has_threshold`, the number
  that dev rows choose.
- `finish(decoded, features, examples, threshold)`: `(gold, predictions)`, one
  each per Example, as `scoring.metrics` takes them.
- `pool(splits, decoded)`: where `has_pool`, what is searched; `finish` takes
  it, and predictions are ids of its candidates.
- `contexts(examples)`: what answers are cut from, where they are.
- `ids(examples)`: where `has_ids`, what names them in files; elsewhere their
  order does.

`problem.Problem` holds what most of them leave as it is.
"""

from stilts_keras.problems.classification import Classification
from stilts_keras.problems.dual_encoder import DualEncoder
from stilts_keras.problems.masked_lm import MaskedLM
from stilts_keras.problems.mining import Mining
from stilts_keras.problems.multiple_choice import MultipleChoice
from stilts_keras.problems.retrieval import Retrieval
from stilts_keras.problems.span_extraction import SpanExtraction
from stilts_keras.problems.tagging import Tagging

PROBLEMS = {
    "classification": Classification,
    "dual_encoder": DualEncoder,
    "masked_lm": MaskedLM,
    "mining": Mining,
    "multiple_choice": MultipleChoice,
    "retrieval": Retrieval,
    "span_extraction": SpanExtraction,
    "tagging": Tagging,
}


def problem_of(task):
    """Returns the Problem that packs, predicts and decodes a task."""
    return PROBLEMS[task.problem](task)
