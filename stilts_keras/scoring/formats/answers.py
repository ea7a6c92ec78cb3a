"""An object of JSON from question to answer."""

import collections
import itertools

from stilts_keras import files
from stilts_keras.errors import InputError
from stilts_keras.scoring.formats.format import Format
from stilts_keras.scoring.formats.format import read_json

# Of tokens that were not joined to text.
PIECES = ("▁", " ##", "<s>", "</s>", "[CLS]", "[SEP]")


class Answers(Format):
    """`{question: answer}`; labels are SQuAD's JSON."""

    ending = "json"
    expected = "a list of answers, not empty"

    def read(self, file):
        """Reads a dict from a question's id to the text of its answer."""
        value = read_json(file)
        if isinstance(value, dict) and isinstance(value.get("data"), list):
            raise InputError(
                f"File {str(file)!r} holds labels, not predictions. Pass the "
                "folder of the predictions."
            )
        check_answers(file, value, "text of the answer", _is_text)
        return value

    def write(self, file, predictions, ids=None):
        """Writes the answer to each question; all ids are different."""
        files.write_json(file, dict(zip(ids, predictions, strict=True)))

    def read_gold(self, file):
        """Reads a dict from a question's id to the list of its answers."""
        value = read_json(file)
        try:
            pairs = [
                (
                    question["id"],
                    [answer["text"] for answer in question["answers"]],
                )
                for article in value["data"]
                for paragraph in article["paragraphs"]
                for question in paragraph["qas"]
            ]
            gold = dict(pairs)
        except (KeyError, TypeError) as error:
            raise InputError(
                f"File {str(file)!r}: expected SQuAD's JSON: data, paragraphs, "
                "qas, id, answers, text. Received another structure "
                f"({error})."
            ) from error
        if len(gold) < len(pairs):
            names = collections.Counter(name for name, _ in pairs)
            raise InputError(
                f"File {str(file)!r} has question "
                f"{names.most_common(1)[0][0]!r} more than once. Expected each "
                "id once."
            )
        return gold

    def write_gold(self, file, gold, ids=None):
        """Writes SQuAD's JSON, cut down to ids and answers."""
        questions = [
            {"id": name, "answers": [{"text": text} for text in answers]}
            for name, answers in zip(ids, gold, strict=True)
        ]
        files.write_json(file, {"data": [{"paragraphs": [{"qas": questions}]}]})

    def placed(self, values):
        """Yields each answer, or list of them, with its question."""
        return values.items()

    def is_label(self, task, label):
        """Whether it is a list of texts, not empty."""
        return (
            isinstance(label, list | tuple)
            and len(label) > 0
            and all(isinstance(answer, str) for answer in label)
        )

    def score(self, task, gold, predictions, *, file, language):
        """Scores with the task's metrics, which are means over questions.

        A question without a prediction scores 0; others are not looked at.
        """
        from stilts_keras.scoring import metrics

        answered = [name for name in gold if name in predictions]
        scores = {}
        for metric in metrics.of(task):
            total = 0.0
            if answered:
                total = metric.per_example(
                    [gold[name] for name in answered],
                    [predictions[name] for name in answered],
                    language,
                ).sum()
            scores[metric.name] = float(total) / len(gold)
        return scores

    def is_right(self, gold, predictions):
        """Whether each question has one of its answers, as it is written."""
        return all(predictions.get(name) in gold[name] for name in gold)

    def doubts(self, task, gold, predictions):
        """Finds questions of another set, collapse, and pieces of tokens."""
        from stilts_keras.scoring import patterns

        yield from self._doubt_names(gold, predictions)
        names = [name for name in gold if name in predictions]
        answers = [predictions[name] for name in names]
        answered = [gold[name] for name in names]
        yield from patterns.constant(task, answered, answers, "answers")
        golden = " ".join(itertools.chain(*gold.values()))
        strange = [
            answer
            for answer in answers
            for piece in PIECES
            if piece in answer and piece not in golden
        ]
        if strange:
            yield (
                f"{len(strange)} answers hold a tokenizer's marks, the first: "
                f"{strange[0][:60]!r}",
                "tokens in place of text from the context",
            )

    def _doubt_names(self, gold, predictions):
        from stilts_keras.scoring import patterns

        unanswered = [name for name in gold if name not in predictions]
        if not unanswered:
            return
        seen = (
            f"{len(unanswered)} of {len(gold)} questions have no answer, the "
            f"first: {unanswered[0]}"
        )
        unknown = [name for name in predictions if name not in gold]
        cause = "these questions were left out"
        if unknown:
            seen += (
                f"; {len(unknown)} answers are to other questions, the first: "
                f"{unknown[0][:60]}"
            )
            cause = patterns.cause_of_ids(set(unknown), set(unanswered))
        yield seen, cause


def check_answers(file, value, expected, is_right):
    """Raises unless a file's JSON is an object of right answers.

    Args:
        file: path.
        value: what it holds.
        expected: str. What stands for each question.
        is_right: function of such a value, or of another one, that gives a
            bool.
    """
    if not isinstance(value, dict):
        raise InputError(
            f"File {str(file)!r}: expected an object from each question's id "
            f"to the {expected}. Received: {type(value).__name__}."
        )
    for name, answer in value.items():
        if not is_right(answer):
            raise InputError(
                f"File {str(file)!r}, question {name!r}: expected the "
                f"{expected}. Received: {str(answer)[:80]!r}."
            )


def _is_text(value):
    return isinstance(value, str)
